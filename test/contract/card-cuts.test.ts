// A card whose writing is cut off between any two system calls, or refused by the file system: it is never half a card in
// silence, and the same command again completes it.
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test, type TestContext } from "node:test";
import type { Change } from "../../generator/cards/boot-files.ts";
import { journalPath } from "../../generator/cards/journal.ts";
import {
  assertCleanFat,
  digestOf,
  digestOutside,
  filesOf,
  makeImage,
  PI_OS,
  requireImageTools,
  SMALL,
} from "../support/boot-images.ts";
import { atEveryCall, cardDriver, type Fault, type Played, playWell } from "../support/card-faults.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool } from "../support/tools.ts";

const skip = requireTool("strace", "apt-get install strace") || requireImageTools();

const FILES = ["config.txt", "network-config", "cmdline.txt", "user-data", "meta-data"];
const OLD = Object.fromEntries(FILES.map((path) => [path, `old ${path}\n`.repeat(100)]));
/** In the order in which cards/contents.ts puts them. user-data is longer than some blocks of an image. */
const WANTED: readonly Change[] = [
  { path: "network-config", text: "new network-config\n" },
  { path: "cmdline.txt", text: "new cmdline\n" },
  { path: "ssh", text: "" },
  { path: "user-data", text: "new user-data\n".repeat(600) },
  { path: "meta-data", text: "new meta-data\n" },
];
const NEW = { ...OLD, ...Object.fromEntries(WANTED.map(({ path, text }) => [path, text])) };

type State = Readonly<Record<string, string>>;

/** How many of the files are new, in the order of writing. Fails the test where one is neither, or is new too early. */
function newOnes(state: State): number {
  const isNew = WANTED.map(({ path, text }) => {
    if (state[path] === text) return true;
    assert.equal(state[path], OLD[path], `${path} is neither old nor new`);
    return false;
  });
  const count = isNew.lastIndexOf(true) + 1;
  assert.ok(isNew.slice(0, count).every(Boolean), `new too early: ${JSON.stringify(isNew)}`);
  assert.equal(state["config.txt"], OLD["config.txt"]);
  return count;
}

const isStaged = (name: string) => name.endsWith(".quorate-new");

function folderState(folder: string): State {
  const names = readdirSync(folder).filter((name) => !isStaged(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")] as const));
}

function oldFolder(t: TestContext): string {
  const folder = scratch(t);
  for (const [path, text] of Object.entries(OLD)) writeFileSync(join(folder, path), text);
  return folder;
}

/** What a message says about the files. */
const STATES =
  /nothing on it was changed|what was there before is back|^cannot read|it is part old, part new/;
const MIXED = "it is part old, part new";

/** Fails the test for a failure that says nothing, or no next action. */
function failureOf({ answer }: Played): string {
  assert.ok(answer && "failure" in answer, JSON.stringify(answer));
  assert.match(answer.next, /^[a-z].{10,}/i);
  return answer.failure;
}

const KILL = "signal=SIGKILL";
const RENAME = "/^rename";

/** The card and the files on it: whatever else the program opens is none of these tests' business. */
function onCard(fault: Fault, target: string): Fault {
  const names = [...FILES, "ssh"].flatMap((name) => [name, `${name}.quorate-new`]);
  return { ...fault, paths: [target, ...names.map((name) => join(target, name))] };
}

describe("a mounted card", { concurrency: 2 }, () => {
  const completed = async (t: TestContext, target: string) => {
    const answer = await playWell(t, { kind: "folder", target, wanted: WANTED });
    assert.ok("done" in answer, JSON.stringify(answer));
    assert.deepEqual(folderState(target), NEW);
    assert.deepEqual(readdirSync(target).filter(isStaged), []);
  };

  for (const [calls, least] of [
    ["fsync", 2 * WANTED.length],
    [RENAME, WANTED.length],
    ["openat", 2 * WANTED.length],
    ["write", WANTED.length - 1],
  ] as const) {
    test(
      `killed at any ${calls}: every file is whole, in order, and the next run completes it`,
      { skip },
      async (t) => {
        const play = cardDriver(t);
        const seen = new Set<number>();
        const count = await atEveryCall({ calls, what: KILL }, async (fault) => {
          const target = oldFolder(t);
          const { wasHit } = await play({ kind: "folder", target, wanted: WANTED }, onCard(fault, target));
          seen.add(newOnes(folderState(target)));
          await completed(t, target);
          return wasHit;
        });
        assert.ok(count >= least, `only ${count} calls`);
        // Before each rename one more file is new: the kills do fall between the writes.
        if (calls === RENAME) assert.deepEqual([...seen], [0, 1, 2, 3, 4, 5]);
      },
    );
  }

  for (const [calls, what, forGood] of [
    ["fsync", "error=EIO", false],
    ["fsync", "error=ENODEV", true],
    [RENAME, "error=EROFS", true],
    [RENAME, "error=ENOSPC", false],
    ["openat", "error=ENODEV", true],
    ["write", "error=ENOSPC", true],
  ] as const) {
    const when = forGood ? `at any ${calls} and all that follow` : `at any ${calls}`;
    test(`${what} ${when}: what is on it then is what the message says`, { skip }, async (t) => {
      const play = cardDriver(t);
      const states: string[] = [];
      const count = await atEveryCall({ calls, what, forGood }, async (fault) => {
        const target = oldFolder(t);
        const played = await play({ kind: "folder", target, wanted: WANTED }, onCard(fault, target));
        const written = newOnes(folderState(target));
        if (played.answer && "done" in played.answer) assert.equal(written, WANTED.length);
        else {
          const message = failureOf(played);
          const [state] = message.match(STATES) ?? [];
          assert.ok(state, message);
          states.push(state);
          if (state !== MIXED) assert.equal(written, 0, message);
          // A card that answers again has no reason to stay half-written.
          if (state === MIXED) assert.ok(forGood, message);
        }
        await completed(t, target);
        return played.wasHit;
      });
      assert.ok(count > 0 && states.length > 0);
    });
  }

  test("a file that a killed run left is removed, whichever file is written now", { skip }, async (t) => {
    const target = oldFolder(t);
    await completed(t, target);
    writeFileSync(join(target, "network-config.quorate-new"), "an older one");
    writeFileSync(join(target, "meta-data"), "an older one");
    await completed(t, target);
  });
});

describe("an image", { concurrency: 2 }, () => {
  const layout = { ...PI_OS, size: SMALL, start: 64, files: OLD };
  const folder = mkdtempSync(join(tmpdir(), "quorate-"));
  after(() => rmSync(folder, { recursive: true }));
  const first = skip ? "" : makeImage(join(folder, "first.img"), layout);
  const made = (t: TestContext) => {
    const target = join(scratch(t), "a.img");
    copyFileSync(first, target);
    return { target, old: digestOf(target), outside: digestOutside(target, layout) };
  };
  type Made = ReturnType<typeof made>;
  const isNew = (target: string) => newOnes(filesOf(target, layout)) === WANTED.length;

  /** Untouched, or complete; or a journal is there, and then it may be anything. Returns which. */
  const stateOf = ({ target, old, outside }: Made) => {
    assert.equal(digestOutside(target, layout), outside);
    if (existsSync(journalPath(target))) return "journal";
    if (digestOf(target) === old) return "untouched";
    assert.ok(isNew(target), "neither untouched nor complete, and no journal");
    return "complete";
  };
  const completed = async (t: TestContext, { target, outside }: Made) => {
    const answer = await playWell(t, { kind: "image", target, wanted: WANTED });
    assert.ok("done" in answer, JSON.stringify(answer));
    assert.ok(isNew(target));
    assertCleanFat(target, layout);
    assert.equal(digestOutside(target, layout), outside);
    assert.deepEqual(readdirSync(dirname(target)), ["a.img"]);
  };
  /** Not the scratch folder's, nor what the program opens to start. */
  const onImage = (fault: Fault, target: string): Fault =>
    fault.calls === "openat" ? { ...fault, paths: [target, journalPath(target), dirname(target)] } : fault;

  for (const [calls, states] of [
    ["fsync", ["untouched", "journal", "complete"]],
    [RENAME, ["untouched", "complete"]],
    ["pwrite64", ["untouched", "journal", "complete"]],
    ["openat", ["untouched", "journal", "complete"]],
    ["/^unlink", ["journal", "complete"]],
    ["/chmod", ["untouched", "complete"]],
  ] as const) {
    test(`killed at any ${calls}: untouched, or the next run completes it`, { skip }, async (t) => {
      const play = cardDriver(t);
      const seen = new Set<string>();
      const count = await atEveryCall({ calls, what: KILL }, async (fault) => {
        const image = made(t);
        const { wasHit } = await play(
          { kind: "image", target: image.target, wanted: WANTED },
          onImage(fault, image.target),
        );
        const state = stateOf(image);
        seen.add(state);
        if (state === "journal") {
          // Before anything is decided from what is in it.
          await playWell(t, { kind: "image", target: image.target, wanted: [] });
          assert.ok(isNew(image.target), "not completed");
        }
        await completed(t, image);
        return wasHit;
      });
      assert.ok(count > 0);
      assert.deepEqual([...seen], states);
    });
  }

  for (const [calls, what, forGood] of [
    ["fsync", "error=EIO", false],
    [RENAME, "error=EROFS", true],
    ["pwrite64", "error=EIO", true],
    ["openat", "error=ENODEV", true],
  ] as const) {
    const when = forGood ? `at any ${calls} and all that follow` : `at any ${calls}`;
    test(`${what} ${when}: a failure, and the next run completes it`, { skip }, async (t) => {
      const play = cardDriver(t);
      await atEveryCall({ calls, what, forGood }, async (fault) => {
        const image = made(t);
        const played = await play(
          { kind: "image", target: image.target, wanted: WANTED },
          onImage(fault, image.target),
        );
        const state = stateOf(image);
        if (played.wasHit) {
          const message = failureOf(played);
          assert.deepEqual(readdirSync(dirname(image.target)).filter(isStaged), []);
          if (/nothing in it was changed/.test(message)) assert.equal(state, "untouched", message);
          else assert.match(message, /it is part old, part new; the same command again completes it$/);
        }
        await completed(t, image);
        return played.wasHit;
      });
    });
  }

  test(
    "what a cut-off run left for another image of the same name and size is not put into this one",
    { skip },
    async (t) => {
      const play = cardDriver(t);
      const withKernel = (text: string) => ({
        ...layout,
        files: { ...OLD, "kernel8.img": text.repeat(2000) },
      });
      const target = makeImage(join(scratch(t), "a.img"), withKernel("a kernel "));
      const order = { kind: "image", target, wanted: WANTED } as const;
      // Until it is killed where the journal is in place and nothing of it is in the image yet.
      await atEveryCall({ calls: "openat", what: KILL, paths: [target] }, async (fault) => {
        const { wasHit } = await play(order, fault);
        return wasHit && !existsSync(journalPath(target));
      });
      assert.ok(existsSync(journalPath(target)));
      makeImage(target, withKernel("another "));
      const digest = digestOf(target);
      const answer = await playWell(t, order);
      assert.ok("failure" in answer, JSON.stringify(answer));
      assert.match(answer.failure, /was left by a run that was cut off, and does not belong to/);
      assert.equal(digestOf(target), digest);
    },
  );
});
