// The verb new on a real LAN of namespaces, and its dialogue on a real terminal.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { clusterOf, fixturePath } from "../support/fixtures.ts";
import { type Machine, openLan, openMachine, requireNamespaces } from "../support/namespace.ts";
import { keyOf } from "../support/new-config.ts";
import { KEYS, type Talk, talkCommand, type Turn } from "../support/terminal.ts";
import { requireTool } from "../support/tools.ts";

const skip = requireNamespaces() || requireTool("/usr/bin/python3", "apt-get install python3") || false;

const QUORATE = fileURLToPath(new URL("../../generator/quorate.mjs", import.meta.url));
const PLAY = fileURLToPath(new URL("../support/who-answers-play.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");
const FOLDER = "/run/work";
const CONFIG = "cluster.config.json";

/** A computer at 192.168.1.50 whose router is .1, with the sample and one key. */
async function openComputer(t: TestContext): Promise<{ readonly computer: Machine; readonly lan: Machine }> {
  const lan = await openLan(t, ["192.168.1.1/24"]);
  const computer = await openMachine(t, "computer");
  await computer.plug(lan, "eth0", ["192.168.1.50/24"]);
  const setUp = `ip route add default via 192.168.1.1
mkdir -p ${FOLDER} /run/home/.ssh
echo 'nameserver 192.168.1.1' >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
cp '${fixturePath("sample")}' ${FOLDER}/${CONFIG}
echo '${keyOf(1, "me@laptop")}' >/run/home/.ssh/id_ed25519.pub`;
  await computer.must(["sh", "-e"], setUp);
  return { computer, lan };
}

const IN_FOLDER = [
  ..."env -u SSH_AUTH_SOCK -u NO_COLOR HOME=/run/home TERM=xterm sh -c".split(" "),
  `cd ${FOLDER} && exec "$@"`,
  "sh",
];
const NEW = [process.execPath, QUORATE, "new"];

function configOf(computer: Machine): string {
  return readFileSync(join(computer.root, FOLDER, CONFIG), "utf8");
}

async function talk(computer: Machine, turns: readonly Turn[], ...flags: readonly string[]): Promise<Talk> {
  const answer = await computer.must([...IN_FOLDER, ...talkCommand(turns, [...NEW, ...flags])]);
  return JSON.parse(answer) as Talk;
}

async function openNeighbour(t: TestContext, lan: Machine, name: string, address: string): Promise<Machine> {
  const machine = await openMachine(t, name);
  await machine.plug(lan, "eth0", [address]);
  return machine;
}

test(
  "who is there: an open port, a refusing machine, a silent one that answers ARP; not one that is off; in seconds",
  { skip },
  async (t) => {
    const { computer, lan } = await openComputer(t);
    const open = await openNeighbour(t, lan, "open", "192.168.1.11/24");
    const listen = `for (const port of [22, 80, 443, 6443]) require("net").createServer((each) => each.on("error", () => {})).listen(port, () => console.log("up"))`;
    const server = await open.start([process.execPath, "-e", listen]);
    for (let up = 0; up < 4; up += 1) assert.equal(await server.nextLine(), "up");
    await openNeighbour(t, lan, "refusing", "192.168.1.12/24");
    // Without a way back nothing but ARP is answered.
    await openNeighbour(t, lan, "silent", "192.168.1.13/32");
    const off = await openNeighbour(t, lan, "off", "192.168.1.14/24");
    await off.powerOff();
    const named = [11, 12, 13, 14, 15].map((last) => `192.168.1.${last}`);
    const byPorts = await computer.must([process.execPath, "--import", TSX, PLAY, ...named]);
    assert.deepEqual(JSON.parse(byPorts), ["192.168.1.11", "192.168.1.12"]);
    const flags = ["--yes", "--json", "--overwrite", "--servers", named.join(",")];
    const started = performance.now();
    const { stdout } = await computer.run([...IN_FOLDER, ...NEW, ...flags]);
    const took = performance.now() - started;
    const { taken } = JSON.parse(stdout) as { readonly taken: readonly string[] };
    assert.deepEqual(taken, ["192.168.1.11", "192.168.1.12", "192.168.1.13"]);
    assert.ok(took < 10_000, `${took} ms`);
    const free = await computer.must([...IN_FOLDER, ...NEW, "--yes", "--overwrite"]);
    assert.match(free, /server-1 {2}192\.168\.1\.31\n/);
    assert.match(free, /nobody answered at these addresses/);
    const { access, network } = clusterOf(configOf(computer));
    assert.deepEqual(access.authorizedKeys, [keyOf(1, "me@laptop")]);
    assert.deepEqual(
      [network.subnet.cidr, network.gateway, network.dns],
      ["192.168.1.0/24", "192.168.1.1", ["192.168.1.1"]],
    );
  },
);

const ENTER = KEYS.enter;
const QUESTIONS = [
  "called",
  "network are",
  "router",
  "DNS",
  "How many servers",
  "How many load balancers",
  "agents",
  "Which addresses",
  "operating system",
  "run from",
  "SSH keys",
];
const first = (count: number): readonly Turn[] =>
  QUESTIONS.slice(0, count).map((see) => ({ see, type: ENTER }));

test(
  "the dialogue on a terminal: typed, chosen, corrected; only the result is on standard output",
  { skip },
  async (t) => {
    const { computer } = await openComputer(t);
    const turns: readonly Turn[] = [
      { see: "called", type: `${KEYS.clear}My Home${ENTER}` },
      { see: "must be lower-case", type: `${KEYS.clear}attic${ENTER}` },
      ...first(5).slice(1),
      { see: "How many load balancers", type: `${KEYS.down}${ENTER}` },
      ...first(9).slice(6),
      { see: "run from", type: `${KEYS.down}${ENTER}` },
      ...first(11).slice(10),
      { see: "Write cluster.config.json over the untouched sample", type: ENTER },
    ];
    const { screen, stdout, status } = await talk(computer, turns);
    assert.equal(status, 0, screen);
    const cluster = clusterOf(configOf(computer));
    assert.equal(cluster.name, "attic");
    assert.equal(cluster.registration.holder, "keepalived");
    assert.deepEqual(
      cluster.nodes.map(({ disk }) => disk),
      ["ssd", "ssd", "ssd", "sd", "sd"],
    );
    assert.match(stdout, /^cluster\.config\.json is written: cluster attic, 3 servers, 2 load balancers/);
    assert.doesNotMatch(stdout, /(?!\n)\p{Cc}|How many/u);
    assert.doesNotMatch(screen, /is written|Warning/);
    assert.match(screen, /Fault tolerance: survives any one machine/);
  },
);

for (const [what, turns] of [
  ["at the first question", [{ see: "called", type: KEYS.ctrlC }]],
  ["in the middle", [...first(5), { see: "How many load balancers", type: KEYS.ctrlC }]],
  ["while addresses are asked", [...first(7), { see: "Asking who is there", type: KEYS.ctrlC }]],
  ["at the last question", [...first(11), { see: "Write", type: KEYS.ctrlC }]],
] as const) {
  test(`Ctrl-C ${what}: exit 130, nothing written`, { skip }, async (t) => {
    const { computer } = await openComputer(t);
    const before = configOf(computer);
    const { screen, stdout, status } = await talk(computer, turns);
    assert.deepEqual([status, stdout], [130, ""], screen);
    assert.match(screen, /interrupted: nothing was written/);
    assert.equal(configOf(computer), before);
    assert.equal(await computer.must(["ls", FOLDER]), `${CONFIG}\n`);
  });
}

test("a no at the end: exit 1, nothing written", { skip }, async (t) => {
  const { computer } = await openComputer(t);
  const before = configOf(computer);
  const turns = [...first(11), { see: "Write", type: `${KEYS.down}${ENTER}` }];
  const { screen, status } = await talk(computer, turns);
  assert.equal(status, 1, screen);
  assert.equal(configOf(computer), before);
});
