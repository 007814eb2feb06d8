// toYaml without a reader: its shape. That PyYAML reads the values back is proved in contract/cloud-init.test.ts.
import assert from "node:assert/strict";
import test from "node:test";
import { toYaml } from "../generator/render/yaml.ts";

test("strings that YAML 1.1 would read as something else are quoted", () => {
  const traps = [
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "0640",
    "12:30",
    "1_000",
    "2024-01-01",
    "=",
    "~",
    "null",
    "",
    "<<",
  ];
  for (const text of [...traps, "52:54:00:12:34:56", "1e3", "0x1f", "true", "a: b", "a #b", " a", "a "]) {
    assert.equal(toYaml([text]), `- '${text}'\n`);
  }
});

test("keys are quoted by the same rules as values", () => {
  assert.equal(toYaml({ on: 1, "0640": 2, "--- a": 3 }), `'on': 1\n'0640': 2\n"--- a": 3\n`);
});

test("keys keep the order in which they were inserted", () => {
  assert.equal(toYaml({ b: 1, a: { d: 1, c: 2 } }), "b: 1\na:\n  d: 1\n  c: 2\n");
});

test("the same object twice is written twice, without an anchor", () => {
  const shared = { a: 1 };
  assert.equal(toYaml({ left: shared, right: shared }), "left:\n  a: 1\nright:\n  a: 1\n");
});

test("a long line is not folded", () => {
  const text = "word ".repeat(100).trim();
  assert.equal(toYaml({ text }), `text: ${text}\n`);
  assert.equal(toYaml({ text: `${text}\nb\n` }), `text: |\n  ${text}\n  b\n`);
});

test("several lines become a literal block, with tabs and trailing spaces too", () => {
  assert.equal(toYaml({ a: "x\n\ty \n  z\n" }), "a: |\n  x\n  \ty \n    z\n");
  assert.equal(toYaml({ a: "x\ny" }), "a: |-\n  x\n  y\n");
  assert.equal(toYaml({ a: "x\n\n", b: 1 }), "a: |+\n  x\n\nb: 1\n");
  assert.equal(toYaml({ a: "  x\ny\n" }), "a: |2\n    x\n  y\n");
});

test("a secret's placeholder is always in a block", () => {
  const mark = "@@quorate:secret:a:1@@";
  assert.equal(toYaml({ a: mark, b: [`x ${mark}`] }), `a: |-\n  ${mark}\nb:\n  - |-\n    x ${mark}\n`);
});

test("what YAML 1.1 takes for a line break or may not hold raw is escaped", () => {
  assert.equal(toYaml(["a\u0085b\n"]), '- "a\\Nb\\n"\n');
  assert.equal(toYaml(["a\u2028b\u2029\n"]), '- "a\\Lb\\P\\n"\n');
  assert.equal(toYaml(["a\rb\u007f\u0000\ufeff"]), '- "a\\rb\\x7F\\0\\uFEFF"\n');
});

test("anything but plain data is refused, with its place", () => {
  const thing: unknown = Object.create({ inherited: 1 });
  for (const bad of [undefined, NaN, Infinity, 1n, new Date(0), new Map(), new Set(), /x/, thing, () => 1]) {
    assert.throws(() => toYaml({ list: [{ bad }] }), {
      name: "TypeError",
      message: /^value\.list\[0\]\.bad is not/,
    });
  }
});
