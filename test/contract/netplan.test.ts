// cloud-init and netplan judge our network-config, and the kernel judges which address a load balancer speaks from.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { networkConfig, networkConfigText } from "../../generator/render/network.ts";
import { makeCluster } from "../support/clusters.ts";
import { readYamlWithPython, requirePythonModule } from "../support/python.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";

const needsNetplan = { skip: requireTool("netplan", "apt-get install netplan.io") };
const needsCloudInit = { skip: requireTool("cloud-init", "apt-get install cloud-init") };
const needsPyYaml = { skip: requirePythonModule("yaml", "apt-get install python3-yaml") };
const needsNamespace = {
  skip: requireTool("unshare", "apt-get install util-linux") || requireTool("ip", "apt-get install iproute2"),
};

const MAC = "52:54:00:12:34:56";
const withoutBalancer = makeCluster({ servers: 1, agents: 0, loadBalancers: 0 });
const single = makeCluster({ servers: 3, agents: 1, loadBalancers: 1 });
const pair = makeCluster({ servers: 3, agents: 0, loadBalancers: 2 });
const machines = [withoutBalancer, single, pair].flatMap((cluster) =>
  cluster.nodes.map((node) => ({ cluster: { ...cluster, network: twoResolvers(cluster) }, node })),
);
const holders = machines.filter(({ cluster, node }) => holdsVip(cluster, node));
const [holder] = holders;
assert.ok(holder && holders.length === 1);

test("netplan takes every machine's file without a word and generates its unit", needsNetplan, (t) => {
  for (const { cluster, node } of machines) {
    const unit = networkdUnit(t, networkConfigText(cluster, node));
    const meant = addresses(cluster, node).map((address) => `Address=${address}`);
    assert.deepEqual(unit.match(/^Address=.*$/gm), meant, node.name);
    const resolvers = cluster.network.dns.map((address) => `DNS=${address}`);
    const route = ["Destination=0.0.0.0/0", `Gateway=${cluster.network.gateway}`];
    assertHolds(unit, [`Name=${node.interface}`, "IPv6AcceptRA=no", ...resolvers, ...route]);
    assert.doesNotMatch(unit, /^DHCP=(?!no)/m);
  }
});

test("netplan matches a card by its MAC address and not by name", needsNetplan, (t) => {
  const unit = networkdUnit(t, networkConfigText(holder.cluster, { ...holder.node, mac: MAC }));
  assertHolds(unit, [`PermanentMACAddress=${MAC}`]);
  assert.doesNotMatch(unit, /^Name=/m);
});

test("networkd is netplan's default: writing the renderer changes nothing", needsNetplan, (t) => {
  const text = networkConfigText(holder.cluster, holder.node);
  assert.equal(networkdUnit(t, `${text}renderer: networkd\n`), networkdUnit(t, text));
});

/** What each of cloud-init's own renderers must say; netplan has to say the same to NetworkManager. */
const RENDERED = {
  netplan: (cluster: Cluster, node: Node) => [
    ...[...addresses(cluster, node), ...cluster.network.dns].map((address) => `- ${address}`),
    "-   to: 0.0.0.0/0",
    `via: ${cluster.network.gateway}`,
    "dhcp4: false",
  ],
  networkd: (cluster: Cluster, node: Node) => [
    ...addresses(cluster, node).map((address) => `Address=${address}`),
    `DNS=${cluster.network.dns.join(" ")}`,
    "Destination=0.0.0.0/0",
    `Gateway=${cluster.network.gateway}`,
    "DHCP=no",
  ],
  "network-manager": (cluster: Cluster, node: Node) => [
    ...addresses(cluster, node).map((address, index) => `address${index + 1}=${address}`),
    `dns=${cluster.network.dns.join(";")};`,
    `route1=0.0.0.0/0,${cluster.network.gateway}`,
    "method=manual",
  ],
  eni: (cluster: Cluster, node: Node) => [
    ...addresses(cluster, node).map((address) => `address ${address}`),
    `dns-nameservers ${cluster.network.dns.join(" ")}`,
    `post-up route add default gw ${cluster.network.gateway} || true`,
  ],
} as const;

test("netplan hands NetworkManager the addresses, the route and DNS", needsNetplan, (t) => {
  const files = netplan(t, `${networkConfigText(holder.cluster, holder.node)}renderer: NetworkManager\n`);
  const profile = [...files].find(([path]) => path.endsWith(".nmconnection"))?.[1] ?? "";
  assertHolds(profile, RENDERED["network-manager"](holder.cluster, holder.node));
});

for (const [renderer, expected] of Object.entries(RENDERED)) {
  test(`cloud-init renders addresses, route and DNS for ${renderer}`, needsCloudInit, (t) => {
    for (const node of [holder.node, { ...holder.node, mac: MAC }]) {
      const folder = scratch(t);
      const [input, output] = [join(folder, "network-config"), join(folder, "out")];
      writeFileSync(input, networkConfigText(holder.cluster, node));
      const options = ["-p", input, "-k", "yaml", "-d", output, "-D", "debian", "-O", renderer];
      const { status, stderr } = runTool("cloud-init", ["devel", "net-convert", ...options]);
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /error|warning|deprecat/i);
      assertHolds([...filesUnder(output).values()].join("\n"), expected(holder.cluster, node));
    }
  });
}

test("PyYAML reads every network-config as the value that was meant", needsPyYaml, () => {
  for (const { cluster, node } of machines) {
    const matched = { ...node, mac: MAC };
    assert.deepEqual(
      readYamlWithPython(networkConfigText(cluster, matched)),
      networkConfig(cluster, matched),
    );
  }
});

// cloud-init's networkd renderer sorts addresses as text, and a live change of address removes the first: so both orders.
test("the vip is never the source address, whichever address came first", needsNamespace, () => {
  const own = networkConfig(holder.cluster, holder.node).ethernets[holder.node.interface]?.addresses ?? [];
  assert.equal(own.length, 2);
  for (const order of [own, own.toReversed()]) {
    const script = [
      "set -eu",
      "ip link add eth0 type veth peer name peer0",
      "ip link set eth0 up",
      "ip link set peer0 up",
      ...order.map((address) => `ip address add ${address} dev eth0`),
      `ip route add default via ${holder.cluster.network.gateway}`,
      `ip route get ${holder.cluster.network.gateway}`,
      "ip route get 9.9.9.9",
    ];
    const namespace = process.getuid?.() === 0 ? "-n" : "-rn";
    const { status, stdout, stderr } = runTool("unshare", [namespace, "sh", "-s"], script.join("\n"));
    assert.equal(status, 0, stderr);
    const sources = [...stdout.matchAll(/ src (\S+)/g)].map(([, source]) => source);
    assert.deepEqual(sources, [holder.node.address, holder.node.address], order.join(", "));
  }
});

function twoResolvers({ network }: Cluster): Cluster["network"] {
  return { ...network, dns: [network.gateway, "9.9.9.9"] };
}

function holdsVip({ registration }: Cluster, { role }: Node): boolean {
  return registration.holder === "loadbalancer" && role === "loadbalancer";
}

/** The addresses that a machine must have, in order. */
function addresses(cluster: Cluster, node: Node): readonly string[] {
  const vip = holdsVip(cluster, node) ? [`${cluster.registration.address}/32`] : [];
  return [`${node.address}/${cluster.network.subnet.prefix}`, ...vip];
}

/** The files that `netplan generate` makes where the text is what cloud-init has left under /etc/netplan. */
function netplan(t: TestContext, text: string): ReadonlyMap<string, string> {
  const root = scratch(t);
  const folder = join(root, "etc", "netplan");
  mkdirSync(folder, { recursive: true });
  // 0600, or newer versions warn about the mode.
  const file = `network:\n${text.replace(/^/gm, "  ")}`;
  writeFileSync(join(folder, "50-cloud-init.yaml"), file, { mode: 0o600 });
  const { status, stderr } = runTool("netplan", ["generate", "--root-dir", root]);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  return filesUnder(join(root, "run"));
}

function networkdUnit(t: TestContext, text: string): string {
  const units = [...netplan(t, text)].filter(([path]) => path.endsWith(".network"));
  assert.equal(units.length, 1);
  return units[0]?.[1] ?? "";
}

function filesUnder(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
}

/** Fails with the whole text where one of the lines, apart from its indentation, is missing. */
function assertHolds(text: string, lines: readonly string[]): void {
  const found = new Set(text.split("\n").map((line) => line.trim()));
  const missing = lines.filter((line) => !found.has(line));
  assert.deepEqual(missing, [], text);
}
