// What network-config says. That cloud-init and netplan accept it is proved in contract/netplan.test.ts.
import assert from "node:assert/strict";
import test from "node:test";
import type { Cluster, Node } from "../generator/model/cluster.ts";
import { ofRole } from "../generator/model/cluster.ts";
import { networkConfig, networkConfigText } from "../generator/render/network.ts";
import { makeCluster } from "./support/clusters.ts";

const single = makeCluster({ servers: 3, agents: 1, loadBalancers: 1 });

const ethernet = (cluster: Cluster, node: Node) => networkConfig(cluster, node).ethernets[node.interface];

test("the whole file of a machine", () => {
  const network = {
    subnet: { cidr: "10.0.0.0/22", prefix: 22 },
    gateway: "10.0.0.1",
    dns: ["10.0.0.2", "9.9.9.9"],
  };
  const [node] = single.nodes;
  assert.ok(node);
  const text = networkConfigText(
    { ...single, network },
    { ...node, address: "10.0.0.11", interface: "end0", mac: null },
  );
  assert.equal(
    text,
    `# Made from cluster.config.json by \`npm run render\`. Edit that, not this.
version: 2
ethernets:
  end0:
    dhcp4: false
    dhcp6: false
    accept-ra: false
    addresses:
      - 10.0.0.11/22
    routes:
      - to: 0.0.0.0/0
        via: 10.0.0.1
    nameservers:
      addresses:
        - 10.0.0.2
        - 9.9.9.9
`,
  );
});

test("the only load balancer holds the vip, after its own address and with a prefix of its own", () => {
  const { registration, network } = single;
  assert.equal(registration.holder, "loadbalancer");
  for (const node of single.nodes) {
    const own = `${node.address}/${network.subnet.prefix}`;
    const vip = node.role === "loadbalancer" ? [`${registration.address}/32`] : [];
    assert.deepEqual(ethernet(single, node)?.addresses, [own, ...vip]);
  }
});

test("with two load balancers keepalived holds the vip, so no file does", () => {
  const pair = makeCluster({ servers: 3, agents: 0, loadBalancers: 2 });
  assert.equal(ofRole(pair, "loadbalancer").length, 2);
  for (const node of pair.nodes) assert.equal(ethernet(pair, node)?.addresses.length, 1);
});

test("a card chosen by MAC address is matched in lower case, quoted where it could be a number, never renamed", () => {
  const [node] = single.nodes;
  assert.ok(node);
  const text = networkConfigText(single, { ...node, mac: "52:54:00:AB:CD:EF" });
  assert.ok(text.includes("    match:\n      macaddress: 52:54:00:ab:cd:ef\n"));
  const numeric = networkConfigText(single, { ...node, mac: "52:54:00:12:34:56" });
  assert.ok(numeric.includes("      macaddress: '52:54:00:12:34:56'\n"));
  assert.ok(!text.includes("set-name"));
});
