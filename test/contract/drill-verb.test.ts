// The verb drill up to the first failure: what it would do, what it refuses, and whom it asks.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Dialogue } from "../../generator/dialogue.ts";
import { NO_SESSION, run } from "../../generator/verbs.ts";
import { applyPlace } from "../support/apply-place.ts";

const drill = (config: string, args: readonly string[], more: Partial<typeof NO_SESSION> = {}) =>
  run(["drill", "--config", config, ...args], {}, false, { ...NO_SESSION, ...more });

test("--dry-run lists every failure with its promise, and what is left out and why; it asks no machine", async (t) => {
  const place = await applyPlace(t, "agents-and-two-load-balancers");
  const { exit, stdout } = await drill(place.config, ["--dry-run", "--power", "true"]);
  assert.equal(exit, 0);
  assert.match(
    stdout,
    /^server-2\/hung +server-2 has a K3s that takes connections .*, for \d+ s; felt: at most 10 s$/m,
  );
  assert.match(stdout, /^server-1\/restart +server-1 restarts its K3s, .* felt: nothing$/m);
  assert.match(stdout, /^lb-1\/power +lb-1 loses its power/m);
  assert.match(stdout, /^nothing was done: --dry-run$/m);
  const without = await drill(place.config, ["--dry-run"]);
  assert.match(
    without.stdout,
    /^lb-1\/power +left out: nobody is there to pull the plug, and no --power was given$/m,
  );
  const { stdout: json } = await drill(place.config, ["--dry-run", "--json", "--only", "lb-1/frozen"]);
  const { made } = JSON.parse(json) as { readonly made: readonly { readonly id: string }[] };
  assert.deepEqual(
    made.map(({ id }) => id),
    ["lb-1/frozen"],
  );
  assert.deepEqual(place.log(), []);
});

test("--only with a word that names no failure: exit 3, and where they are listed", async (t) => {
  const place = await applyPlace(t);
  const { exit, stderr } = await drill(place.config, ["--only", "server-1/hungry"]);
  assert.equal(exit, 3);
  assert.match(
    stderr,
    /^error: --only server-1\/hungry: there is no such failure\n {2}next: npx quorate drill --dry-run/,
  );
});

test("a single load balancer is not failed, and that is said", async (t) => {
  const place = await applyPlace(t);
  const { stdout } = await drill(place.config, ["--dry-run", "--only", "lb-1"]);
  assert.match(stdout, /^lb-1\/stopped +left out: no load balancer is left/m);
  assert.match(stdout, /^lb-1\/reload +lb-1 loads its HAProxy anew/m);
});

test("a cluster that is not well gets no drill: what is wrong, and nothing is made nor asked", async (t) => {
  const place = await applyPlace(t);
  place.machine("server-2", null);
  const asked: string[] = [];
  const dialogue = { confirm: async ({ message }: { readonly message: string }) => asked.push(message) > 0 };
  const { exit, stderr } = await place.verb("drill", ["--only", "server-1/hung"], {
    terminal: true,
    dialogue: dialogue as unknown as Dialogue,
  });
  assert.equal(exit, 1);
  assert.match(stderr, /^error: no drill on a cluster that is not well: server-2 is /m);
  assert.deepEqual(asked, []);
  assert.deepEqual(
    place.log().filter((line) => !/ (take|drop|status|off)$/.test(line)),
    [],
  );
});

test("what can be seen at once is said before any machine is asked: nowhere to write, nothing to make, nobody to ask", async (t) => {
  const place = await applyPlace(t, "agents-and-two-load-balancers");
  const missing = join(place.folder, "none", "drill.svg");
  const nowhere = await place.verb("drill", ["--yes", "--svg", missing]);
  assert.equal(nowhere.exit, 1);
  assert.match(
    nowhere.stderr,
    /^error: cannot write \S+drill\.svg: ENOENT[^\n]*\n {2}next: name another file with --svg/,
  );
  const nothing = await place.verb("drill", ["--yes", "--only", "power"]);
  assert.match(nothing.stderr, /^error: there is no failure to make\n/);
  const nobody = await place.verb("drill", ["--only", "hung"]);
  assert.match(nobody.stderr, /^error: there is nobody to ask\n/);
  assert.deepEqual(place.log(), []);

  // A drill that is refused leaves no empty picture.
  place.machine("server-2", null);
  const picture = join(place.folder, "drill.svg");
  assert.equal((await place.verb("drill", ["--yes", "--svg", picture])).exit, 1);
  assert.ok(!existsSync(picture));
});
