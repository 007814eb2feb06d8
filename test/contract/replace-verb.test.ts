// The verb replace as it is typed, with a program in ssh's place: what is refused, what comes before what, and what a person reads.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Dialogue, Interrupted, NOBODY } from "../../generator/dialogue.ts";
import { parseRecord } from "../../generator/model/record.ts";
import type { Session } from "../../generator/commands/command.ts";
import { type ApplyPlace, applyPlace } from "../support/apply-place.ts";
import { statusText } from "../support/says.ts";
import { scratch } from "../support/scratch.ts";

const here = { skip: process.platform === "linux" ? false : "a shell script stands for ssh" };

interface Play extends ApplyPlace {
  readonly replace: (args: readonly string[], session?: Partial<Session>) => ReturnType<ApplyPlace["verb"]>;
  /** An empty folder that stands for a card. */
  readonly card: string;
  /** What was asked of the cluster that changes it. */
  readonly changes: () => readonly string[];
  /** Its new machine is there as soon as the cluster has forgotten the older one. */
  readonly comesBack: (name: string) => void;
}

/** All machines are well and recorded, but those that are off. */
async function play(t: TestContext, ...off: readonly string[]): Promise<Play> {
  const place = await applyPlace(t, "agents-and-two-load-balancers");
  // A card looks whether a cluster answers: not at addresses that homes have.
  place.edit("cluster.config.json", /192\.168\.1\./g, "10.254.253.");
  for (const { name } of place.cluster().nodes) place.machine(name, []);
  place.recordIt((record) => ({
    ...record,
    machines: new Map(
      [...record.machines].map(([name, each]) => [name, { ...each, result: "failed" as const }]),
    ),
  }));
  for (const name of off) place.machine(name, null);
  const card = join(scratch(t), "card");
  mkdirSync(card);
  return {
    ...place,
    card,
    replace: (args, session) => place.verb("replace", args, session),
    changes: () => place.log().filter((line) => / (forget|send|start|drain|take) ?/.test(`${line} `)),
    comesBack: (name) =>
      writeFileSync(place.playFile("on-forget"), `rm "$PLAY/${name}.off" "$PLAY/${name}.forgotten"\n`),
  };
}

const done = (log: readonly string[]) => log.filter((line) => !/ (status|off|facts|drop)$/.test(line));

for (const [args, says] of [
  [[], /^error: replace needs a NAME\n {2}next: npx quorate replace --help$/m],
  [["server-2", "a", "b"], /^error: replace: "b" belongs to no flag\n {2}next: npx quorate replace --help$/m],
  [["server-2", "--now"], /^error: .*--now/m],
] as const) {
  test(`bad words, exit 3 and no machine is asked: replace ${args.join(" ")}`, here, async (t) => {
    const { replace, log } = await play(t, "server-2");
    const { exit, stdout, stderr } = await replace(args);
    assert.deepEqual([exit, stdout, log()], [3, "", []]);
    assert.match(stderr, says);
  });
}

test(
  "a name that the config does not have, and a time that is none, before any machine is asked",
  here,
  async (t) => {
    const { replace, log } = await play(t);
    const stray = await replace(["server-9", "--yes"]);
    assert.equal(stray.exit, 1);
    assert.match(
      stray.stderr,
      /^error: there is no machine "server-9" in .*\n {2}next: the machines are server-1, /m,
    );
    const wait = await replace(["server-2", "--yes", "--wait", "soon"]);
    assert.match(wait.stderr, /^error: --wait "soon" is no number of minutes/m);
    assert.deepEqual(log(), []);
  },
);

test(
  "another K3s that nobody has yet does not come with a new card; one that an upgrade has begun with does",
  here,
  async (t) => {
    const { replace, edit, card, log, playFile, comesBack } = await play(t, "server-2");
    edit("cluster.config.json", /v1\.36\.4\+k3s1/, "v1.37.0+k3s1");
    const { exit, stderr } = await replace(["server-2", card, "--yes"]);
    assert.equal(exit, 1);
    assert.match(
      stderr,
      /^error: server-1 runs K3s v1\.36\.4\+k3s1, and the config asks for v1\.37\.0\+k3s1: server-2 would/m,
    );
    assert.match(
      stderr,
      /next: put "v1\.36\.4\+k3s1" back into k3s\.version, replace server-2, and upgrade then/,
    );
    assert.deepEqual([readdirSync(card), log().filter((line) => !/ (status|off)$/.test(line))], [[], []]);
    const status = readFileSync(playFile("server-1.status"), "utf8");
    writeFileSync(playFile("server-1.status"), status.replace("v1.36.4+k3s1", "v1.37.0+k3s1"));
    comesBack("server-2");
    const begun = await replace(["server-2", card, "--yes"]);
    assert.doesNotMatch(begun.stderr, /would come with another K3s/);
  },
);

test("a config with a mistake: exit 3, with the findings where they are wanted as JSON", here, async (t) => {
  const { replace, edit } = await play(t);
  edit("cluster.config.json", '"version": 1', '"version": 1, "colour": "red"');
  const { exit, stdout, stderr } = await replace(["server-2", "--json"]);
  assert.equal(exit, 3);
  assert.match(stderr, /colour/);
  assert.ok("findings" in (JSON.parse(stdout) as object));
});

test(
  "a dead server: the card, then the older one is forgotten, then the new one is waited for and recorded",
  here,
  async (t) => {
    const { replace, comesBack, card, log, folder } = await play(t, "server-2");
    comesBack("server-2");
    const shown: string[] = [];
    const { exit, stdout, stderr } = await replace(["server-2", card, "--yes"], {
      show: (text) => {
        shown.push(text);
        // Before anything is changed the card is written.
        if (/forgotten the older/.test(text)) assert.doesNotMatch(log().join("\n"), /take|forget/);
      },
    });
    assert.equal(exit, 0, stderr);
    assert.match(
      stdout,
      /^replace: server-2 votes again, one of 3, after \d+ s\n {2}next: npx quorate verify; keep the older server-2 switched off: .*erase that disk before it is used again$/m,
    );
    assert.deepEqual(readdirSync(card).toSorted(), ["meta-data", "network-config", "user-data"]);
    const text = shown.join("");
    assert.match(text, /^server-2 on .*\n {2}card +replacement: the cluster stands/m);
    // What the card tells somebody who writes it alone is done here.
    assert.match(text, /^ {2}to do +keep the older server-2 switched off/m);
    assert.doesNotMatch(text, /npx quorate replace/);
    const steps = [
      ...text.matchAll(
        /^\S+Z server-2 +(check the others|take it out of the cluster|wait until it has joined)$/gm,
      ),
    ];
    assert.deepEqual(
      steps.map(([, step]) => step),
      ["check the others", "take it out of the cluster", "wait until it has joined"],
    );
    const order = done(log());
    assert.equal(order.at(-1), "server-1 forget server-2");
    assert.equal(order.filter((line) => line.endsWith(" take")).length, 6, "all others are held");
    const record = parseRecord(readFileSync(join(folder, "out/applied.json"), "utf8"));
    assert.ok(record.ok);
    assert.equal(record.record.machines.get("server-2")?.result, "applied");
    assert.equal(record.record.machines.get("server-1")?.result, "failed", "nothing is said of the others");
  },
);

test(
  "a dead server whose new machine does not come: what is next, and the same command without a question",
  here,
  async (t) => {
    const { replace, machine, log } = await play(t, "server-2");
    const first = await replace(["server-2", "--yes"]);
    assert.equal(first.exit, 1);
    assert.match(
      first.stderr,
      /^error: server-2 has not joined: it does not answer \(.*\)\n {2}next: npx quorate card server-2 TARGET, put the card in and switch it on; then: npx quorate replace server-2; keep the older server-2 switched off: /m,
    );
    assert.equal(log().filter((line) => line.includes("forget")).length, 1);
    // Nobody has to agree to anything, for it is forgotten.
    const silent = await replace(["server-2"]);
    assert.match(silent.stderr, /^error: server-2 has not joined/m);
    machine("server-2", []);
    const late = await replace(["server-2"]);
    assert.match(
      late.stderr,
      /^error: server-2 answers and works.*\n {2}next: if it is the new one, it has joined: npx quorate apply records it/m,
    );
    assert.equal(log().filter((line) => line.includes("forget")).length, 1);
  },
);

test("a card that was written in the same command needs only to be put in", here, async (t) => {
  const { replace, card } = await play(t, "server-2");
  const { exit, stderr } = await replace(["server-2", card, "--yes"]);
  assert.equal(exit, 1);
  assert.match(
    stderr,
    /^ {2}next: put its card in and switch it on; then: npx quorate replace server-2; keep/m,
  );
});

test("the wrong machine: nothing is written and nothing held, and the dead one is named", here, async (t) => {
  const { replace, card, changes } = await play(t, "server-3");
  const { exit, stderr } = await replace(["server-2", card, "--yes"]);
  assert.equal(exit, 1);
  assert.match(
    stderr,
    /^error: server-2 answers and works: there is nothing to replace\n {2}next: server-3 does not answer: npx quorate replace server-3; if server-2 is the new one, it has joined/m,
  );
  assert.deepEqual([readdirSync(card), changes()], [[], []]);
});

test("a majority is gone: no card, nothing held", here, async (t) => {
  const { replace, card, changes } = await play(t, "server-2", "server-3");
  const { exit, stderr } = await replace(["server-2", card, "--yes"]);
  assert.equal(exit, 1);
  assert.match(stderr, /^error: server-2 is left as it is: without it 1 voter of 2 members would be left/m);
  assert.deepEqual([readdirSync(card), changes()], [[], []]);
});

test("nobody to ask, and no --yes: the command that does it is named, with its card", here, async (t) => {
  const { replace, card, changes } = await play(t, "server-2");
  const { exit, stderr } = await replace(["server-2", card]);
  assert.equal(exit, 1);
  assert.match(stderr, /^error: there is nobody to ask whether server-2 is gone for good$/m);
  assert.ok(stderr.includes(`npx quorate replace server-2 ${card} --yes`), stderr);
  assert.deepEqual([readdirSync(card), changes()], [[], []]);
});

test("a person is asked once, and a no changes nothing; Ctrl-C there is exit 130", here, async (t) => {
  const { replace, card, changes, comesBack } = await play(t, "server-2");
  const asked: string[] = [];
  const answering = (confirm: () => boolean): Partial<Session> => ({
    terminal: true,
    dialogue: {
      ...NOBODY,
      confirm: (async ({ message }) => asked.push(message) > 0 && confirm()) satisfies Dialogue["confirm"],
    },
  });
  const no = await replace(
    ["server-2", card],
    answering(() => false),
  );
  assert.equal(no.exit, 1);
  assert.match(no.stderr, /^error: nothing was changed$/m);
  const stopped = await replace(
    ["server-2", card],
    answering(() => {
      throw new Interrupted("the person did not answer");
    }),
  );
  assert.equal(stopped.exit, 130);
  assert.deepEqual([readdirSync(card), changes()], [[], []]);
  comesBack("server-2");
  const yes = await replace(
    ["server-2", card, "--wait", "0"],
    answering(() => true),
  );
  assert.equal(yes.exit, 0, yes.stderr);
  assert.equal(asked.length, 3);
  assert.match(
    asked[0] ?? "",
    /^Is the older server-2 switched off, and gone for good\? .*\(its vote in etcd and its node\)/,
  );
});

test("a place that is no card's is refused before anything is changed", here, async (t) => {
  const { replace, card, changes } = await play(t, "server-2");
  writeFileSync(join(card, "holiday.jpg"), "");
  const { exit, stderr } = await replace(["server-2", card, "--yes"]);
  assert.equal(exit, 1);
  assert.match(stderr, /^error: .*holiday\.jpg.*nothing was written; nothing was changed by this run$/m);
  assert.deepEqual(changes(), []);
  const missing = await replace(["server-2", join(card, "none"), "--yes"]);
  assert.match(missing.stderr, /nothing was changed by this run\n {2}next: /);
  assert.deepEqual(changes(), []);
});

test(
  "etcd still counts the older one: the new one is not waited for, and it is not recorded",
  here,
  async (t) => {
    const { replace, playFile, folder } = await play(t, "server-2");
    const before = readFileSync(join(folder, "out/applied.json"), "utf8");
    // It is deleted, and comes back as it was; then the person has enough.
    writeFileSync(playFile("kept"), readFileSync(playFile("members")));
    writeFileSync(playFile("on-forget"), 'cp "$PLAY/kept" "$PLAY/members"\n');
    const ends = new AbortController();
    const { exit, stderr } = await replace(["server-2", "--yes"], {
      interrupted: ends.signal,
      show: (text) => {
        assert.doesNotMatch(text, /wait until it has joined/);
        if (/etcd still counts server-2-0badcafe/.test(text)) ends.abort();
      },
    });
    assert.equal(exit, 130);
    assert.match(
      stderr,
      /^replace: interrupted\n {2}next: npx quorate replace server-2 goes on where it stopped$/m,
    );
    assert.equal(readFileSync(join(folder, "out/applied.json"), "utf8"), before);
  },
);

test(
  "interrupted while the new one is waited for: exit 130, the holds are given back, and the rest is said",
  here,
  async (t) => {
    const { replace, card, log } = await play(t, "server-2");
    const ends = new AbortController();
    const { exit, stderr } = await replace(["server-2", card, "--yes", "--wait", "10"], {
      interrupted: ends.signal,
      show: (text) => {
        if (/put its card in and switch it on \(/.test(text)) ends.abort();
      },
    });
    assert.equal(exit, 130);
    assert.match(stderr, /goes on where it stopped; with \S+ only where its card is not written yet$/m);
    assert.equal(log().filter((line) => line.endsWith(" drop")).length, 6);
  },
);

test("another apply is at work: nothing is changed, and the card is written already", here, async (t) => {
  const { replace, card, taken, log } = await play(t, "server-2");
  taken();
  const { exit, stderr } = await replace(["server-2", card, "--yes"]);
  assert.equal(exit, 1);
  assert.match(stderr, /^error: another apply or drill works on agent-1: ann@laptop$/m);
  assert.doesNotMatch(log().join("\n"), /forget/);
});

test(
  "on a screen the card stays above the progress, and nothing is drawn over a question",
  here,
  async (t) => {
    const { replace, card, comesBack } = await play(t, "server-2");
    comesBack("server-2");
    const shown: string[] = [];
    const { exit, stderr } = await replace(["server-2", card, "--wait", "0"], {
      screen: true,
      terminal: true,
      show: (text) => void shown.push(text),
      dialogue: {
        ...NOBODY,
        confirm: async () => {
          assert.deepEqual(shown, []);
          return true;
        },
      },
    });
    assert.equal(exit, 0, stderr);
    const [first = "", ...later] = shown.filter((text) => text !== "");
    assert.match(first, /^server-2 on /m);
    assert.ok(later.length > 2);
    for (const text of later) assert.ok(text.startsWith(first), text);
  },
);

test("as JSON: the machine and the time; what a person reads is on standard error", here, async (t) => {
  const { replace, comesBack } = await play(t, "server-2");
  comesBack("server-2");
  const { exit, stdout, stderr } = await replace(["server-2", "--yes", "--json"]);
  assert.equal(exit, 0, stderr);
  const { machine, seconds } = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  assert.equal(machine, "server-2");
  assert.equal(typeof seconds, "number");
  assert.match(stderr, /^replace: server-2 votes again/m);
});

test("a dead agent: Kubernetes forgets it, no vote is talked of", here, async (t) => {
  const { replace, comesBack, log } = await play(t, "agent-1");
  comesBack("agent-1");
  const { exit, stdout, stderr } = await replace(["agent-1", "--yes"]);
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /^replace: agent-1 takes pods again, after \d+ s$/m);
  assert.ok(log().includes("server-1 forget agent-1"));
});

test("a dead load balancer: nothing is forgotten and nobody is asked; it is waited for", here, async (t) => {
  const { replace, machine, card, changes } = await play(t, "lb-1");
  const missing = await replace(["lb-1", card]);
  assert.equal(missing.exit, 1);
  assert.match(
    missing.stderr,
    /^error: lb-1 has not joined.*\n {2}next: put its card in and switch it on; then: npx quorate replace lb-1;/m,
  );
  assert.doesNotMatch(changes().join("\n"), /forget/);
  machine("lb-1", []);
  const status = readFileSync(join(card, "user-data"), "utf8");
  assert.match(status, /^#cloud-config/);
});

test(
  "a new board that waits for its name: the older one is forgotten, and it joins",
  { ...here, timeout: 60_000 },
  async (t) => {
    const { replace, playFile, log } = await play(t);
    const file = playFile("server-2.status");
    const ready = readFileSync(file, "utf8");
    writeFileSync(playFile("ready"), ready);
    const status = { ...(JSON.parse(ready) as object), state: "waiting", step: "server", voter: false };
    writeFileSync(file, statusText("server-2", status));
    writeFileSync(playFile("on-forget"), `mv "$PLAY/ready" "$PLAY/server-2.status"\n`);
    const { exit, stderr } = await replace(["server-2", "--yes"]);
    assert.equal(exit, 0, stderr);
    assert.ok(log().includes("server-1 forget server-2"));
  },
);
