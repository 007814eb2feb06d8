// The files of one machine: the same set whether they arrive by first boot or over SSH.
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import type { Content, FileMode, NodeFile, OnChange, SecretRef } from "../model/files.ts";
import { GENERATED } from "./generated.ts";
import { haproxyConfig } from "./haproxy.ts";
import {
  agentConfig,
  corednsManifest,
  installEnvironment,
  K3S_PATHS,
  serverConfig,
  traefikManifest,
  wantsTwoCoredns,
} from "./k3s.ts";
import { keepalivedConfig } from "./keepalived.ts";
import { networkConfigText } from "./network.ts";
import { NODE_PATHS } from "./node-paths.ts";
import {
  fileList,
  GUARD_UNIT,
  nodeProgram,
  nodeSettings,
  nodeUnit,
  PEER_SSHD,
  PEER_SUDO,
} from "./node-program.ts";
import type { Templates } from "./template.ts";
import { toYaml } from "./yaml.ts";

/**
 * Everything a machine carries, in the order in which it is written: the list of the others is the last. Agents and
 * load balancers never hold the server token.
 */
export function nodeFiles(cluster: Cluster, node: Node, templates: Templates): readonly NodeFile[] {
  const files = [...commonFiles(cluster, node, templates), ...roleFiles(cluster, node, templates)];
  return [...files, file(NODE_PATHS.fileList, "0644", [fileList(files)])];
}

function roleFiles(cluster: Cluster, node: Node, templates: Templates): readonly NodeFile[] {
  switch (node.role) {
    case "server":
      return serverFiles(cluster, node);
    case "agent":
      return agentFiles(cluster, node);
    case "loadbalancer":
      return loadBalancerFiles(cluster, node, templates);
  }
}

// Staged under /etc/quorate: these are put in force by steps that need more than a copy (a login must not be cut off).
function commonFiles(cluster: Cluster, node: Node, templates: Templates): readonly NodeFile[] {
  const generation = cluster.generations["ssh-host-key"];
  return [
    program(templates),
    UNIT,
    file(NODE_PATHS.settings, "0644", [nodeSettings(cluster, node)]),
    file(NODE_PATHS.hostname, "0644", [`${node.name}\n`]),
    file(NODE_PATHS.authorizedKeys, "0644", [`${cluster.access.authorizedKeys.join("\n")}\n`]),
    // A load balancer gives the vip up before its network is made anew: keepalived's address could go with it.
    file(NODE_PATHS.networkConfig, "0600", [networkConfigText(cluster, node)], {
      unit: "network",
      how: "reload",
    }),
    file(NODE_PATHS.hostKey, "0600", [{ secret: `ssh-host-key/${node.name}`, generation }, "\n"]),
    ...(node.os === "raspberry-pi-os" ? [NO_SWAP] : []),
  ];
}

/** One value for all machines, so that whoever prints or hashes it does so once. */
function program(templates: Templates): NodeFile {
  const known = programs.get(templates);
  if (known) return known;
  const made = file(NODE_PATHS.program, "0755", [nodeProgram(templates)]);
  programs.set(templates, made);
  return made;
}

const programs = new WeakMap<Templates, NodeFile>();
const UNIT = file(NODE_PATHS.unitFile, "0644", [nodeUnit()]);

// Raspberry Pi OS swaps to a compressed RAM disk and a file on the card; the kubelet counts memory without it.
const NO_SWAP = file("/etc/rpi/swap.conf.d/90-quorate.conf", "0644", ["[Main]\nMechanism=none\n"], "reboot");

function serverFiles(cluster: Cluster, node: Node): readonly NodeFile[] {
  const restart = { unit: "k3s", how: "restart" } as const;
  return [
    file(K3S_PATHS.config, "0600", [GENERATED, toYaml(serverConfig(cluster, node))], restart),
    secretFile(
      K3S_PATHS.serverToken,
      { secret: "server-token", generation: cluster.generations["server-token"] },
      restart,
    ),
    secretFile(
      K3S_PATHS.agentToken,
      { secret: "agent-token", generation: cluster.generations["agent-token"] },
      restart,
    ),
    nodePassword(node),
    file(K3S_PATHS.installEnvironment, "0644", [GENERATED, installEnvironment(cluster, node)]),
    ...(cluster.ingress ? [manifest("quorate-traefik.yaml", traefikManifest())] : []),
    ...(wantsTwoCoredns(cluster) ? [manifest("quorate-coredns.yaml", corednsManifest())] : []),
    file("/etc/systemd/system/k3s.service.d/quorate.conf", "0644", [GUARD_UNIT]),
    ...peerFiles(cluster, node),
  ];
}

/**
 * How servers ask each other, before one founds the cluster, whether there is one already: over SSH with a key of their
 * own, which may run one command. A server does not ask itself.
 */
function peerFiles(cluster: Cluster, node: Node): readonly NodeFile[] {
  const servers = ofRole(cluster, "server");
  if (servers.length < 2) return [];
  const generation = cluster.generations["ssh-host-key"];
  const others = servers.filter((server) => server !== node);
  return [
    secretFile(NODE_PATHS.peerKey, { secret: `peer-key/${node.name}`, generation }),
    file(
      NODE_PATHS.peerAuthorizedKeys,
      "0644",
      others.flatMap(({ name }) => [
        `restrict,command="sudo -n ${NODE_PATHS.program} census ${name}" `,
        { secret: `peer-key-public/${name}`, generation },
        "\n",
      ]),
    ),
    file(
      NODE_PATHS.peerKnownHosts,
      "0644",
      others.flatMap(({ name }) => [`${name} `, { secret: `ssh-host-key-public/${name}`, generation }, "\n"]),
    ),
    file("/etc/ssh/sshd_config.d/10-quorate-peer.conf", "0644", [PEER_SSHD]),
    file("/etc/sudoers.d/quorate-peer", "0440", [PEER_SUDO]),
  ];
}

function agentFiles(cluster: Cluster, node: Node): readonly NodeFile[] {
  const restart = { unit: "k3s-agent", how: "restart" } as const;
  return [
    file(K3S_PATHS.config, "0600", [GENERATED, toYaml(agentConfig(cluster, node))], restart),
    secretFile(
      K3S_PATHS.agentToken,
      { secret: "agent-token", generation: cluster.generations["agent-token"] },
      restart,
    ),
    nodePassword(node),
    file(K3S_PATHS.installEnvironment, "0644", [GENERATED, installEnvironment(cluster, node)]),
  ];
}

function loadBalancerFiles(cluster: Cluster, node: Node, templates: Templates): readonly NodeFile[] {
  return [
    file(NODE_PATHS.haproxy, "0644", [haproxyConfig(cluster, templates)], {
      unit: "haproxy",
      how: "reload",
    }),
    file("/etc/systemd/system/haproxy.service.d/quorate.conf", "0644", [HAPROXY_UNIT]),
    ...(cluster.registration.holder === "keepalived"
      ? [
          file(NODE_PATHS.keepalived, "0644", [keepalivedConfig(cluster, node, templates)], {
            unit: "keepalived",
            how: "reload",
          }),
        ]
      : []),
  ];
}

// HAProxy up to 2.8 warns about a missing state file, and a stale one brings back drains: a cold start forgets.
const HAPROXY_UNIT = `${GENERATED}[Service]\nExecStartPre=/bin/sh -c 'echo 1 > /run/haproxy/server-state'\n`;

/** K3s checks an agent's password against the first one it saw under that name: a fixed one lets a re-flashed machine back in. */
function nodePassword(node: Node): NodeFile {
  return secretFile(K3S_PATHS.nodePassword, { secret: `node-password/${node.name}`, generation: 1 });
}

/**
 * K3s applies what it finds in a folder of each server, and copies it to no other one. Staged, because that folder may be on
 * a disk that is not there yet; named quorate-*, so that the program knows its own.
 */
function manifest(name: string, text: string): NodeFile {
  return file(`${NODE_PATHS.manifests}/${name}`, "0600", [GENERATED, text]);
}

function secretFile(path: NodeFile["path"], ref: SecretRef, onChange: OnChange = "none"): NodeFile {
  return file(path, "0600", [ref, "\n"], onChange);
}

function file(
  path: NodeFile["path"],
  mode: FileMode,
  content: Content,
  onChange: OnChange = "none",
): NodeFile {
  return { path, mode, content, onChange };
}
