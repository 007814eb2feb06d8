// Files of an apply on a machine: the power fails at every command that changes something, and the next start ends where an
// undisturbed one does. The shell, tar and all small programs are the real ones.
import assert from "node:assert/strict";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { publicText } from "../../generator/model/files.ts";
import { type Cut, type FileSet, type NodePlace, nodePlace } from "../support/node-place.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, type Run } from "../support/tools.ts";

const skip =
  requireTool("flock", "apt-get install util-linux") || requireTool("dash", "apt-get install dash");

interface Play {
  readonly place: NodePlace;
  readonly before: FileSet;
  readonly after: FileSet;
  /** Keeps the folder as it is now, and gives back what brings it there again. */
  readonly keep: () => () => void;
}

/** A machine that has a set in force, and another set: a file more, a file less, one changed, one of another mode; units too. */
async function play(t: TestContext, shell = "sh"): Promise<Play> {
  const place = nodePlace(join(scratch(t), "m"), shell);
  const before = place.set("before", {
    "/etc/changed": ["one\n", "0644"],
    "/etc/same": ["same\n", "0644"],
    "/etc/mode": ["mode\n", "0600"],
    "/etc/removed": ["removed\n", "0644"],
    "/etc/systemd/system/old.service": ["old\n", "0644"],
  });
  const after = place.set("after", {
    "/etc/changed": ["two\n", "0644"],
    "/etc/same": ["same\n", "0644"],
    "/etc/mode": ["mode\n", "0644"],
    "/etc/added/new": ["new\n", "0600"],
    "/etc/systemd/system/new.service": ["new\n", "0644"],
  });
  place.install(before);
  ok(await place.boot());
  const keep = () => {
    const copy = join(scratch(t), "copy");
    const whole = { recursive: true, preserveTimestamps: true };
    cpSync(place.root, copy, whole);
    return () => {
      rmSync(place.root, { recursive: true });
      cpSync(copy, place.root, whole);
    };
  };
  return { place, before, after, keep };
}

function ok(run: Run, what = ""): void {
  assert.equal(run.status, 0, `${what}: ${run.stdout}${run.stderr}`);
}

/** The set's files on the disk: all but what the program keeps for itself. */
function set(place: NodePlace): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(place.disk()).filter(([path]) => !path.startsWith("/var/")));
}

/** Every moment that the disk can tell from the one before, torn ones too. */
function cuts(commands: readonly string[]): readonly Cut[] {
  return commands.flatMap((command, index): readonly Cut[] => {
    const [name = "", ...words] = command.split(" ");
    const at = index + 1;
    // Memory is lost with the power, a name that nobody reads yet is as good as none, and here nothing waits to be written.
    const paths = words.filter((word) => word.startsWith("/"));
    if (name === "sync" || (paths.length > 0 && paths.every((path) => path.includes("/run/")))) return [];
    if (name !== "mv" && words.at(-1)?.endsWith(".quorate-new")) return [];
    if (name === "cat" || name === "cp") return [{ at, torn: "some" }];
    // The worst that may be left of a folder: in no order that anybody chose.
    const parts = name === "rm" && words[0] === "-rf" ? ["kept", "tree", "tree/*/*/*/etc/quorate/files"] : [];
    return [{ at }, ...parts.map((torn) => ({ at, torn }))];
  });
}

const named = ({ at, torn = "" }: Cut, commands: readonly string[]) =>
  `cut at ${at} ${torn}: ${commands.at(-1) ?? ""}`;

test(
  "cut while files are taken: none is torn, and the next start goes on to the end, or back, where it is told to",
  { skip },
  async (t) => {
    const { place, after, keep } = await play(t);
    const old = set(place);
    ok(await place.send(after));
    const sent = keep();
    ok(await place.run(["converge"]));
    const end = place.disk();
    const moments = cuts(place.commands());
    assert.ok(moments.length > 40, `${moments.length} moments`);
    for (const cut of moments) {
      sent();
      const { status } = await place.run(["converge"], cut);
      const what = named(cut, place.commands());
      assert.equal(status, "SIGKILL", what);
      for (const [path, text] of Object.entries(set(place)))
        if (!path.endsWith(".quorate-new"))
          assert.ok([old[path], end[path]].includes(text), `${what}: ${path}`);
      const half = keep();
      ok(await place.boot(), what);
      assert.deepEqual(place.disk(), end, what);
      // The way back is the same each time, and takes as long again: every second moment.
      if (cut.at % 2 === 0) continue;
      half();
      ok(await place.run(["undo", after.digest]), what);
      ok(await place.boot(), what);
      assert.deepEqual(set(place), old, `${what}, and undone`);
    }
  },
);

test("a command that fails while files are taken is done again, with the same end", { skip }, async (t) => {
  const { place, after, keep } = await play(t);
  ok(await place.send(after));
  const sent = keep();
  ok(await place.run(["converge"]));
  const end = place.disk();
  for (const cut of cuts(place.commands()).filter(
    ({ at, torn = "some" }) => torn === "some" && at % 2 === 0,
  )) {
    sent();
    ok(await place.run(["converge"], cut, { FAIL: "yes" }), named(cut, place.commands()));
    assert.deepEqual(place.disk(), end, named(cut, place.commands()));
  }
});

test("undone after it is in force: the set before, whenever the power fails", { skip }, async (t) => {
  const { place, before, after, keep } = await play(t);
  const old = set(place);
  ok(await place.send(after));
  ok(await place.run(["converge"]));
  const taken = set(place);
  const inForce = keep();
  ok(await place.run(["undo", after.digest]));
  const undone = cuts(place.commands());
  const told = keep();
  ok(await place.boot());
  assert.deepEqual(set(place), old);
  const back = cuts(place.commands());
  assert.equal(place.disk()["/var/lib/quorate/applied"], `0644 ${before.digest}\n`);

  assert.ok(undone.length > 2 && back.length > 40, `${undone.length} and ${back.length} moments`);
  for (const cut of undone) {
    inForce();
    await place.run(["undo", after.digest], cut);
    const what = named(cut, place.commands());
    ok(await place.boot(), what);
    assert.ok([JSON.stringify(old), JSON.stringify(taken)].includes(JSON.stringify(set(place))), what);
    // Whoever asked was not told that it is done, and asks again.
    ok(await place.run(["undo", after.digest]), what);
    ok(await place.boot(), what);
    assert.deepEqual(set(place), old, what);
  }
  // The way back is the way there: every third moment of it.
  for (const cut of back.filter((_, index) => index % 3 === 0)) {
    told();
    await place.boot(cut);
    ok(await place.boot(), named(cut, place.commands()));
    assert.deepEqual(set(place), old, named(cut, place.commands()));
  }
});

test("an undo of a set that is not there changes nothing, nor does a second one", { skip }, async (t) => {
  const { place, after } = await play(t);
  const old = set(place);
  ok(await place.send(after));
  ok(await place.run(["converge"]));
  const taken = set(place);
  ok(await place.run(["undo", "0".repeat(64)]));
  ok(await place.boot());
  assert.deepEqual(set(place), taken);
  for (const _ of [1, 2]) ok(await place.run(["undo", after.digest]));
  ok(await place.boot());
  ok(await place.run(["undo", after.digest]));
  ok(await place.boot());
  assert.deepEqual(set(place), old);
});

test(
  "undone before anything of it was taken: what is in force stays, and not the set before it",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    ok(await place.send(after));
    ok(await place.run(["converge"]));
    const taken = place.disk();
    const third = place.set("third", { "/etc/changed": ["three\n", "0644"] });
    ok(await place.send(third));
    ok(await place.run(["undo", third.digest]));
    ok(await place.boot());
    assert.deepEqual(place.disk(), taken);
  },
);

test("undone where the half-taken set came a second time: the set before it", { skip }, async (t) => {
  const { place, after, keep } = await play(t);
  const old = set(place);
  ok(await place.send(after));
  const sent = keep();
  ok(await place.run(["converge"]));
  const changed = place.commands().findIndex((command) => /^mv .*\/etc\/changed$/.test(command)) + 1;
  assert.ok(changed > 0);
  sent();
  await place.run(["converge"], { at: changed + 2 });
  assert.equal(set(place)["/etc/changed"], "0644 two\n");
  ok(await place.send(after, { changed: after.files.map(({ path }) => path.slice(place.root.length)) }));
  ok(await place.run(["undo", after.digest]));
  ok(await place.boot());
  assert.deepEqual(set(place), old);
});

test(
  "another set comes while one is half taken: it ends whole, and back is the set before",
  { skip },
  async (t) => {
    const { place, after, keep } = await play(t);
    const third = place.set("third", {
      "/etc/changed": ["three\n", "0644"],
      "/etc/same": ["other\n", "0644"],
    });
    const short = (path: string) => path.slice(place.root.length);
    const all = Object.fromEntries(
      third.files.map(({ path, mode, content }) => [short(path), `${mode} ${publicText(content)}`]),
    );
    const old = set(place);
    ok(await place.send(after));
    const sent = keep();
    ok(await place.run(["converge"]));
    const taken = set(place);
    for (const cut of cuts(place.commands()).filter((_, index) => index % 3 === 0)) {
      sent();
      await place.run(["converge"], cut);
      const what = named(cut, place.commands());
      const whole = ["incoming", "incoming.next"].every(
        (name) => !existsSync(place.path(`/var/lib/quorate/${name}`)),
      );
      // As apply sends to a machine that is not ready: all files, for the half may go on before these arrive.
      ok(await place.send(third, { changed: Object.keys(all) }), what);
      ok(await place.boot(), what);
      assert.deepEqual(set(place), all, what);
      ok(await place.run(["undo", third.digest]), what);
      ok(await place.boot(), what);
      assert.deepEqual(set(place), whole ? taken : old, what);
    }
  },
);
