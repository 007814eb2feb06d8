// What new makes of what it sees: routes, resolvers, neighbours and keys as systems print them, many networks, many layouts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contains, parseCidr, type Cidr } from "../generator/config/network.ts";
import { places } from "../generator/new/address.ts";
import { linuxRoutes, macRoutes } from "../generator/new/default-route.ts";
import { keyReader } from "../generator/new/key-question.ts";
import { dnsIn, gatewayIn, isNear, lans, likelyGateway } from "../generator/new/lan.ts";
import { candidates, type Layout, layOut, roomIn, sizeOf, type Wanted } from "../generator/new/layout.ts";
import { linuxNeighbours, macNeighbours } from "../generator/new/neighbours.ts";
import type { Observed } from "../generator/new/observed.ts";
import { podNetworks } from "../generator/new/pod-networks.ts";
import { keyLabel, publicKeys } from "../generator/new/public-keys.ts";
import { isStub, resolversIn } from "../generator/new/resolv-conf.ts";
import { HOME, keyOf } from "./support/new-config.ts";

test("default routes out of /proc/net/route: up, not rejected, the lowest metric first", () => {
  const text = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0
eth1\t00000000\t0103A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0
lo\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0
tun0\t00000000\t0101080A\t0003\t0\t0\t0\t00000080\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
`;
  assert.deepEqual(linuxRoutes(text), [
    { card: "tun0", gateway: null },
    { card: "eth0", gateway: "192.168.1.1" },
    { card: "wlan0", gateway: "192.168.2.1" },
  ]);
  assert.deepEqual(linuxRoutes(""), []);
});

test("default route out of macOS' route, with a gateway and through a tunnel without one", () => {
  const text = (gateway: string, card: string) =>
    `   route to: default\ndestination: default\n       mask: default\n${gateway}  interface: ${card}\n      flags: <UP,GATEWAY,DONE>\n`;
  assert.deepEqual(macRoutes(text("    gateway: 192.168.1.1\n", "en0")), [
    { card: "en0", gateway: "192.168.1.1" },
  ]);
  assert.deepEqual(macRoutes(text("    gateway: index: 17\n", "utun4")), [{ card: "utun4", gateway: null }]);
  assert.deepEqual(macRoutes("route: writing to routing socket: not in table\n"), []);
});

test("resolvers out of resolv.conf, IPv4 and each once; systemd-resolved's stub is known", () => {
  const text =
    "# nameserver 1.2.3.4\nnameserver 192.168.1.1\nnameserver fe80::1%2\n  nameserver\t9.9.9.9 \nnameserver 192.168.1.1\nsortlist 10.1.2.3\n";
  assert.deepEqual(resolversIn(text), ["192.168.1.1", "9.9.9.9"]);
  assert.deepEqual([isStub(["127.0.0.53"]), isStub(["127.0.0.1", "9.9.9.9"])], [true, false]);
});

test("neighbours that answered ARP, out of /proc/net/arp and macOS' arp", () => {
  const linux = `IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         52:54:00:12:34:56     *        eth0
192.168.1.7      0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.8      0x1         0x6         52:54:00:12:34:57     *        eth0
`;
  assert.deepEqual(linuxNeighbours(linux), ["192.168.1.1", "192.168.1.8"]);
  const mac = `? (192.168.1.1) at 0:11:22:33:44:55 on en0 ifscope [ethernet]
? (192.168.1.7) at (incomplete) on en0 ifscope [ethernet]
`;
  assert.deepEqual(macNeighbours(mac), ["192.168.1.1"]);
});

const card = (name: string, address: string, prefix = 24) => ({ name, address, prefix });
const via = (card: string, gateway: string | null) => ({ card, gateway });

for (const [what, cards, routes, expected] of [
  ["one cable", [card("eth0", "192.168.1.50")], [via("eth0", "192.168.1.1")], ["192.168.1.0/24"]],
  [
    "Docker beside it",
    [card("docker0", "172.17.0.1", 16), card("br-1f2e3d4c5b6a", "172.18.0.1", 16), card("eno1", "10.0.0.7")],
    [via("eno1", "10.0.0.1")],
    ["10.0.0.0/24"],
  ],
  [
    "a bridge of one's own with the default route",
    [card("br0", "192.168.5.2"), card("virbr0", "192.168.122.1")],
    [via("br0", "192.168.5.1")],
    ["192.168.5.0/24"],
  ],
  [
    "a VPN that takes the default route",
    [card("tun0", "10.8.0.6"), card("wlan0", "192.168.178.20")],
    [via("tun0", null), via("wlan0", "192.168.178.1")],
    ["192.168.178.0/24"],
  ],
  [
    "two LANs: the default route's comes first, whatever the order of the cards",
    [card("eth0", "10.1.0.5"), card("wlan0", "192.168.1.5")],
    [via("wlan0", "192.168.1.1")],
    ["192.168.1.0/24", "10.1.0.0/24"],
  ],
  [
    "two default routes",
    [card("eth0", "10.1.0.5"), card("wlan0", "192.168.1.5")],
    [via("eth0", "10.1.0.1"), via("wlan0", "192.168.1.1")],
    ["10.1.0.0/24", "192.168.1.0/24"],
  ],
  ["no default route", [card("eth0", "192.168.9.9", 28)], [], ["192.168.9.0/28"]],
  ["no network at all", [], [], []],
  ["a public address", [card("eth0", "203.0.113.7")], [via("eth0", "203.0.113.1")], []],
  ["a cloud's /32", [card("eth0", "10.0.0.3", 32)], [via("eth0", "10.0.0.1")], []],
  ["a large LAN", [card("en0", "10.3.4.5", 8)], [via("en0", "10.0.0.1")], ["10.0.0.0/8"]],
  ["Tailscale", [card("tailscale0", "100.64.1.2", 32)], [], []],
] as const) {
  test(`the LAN: ${what}`, () => {
    assert.deepEqual(lans({ cards, routes, dns: [], keys: [] }), expected);
  });
}

test("the gateway: the default route's inside of the network, else none; a guess for a person only", () => {
  assert.equal(gatewayIn("192.168.1.0/24", HOME), "192.168.1.1");
  assert.equal(gatewayIn("192.168.2.0/24", HOME), undefined);
  assert.equal(likelyGateway("192.168.2.0/24", HOME), "192.168.2.1");
  const first = { ...HOME, cards: [card("eth0", "192.168.2.1")] };
  assert.equal(likelyGateway("192.168.2.0/24", first), "192.168.2.254");
  assert.equal(likelyGateway("192.168.2.0/31", HOME), undefined);
  assert.equal(likelyGateway("nonsense", HOME), undefined);
});

for (const [what, more, expected] of [
  ["the router's", { dns: ["192.168.1.1"] }, ["192.168.1.1"]],
  ["loopback only: the gateway", { dns: ["127.0.0.1", "127.0.0.53"] }, ["192.168.1.1"]],
  ["none: the gateway", { dns: [] }, ["192.168.1.1"]],
  [
    "a public one, and three at most",
    { dns: ["9.9.9.9", "8.8.8.8", "1.1.1.1", "8.8.4.4"] },
    ["9.9.9.9", "8.8.8.8", "1.1.1.1"],
  ],
  ["one in another network behind the router", { dns: ["10.20.0.53"] }, ["10.20.0.53"]],
  [
    "the same while a VPN is up",
    { dns: ["10.20.0.53"], cards: [...HOME.cards, card("wg0", "10.9.0.2", 32)] },
    ["192.168.1.1"],
  ],
  [
    "Docker's own",
    { dns: ["172.17.0.1"], cards: [...HOME.cards, card("docker0", "172.17.0.1", 16)] },
    ["192.168.1.1"],
  ],
  ["Tailscale's", { dns: ["100.100.100.100"] }, ["192.168.1.1"]],
  ["the network's own address", { dns: ["192.168.1.255", "192.168.1.0"] }, ["192.168.1.1"]],
  ["link-local", { dns: ["169.254.1.1"] }, ["192.168.1.1"]],
] as const satisfies readonly (readonly [string, Partial<Observed>, readonly string[]])[]) {
  test(`DNS: ${what}`, () => {
    assert.deepEqual(dnsIn("192.168.1.0/24", "192.168.1.1", { ...HOME, ...more }), expected);
  });
}

test("near is what a card is in, a tunnel aside: only there can anybody be asked", () => {
  const observed = {
    ...HOME,
    cards: [...HOME.cards, card("tun0", "10.8.0.2"), card("eth1", "10.7.0.2", 32)],
  };
  const near = ["192.168.1.9", "192.168.2.9", "10.8.0.9", "10.7.0.2"].map((each) => isNear(each, observed));
  assert.deepEqual(near, [true, false, false, false]);
});

const network = (text: string): Cidr => {
  const parsed = parseCidr(text);
  assert.ok(parsed, text);
  return parsed;
};
const LAN = network("192.168.1.0/24");
const USUAL: Wanted = { servers: 3, loadBalancers: 1, agents: 0, vip: true };
const all = ({ loadBalancers, vip, servers, agents }: Layout) => [
  ...loadBalancers,
  ...(vip === undefined ? [] : [vip]),
  ...servers,
  ...agents,
];
const lastOf = (layout: Layout | undefined) =>
  layout && all(layout).map((each) => Number(each.split(".")[3]));
const lay = (wanted: Wanted, taken: readonly number[] = []) =>
  lastOf(layOut(LAN, "192.168.1.1", wanted, (each) => !taken.includes(Number(each.split(".")[3]))));

test("the sample's places where they are free, else the same a little further, else the next run, else any", () => {
  assert.deepEqual(lay(USUAL), [5, 10, 11, 12, 13]);
  assert.deepEqual(lay(USUAL, [12]), [25, 30, 31, 32, 33]);
  assert.deepEqual(lay(USUAL, [12, 33]), [45, 50, 51, 52, 53]);
  assert.deepEqual(lay(USUAL, [5, 25, 45, 65]), [6, 7, 8, 9, 10]);
  const even = Array.from({ length: 128 }, (_, index) => 2 * index);
  assert.deepEqual(lay(USUAL, even), [3, 5, 7, 9, 11]);
  assert.equal(
    lay(
      USUAL,
      Array.from({ length: 251 }, (_, index) => index),
    ),
    undefined,
  );
});

test("two load balancers, agents behind the servers, and no vip without a load balancer", () => {
  assert.deepEqual(
    lay({ servers: 3, loadBalancers: 2, agents: 2, vip: true }),
    [5, 6, 10, 11, 12, 13, 21, 22],
  );
  assert.deepEqual(lay({ servers: 1, loadBalancers: 0, agents: 0, vip: false }), [11]);
  assert.deepEqual(
    lay({ servers: 1, loadBalancers: 7, agents: 0, vip: true }),
    [5, 6, 7, 8, 9, 10, 11, 12, 13],
  );
});

test("a small network is filled closer, a large one from the gateway's /24 on", () => {
  const free = () => true;
  const inside = (cidr: string, gateway: string, wanted = USUAL) => {
    const layout = layOut(network(cidr), gateway, wanted, free);
    return layout && all(layout);
  };
  assert.deepEqual(inside("10.0.0.16/28", "10.0.0.17"), [
    "10.0.0.21",
    "10.0.0.26",
    "10.0.0.27",
    "10.0.0.28",
    "10.0.0.29",
  ]);
  assert.deepEqual(inside("10.0.0.8/29", "10.0.0.9"), [
    "10.0.0.10",
    "10.0.0.11",
    "10.0.0.12",
    "10.0.0.13",
    "10.0.0.14",
  ]);
  assert.equal(inside("10.0.0.8/29", "10.0.0.9", { ...USUAL, agents: 1 }), undefined);
  assert.deepEqual(inside("10.0.0.0/16", "10.0.7.1")?.[0], "10.0.7.5");
  assert.deepEqual(inside("10.0.0.0/8", "10.200.0.1")?.at(-1), "10.200.0.13");
  assert.equal(inside("10.0.0.4/31", "10.0.0.4"), undefined);
  assert.deepEqual([roomIn(network("10.0.0.8/29")), roomIn(network("10.0.0.8/31"))], [5, 0]);
});

test("any network, any machines, anybody there: addresses of one's own, free and usable; and as many as there is room for", () => {
  let seed = 7;
  const chance = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 150; round += 1) {
    const prefix = 8 + chance(23);
    const subnet = network(network(`10.${chance(256)}.${chance(256)}.${chance(256)}/${prefix}`).canonical);
    const gateway = chance(2)
      ? subnet.first.replace(/\d+$/, (last) => String(Number(last) + 1))
      : "172.16.0.1";
    const loadBalancers = chance(3);
    const wanted = { servers: 1 + 2 * chance(4), loadBalancers, agents: chance(9), vip: loadBalancers > 0 };
    const density = chance(100);
    const taken = new Set(candidates(subnet, gateway, wanted).filter(() => chance(100) < density));
    const asked: string[] = [];
    const isFree = (address: string) => {
      asked.push(address);
      return !taken.has(address);
    };
    const layout = layOut(subnet, gateway, wanted, isFree);
    const where = `${subnet.canonical} ${gateway} ${JSON.stringify(wanted)} ${density}`;
    if (!layout) {
      const free = new Set(asked.filter((address) => !taken.has(address)));
      assert.ok(free.size < sizeOf(wanted), where);
      continue;
    }
    const addresses = all(layout);
    assert.equal(new Set(addresses).size, sizeOf(wanted), where);
    for (const address of addresses) {
      assert.ok(contains(subnet, address) && !taken.has(address), `${where}: ${address}`);
      assert.ok(![subnet.first, subnet.last, gateway].includes(address), `${where}: ${address}`);
    }
  }
});

test("who is asked: the liked places first, and no more than 64 where the machines are few", () => {
  const asked = candidates(LAN, "192.168.1.1", USUAL);
  assert.equal(asked.length, 64);
  assert.equal(new Set(asked).size, 64);
  assert.deepEqual(asked.slice(0, 2), ["192.168.1.5", "192.168.1.10"]);
  assert.ok(!asked.includes("192.168.1.1") && !asked.includes("192.168.1.0"));
  assert.equal(candidates(network("10.0.0.0/28"), "10.0.0.1", USUAL).length, 13);
  assert.equal(candidates(LAN, "192.168.1.1", { ...USUAL, agents: 25 }).length, 120);
  assert.equal(places("10.0.0.255", "10.0.1.2"), 3);
});

test("the inner networks move only where the LAN or a DNS server is in them", () => {
  assert.equal(podNetworks("192.168.1.0/24", ["192.168.1.1"]), undefined);
  for (const [subnet, dns] of [
    ["10.0.0.0/8", []],
    ["10.43.7.0/24", []],
    ["192.168.0.0/16", ["10.42.0.10"]],
    ["172.16.0.0/12", ["10.43.0.10", "172.28.0.9"]],
  ] as const) {
    const found = podNetworks(subnet, dns);
    assert.ok(found, subnet);
    for (const inner of [found.clusterCidr, found.serviceCidr]) {
      const cidr = network(inner);
      assert.ok(!contains(network(subnet), cidr.first) && !contains(cidr, network(subnet).first), inner);
      assert.ok(
        dns.every((address) => !contains(cidr, address)),
        inner,
      );
    }
  }
});

const SAMPLE_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQk4XJiTw2GFsPvUzFIjSpTdx+HE8uHqmGY+iz6+sb1 sample-key-without-owner@quorate";

test("public keys: each once with the longer comment, nothing that is none, and never the sample's", () => {
  const bare = keyOf(1, "").trim();
  const found = publicKeys([
    bare,
    "no key",
    "ssh-dss AAAA me",
    SAMPLE_KEY,
    `${keyOf(2).replaceAll(" ", "\t ")} `,
    keyOf(1, "me@laptop"),
    keyOf(3, "odd\u001b[2J"),
    keyOf(4, "token=abcdefgh"),
  ]);
  assert.deepEqual(found, [keyOf(1, "me@laptop"), keyOf(2), keyOf(3, "").trim(), keyOf(4, "").trim()]);
  assert.match(keyLabel(keyOf(1, "me@laptop")), /^ssh-ed25519 ….{8} me@laptop$/);
});

test("--key takes a line or a .pub file, and opens nothing else", () => {
  const opened: string[] = [];
  const read = keyReader("/home/me", (path) => {
    opened.push(path);
    return path.endsWith("id.pub") ? `\n${keyOf(5)}\r\n` : "";
  });
  const line = (answer: string) => {
    const key = read(answer);
    return key.ok ? key.line : key.reason;
  };
  assert.equal(line(keyOf(6)), keyOf(6));
  assert.equal(line("~/.ssh/id.pub"), keyOf(5));
  assert.equal(line("./id.pub"), keyOf(5));
  assert.match(line("empty.pub"), /is no file/);
  assert.deepEqual(opened, ["/home/me/.ssh/id.pub", "./id.pub", "empty.pub"]);
  assert.match(line("~/.ssh/id_ed25519"), /must be a public key line or a \.pub file/);
  assert.match(line(SAMPLE_KEY), /sample's key/);
  assert.match(line("nonsense"), /must start with a key type/);
  assert.equal(opened.length, 3);
});
