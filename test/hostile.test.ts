// Text that is hostile stays text in everything rendered, and any input at all gives findings or a cluster.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import { CODES } from "../generator/config/finding.ts";
import { parseConfig } from "../generator/config/parse.ts";
import type { FileMap } from "../generator/model/files.ts";
import { renderCluster } from "../generator/render/index.ts";
import { character, type Draft, HOSTILE, REFUSED } from "./support/arbitrary.ts";
import { type Path, put, putAll, toPath, valueAt } from "./support/edit.ts";
import { fixturePath, QUICK_TEMPLATES as TEMPLATES } from "./support/fixtures.ts";
import { TEST_FOLDER } from "./support/golden.ts";
import { assertMeant, assertWellFormed, renderText } from "./support/rendered.ts";

fc.configureGlobal({ includeErrorInReport: true });

// --- text that is hostile stays text ---

const full: Draft = JSON.parse(readFileSync(fixturePath("everything-set"), "utf8"));
const few = full.nodes.filter(({ name }) => /^(server-3|agent-2|lb-.)$/.test(name));
const base = put(
  put(put(full, ["nodes"], few), ["nodes", 0, "disk"], "ssd"),
  ["k3s", "agentConfig", "pause-image"],
  "example.org/pause:3",
);
const positions = stringsOf(base);

test("the config of the tests below has every string position and every object of the schema", () => {
  const schema: SchemaNode = JSON.parse(
    readFileSync(join(TEST_FOLDER, "..", "generator", "config", "cluster.schema.json"), "utf8"),
  );
  const wanted = schemaStrings(schema, "");
  assert.ok(wanted.length > 30, wanted.join(" "));
  const there = new Set(positions.map(generic));
  assert.deepEqual(
    wanted.filter((path) => !there.has(path)),
    [],
  );
});

// Any text may stand here; behind the key in an SSH key's line.
const FREE = /^(\$schema|access\.authorizedKeys\[\]|k3s\.(server|agent)Config\.\*(\[\])?)$/;
// A wrong value here keeps the rules from looking at the rest, so these have a turn of their own.
const CHOICE = /(^|\.)(os|role|disk|kind|flannelBackend|disable\[\])$/;
const places = [...new Map(positions.map((path) => [generic(path), path]))];
const unchanged = scripts(renderText(JSON.stringify(base)).files);

test("hostile text where any text may stand is exactly that text in what is written, and nowhere else", () => {
  const free = places.filter(([where]) => FREE.test(where));
  assert.equal(free.length, 6);
  for (const hostile of HOSTILE) {
    const given = free.map(([where, path]) => {
      return { path, text: where.startsWith("access") ? `${valueAt(base, path)} ${hostile}` : hostile };
    });
    const { cluster, files } = renderText(
      JSON.stringify(given.reduce((draft, { path, text }) => put(draft, path, text), base)),
    );
    for (const { path, text } of given) {
      if (path[0] !== "$schema") assert.equal(valueAt(cluster, path), text);
    }
    assertMeant(cluster, files);
    assert.deepEqual(scripts(files), unchanged, hostile);
  }
});

test("hostile text in any other string is refused, or means nothing to any reader", () => {
  let count = 0;
  for (const hostile of [...HOSTILE, ...REFUSED]) {
    for (const append of [false, true]) {
      const textAt = (path: Path) => `${append ? valueAt(base, path) : ""}${hostile}`;
      const refused = (some: typeof places) => {
        const { findings } = parsedWith(some, textAt).parsed;
        const errors = findings.filter(({ code }) => CODES[code] === "error" && !code.endsWith("-duplicate"));
        return errors.map(({ path }) => JSON.stringify(path));
      };
      const others = places.filter(([where]) => REFUSED.includes(hostile) || !FREE.test(where));
      const together = new Set([
        ...refused(others.filter(([where]) => CHOICE.test(where))),
        ...refused(others.filter(([where]) => !CHOICE.test(where))),
      ]);
      const accepted = others
        .filter(([, path]) => textAt(path) !== valueAt(base, path) && !together.has(JSON.stringify(path)))
        .filter((place) => parsedWith([place], textAt).parsed.cluster);
      if (accepted.length === 0) continue;
      count += accepted.length;
      const { source } = parsedWith(accepted, textAt);
      assert.ok(!REFUSED.includes(hostile), source);
      const { cluster, files } = renderText(source);
      assertMeant(cluster, files);
      // Characters that mean nothing to a shell, HAProxy or Markdown. In a URL % and ~ too: it stands in single quotes.
      const inUrl = accepted.every(([where]) => where.startsWith("k3s.artifacts"));
      if (!(inUrl ? /^[\w./:%~-]*$/ : /^[\w./:-]*$/).test(hostile))
        assert.deepEqual(scripts(files), unchanged, source);
    }
  }
  assert.ok(count > 50, `only ${count} texts were accepted`);
});

function parsedWith(some: typeof places, textAt: (path: Path) => string) {
  const paths = some.map(([, path]) => path);
  const source = JSON.stringify(putAll(base, paths, textAt));
  const parsed = parseConfig(source);
  assertWellFormed(parsed, source);
  return { parsed, source };
}

test("a hostile key is refused, or stays exactly that key", () => {
  const keys = [...HOSTILE, ...REFUSED, "__proto__", "toString", `x${"-y".repeat(1000)}`];
  const sections =
    "cluster network access k3s k3s.snapshots k3s.artifacts ingress secrets.generations nodes.0";
  const maps = "k3s.serverConfig k3s.agentConfig nodes.0.labels";
  const accepted = [[], ...`${sections} ${maps}`.split(" ").map(toPath)].flatMap((place) => {
    const withKeys = (some: readonly string[]) => {
      const paths = some.map((key) => [...place, key]);
      return JSON.stringify(putAll(base, paths, () => "x"));
    };
    const source = withKeys(keys);
    const parsed = parseConfig(source);
    assertWellFormed(parsed, source);
    const errors = parsed.findings.filter(({ severity }) => severity === "error");
    const refused = new Set(errors.map(({ path }) => path.at(-1)));
    const left = keys.filter((key) => !refused.has(key));
    const { cluster, files } = renderText(withKeys(left));
    assertMeant(cluster, files);
    if (left.length > 0) assert.ok(left.every((key) => valueAt(cluster, [...place, key]) === "x"));
    return left;
  });
  assert.ok(accepted.length > 10, `only ${accepted.length} keys were accepted`);
  assert.deepEqual(
    accepted.filter((key) => REFUSED.includes(key)),
    [],
  );
});

/** The files in which text is more than text. */
function scripts(files: FileMap): readonly (readonly [string, string])[] {
  return [...files]
    .filter(([path]) =>
      /(verify\.sh|README\.md|haproxy\.cfg|keepalived\.conf|k3s-install\.env|haproxy\.service\.d\/.*)$/.test(
        path,
      ),
    )
    .map(([path, { text }]) => [path, text]);
}

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode | readonly SchemaNode[];
}

/** Paths at which the schema takes a string: `nodes[].name`, `k3s.serverConfig.*`. */
function schemaStrings(schema: SchemaNode, path: string): readonly string[] {
  const below = (step: string) => (path === "" ? step : `${path}.${step}`);
  const own =
    [schema.type ?? []].flat().includes("string") || schema.enum?.some((value) => typeof value === "string");
  const more = [...Object.values(schema.patternProperties ?? {}), schema.additionalProperties];
  return [
    ...(own ? [path] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) => schemaStrings(child, below(key))),
    ...more.flatMap((child) => (typeof child === "object" ? schemaStrings(child, below("*")) : [])),
    ...[schema.items ?? []].flat().flatMap((child) => schemaStrings(child, `${path}[]`)),
  ];
}

/** Where the strings of a value are. */
function stringsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  const entries: (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([key, item]) => stringsOf(item, [...path, key]));
}

function generic(path: Path): string {
  const free = (index: number) => /^(serverConfig|agentConfig|labels)$/.test(String(path[index - 1]));
  const steps = path.map((step, index) =>
    typeof step === "number" ? "[]" : free(index) ? ".*" : `.${step}`,
  );
  return steps.join("").replace(/^\./, "");
}

// --- any input at all ---

const sample: Draft = JSON.parse(readFileSync(fixturePath("sample"), "utf8"));

test("any JSON value gives findings", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.object({ key: fc.constantFrom(...Object.keys(full), "__proto__") })),
      (value) => {
        const text = JSON.stringify(value);
        const parsed = parseConfig(text);
        assertWellFormed(parsed, text);
        assert.equal(parsed.cluster, undefined);
      },
    ),
    { numRuns: 300 },
  );
});

test("a config with any JSON value at any place gives findings, or a cluster that can be rendered", () => {
  const replacement = fc.tuple(fc.nat(), fc.nat(3), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.constantFrom(base, sample),
      fc.array(replacement, { minLength: 1, maxLength: 3 }),
      (config, all) => {
        const changed = all.reduce((draft, [at, up, value]) => {
          const places = stringsOf(draft);
          const path = places[at % Math.max(1, places.length)] ?? [];
          return put(draft, path.length > up ? path.slice(0, path.length - up) : path.slice(0, 1), value);
        }, config);
        const text = JSON.stringify(changed);
        const parsed = parseConfig(text);
        assertWellFormed(parsed, text);
        if (parsed.cluster) assertMeant(parsed.cluster, renderCluster(parsed.cluster, TEMPLATES));
      },
    ),
    { numRuns: 500 },
  );
});

test("any text, and a config cut or changed at any place, gives findings or a cluster", () => {
  const text = JSON.stringify(base, null, 2);
  const pieces = [
    "",
    "\t",
    "\r",
    "\n",
    ",",
    "}",
    "]",
    '"',
    "'",
    "\\",
    "//",
    "#",
    "-",
    "01",
    "1.",
    "NaN",
    "\u00a0",
    "\ufeff",
    "\\u12",
  ];
  const changed = fc
    .tuple(
      fc.nat(text.length),
      fc.nat(5),
      fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: character, maxLength: 3 })),
    )
    .map(([at, gap, inserted]) => text.slice(0, at) + inserted + text.slice(at + gap));
  const cut = fc.nat(text.length).map((at) => text.slice(0, at));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: character }), fc.string(), changed, cut), (any) => {
      const parsed = parseConfig(any);
      assertWellFormed(parsed, any);
      const refused = parsed.findings.some(({ code }) => code === "json-syntax" || code === "json-depth");
      assert.equal(refused, !isJson(any));
    }),
    { numRuns: 1000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
