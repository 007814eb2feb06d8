// The verb new: every choice gives a valid config, wrong answers and people who stop give none, and nothing is lost.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseConfig } from "../generator/config/parse.ts";
import { Failure } from "../generator/failure.ts";
import { USUAL } from "../generator/new/answers.ts";
import { configText } from "../generator/new/config-text.ts";
import { placeOf, writeTo } from "../generator/new/place.ts";
import { sentenceOf } from "../generator/new/sentences.ts";
import { faultTolerance } from "../generator/tolerance/tolerance.ts";
import { verdict } from "../generator/tolerance/verdict.ts";
import { run } from "../generator/verbs.ts";
import { makeCluster } from "./support/clusters.ts";
import { clusterOf, fixtureCluster, fixturePath } from "./support/fixtures.ts";
import { HOME, keyOf, person, runNew, type Situation } from "./support/new-config.ts";
import { scratch } from "./support/scratch.ts";

const SAMPLE = readFileSync(fixturePath("sample"), "utf8");
const fileIn = (t: TestContext) => join(scratch(t), "cluster.config.json");
const read = (path: string) => readFileSync(path, "utf8");
/** A run with --yes, and what it wrote. */
async function accepted(config: string, flags: Situation["flags"] = {}, more: Partial<Situation> = {}) {
  const result = await runNew({ config, ...more, flags: { yes: true, ...flags } });
  assert.equal(result.exit, 0, result.stderr);
  return { ...result, text: read(config), cluster: clusterOf(read(config)) };
}

test("the sample's own answers give the sample, byte for byte; its K3s version is the usual one", () => {
  const { access, k3s } = fixtureCluster("sample");
  const text = configText(
    {
      ...USUAL,
      name: "home",
      subnet: "192.168.1.0/24",
      gateway: "192.168.1.1",
      dns: ["192.168.1.1"],
      layout: {
        servers: ["192.168.1.11", "192.168.1.12", "192.168.1.13"],
        loadBalancers: ["192.168.1.5"],
        agents: [],
        vip: "192.168.1.10",
      },
      os: "raspberry-pi-os",
      disk: "sd",
      keys: access.authorizedKeys,
    },
    "./generator/config/cluster.schema.json",
  );
  assert.equal(text, SAMPLE);
  assert.equal(k3s.version, USUAL.k3sVersion);
});

test("the untouched sample is known, with any line ends, and one changed character makes it somebody's own", (t) => {
  const config = fileIn(t);
  const isSample = (text: string) => {
    writeFileSync(config, text);
    return placeOf(config).isSample;
  };
  assert.equal(isSample(SAMPLE), true);
  assert.equal(isSample(SAMPLE.replaceAll("\n", "\r\n")), true);
  assert.equal(isSample(SAMPLE.replace("home", "hame")), false);
});

test("--yes at home: the sample's places, the key that is there, no question, no error", async (t) => {
  const config = fileIn(t);
  const { text, stdout, stderr, cluster } = await accepted(config);
  assert.equal(stderr, "");
  assert.deepEqual(
    cluster.nodes.map(({ name, address }) => `${name} ${address}`),
    ["server-1 192.168.1.11", "server-2 192.168.1.12", "server-3 192.168.1.13", "lb-1 192.168.1.5"],
  );
  assert.deepEqual(cluster.access, { user: "ops", authorizedKeys: [keyOf(1)] });
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(document), Object.keys(JSON.parse(SAMPLE) as object));
  assert.deepEqual(document["network"], { subnet: "192.168.1.0/24", gateway: "192.168.1.1" });
  assert.ok(existsSync(join(dirname(config), String(document["$schema"]))), String(document["$schema"]));
  assert.ok(stdout.includes(`fault tolerance: ${verdict(faultTolerance(cluster))}\n`));
  assert.match(stdout, /nobody answered at these addresses, but a machine that is off answers nobody/);
  assert.match(stdout, /warning\[single-load-balancer\]: .*\n {2}next: /);
  assert.doesNotMatch(stdout, /sample-addresses/);
  assert.match(stdout, /next: npx quorate render --config .*card --list.*card NAME TARGET/);
});

const LANS = [
  HOME,
  {
    ...HOME,
    cards: [{ name: "en0", address: "10.1.2.3", prefix: 8 }],
    routes: [{ card: "en0", gateway: "10.0.0.1" }],
  },
  {
    ...HOME,
    cards: [{ name: "eth0", address: "172.20.0.18", prefix: 28 }],
    routes: [{ card: "eth0", gateway: "172.20.0.30" }],
    dns: ["127.0.0.1"],
  },
  {
    ...HOME,
    cards: [{ name: "eth0", address: "10.42.7.9", prefix: 16 }],
    routes: [{ card: "eth0", gateway: "10.42.7.1" }],
    dns: ["10.43.0.10"],
  },
];

test("1, 3 or 5 servers, 0 to 2 load balancers, with agents and without, in four LANs: a valid config each time", async (t) => {
  const folder = scratch(t);
  const sizes = [1, 3, 5].flatMap((servers) =>
    [0, 1, 2].map((loadBalancers) => [servers, loadBalancers] as const),
  );
  for (const [lan, observed] of LANS.entries()) {
    for (const [index, [servers, loadBalancers]] of sizes.entries()) {
      const agents = ((lan + index) % 2) * 3;
      const config = join(folder, `${lan}-${index}.json`);
      const flags = { servers: `${servers}`, "load-balancers": `${loadBalancers}`, agents: `${agents}` };
      const { cluster } = await accepted(config, flags, { observed });
      const count = (role: string) => cluster.nodes.filter((node) => node.role === role).length;
      assert.deepEqual(["server", "loadbalancer", "agent"].map(count), [servers, loadBalancers, agents]);
      const expected = loadBalancers === 0 ? "server" : loadBalancers === 1 ? "loadbalancer" : "keepalived";
      assert.equal(cluster.registration.holder, expected);
    }
  }
});

test("every flag is an answer in the config", async (t) => {
  const { cluster } = await accepted(fileIn(t), {
    name: "attic",
    subnet: "192.168.1.0/25",
    gateway: "192.168.1.2",
    dns: ["9.9.9.9, 192.168.1.2", "1.1.1.1"],
    servers: "192.168.1.31,192.168.1.32 192.168.1.33",
    "load-balancers": "192.168.1.34",
    agents: "192.168.1.35,192.168.1.36",
    vip: "192.168.1.30",
    "dns-name": "k3s.home.arpa",
    os: "debian",
    disk: "ssd",
    user: "me",
    key: [keyOf(7), keyOf(8)],
    k3s: "v1.35.1+k3s2",
  });
  assert.deepEqual(
    [
      cluster.name,
      cluster.dnsName,
      cluster.network.subnet.cidr,
      cluster.network.gateway,
      cluster.k3s.version,
    ],
    ["attic", "k3s.home.arpa", "192.168.1.0/25", "192.168.1.2", "v1.35.1+k3s2"],
  );
  assert.deepEqual(cluster.network.dns, ["9.9.9.9", "192.168.1.2", "1.1.1.1"]);
  assert.deepEqual(cluster.access, { user: "me", authorizedKeys: [keyOf(7), keyOf(8)] });
  assert.equal(cluster.registration.address, "192.168.1.30");
  assert.deepEqual(
    cluster.nodes.map(({ name, address, os, disk }) => `${name} ${address} ${os} ${disk}`),
    [
      "server-1 192.168.1.31 debian ssd",
      "server-2 192.168.1.32 debian ssd",
      "server-3 192.168.1.33 debian ssd",
      "agent-1 192.168.1.35 debian sd",
      "agent-2 192.168.1.36 debian sd",
      "lb-1 192.168.1.34 debian sd",
    ],
  );
});

test("with every question answered by a flag nobody is needed, and --yes neither", async (t) => {
  const config = fileIn(t);
  const flags = {
    name: "a",
    subnet: "192.168.1.0/24",
    gateway: "192.168.1.1",
    dns: ["192.168.1.1"],
    servers: "192.168.1.11",
    "load-balancers": "0",
    agents: "0",
    os: "ubuntu",
    disk: "ssd",
    key: [keyOf(1)],
  };
  assert.equal((await runNew({ config, flags })).exit, 0);
  for (const name of Object.keys(flags)) {
    const config = fileIn(t);
    const { [name as keyof typeof flags]: _, ...fewer } = flags;
    const { exit, stderr } = await runNew({ config, flags: fewer });
    assert.equal(exit, 3, name);
    assert.match(stderr, /there is no terminal[^]*next: npx quorate new --yes[^]*nothing was written/);
    assert.ok(stderr.includes(`--${name} `), `${name}: ${stderr}`);
    assert.equal(existsSync(config), false);
  }
});

test("taken addresses are neither proposed nor asked of strangers; one that a flag names is taken at its word, and said", async (t) => {
  const taken = ["192.168.1.12", "192.168.1.30"];
  const asked: string[] = [];
  const { cluster } = await accepted(fileIn(t), {}, { taken, onAsk: (some) => asked.push(...some) });
  assert.deepEqual(cluster.nodes[0]?.address, "192.168.1.71");
  // .50 is this computer, which stands where the third place would put the vip.
  assert.ok(!asked.includes("192.168.1.50") && !asked.includes("192.168.1.1"));
  assert.equal(new Set(asked).size, asked.length);
  const named = await accepted(fileIn(t), { servers: "192.168.1.12" }, { taken });
  assert.equal(named.cluster.nodes[0]?.address, "192.168.1.12");
  assert.match(named.stdout, /192\.168\.1\.12 answered: somebody has it/);
  const far: string[] = [];
  const flags = { subnet: "10.7.0.0/24", gateway: "10.7.0.1" };
  const there = { ...flags, dns: ["10.7.0.5"] };
  const { stdout, cluster: other } = await accepted(fileIn(t), there, { onAsk: (some) => far.push(...some) });
  assert.equal(other.nodes.at(-1)?.address, "10.7.0.25");
  assert.deepEqual(far, []);
  assert.match(stdout, /nobody could be asked .*: this computer is not in 10\.7\.0\.0\/24/);
});

for (const [what, flags, message, more] of [
  ["two servers", { servers: "2" }, /error\[server-count-even\]/, {}],
  ["no server", { servers: "0" }, /error\[no-server\]/, {}],
  ["too many to count", { servers: "501" }, /--servers must be a number up to 500/, {}],
  ["a negative number", { agents: "-1" }, /--agents must be a number/, {}],
  [
    "more than the network has room for",
    { agents: "300", subnet: "192.168.1.0/24" },
    /room for 253 machines/,
    {},
  ],
  ["the same, of a network that was seen", { agents: "300" }, /has not 305 addresses that answer nobody/, {}],
  ["words for addresses", { servers: "a,b,c" }, /error\[address-invalid\]: nodes\[2\]/, {}],
  [
    "an address twice",
    { servers: "192.168.1.3", "load-balancers": "192.168.1.3" },
    /error\[address-duplicate\]/,
    {},
  ],
  [
    "a vip without load balancer",
    { vip: "192.168.1.9", "load-balancers": "0" },
    /error\[vip-without-load-balancer\]/,
    {},
  ],
  ["the gateway's address", { vip: "192.168.1.1" }, /error\[address-duplicate\].*gateway/, {}],
  ["an address elsewhere", { servers: "10.9.9.9" }, /error\[address-outside-subnet\]/, {}],
  ["a gateway elsewhere", { gateway: "10.9.9.9" }, /error\[address-outside-subnet\]: the gateway/, {}],
  ["a network without length", { subnet: "192.168.1.0" }, /error\[cidr-invalid\]/, {}],
  ["an address for a network", { subnet: "192.168.1.7/24" }, /error\[cidr-host-bits\]/, {}],
  ["a loopback resolver", { dns: ["127.0.0.1"] }, /error\[address-not-usable\]/, {}],
  ["a name with capitals", { name: "Home" }, /error\[name-invalid\]/, {}],
  ["a DNS name that is none", { "dns-name": "-x" }, /error\[dns-name-invalid\]/, {}],
  ["root", { user: "root" }, /error\[user-invalid\]/, {}],
  ["a channel", { k3s: "stable" }, /error\[k3s-version\]/, {}],
  [
    "two at once",
    { os: "windows", disk: "floppy" },
    /error\[wrong-value\]: os[^]*error\[wrong-value\]: nodes\[0\]\.disk/,
    {},
  ],
  [
    "a private key's path",
    { key: ["~/.ssh/id_ed25519"] },
    /--key "~\/\.ssh\/id_ed25519" must be a public key line/,
    {},
  ],
  [
    "a private key itself",
    { key: ["-----BEGIN OPENSSH PRIVATE KEY----- b3Bl"] },
    /^error: --key must start with/,
    {},
  ],
  [
    "the sample's key",
    { key: fixtureCluster("sample").access.authorizedKeys },
    /--key is the sample's key/,
    {},
  ],
  [
    "no key anywhere",
    {},
    /^error: no SSH public key[^]*ssh-keygen -t ed25519[^]*--key/,
    { observed: { ...HOME, keys: [] } },
  ],
  [
    "only the sample's key",
    {},
    /no SSH public key/,
    { observed: { ...HOME, keys: fixtureCluster("sample").access.authorizedKeys } },
  ],
  ["no network", {}, /next: .*--subnet CIDR/, { observed: { ...HOME, cards: [], routes: [] } }],
  ["no default route", {}, /next: .*--gateway ADDRESS/, { observed: { ...HOME, routes: [] } }],
  [
    "everybody answers",
    {},
    /has not 5 addresses that answer nobody[^]*--servers A,B,C/,
    { taken: Array.from({ length: 256 }, (_, each) => `192.168.1.${each}`) },
  ],
] as const satisfies readonly (readonly [string, Situation["flags"], RegExp, Partial<Situation>])[]) {
  test(`nothing is written, exit 3: ${what}`, async (t) => {
    const config = fileIn(t);
    const { exit, stdout, stderr } = await runNew({ config, ...more, flags: { yes: true, ...flags } });
    assert.equal(exit, 3);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /\n {2}next: [^]*nothing was written\n$/);
    assert.doesNotMatch(stderr, /b3Bl/);
    assert.deepEqual(readdirSync(dirname(config)), []);
  });
}

test("a person who takes everything gets what --yes gives, after a dozen questions", async (t) => {
  const [asked, taken] = [fileIn(t), fileIn(t)];
  const somebody = person();
  const { exit, stdout } = await runNew({ config: asked, person: somebody });
  assert.equal(exit, 0);
  await accepted(taken);
  const withoutSchema = (text: string) => text.replace(/"\$schema": .*/, "");
  assert.equal(withoutSchema(read(asked)), withoutSchema(read(taken)));
  assert.equal(somebody.asked.length, 12, somebody.asked.join("\n"));
  assert.match(stdout, /is written/);
});

test("beside each choice stands what a real cluster of that many survives", async (t) => {
  const somebody = person([["load balancers, each", "2"]]);
  await runNew({ config: fileIn(t), person: somebody });
  const labels = [...somebody.labels.values()];
  const sentence = (servers: number, loadBalancers: number) =>
    verdict(faultTolerance(makeCluster({ servers, loadBalancers })));
  assert.deepEqual(
    labels[0],
    [1, 3, 5].map((servers) => `${servers}: ${sentence(servers, 2)}`),
  );
  assert.deepEqual(
    labels[1],
    [0, 1, 2].map((count) => `${count}: ${sentence(3, count)}`),
  );
  assert.ok(
    somebody.asked.at(-1)?.startsWith(`Fault tolerance: ${sentence(3, 2)}\nWrite `),
    somebody.asked.at(-1),
  );
  assert.equal(sentenceOf({ servers: 2, loadBalancers: 1, agents: 0 }), undefined);
});

test("a flag is not asked; only choices that there is room for are offered", async (t) => {
  const somebody = person();
  const observed = {
    ...HOME,
    cards: [{ name: "eth0", address: "10.0.0.10", prefix: 29 }],
    routes: [{ card: "eth0", gateway: "10.0.0.9" }],
  };
  const flags = { name: "small", os: "debian" };
  const { exit } = await runNew({ config: fileIn(t), person: somebody, observed, flags });
  assert.equal(exit, 0);
  assert.ok(!somebody.asked.some((each) => /called|operating system/.test(each)), somebody.asked.join("\n"));
  const options = [...somebody.labels.values()].slice(0, 2).map((labels) => labels.map((label) => label[0]));
  assert.deepEqual(options, [["1", "3"], ["0"]]);
});

test("answers that the rules refuse are asked again, with what they say", async (t) => {
  const somebody = person([
    ["called", "My Home"],
    ["called", "attic"],
    ["network are", "192.168.1.0"],
    ["network are", "192.168.1.0/31"],
    ["network are", "192.168.1.0/24"],
    ["router", "10.0.0.1"],
    ["router", "192.168.1.1"],
    ["DNS", "localhost"],
    ["DNS", ""],
    ["DNS", "9.9.9.9"],
    ["agents", "many"],
    ["agents", "248"],
    ["agents", "1"],
    ["Which addresses", "others"],
    ["of the load balancer", "192.168.1.40, 192.168.1.41"],
    ["of the load balancer", "192.168.1.40"],
    ["of the 3 servers", "192.168.1.40 192.168.1.42 192.168.1.43"],
    ["of the 3 servers", "192.168.1.41 192.168.1.42 192.168.1.43"],
    ["of the agent", "192.168.1.255"],
    ["of the agent", "192.168.1.44"],
    ["vip", "192.168.1.43"],
    ["vip", "192.168.1.45"],
  ]);
  const config = fileIn(t);
  const asked: string[] = [];
  const { exit, stderr } = await runNew({
    config,
    person: somebody,
    taken: ["192.168.1.44"],
    onAsk: (some) => asked.push(...some),
  });
  assert.equal(exit, 0, stderr);
  assert.equal(new Set(asked).size, asked.length);
  const cluster = clusterOf(read(config));
  assert.deepEqual(
    [cluster.registration.address, ...cluster.nodes.map(({ address }) => address)],
    [45, 41, 42, 43, 44, 40].map((last) => `192.168.1.${last}`),
  );
  assert.deepEqual([cluster.name, cluster.network.dns], ["attic", ["9.9.9.9"]]);
  for (const said of [
    /lower-case letters.*; write/,
    /add the prefix length/,
    /has no room/,
    /gateway must be inside/,
    /must be an IPv4 address/,
    /at least 1 entry/,
    /must be a number from 0 to 247/,
    /must be one address, not 2/,
    /used twice: by server-1 and by lb-1/,
    /broadcast/,
    /used twice: by the vip and by server-3/,
    /somebody answers at 192\.168\.1\.44/,
  ]) {
    assert.ok(
      somebody.notes.some((note) => said.test(note)),
      `${said}: ${somebody.notes.join("\n")}`,
    );
  }
});

test("a flag that does not fit the answers is asked for after all", async (t) => {
  const config = fileIn(t);
  const somebody = person([["router", "10.5.0.1"]]);
  const observed = { ...HOME, cards: [{ name: "eth0", address: "10.5.0.9", prefix: 24 }], routes: [] };
  const flags = { gateway: "192.168.1.1", dns: ["9.9.9.9"] };
  const { exit } = await runNew({ config, person: somebody, observed, flags });
  assert.equal(exit, 0);
  assert.equal(clusterOf(read(config)).network.gateway, "10.5.0.1");
  assert.ok(somebody.notes.some((note) => note.includes("address-outside-subnet")));
});

test("keys: all that were found are marked, and where there is none one is typed", async (t) => {
  const config = fileIn(t);
  const keys = [keyOf(1, "laptop"), keyOf(2, "phone"), keyOf(3, "tower")];
  const observed = { ...HOME, keys };
  await runNew({ config, observed, person: person([["SSH keys", "phone"]]) });
  assert.deepEqual(clusterOf(read(config)).access.authorizedKeys, [keyOf(2, "phone")]);
  assert.deepEqual((await accepted(fileIn(t), {}, { observed })).cluster.access.authorizedKeys, keys);
  const typed = fileIn(t);
  const somebody = person([
    ["no SSH public key", "ssh-rsa x"],
    ["no SSH public key", keyOf(9)],
  ]);
  await runNew({ config: typed, observed: { ...HOME, keys: [] }, person: somebody });
  assert.deepEqual(clusterOf(read(typed)).access.authorizedKeys, [keyOf(9)]);
});

test("whoever stops at any question, or says no at the end, has nothing written and nothing lost", async (t) => {
  const total = 12;
  for (let stop = 0; stop < total; stop += 1) {
    const config = fileIn(t);
    writeFileSync(config, SAMPLE);
    const somebody = person([], stop);
    const { exit, stdout, stderr } = await runNew({ config, person: somebody });
    assert.deepEqual([exit, stdout, stderr], [130, "", "interrupted: nothing was written\n"], `${stop}`);
    assert.equal(read(config), SAMPLE);
    assert.deepEqual(readdirSync(dirname(config)), ["cluster.config.json"]);
  }
  const config = fileIn(t);
  const { exit, stderr } = await runNew({ config, person: person([["Write", "no"]]) });
  assert.equal(exit, 1);
  assert.match(stderr, /nothing was written\n {2}next: /);
  assert.equal(existsSync(config), false);
});

test("Ctrl-C while addresses are asked: nothing is written", async (t) => {
  const config = fileIn(t);
  const stop = new AbortController();
  const flags = { yes: true };
  const { exit } = await runNew({ config, flags, interrupted: stop.signal, onAsk: () => stop.abort() });
  assert.equal(exit, 130);
  assert.equal(existsSync(config), false);
});

test("a file that is there: without --overwrite it stays, whoever runs it; a person is asked", async (t) => {
  for (const [text, what] of [
    [SAMPLE, /it is the untouched sample/],
    ["{}", /it is not the untouched sample[^]*keeps it as .*\.old/],
  ] as const) {
    const config = fileIn(t);
    writeFileSync(config, text);
    const { exit, stderr } = await runNew({ config, flags: { yes: true } });
    assert.equal(exit, 3);
    assert.match(stderr, what);
    assert.match(stderr, /next: add --overwrite/);
    assert.equal(read(config), text);
    const [no, yes] = [person([["is there and is not", "no"]]), person([["is there and is not", "yes"]])];
    const refused = await runNew({ config, person: no });
    assert.equal(refused.exit, text === SAMPLE ? 0 : 1);
    assert.equal(no.asked.length, text === SAMPLE ? 12 : 1);
    if (text === SAMPLE)
      assert.match(no.asked.at(-1) ?? "", /over the untouched sample, which nobody loses\?$/);
    else assert.equal(read(config), text);
    assert.equal((await runNew({ config, person: yes, flags: { name: "second" } })).exit, 0);
    assert.equal(clusterOf(read(config)).name, "second");
  }
});

test("what is replaced is kept under a free name, unless it is the sample; mode and link stay", async (t) => {
  const folder = scratch(t);
  const config = join(folder, "cluster.config.json");
  writeFileSync(config, SAMPLE);
  const sample = await accepted(config, { overwrite: true });
  assert.deepEqual(readdirSync(folder), ["cluster.config.json"]);
  assert.doesNotMatch(sample.stdout, /kept/);
  const first = sample.text;
  chmodSync(config, 0o600);
  const second = await accepted(config, { overwrite: true, name: "second" });
  assert.match(second.stdout, /the old one is kept: .*cluster\.config\.json\.old\n/);
  assert.equal(read(`${config}.old`), first);
  assert.equal(statSync(config).mode & 0o777, 0o600);
  await accepted(config, { overwrite: true, name: "third" });
  assert.equal(read(`${config}.old`), first);
  assert.equal(read(`${config}.old.2`), second.text);
  const link = join(folder, "link.json");
  symlinkSync("cluster.config.json", link);
  await accepted(link, { overwrite: true, name: "fourth" });
  assert.equal(clusterOf(read(config)).name, "fourth");
  assert.deepEqual(
    readdirSync(folder).toSorted(),
    ["", ".old", ".old.2", ".old.3"].map((end) => `cluster.config.json${end}`).concat("link.json"),
  );
});

test("a place where no config can be, and a file that changes meanwhile: a failure, and all as it was", async (t) => {
  const folder = scratch(t);
  const config = join(folder, "cluster.config.json");
  mkdirSync(join(folder, "folder"));
  for (const path of ["folder", "nowhere/x.json", "/dev/null"]) {
    await assert.rejects(
      runNew({ config: join(path.startsWith("/") ? "" : folder, path), flags: { yes: true } }),
      Failure,
    );
  }
  writeFileSync(config, "{}");
  const place = placeOf(config);
  writeFileSync(config, "{ }");
  assert.throws(() => writeTo(place, "new"), /has just been changed/);
  assert.equal(read(config), "{ }");
  const free = placeOf(join(folder, "free.json"));
  writeFileSync(join(folder, "free.json"), "somebody's");
  assert.throws(() => writeTo(free, "new"), /has just been changed/);
  assert.deepEqual(readdirSync(folder).toSorted(), ["cluster.config.json", "folder", "free.json"]);
  const failed = await run(["new", "--yes", "--config", join(folder, "folder")], {}, false);
  assert.deepEqual([failed.exit, /is not a file\n {2}next: /.test(failed.stderr)], [1, true]);
});

test("--json: one document on stdout, the text for people on stderr", async (t) => {
  const config = fileIn(t);
  writeFileSync(config, "{}");
  const { stdout, stderr, cluster, text } = await accepted(config, { overwrite: true }, { json: true });
  const document = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(document), ["file", "kept", "config", "taken", "verdict", "findings", "next"]);
  assert.deepEqual(document["config"], JSON.parse(text));
  assert.equal(document["kept"], `${config}.old`);
  assert.equal(document["verdict"], verdict(faultTolerance(cluster)));
  assert.match(stderr, /is written/);
  assert.equal(parseConfig(text).findings.filter(({ severity }) => severity === "error").length, 0);
});
