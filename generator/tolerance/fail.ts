// What a failure does to the four things people feel: the API, scheduling, running workloads, the ingress.
import type { Cluster } from "../model/cluster.ts";
import { API_CHECK, INGRESS_CHECK } from "../model/timing.ts";
import { type Aspect, felt, lost, type Outcome, partly } from "./aspect.ts";
import type { Component } from "./component.ts";
import {
  controlPlane,
  dnsDropped,
  election,
  inTurn,
  type Interruption,
  longest,
  NOT_FELT,
  notReady,
  reconnection,
  redirection,
  replacement,
  takeover,
} from "./interruption.ts";
import { type Remains, remains } from "./remains.ts";

/**
 * The components fail at the same moment and stay away. Exact for one and two of them; with more it leaves out that
 * Kubernetes stops replacing pods while most of a small cluster is silent (kube-controller-manager, unhealthy-zone-threshold).
 */
export function fail(cluster: Cluster, failed: readonly Component[]): Outcome {
  const state = remains(cluster, failed);
  return {
    aspects: {
      api: api(cluster, state),
      scheduling: scheduling(state),
      workloads: workloads(state),
      ingress: ingress(cluster, state),
    },
  };
}

function api(cluster: Cluster, state: Remains): Aspect {
  if (!state.quorum) return lost(noQuorum(state));
  const direct = cluster.registration.holder === "server";
  if (!state.registration) {
    return lost(
      direct
        ? "people and new machines reach the API at the first server's address only; agents and the other servers go on"
        : "no load balancer is left to answer at the API's address; agents and servers go on without one",
    );
  }
  const server = state.servers.gone > 0;
  return felt(
    longest(
      server && !direct ? redirection(API_CHECK) : NOT_FELT,
      server ? { typical: 0, worst: election(state.servers.left).worst } : NOT_FELT,
      addressMoves(state),
    ),
    server
      ? `${direct ? "" : "open streams are cut and reconnect; "}the worst case is the loss of etcd's leader`
      : "the address moves to another load balancer; open connections are cut",
  );
}

/** Agents and servers have their own way to every server (k3s pkg/agent/loadbalancer), so load balancers do not matter. */
function scheduling(state: Remains): Aspect {
  if (!state.quorum) return lost(noQuorum(state));
  if (state.workers.left === 0) return lost("no machine is left that takes workloads");
  const server = state.servers.gone > 0;
  const leaders = server ? controlPlane(state.servers.left) : NOT_FELT;
  // The scheduler may still choose the silent machine; few pods meet that.
  const avoided = state.workers.gone > 0 ? { typical: 0, worst: notReady().worst } : NOT_FELT;
  return felt(
    longest(
      inTurn(leaders, avoided),
      server && state.agents.left + state.agents.gone > 0 ? reconnection() : NOT_FELT,
    ),
    server
      ? "writes wait for etcd's new leader, new pods for the next scheduler"
      : "at worst new pods are placed on the silent machine until it counts as not ready",
  );
}

function workloads(state: Remains): Aspect {
  if (state.workers.left === 0) return lost("no machine is left that takes workloads");
  if (state.singleReplica && !(state.quorumToSpare && state.workers.left > 1)) {
    return lost("its machine may be one that the cluster cannot lose as well; then it is not made anew");
  }
  if (!state.quorum && state.silent > 0) {
    return partly(
      "what runs elsewhere goes on, but nothing is moved or replaced until etcd has a quorum again",
    );
  }
  if (noDns(state) && !dnsReplaced(state)) {
    return partly("names inside the cluster do not resolve until a CoreDNS pod is back");
  }
  // Whoever has to notice the silence may have to take over first.
  const noticed =
    state.servers.gone > 0 ? { typical: 0, worst: controlPlane(state.servers.left).worst } : NOT_FELT;
  return felt(
    longest(
      state.dnsPodsGone > 0 ? dnsDropped() : NOT_FELT,
      state.silent > 0 ? inTurn(noticed, notReady()) : NOT_FELT,
      bothReplicasGone(state)
        ? { typical: 0, worst: noticed.worst + replacement(state.silent).worst }
        : NOT_FELT,
      state.singleReplica ? singleReplica(state) : NOT_FELT,
    ),
    state.singleReplica
      ? "it is made anew on another machine"
      : state.silent > 1
        ? "what had both its replicas there, perhaps CoreDNS, is made anew; three replicas avoid that"
        : bothReplicasGone(state)
          ? "with bad luck no CoreDNS pod is left until Kubernetes has made one anew"
          : state.silent > 0
            ? "Services still send a part of the requests to the silent machine"
            : "a part of the names does not resolve",
  );
}

/** With worst luck nothing of CoreDNS is left. */
function noDns(state: Remains): boolean {
  return state.dnsPods > 0 && state.dnsPodsGone + state.dnsHosts.gone >= state.dnsPods;
}

/**
 * Kubernetes replaces the pods of silent machines, not those that fail where they are; and CoreDNS puts no two pods on
 * one machine, so it needs one without a failed pod (k3s manifests/coredns.yaml, topologySpreadConstraints).
 */
function dnsReplaced({ dnsPodsGone, dnsPods, dnsHosts }: Remains): boolean {
  return dnsPodsGone < dnsPods && dnsHosts.left > dnsPodsGone;
}

/** Two silent machines may have held both replicas, of a workload or of CoreDNS. */
function bothReplicasGone(state: Remains): boolean {
  return state.silent > 1 || (state.silent > 0 && noDns(state));
}

/** At worst its machine is a server that led the control plane. */
function singleReplica(state: Remains): Interruption {
  const takeover = controlPlane(Math.max(1, state.servers.left - 1));
  return inTurn({ typical: 0, worst: takeover.worst }, replacement(state.silent + 1));
}

function ingress(cluster: Cluster, state: Remains): Aspect | null {
  if (!state.ingress) return null;
  if (state.ingress.left === 0) return lost("no Traefik is left");
  const behindLoadBalancers = cluster.registration.holder !== "server";
  if (behindLoadBalancers && state.loadBalancers.left === 0) {
    return lost(
      "no load balancer is left to answer; the machines behind it still do, at their own addresses",
    );
  }
  if (!state.door) {
    return lost("clients use the address of this one machine; others still answer at their own");
  }
  const node = behindLoadBalancers && state.ingress.gone > 0;
  return felt(
    longest(node ? redirection(INGRESS_CHECK) : NOT_FELT, addressMoves(state)),
    node
      ? "a part of the requests fails until the load balancer leaves the machine out"
      : "the address moves to another load balancer; open connections are cut",
  );
}

/** Any load balancer may hold the vip (keepalived's nopreempt), so the one that fails is taken to hold it. */
function addressMoves(state: Remains): Interruption {
  return state.loadBalancers.gone > 0 && state.nextHolder !== null ? takeover(state.nextHolder) : NOT_FELT;
}

/** K3s servers exit when etcd loses its quorum (docs/facts.md, K3s endpoints). */
function noQuorum({ servers }: Remains): string {
  const all = servers.gone + servers.left;
  return `etcd has no quorum: ${servers.left} of ${all} servers left, ${Math.floor(all / 2) + 1} needed`;
}
