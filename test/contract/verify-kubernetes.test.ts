// Each check of what Kubernetes says in verify.sh, made to fail for its own cause.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAuthority } from "../support/authority.ts";
import { makeCluster } from "../support/clusters.ts";
import type { Condition } from "../support/kubernetes-answers.ts";
import {
  alone,
  type Case,
  journal,
  needsLan,
  pods,
  provoke,
  ssh,
  traefikPods,
} from "../support/verify-causes.ts";
import {
  clientConfig,
  type Kubernetes,
  nodeAnswer,
  PATHS,
  type Play,
  play,
  server,
} from "../support/verify-play.ts";

const FIRST = "10.0.0.11:6443";
const kubernetes =
  (changes: Kubernetes) =>
  async ({ change, ca }: Play) =>
    void (await change({ [FIRST]: server(alone, ca.certificate, changes) }));
/** The nodes of the cluster, some of them otherwise. */
const nodes = (changes: Readonly<Record<string, object | null>>) =>
  kubernetes({
    nodes: [
      "server-1",
      "server-2",
      "server-3",
      ...Object.keys(changes).filter((name) => name.startsWith("old")),
    ]
      .filter((name) => changes[name] !== null)
      .map((name) => ({ ...nodeAnswer(alone, name), ...changes[name] })),
  });
const condition = (type: string, status: string, reason: string): Condition => ({
  type,
  status,
  reason,
  message: "",
});
const voter = (status: string, reason: string) => ({ voter: condition("EtcdIsVoter", status, reason) });
const AGAIN = "npx quorate kubeconfig FILE";
const RENEW = `${ssh("server-1", "sudo systemctl restart k3s")}; ${AGAIN}`;
const COPY = "K3s renews it only when it starts; and this is a copy";
const nodeStatus = ssh("server-2", "sudo quorate-node status");
const snapshotList = (name: string) => `${ssh(name, "sudo k3s etcd-snapshot ls")}; df -h`;
const LATE = "the disk is full, or K3s did not run at the hour";
/** A kubeconfig of another making. */
const config = (make: (play: Play) => string) => async (play: Play) => play.write("/run/mine", make(play));

const KUBERNETES_CASES: readonly Case[] = [
  {
    what: "a kubeconfig of another cluster",
    make: config(({ read, kubeconfig }) =>
      read(kubeconfig)
        .replace("10.0.0.11", "10.0.0.99")
        .replace("clusters:", "clusters:\n  - name: more\n    cluster: {}"),
    ),
    args: ["/run/mine"],
    lines: [["kubeconfig", "/run/mine has none", "it is of another cluster", AGAIN]],
  },
  {
    what: "a kubeconfig without a client certificate",
    make: config(({ read, kubeconfig }) =>
      read(kubeconfig).replace(/client-certificate-data: .*/, "token: abc"),
    ),
    args: ["/run/mine"],
    lines: [["kubeconfig", "/run/mine has none", "it was not written by K3s, kubectl or Quorate", AGAIN]],
  },
  {
    what: "a kubeconfig of an older cluster, with the same CA",
    make: config(({ ca, t }) => clientConfig(alone, ca, makeAuthority(t))),
    args: ["/run/mine"],
    lines: [
      [
        "kubeconfig",
        "the API does not let it in (401)",
        "it is of an older cluster with the same addresses",
        AGAIN,
      ],
    ],
  },
  {
    what: "a kubeconfig with another CA",
    make: config(({ clientCa, t }) => clientConfig(alone, makeAuthority(t), clientCa)),
    args: ["/run/mine"],
    lines: [
      [
        "kubeconfig",
        "the API's certificate is not signed by the CA in it",
        "it is of another cluster, or the CA was exchanged",
        AGAIN,
      ],
    ],
  },
  {
    what: "a kubeconfig that is not the administrator's",
    make: async ({ change, ca }) =>
      void (await change({ [FIRST]: { ...server(alone, ca.certificate), [PATHS.nodes]: { status: 403 } } })),
    lines: [["kubeconfig", "it may not list nodes (403)", "it is not the administrator's", AGAIN]],
  },
  {
    what: "a kubeconfig that ends soon",
    make: config(({ ca, clientCa }) => clientConfig(alone, ca, clientCa, 12.5)),
    args: ["/run/mine"],
    lines: [["kubeconfig", "12 days left", COPY, RENEW]],
  },
  {
    what: "a kubeconfig that has ended",
    make: config(({ ca, clientCa }) => clientConfig(alone, ca, clientCa, -0.5)),
    args: ["/run/mine"],
    lines: [["kubeconfig", "its certificate has expired", COPY, RENEW]],
  },
  {
    what: "a node that is silent",
    make: nodes({ "server-2": { ready: condition("Ready", "Unknown", "NodeStatusUnknown") } }),
    lines: [
      [
        "nodes",
        "not Ready, and silent: server-2",
        "the machine is off, or K3s does not run there",
        "npx quorate status",
      ],
    ],
  },
  {
    what: "a node whose kubelet is not well",
    make: nodes({ "server-2": { ready: condition("Ready", "False", "KubeletNotReady") } }),
    lines: [
      [
        "nodes",
        "not Ready: server-2 (KubeletNotReady)",
        "its kubelet says so",
        "kubectl describe node server-2",
      ],
    ],
  },
  {
    what: "a node that is closed to pods",
    make: nodes({ "server-2": { cordoned: true } }),
    lines: [
      [
        "nodes",
        "closed to new pods: server-2",
        "somebody closed it, or an apply was cut off",
        "npx quorate apply, or kubectl uncordon server-2",
      ],
    ],
  },
  {
    what: "a node that is in the cluster and not in the config",
    make: nodes({ "old-1": { voter: null } }),
    lines: [
      [
        "nodes",
        "not in the config: old-1",
        "it was taken out of the config and not out of the cluster",
        "kubectl get node old-1 -o wide",
      ],
    ],
  },
  {
    what: "a server that Kubernetes does not know",
    make: nodes({ "server-2": null }),
    lines: [
      ["nodes", "not there: server-2", "it has not joined, or was deleted", nodeStatus],
      ["voters", "server-2 (no word of it)", "it has not joined", nodeStatus],
    ],
  },
  {
    what: "two nodes with two things",
    make: nodes({
      "server-3": { cordoned: true },
      "server-2": { ready: condition("Ready", "Unknown", "NodeStatusUnknown") },
    }),
    lines: [
      [
        "nodes",
        "not Ready, and silent: server-2; closed to new pods: server-3",
        "the machine is off, or K3s does not run there",
        "npx quorate status",
      ],
    ],
  },
  {
    what: "a node of another version",
    make: nodes({ "server-2": { version: "v1.36.3+k3s1" } }),
    lines: [
      [
        "versions",
        "server-2 has v1.36.3+k3s1",
        "the config was changed and not applied, or an upgrade was cut off",
        "npx quorate plan",
      ],
    ],
  },
  {
    what: "a server without a vote yet",
    make: nodes({ "server-2": voter("False", "MemberIsLearner") }),
    lines: [
      [
        "voters",
        "server-2 (MemberIsLearner)",
        "it joined and has no vote yet: one server at a time gets it, every 15 s",
        "run this again in a minute",
      ],
    ],
  },
  {
    what: "a server that etcd has forgotten",
    make: nodes({ "server-2": voter("False", "NotAMember") }),
    lines: [["voters", "server-2 (NotAMember)", "etcd has forgotten it", nodeStatus]],
  },
  {
    what: "a server whose etcd does not answer",
    make: nodes({ "server-2": voter("False", "Unhealthy") }),
    lines: [["voters", "server-2 (Unhealthy)", "its etcd does not answer the others", journal("server-2")]],
  },
  {
    what: "CoreDNS on one node only",
    make: kubernetes({ coredns: ["server-1", "server-1"] }),
    lines: [
      [
        "coredns",
        "ready on 1",
        "a pod waits for a node that takes it, or does not start",
        pods("k8s-app=kube-dns"),
      ],
    ],
  },
  {
    what: "a CoreDNS that is not ready",
    make: kubernetes({ coredns: ["server-1", "!server-2"] }),
    lines: [
      [
        "coredns",
        "ready on 1",
        "a pod waits for a node that takes it, or does not start",
        pods("k8s-app=kube-dns"),
      ],
    ],
  },
  {
    what: "a list that the API does not give",
    make: async ({ change, ca }) => {
      const refusal = { status: 500, body: '{"kind": "Status", "message": "etcdserver: request timed out"}' };
      await change({ [FIRST]: { ...server(alone, ca.certificate), [PATHS.coredns]: refusal } });
    },
    lines: [
      [
        "coredns",
        "the API answers 500",
        "its answer says why: etcdserver: request timed out",
        "KUBECONFIG=/run/kubeconfig kubectl auth whoami",
      ],
    ],
  },
  {
    what: "a server whose snapshots stopped",
    make: kubernetes({
      snapshots: [
        { node: "server-1", age: 3 },
        { node: "server-2", age: 30 },
        { node: "server-2", age: 36 },
        { node: "server-3", age: 3 },
      ],
    }),
    lines: [["snapshots", "server-2: 30 h old", LATE, snapshotList("server-2")]],
  },
  {
    what: "a server without snapshots, and one whose snapshots fail",
    make: kubernetes({
      snapshots: [
        { node: "server-1", age: 3 },
        { node: "server-3", age: 1, failed: true },
        { node: "server-3", age: 14 },
      ],
    }),
    lines: [["snapshots", "server-2: none, server-3: 14 h old", LATE, snapshotList("server-2")]],
  },
];

const INGRESS = makeCluster({ servers: 2, agents: 1, loadBalancers: 0 });
const TRAEFIK_CASES: readonly Case[] = [
  ["no Traefik on a node", ["server-1", "server-2"]],
  ["a Traefik that is not ready", ["server-1", "server-2", "!agent-1"]],
].map(([what, traefik]) => ({
  what: String(what),
  make: async ({ change, ca }: Play) =>
    void (await change({
      [FIRST]: server(INGRESS, ca.certificate, { traefik: traefik as readonly string[] }),
    })),
  lines: [
    [
      "traefik",
      "not ready on agent-1",
      "its pod there does not start, or the node is not Ready",
      traefikPods,
    ],
  ],
}));
test("what Kubernetes says", needsLan, (t) => provoke(t, alone, KUBERNETES_CASES));
test("the spread of Traefik", needsLan, (t) => provoke(t, INGRESS, TRAEFIK_CASES));

test("a cluster that is a few minutes old has no snapshot, and needs none yet", needsLan, async (t) => {
  const { change, ca, verify, kubeconfig } = await play(t, alone);
  const born = new Date(Date.now() - 120_000).toISOString();
  const young = ["server-1", "server-2", "server-3"].map((name) => ({ ...nodeAnswer(alone, name), born }));
  await change({ [FIRST]: server(alone, ca.certificate, { nodes: young, snapshots: [] }) });
  const { status, lines } = await verify([kubeconfig]);
  assert.ok(lines.includes("ok    snapshots                none yet, and none is due"));
  assert.equal(status, 0);
});
