// What a machine keeps of how its files were given: its program's own functions, in a real shell, on a folder.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeProgram } from "../generator/render/node-program.ts";
import { TEMPLATES } from "./support/fixtures.ts";
import { scratch } from "./support/scratch.ts";

const PROGRAM = nodeProgram(TEMPLATES);
const here = { skip: process.platform === "linux" ? false : "the program is for a Linux machine" };
const FUNCTIONS = [
  "put",
  "discard",
  "remember_given",
  "step_seed",
  "take_files",
  "take_file",
  "keep_previous",
  "undo_files",
];
const SUM = (text: string) => createHash("sha256").update(text).digest("hex");

interface Play {
  readonly place: string;
  readonly write: (path: string, text: string) => void;
  readonly read: (path: string) => string;
  /** Runs some of the program's functions there. */
  readonly does: (script: string) => void;
  readonly given: () => string;
}

function play(t: TestContext): Play {
  const place = scratch(t);
  const bodies = FUNCTIONS.map((name) => {
    const [text] = new RegExp(`^${name}\\(\\) \\{\\n.*?\\n\\}$`, "ms").exec(PROGRAM) ?? [];
    assert.ok(text, `quorate-node has no function ${name}`);
    return text;
  });
  const short = ["paths_in", "digest_in"].map((name) => {
    const [text] = new RegExp(`^${name}\\(\\) \\{.*\\}$`, "m").exec(PROGRAM) ?? [];
    assert.ok(text, `quorate-node has no function ${name}`);
    return text;
  });
  const moved = [...bodies, ...short].join("\n").replaceAll(/(?<![\w/])\/var\//g, `${place}/var/`);
  const variables = `set -u
files=${place}/etc/files run=${place}/run kept=${place}/var/lib/quorate instance=${place}/instance mark=@@none
given=$kept/given incoming=$kept/incoming previous=$kept/previous
failing() { echo "$1" >&2; return 1; }
report() { echo "$3" >&2; }
`;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
  };
  mkdirSync(join(place, "run"));
  return {
    place,
    write,
    read: (path) => readFileSync(join(place, path), "utf8"),
    does: (script) =>
      void execFileSync("sh", ["-c", `${variables}${moved}\n${script}`], {
        stdio: ["ignore", "pipe", "pipe"],
      }),
    given: () => readFileSync(join(place, "var/lib/quorate/given"), "utf8"),
  };
}

const list = (place: string, digest: string) =>
  `digest ${digest}\n0644 none ${place}/etc/a\n0600 none ${place}/etc/b\n`;

/** A card with two files, taken. */
function carded(t: TestContext): Play {
  const made = play(t);
  made.write("etc/a", "one\n");
  made.write("etc/b", "secret\n");
  made.write("etc/files", list(made.place, "first"));
  made.write("instance", "card-1\n");
  made.does("step_seed");
  return made;
}

function givenLines({ place, read }: Play, a: string, b: string): string {
  const files = read("etc/files");
  return `0644 ${SUM(a)} ${place}/etc/a\n0600 ${SUM(b)} ${place}/etc/b\n0644 ${SUM(files)} ${place}/etc/files\n`;
}

test(
  "a card's files are noted once: a change by hand and the next runs do not change the note",
  here,
  (t) => {
    const machine = carded(t);
    const expected = givenLines(machine, "one\n", "secret\n");
    assert.equal(machine.given(), expected);
    appendFileSync(join(machine.place, "etc/a"), "by hand\n");
    machine.does("step_seed");
    assert.equal(machine.given(), expected);
    // Another card, or a machine that an earlier Quorate set up: what is there now is what it was given.
    machine.write("instance", "card-2\n");
    machine.does("step_seed");
    const anew = givenLines(machine, "one\nby hand\n", "secret\n");
    assert.equal(machine.given(), anew);
    rmSync(join(machine.place, "var/lib/quorate/given"));
    machine.does("step_seed");
    assert.equal(machine.given(), anew);
  },
);

test(
  "an apply notes what it put there; its undo brings back the note from before, also over a change by hand",
  here,
  (t) => {
    const machine = carded(t);
    const { place, read, write, does, given } = machine;
    const before = given();
    appendFileSync(join(place, "etc/a"), "by hand\n");
    write(`var/lib/quorate/incoming/tree${place}/etc/files`, list(place, "second"));
    write(`var/lib/quorate/incoming/tree${place}/etc/a`, "two\n");
    does("take_files");
    assert.deepEqual([read("etc/a"), read("etc/b")], ["two\n", "secret\n"]);
    assert.equal(given(), givenLines(machine, "two\n", "secret\n"));
    does('undo_files second && mv "$incoming.next" "$incoming" && take_files');
    assert.equal(read("etc/a"), "one\nby hand\n");
    assert.equal(given(), before, "the hand is still to be seen");
    assert.ok(!existsSync(join(place, "var/lib/quorate/incoming")));
  },
);
