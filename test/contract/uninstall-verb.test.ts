// The verb uninstall as it is typed, with a program in ssh's place; and the way to machines that left the config, for every verb.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { NOBODY } from "../../generator/dialogue.ts";
import type { Session } from "../../generator/commands/command.ts";
import { parseRecord } from "../../generator/model/record.ts";
import { type ApplyPlace, applyPlace } from "../support/apply-place.ts";

const here = { skip: process.platform === "linux" ? false : "a shell script stands for ssh" };

interface Play extends ApplyPlace {
  readonly uninstall: (args: readonly string[], session?: Partial<Session>) => ReturnType<ApplyPlace["verb"]>;
  /** What was done on a machine, in order. */
  readonly changes: () => readonly string[];
  /** Names that are recorded; null: no record is there. */
  readonly recorded: () => readonly string[] | null;
}

async function play(t: TestContext, ...off: readonly string[]): Promise<Play> {
  const place = await applyPlace(t, "agents-and-two-load-balancers");
  place.recordIt();
  for (const name of off) place.machine(name, null);
  const record = join(place.folder, "out/applied.json");
  return {
    ...place,
    uninstall: (args, session) => place.verb("uninstall", args, session),
    changes: () => place.log().filter((line) => / (drain|close|evict|retire|forget|uninstall)\b/.test(line)),
    recorded: () => {
      if (!existsSync(record)) return null;
      const read = parseRecord(readFileSync(record, "utf8"));
      assert.ok(read.ok);
      return [...read.record.machines.keys()].toSorted();
    },
  };
}

const ALL = ["agent-1", "agent-2", "lb-1", "lb-2", "server-1", "server-2", "server-3"];

for (const args of [[], ["server-1", "--all"], ["--all", "--yes"]]) {
  test(`bad words, exit 3 and nobody is asked: uninstall ${args.join(" ")}`, here, async (t) => {
    const { uninstall, log } = await play(t);
    const { exit, stderr } = await uninstall(args);
    assert.equal(exit, 3);
    assert.match(stderr, /next: npx quorate uninstall --help/);
    assert.deepEqual(log(), []);
  });
}

test("its name is typed: without it, or with another one, nothing is changed", here, async (t) => {
  const { uninstall, changes } = await play(t);
  for (const [args, says] of [
    [["agent-2"], /nobody to ask; nothing was changed\n {2}next: if it is meant: --confirm agent-2$/m],
    [["agent-2", "--confirm", "agent-1"], /--confirm says "agent-1", and what would be removed is agent-2/],
    [["--all", "--confirm", "agent-1"], /--confirm says "agent-1", and what would be removed is \w+/],
  ] as const) {
    const { exit, stderr } = await uninstall(args);
    assert.equal(exit, 1);
    assert.match(stderr, says);
  }
  const typing = (answer: string): Partial<Session> => ({
    terminal: true,
    dialogue: { ...NOBODY, text: async () => answer },
  });
  assert.match(
    (await uninstall(["agent-2"], typing("agent-1"))).stderr,
    /that is not its name; nothing was changed/,
  );
  assert.deepEqual(changes(), []);
  assert.equal((await uninstall(["agent-2"], typing("agent-2"))).exit, 0);
});

test(
  "one machine: as it leaves the config, but that it is in the config still, and that is said",
  here,
  async (t) => {
    const { uninstall, changes, recorded } = await play(t);
    const { exit, stdout } = await uninstall(["agent-2", "--confirm", "agent-2"]);
    assert.equal(exit, 0);
    assert.deepEqual(
      changes().filter((line) => !line.startsWith("lb-")),
      ["agent-2 close", "server-1 evict", "agent-2 retire", "server-1 forget agent-2", "agent-2 uninstall"],
    );
    assert.match(stdout, /^agent-2 +removed +remove/m);
    assert.match(
      stdout,
      /^uninstall: agent-2 is out of the cluster, and still in the config: take it out there/m,
    );
    assert.deepEqual(
      recorded(),
      ALL.filter((name) => name !== "agent-2"),
    );
  },
);

test("a machine that is not recorded: nobody knows what to remove", here, async (t) => {
  const { uninstall, changes } = await play(t);
  const { exit, stderr } = await uninstall(["server-9", "--confirm", "server-9"]);
  assert.equal(exit, 1);
  assert.match(stderr, /no machine "server-9" is recorded/);
  assert.deepEqual(changes(), []);
});

test(
  "without it the others would be no majority: refused before anybody is asked for its name",
  here,
  async (t) => {
    const { uninstall, changes } = await play(t, "server-2");
    const { exit, stderr } = await uninstall(["server-3", "--confirm", "server-3"]);
    assert.equal(exit, 1);
    assert.match(stderr, /server-3 cannot be taken out now/);
    assert.deepEqual(changes(), []);
  },
);

test("the whole cluster: every machine, and the record goes with the last one", here, async (t) => {
  const { uninstall, changes, recorded } = await play(t);
  const { exit, stdout } = await uninstall(["--all", "--confirm", "home"]);
  assert.equal(exit, 0, stdout);
  assert.deepEqual(
    changes().toSorted(),
    ALL.flatMap((name) => [`${name} retire`, `${name} uninstall`]).toSorted(),
  );
  assert.match(
    stdout,
    /^uninstall: cluster home is gone; its secret and its config are kept, and out\/applied\.json is removed/m,
  );
  assert.equal(recorded(), null);
});

test(
  "one that is off and one that is stuck stay in the record; the next run does the rest",
  here,
  async (t) => {
    const { uninstall, recorded, playFile, machine } = await play(t, "agent-1");
    writeFileSync(playFile("server-2.stuck"), "");
    const { exit, stdout } = await uninstall(["--all", "--confirm", "home"]);
    assert.equal(exit, 1);
    assert.match(stdout, /^agent-1 +not reached/m);
    assert.match(stdout, /^server-2 +failed/m);
    assert.match(stdout, /Device or resource busy/);
    assert.match(stdout, /^uninstall: not everything is removed: the same command again goes on$/m);
    assert.deepEqual(recorded(), ["agent-1", "server-2"]);
    machine("agent-1", []);
    rmSync(playFile("server-2.stuck"));
    assert.equal((await uninstall(["--all", "--confirm", "home"])).exit, 0);
    assert.equal(recorded(), null);
  },
);
