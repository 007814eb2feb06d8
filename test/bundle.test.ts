// The bundle does what the checkout does, in a folder where there is nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import project from "../package.json" with { type: "json" };
import { BUNDLE, buildBundle } from "../generator/bundle/build.ts";
import { SCHEMA_FILE } from "../generator/places.ts";
import { run } from "../generator/verbs.ts";
import { fixturePath } from "./support/fixtures.ts";
import { planPlace } from "./support/plan-place.ts";
import { scratch } from "./support/scratch.ts";

/** A bundle that was built already, and is about to be used: it is what is tested then. */
const GIVEN = process.env["QUORATE_DIST"];
const empty = mkdtempSync(join(tmpdir(), "quorate-bundle-"));
process.on("exit", () => rmSync(empty, { recursive: true, force: true }));
const program = join(empty, "dist", BUNDLE);
let imports: readonly string[] = [];

before(async () => {
  const folder = join(empty, "built");
  imports = await buildBundle(folder);
  cpSync(GIVEN === undefined ? folder : resolve(GIVEN), join(empty, "dist"), { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bundled(args: readonly string[], cwd = empty): Promise<Ended> {
  // A module in this computer's own places must not help it.
  const { NODE_PATH: _path, NODE_OPTIONS: _options, ...env } = process.env;
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [program, ...args], { cwd, env })) };
  } catch (error) {
    return error as Ended;
  }
}

function filesUnder(folder: string): ReadonlyMap<string, string> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return new Map(paths.toSorted().map((path) => [path.slice(folder.length), readFileSync(path, "utf8")]));
}

test("it imports what Node.js has, and nothing else", () => {
  assert.ok(imports.length > 3);
  const known = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  assert.deepEqual(
    imports.filter((name) => !known.has(name)),
    [],
  );
});

test("the same sources give the same bytes, also those of a bundle that was built before", async (t) => {
  const again = scratch(t);
  await buildBundle(again);
  assert.deepEqual(filesUnder(join(empty, "dist")), filesUnder(again));
});

test("it knows its version and its verbs", async () => {
  assert.deepEqual(await bundled(["--version"]), { code: 0, stdout: `${project.version}\n`, stderr: "" });
  const { code, stdout } = await bundled(["--help"]);
  const help = await run(["--help"], {}, false);
  assert.deepEqual([code, stdout], [0, help.stdout]);
});

for (const fixture of ["sample", "everything-set"]) {
  test(`check and render of ${fixture}: the same words and the same bytes`, async (t) => {
    const config = fixturePath(fixture);
    const [ours, theirs] = [join(scratch(t), "out"), join(scratch(t), "out")];
    for (const [args, other] of [
      [["check"], ["check"]],
      [
        ["render", "--json", "--out", ours],
        ["render", "--json", "--out", theirs],
      ],
    ] as const) {
      const here = await run([...args, "--config", config], {}, false);
      const there = await bundled([...other, "--config", config]);
      const same = (text: string) => text.replaceAll(theirs, ours);
      assert.deepEqual(
        [there.code, same(there.stdout), same(there.stderr)],
        [here.exit, here.stdout, here.stderr],
      );
    }
    assert.ok(filesUnder(ours).size > 20);
    assert.deepEqual(filesUnder(theirs), filesUnder(ours));
  });
}

test("a bad config: the report with its lines, exit 3", async () => {
  const config = fileURLToPath(new URL("invalid/address-duplicate/cluster.config.json", import.meta.url));
  const here = await run(["check", "--config", config], {}, false);
  const there = await bundled(["check", "--config", config]);
  assert.deepEqual([there.code, there.stdout, there.stderr], [3, here.stdout, here.stderr]);
});

test("plan --offline, with the record and what git has of it", async (t) => {
  const place = await planPlace(t);
  place.record();
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "snapshots": { "retention": 20 },');
  const here = await place.plan();
  const there = await bundled(["plan", "--offline", "--config", place.config]);
  assert.match(here.stdout, /3 machines to change/);
  assert.deepEqual([there.code, there.stdout], [here.exit, here.stdout]);
});

// `new` names it to editors; running that verb would ask the LAN.
test("the schema lies where generator/places.ts looks for it", () => {
  const generator = fileURLToPath(new URL("../generator/", import.meta.url));
  const schema = fileURLToPath(SCHEMA_FILE);
  const beside = join(empty, "dist", relative(generator, schema));
  assert.equal(readFileSync(beside, "utf8"), readFileSync(schema, "utf8"));
});
