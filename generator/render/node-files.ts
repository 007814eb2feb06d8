// The files of one machine: the same set whether they arrive by first boot or over SSH.
import type { Cluster, Node } from "../model/cluster.ts";
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
import type { Templates } from "./template.ts";
import { toYaml } from "./yaml.ts";

/** The machine's own copy of network-config, the same text as on the card. */
export const NETWORK_CONFIG = "/etc/quorate/network-config";

/** Everything a machine carries, in a fixed order. Agents and load balancers never hold the server token. */
export function nodeFiles(cluster: Cluster, node: Node, templates: Templates): readonly NodeFile[] {
  const common = commonFiles(cluster, node);
  switch (node.role) {
    case "server":
      return [...common, ...serverFiles(cluster, node)];
    case "agent":
      return [...common, ...agentFiles(cluster, node)];
    case "loadbalancer":
      return [...common, ...loadBalancerFiles(cluster, node, templates)];
  }
}

// Staged under /etc/quorate: these are put in force by steps that need more than a copy (a login must not be cut off).
function commonFiles(cluster: Cluster, node: Node): readonly NodeFile[] {
  const generation = cluster.generations["ssh-host-key"];
  return [
    file("/etc/quorate/hostname", "0644", [`${node.name}\n`]),
    file("/etc/quorate/authorized_keys", "0644", [`${cluster.access.authorizedKeys.join("\n")}\n`]),
    file(NETWORK_CONFIG, "0600", [networkConfigText(cluster, node)]),
    file("/etc/quorate/ssh_host_ed25519_key", "0600", [
      { secret: `ssh-host-key/${node.name}`, generation },
      "\n",
    ]),
    ...(node.os === "raspberry-pi-os" ? [NO_SWAP] : []),
  ];
}

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
    file("/etc/haproxy/haproxy.cfg", "0644", [haproxyConfig(cluster, templates)], {
      unit: "haproxy",
      how: "reload",
    }),
    file("/etc/systemd/system/haproxy.service.d/quorate.conf", "0644", [HAPROXY_UNIT]),
    ...(cluster.registration.holder === "keepalived"
      ? [
          file("/etc/keepalived/keepalived.conf", "0644", [keepalivedConfig(cluster, node, templates)], {
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

/** K3s watches this folder on each server and applies what it finds; it does not copy it to the others. */
function manifest(name: string, text: string): NodeFile {
  return file(`${K3S_PATHS.manifests}/${name}`, "0600", [GENERATED, text]);
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
