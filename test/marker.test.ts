// The hidden line of the comment: written and read back, and nothing else is taken for one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MARKER, markerLine, readMarker } from "../generator/github/marker.ts";

const HEAD = "ab".repeat(20);
const GIVEN = { head: HEAD, shown: { "server-1": "restart", constructor: "add" }, truncated: false } as const;

test("what is written is read back, as the first line of a text whatever ends its lines", () => {
  const line = markerLine(GIVEN);
  assert.ok(line.startsWith(MARKER) && line.endsWith(" -->") && !line.includes("\n"));
  for (const text of [line, `${line}\nmore`, `${line}\r\nmore`])
    assert.deepEqual(readMarker(text), { v: 1, ...GIVEN });
  assert.deepEqual(readMarker(markerLine({ head: null, shown: {}, truncated: true })), {
    v: 1,
    head: null,
    shown: {},
    truncated: true,
  });
});

const of = (value: unknown) => `${MARKER}${JSON.stringify(value)} -->`;
const whole = { v: 1, ...GIVEN };
for (const [what, text] of Object.entries({
  "no line": "",
  "a second line": `hello\n${of(whole)}`,
  "a quotation": `> ${of(whole)}`,
  "more behind it": `${of(whole)} <b>`,
  "no JSON": `${MARKER}{"v":1,} -->`,
  "another version": of({ ...whole, v: 2 }),
  "more keys": of({ ...whole, also: 1 }),
  "no head": of({ v: 1, shown: {}, truncated: false }),
  "a head that is none": of({ ...whole, head: "main" }),
  "truncated as a word": of({ ...whole, truncated: "false" }),
  "a list": of({ ...whole, shown: [] }),
  "an action that is none": of({ ...whole, shown: { "server-1": "explode" } }),
  "a name that is none": of({ ...whole, shown: { "Server 1": "restart" } }),
  "a prototype": `${MARKER}{"v":1,"head":null,"shown":{"__proto__":"restart"},"truncated":false} -->`,
})) {
  test(`no marker: ${what}`, () => assert.equal(readMarker(text), null));
}

test("a name that could end the line is never written", () => {
  assert.throws(() => markerLine({ ...GIVEN, shown: { "a-->": "restart" } }));
});
