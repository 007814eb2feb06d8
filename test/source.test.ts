// The text of a config: strict JSON, every mistake told once with its place, and the place of every value.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Path } from "../generator/config/finding.ts";
import { positionsIn } from "../generator/config/positions.ts";
import { parseSource } from "../generator/config/source.ts";

const CONFIG = readFileSync(new URL("../cluster.config.json", import.meta.url), "utf8");

const under = (text: string, { offset, length }: { readonly offset: number; readonly length: number }) =>
  text.slice(offset, offset + length);

/** A text and, for each finding, what is underlined and what is said: `UNDERLINED: part of message or hint`. */
const SYNTAX: readonly [text: string, ...findings: string[]][] = [
  // nothing, or not JSON
  ["", ": holds no value"],
  [" \n ", ": holds no value"],
  ["cluster:\n  name: home\n", 'cluster: begins with "cluster"'],
  ["---\nname: home\n", '---: begins with "---"'],
  ["tru", 'tru: begins with "tru"'],
  ["}", "}: begins with"],
  ["\ufeff{}", "\ufeff: not U+FEFF"],
  // commas
  ['{"a":1 "b":2}', "1: a comma is missing after this value"],
  ['{ "a": "x"\n  "b": [1]\n  "c": {} }', '"x": a comma is missing', "]: a comma is missing"],
  ["[1 2 3]", "1: a comma is missing", "2: a comma is missing"],
  ['[{"a":1} {"a":2}]', "}: a comma is missing"],
  ['{"a":1 {"b":2}}', "1: a comma is missing"],
  ['{"a":1,}', ",: remove the comma"],
  ["[1,]", ",: remove the comma"],
  ["[1,\n\n]", ",: remove the comma"],
  ["[,1]", ",: one comma too many"],
  ["[,]", ",: one comma too many"],
  ["[1,,2]", ",: one comma too many"],
  ["{,}", ",: one comma too many"],
  ['{"a":1,,"b":2}', ",: one comma too many"],
  ['{"a":1;"b":2}', ";: write , instead"],
  // colons, keys and values
  ['{"a" 1}', '"a": write "a": VALUE'],
  ['{"a"}', '"a": write "a": VALUE'],
  ['{"a","b":1}', '"a": write "a": VALUE'],
  ['{"a"\n"b":1}', '"a": write "a": VALUE'],
  ['{"a"=1,"b"=>2}', "=: write : instead", "=: write : instead"],
  ['{"a"::1}', ":: one colon too many"],
  ['{"a":,"b":1}', '"a": this key has no value'],
  ['{"a":}', '"a": this key has no value'],
  ['{"a":\n"b":1}', '"a": write a value after the colon'],
  ['{\n  "a": "b":1 },\n  "c" 1\n}', '"a": add { after the colon', '"c": write "c": VALUE'],
  ['{\n  "a":\n    "b":1\n  },\n  "c" 1\n}', '"a": add { after the colon', '"c": write "c": VALUE'],
  ['{\n  "a":\n  "b":1,\n  "c" 1\n}', '"a": write a value after the colon', '"c": write "c": VALUE'],
  ['{"a":1 :2}', ":: only one value"],
  ["{:1}", ":: a key in double quotes must stand before"],
  ["{5}", "5: a key in double quotes must stand here"],
  ["{5, 6}", "5: must stand here", "6: must stand here"],
  [
    '{"nodes": [\n{"a":1,\n{"a":2},\n{"a":3}\n], "b" 1}',
    "{: add } where the { of line 2 ends",
    '"b": write "b": VALUE',
  ],
  ['{"nodes": \n{"a":1},\n{"a":2}\n], "b" 1}', "{: put a list into [ ]", '"b": write "b": VALUE'],
  ['{nodes": [{"a":1}], "b" 1}', 'nodes: write "nodes"', '"b": write "b": VALUE'],
  ['{\n"nodes: [\n{"a":1}\n], "b" 1}', '"nodes: add " where', '"b": write "b": VALUE'],
  ['{\n"a: {\n"b": 1\n}\n}', '"a: add " where'],
  ['{{"a":1}}', "{: a key must stand before this {"],
  ['[\n"a": 1, "b": 2 },\n{"a": 2}\n]', ":: use { } around keys"],
  ['{"n": [\n"a": 1 },\n{"a": 2}\n], "c" 1}', ":: use { } around keys", '"c": write "c": VALUE'],
  ['{"a": "b": 1}', '"a": add { after the colon'],
  ['["a":1, "b":2]', ":: use { } around keys"],
  ['["a":1]', ":: a list in [ ] holds values without keys"],
  ["{a:1, my key : 2}", 'a: write "a"', 'my key: write "my key"'],
  ["{1:2}", '1: write "1"'],
  ['{\\"a\\": 1}', "\\: a key in double quotes must stand here"],
  // brackets
  ["{", "{: the file ends before this { is closed"],
  ['{"a"', "{: the file ends"],
  ['{"a":', "{: the file ends"],
  ['{"a":1,', "{: the file ends"],
  ['{"a":[1', "[: add ]} where it belongs"],
  ["[1}", "}: write ] instead"],
  ['{"a":[1}', "}: add ] where the [ of line 1 ends"],
  ['{"a":[1}}', "}: add ] where the [ of line 1 ends"],
  ['{"a":{"b":1]}', "]: write } instead"],
  ['{"a":[1}, "b":2}', "}: add ] where the [ of line 1 ends"],
  ['{\n"a": [\n{ "b": 1 },\n{ "c": 1\n],\n"d": 1\n}', "]: add } where the { of line 4 ends"],
  [
    '{\n  "a": {\n    "b": 1\n  ,\n  "c": 2\n}\n',
    "{: the { of line 2 and the } of line 6 belong together but are not",
  ],
  ['{\n  "a": {\n    "b": 1 }\n  },\n  "c": 2\n}\n', ",: the document ends in line 4"],
  // behind the end
  ['{"a":1} x y\n', "x y: the document ends in line 1"],
  ['{"a":1}}', "}: a bracket that closes too early"],
  ['{"a":1},', ",: more text follows"],
  ["{}{}", "{}: more text follows"],
  // comments
  ['{"a":1} // c', "// c: comments are not allowed"],
  ["# c\n{}", "# c: comments are not allowed"],
  ["// one\n\n  /* two */ # three\n{}", "// one\n\n  /* two */ # three: comments are not allowed"],
  ['{/*a*/"a":/*b*/1}', "/*a*/: comments are not", "/*b*/: comments are not"],
  ['{"a":1 /* x', "/* x: this comment has no end"],
  // strings
  ['{"a":"x', '"x: add " where the text ends'],
  ['{"a":"x\n}', '"x: add " where the text ends'],
  ['{"a":"x\n,"b":1}', '"x: add " where the text ends'],
  ['{"a":"x,\n"b":1}', '"x: add " where the text ends'],
  ['[{"a":"x},\n{"a":"y"}]', '"x: add " where the text ends'],
  ['{"a: 1,\n"b":1}', '"a: 1: add " where the text ends'],
  ['{"name: "server-1", "b" 1}', '"name: add " where the text ends', '"b": write "b": VALUE'],
  ['{"a: { "b": 1 }, "c" 1}', '"a: add " where the text ends', '"c": write "c": VALUE'],
  ['{"name": server-1",\n"b":1}', 'server-1: put it in double quotes: "server-1"'],
  ['{"a": "x, "b": 1, "c" 1}', '"x: add " where the text ends', '"c": write "c": VALUE'],
  ['{"a": "say "hi" now", "b":1}', '"say ": move the quote'],
  ['{"a":"C:\\"}', '"C:\\": write \\\\ for a backslash'],
  ['["a\\\nb"]', '"a\\: no closing double quote'],
  ['["C:\\new\\x"]', "\\x: \\x is not an escape"],
  ['["C:\\users"]', "\\u: four hex digits"],
  ['["\\u12"]', "\\u: four hex digits"],
  ['["a\tb"]', "\t: remove it, or write \\t"],
  ['["a\u0001b"]', "\u0001: remove it, or write \\u0001"],
  ['["a\u0000b"]', "\u0000: remove it, or write \\u0000"],
  ["{'a':'b'}", "'a': write \"a\"", "'b': write \"b\""],
  ["[`a`]", '`a`: write "a"'],
  ["{“a”: „b“}", '“a”: write "a"', '„b“: write "b"'],
  ["['a]", '\'a: write "a"'],
  // other values
  ['{"a": server-1}', 'server-1: put it in double quotes: "server-1"'],
  ['{"a": my cluster }', 'my cluster: put it in double quotes: "my cluster"'],
  ["[192.168.1.1]", '192.168.1.1: double quotes: "192.168.1.1"'],
  ["[10.0.0.0/24]", '10.0.0.0/24: double quotes: "10.0.0.0/24"'],
  ["[52:54:00:12:34:56]", '52:54:00:12:34:56: double quotes: "52:54:00:12:34:56"'],
  ["[https://x.y/z // c\n]", 'https://x.y/z: double quotes: "https://x.y/z"', "// c: comments"],
  ["[NaN]", "NaN: write a number"],
  ["[-Infinity]", "-Infinity: write a number"],
  ["[+1]", "+1: write 1"],
  ["[0x1F]", "0x1F: write 31"],
  ["[0xFFFFFFFFFFFFFFFFFF]", "0xFFFFFFFFFFFFFFFFFF: double quotes"],
  ["[.5, 5., -.5]", ".5: write 0.5", "5.: write 5.0", "-.5: write -0.5"],
  ["[01, -007]", "01: write 1", "-007: write -7"],
  ["[1_000]", "1_000: write 1000"],
  ["[1e, -]", "1e: double quotes", "-: double quotes"],
  ["[True, no, None]", "True: write true", "no: write false", "None: write null"],
  ["[undefined]", "undefined: write null, or remove the key"],
  ["[tru]", "tru: a value must be"],
  // blanks that are none, and what git leaves behind
  ['{\u00a0"a":\u2003\u20031}', "\u00a0: not U+00A0", "\u2003: not U+2003"],
  ["[\u2003\u00a01]", "\u2003: not U+2003"],
  ["[1\u200b]", "\u200b: not U+200B"],
  ['{\n<<<<<<< HEAD\n"a":1\n=======\n"a":2\n>>>>>>> b\n}', "<<<<<<<: merge conflict"],
  ['{\n"a":1,\n<<<<<<< HEAD\n"b":1\n}', "<<<<<<<: merge conflict"],
  ['{\n"a":1\n<<<<<<< HEAD\n,"b":1\n}', "<<<<<<<: merge conflict"],
  ["<<<<<<< HEAD\n{}", "<<<<<<<: merge conflict"],
  // several at once, in the order of the text
  [
    "{a: 'x', // c\n b: 01,\n}",
    'a: write "a"',
    "'x': write \"x\"",
    "// c: comments",
    'b: write "b"',
    "01: write 1",
    ",: remove",
  ],
];

for (const [text, ...expected] of SYNTAX) {
  test(`json-syntax: ${JSON.stringify(text)}`, () => {
    const { findings, ...rest } = parseSource(text);
    assert.ok(!("value" in rest));
    const told = findings.map(({ code, path, span, message, hint }) => {
      assert.equal(code, "json-syntax");
      assert.deepEqual(path, []);
      assert.ok(span);
      return { underlined: under(text, span), said: `${message}; ${hint}` };
    });
    assert.equal(told.length, expected.length, JSON.stringify(told, null, 1));
    for (const [index, { underlined, said }] of told.entries()) {
      const line = expected[index] ?? "";
      assert.ok(
        line.startsWith(`${underlined}: `),
        `${JSON.stringify(underlined)} is underlined, not ${line}`,
      );
      const words = line.slice(underlined.length + 2);
      assert.ok(said.includes(words), `"${words}" is not said, but: ${said}`);
    }
  });
}

test("no message or hint repeats what looks like a secret", () => {
  const token = `ghp_${"a1B2".repeat(9)}`;
  for (const text of [
    `{"a": ${token}}`,
    `{${token}: 1}`,
    `{"${token}" 1}`,
    `['${token}']`,
    token,
    `{${token}}`,
  ]) {
    const said = parseSource(text).findings.map(({ message, hint }) => message + hint);
    assert.ok(said.length > 0);
    assert.ok(!said.join().includes(token.slice(0, 10)), said.join());
  }
});

test("a private key without quotes is masked on its later lines as well", () => {
  const { findings } = parseSource("[-----BEGIN PRIVATE KEY-----,\nMIIEvQIBADAN\n]");
  assert.equal(findings.length, 2);
  assert.ok(!JSON.stringify(findings).includes("MIIE"));
});

test("an open bracket: the first pair that is not indented alike is named, and none where all are", () => {
  const hintOf = (text: string) => parseSource(text).findings[0]?.hint;
  assert.equal(hintOf('{\n  "a": {\n    "b": 1\n  }\n'), "add } where it belongs");
  assert.equal(
    hintOf("[\n  [\n    [\n    1\n  ],\n  2\n]\n"),
    "add ] where it belongs; the [ of line 3 and the ] of line 5 belong together but are not indented alike, so look between them first",
  );
});

// --- values ---

for (const text of [
  "null",
  "-0",
  "1e400",
  "[1E-7]",
  `[${"9".repeat(400)}]`,
  '"\\ud83d\\ude00\\ud800"',
  '{"":{"":[]}}',
  "\t[ ]\r\n",
]) {
  test(`the value of ${text.slice(0, 20)}`, () => {
    const { findings, value } = parseSource(text);
    assert.deepEqual(findings, []);
    assert.deepEqual(value, JSON.parse(text));
  });
}

test("__proto__ is a key like any other", () => {
  const text = '{"__proto__": {"admin": true}, "constructor": 1, "a": {"__proto__": null}}';
  const { findings, value, spanOf } = parseSource(text);
  assert.deepEqual(findings, []);
  assert.ok(typeof value === "object" && value !== null);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor", "a"]);
  assert.ok(!("admin" in value));
  assert.equal(under(text, spanOf(["__proto__", "admin"])), "true");
  assert.equal(under(text, spanOf(["a", "__proto__"])), "null");
  assert.equal(under(text, spanOf(["toString"])), "{", "what every object inherits is not in the text");
});

// --- keys used twice ---

/** A text, and for each finding the path and the lines in the message. */
const DUPLICATES: readonly [text: string, ...findings: (readonly [path: Path, lines: string])[]][] = [
  ['{"a":1,"a":2}', [["a"], "twice in line 1"]],
  ['{"a":1,\n\n"a":2}', [["a"], "in line 1 and again in line 3"]],
  [
    '{"a":1,\n"a":2,\n"a":3}',
    [["a"], "in line 1 and again in line 2"],
    [["a"], "in line 2 and again in line 3"],
  ],
  ['{"a":1,"\\u0061":2}', [["a"], "twice in line 1"]],
  ['{"__proto__":1,"__proto__":2}', [["__proto__"], "twice in line 1"]],
  ['{"n":[0,{"b":{"x":1,"x":2}}],"n":3}', [["n", 1, "b", "x"], "twice"], [["n"], "twice"]],
  ['{"a":{"x":1},"b":{"x":1}}'],
  ['[{"x":1},{"x":1}]'],
  ['{"a":1,"A":2}'],
];

for (const [text, ...expected] of DUPLICATES) {
  test(`json-duplicate-key: ${JSON.stringify(text)}`, () => {
    const { findings, value } = parseSource(text);
    assert.deepEqual(value, JSON.parse(text), "the last one counts");
    assert.equal(findings.length, expected.length);
    for (const [index, { code, path, onKey, message }] of findings.entries()) {
      assert.equal(code, "json-duplicate-key");
      assert.equal(onKey, true);
      assert.deepEqual(path, expected[index]?.[0]);
      assert.ok(message.includes(expected[index]?.[1] ?? "?"), message);
    }
  });
}

test("a key used twice is underlined where it is used again, and the last one's value counts", () => {
  const text = '{"a":1, "b":2, "a":3}';
  const { findings, spanOf } = parseSource(text);
  assert.deepEqual(findings[0]?.span, { offset: 15, length: 3 });
  assert.equal(spanOf(["a"], true).offset, 15);
  assert.equal(under(text, spanOf(["a"])), "3");
});

test("a key used twice is also told in a text with other mistakes", () => {
  const { findings } = parseSource('{"a":1 "a":2}');
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["json-syntax", "json-duplicate-key"],
  );
});

// --- depth and size ---

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

test("64 nested brackets are read, 65 are not", () => {
  assert.deepEqual(parseSource(nested(64)).findings, []);
  const { findings, ...rest } = parseSource(nested(65));
  assert.deepEqual(
    findings.map(({ code, span }) => [code, span]),
    [["json-depth", { offset: 64, length: 1 }]],
  );
  assert.ok(!("value" in rest));
});

for (const [what, text] of [
  ["20,000 lists", nested(20_000)],
  ["20,000 lists left open", "[".repeat(20_000)],
  ["20,000 objects", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`],
  ["20,000 lists and objects", `${'[{"a":'.repeat(20_000)}`],
] as const) {
  test(`json-depth: ${what}`, () => {
    const { findings, spanOf } = parseSource(text);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["json-depth"],
    );
    assert.equal(spanOf([]).offset, 0);
  });
}

test("mistakes before a bracket too deep are told as well", () => {
  const codes = parseSource(`[01, ${nested(64)}]`).findings.map(({ code }) => code);
  assert.deepEqual(codes, ["json-syntax", "json-depth"]);
});

// Were any step quadratic, these would take minutes.
for (const piece of [
  "1,",
  "'",
  "x\n",
  "x y ",
  '"x" ',
  '""x,',
  "/*",
  "//\n",
  "# ",
  "\u00a0",
  "\u00a0 ",
  "“",
  '"]\n',
  "1:",
  "-",
  '"":1,',
  "{}",
  ",",
  "}",
  "\\",
  "<",
  "\r",
  "{x:1},",
  '"\\q",',
]) {
  test(`400 kB of ${JSON.stringify(piece)} take linear time and give at most a few hundred findings`, () => {
    for (const open of ["[", "{", '{"a":"b"c ']) {
      const start = performance.now();
      const { findings } = parseSource(open + piece.repeat(400_000 / piece.length));
      assert.ok(performance.now() - start < 5000);
      assert.ok(findings.length > 0 && findings.length <= 401, `${findings.length} findings`);
    }
  });
}

// --- places ---

const PLACES = `{
  "cluster": { "name": "home", "empty": {} },
  "nodes": [
    { "name": "a", "labels": { "0": "zero" } },
    { "name": "b" }
  ],
  "port": 6443
}`;

/** A path, whether the key is asked for, and the text at its place. */
const SPANS: readonly [path: Path, onKey: boolean, text: string][] = [
  [["cluster", "name"], false, '"home"'],
  [["cluster", "name"], true, '"name"'],
  [["cluster"], false, '{ "name": "home", "empty": {} }'],
  [["cluster"], true, '"cluster"'],
  [["nodes", 1], false, '{ "name": "b" }'],
  [["nodes", 1], true, '{ "name": "b" }'],
  [["nodes", 1, "name"], true, '"name"'],
  [["nodes", 0, "labels", "0"], false, '"zero"'],
  [["nodes", 0, "labels", 0], false, '"zero"'],
  [["port"], false, "6443"],
  // what is missing is shown at its nearest parent
  [["cluster", "vip"], false, '"cluster"'],
  [["cluster", "vip"], true, '"cluster"'],
  [["cluster", "empty", "x", "y", 3], false, '"empty"'],
  [["nodes", 2], false, '"nodes"'],
  [["nodes", -1], false, '"nodes"'],
  [["nodes", "length"], false, '"nodes"'],
  [["nodes", 1, "role"], false, "{"],
  [["k3s"], false, "{"],
  [["port", "x"], false, '"port"'],
];

for (const [path, onKey, expected] of SPANS) {
  test(`the ${onKey ? "key" : "value"} at ${JSON.stringify(path)}`, () => {
    assert.equal(under(PLACES, parseSource(PLACES).spanOf(path, onKey)), expected);
  });
}

test("the document's place is its whole value", () => {
  assert.equal(under(`\n${PLACES}\n`, parseSource(`\n${PLACES}\n`).spanOf([])), PLACES);
});

test("below a list without a key the list's bracket is shown, below a bare value that value", () => {
  assert.equal(under("[[1]]", parseSource("[[1]]").spanOf([0, 5])), "[");
  assert.equal(under("[12]", parseSource("[12]").spanOf([0, "x"])), "12");
  assert.equal(under("12", parseSource("12").spanOf(["x"])), "12");
});

test("a text without any value has a place all the same", () => {
  assert.deepEqual(parseSource("").spanOf(["a", 1], true), { offset: 0, length: 0 });
});

test("places are known as far as a broken text can be read", () => {
  const text = '{"a": {"b": 1}, "c": [1, 2';
  const { spanOf } = parseSource(text);
  assert.equal(under(text, spanOf(["a", "b"])), "1");
  assert.equal(under(text, spanOf(["c"])), "[1, 2");
});

test("the places of 5,000 nodes and 5,000 missing fields take less than a second", () => {
  const nodes = Array.from({ length: 5000 }, (_, index) => ({
    name: `n-${index}`,
    role: "agent",
    address: "10.0.0.1",
  }));
  for (const indent of [0, 2]) {
    const text = JSON.stringify({ nodes }, null, indent);
    const start = performance.now();
    const { spanOf } = parseSource(text);
    const positions = positionsIn(text);
    nodes.forEach((_, index) => {
      assert.equal(under(text, spanOf(["nodes", index, "disk"])), "{");
      assert.ok(positions.at(spanOf(["nodes", index, "address"]).offset).column > 1);
    });
    const took = performance.now() - start;
    assert.ok(took < 1000, `${took} ms`);
  }
});

// --- properties ---

/** parseSource must agree with JSON.parse on every text: what is JSON, and what it says. */
function agrees(text: string): void {
  const source = parseSource(text);
  const { findings } = source;
  if (findings.some(({ code }) => code === "json-depth")) return;
  let expected: { readonly value: unknown } | undefined;
  try {
    expected = { value: JSON.parse(text) as unknown };
  } catch {
    // not JSON, then
  }
  const wrong = findings.filter(({ code }) => code === "json-syntax");
  assert.equal(wrong.length === 0, expected !== undefined, JSON.stringify({ text, wrong }));
  assert.equal("value" in source, expected !== undefined);
  if (expected) assert.deepEqual(source.value, expected.value);
  for (const { span, message, hint } of findings) {
    assert.ok(span && span.offset >= 0 && span.length >= 0 && span.offset + span.length <= text.length);
    assert.ok(message !== "" && hint !== "");
  }
}

const pieces = fc.constantFrom(
  ..."{}[]:,;\"'\\/*#=<-+.01eE \t\n\r\u00a0\u0000😀".split(""),
  "true",
  "false",
  "null",
  "nul",
  "//",
  "/*",
  "*/",
  '"a"',
  '"b":',
  "<<<<<<<",
  "\r\n",
  "\\u00",
  "1.5e+3",
  "{}",
  "[]",
);

test("property: any text is read as JSON.parse reads it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), agrees), { numRuns: 3000 });
});

test("property: any heap of JSON's pieces is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => agrees(parts.join(""))),
    { numRuns: 20_000 },
  );
});

test("property: every JSON value, however it is laid out", () => {
  const layouts = fc.constantFrom(undefined, 1, "\t", "\r\n");
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), layouts, (text, indent) =>
      agrees(JSON.stringify(JSON.parse(text), null, indent)),
    ),
    { numRuns: 1000 },
  );
});

test("property: a config with a few characters changed is read as JSON.parse reads it", () => {
  const edit = fc.record({
    at: fc.nat(CONFIG.length),
    cut: fc.nat(3),
    put: fc.oneof(fc.constant(""), pieces),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      agrees(
        edits.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), CONFIG),
      );
    }),
    { numRuns: 3000 },
  );
});

test("property: one token taken out of a config gives one finding", () => {
  const tokens = [...CONFIG.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|\d+/g)];
  for (const { index, 0: token } of tokens) {
    const text = CONFIG.slice(0, index) + CONFIG.slice(index + token.length);
    agrees(text);
    const wrong = parseSource(text).findings.filter(({ code }) => code === "json-syntax");
    assert.ok(
      wrong.length <= 1,
      `without ${token} at ${index}: ${wrong.map(({ message }) => message).join("; ")}`,
    );
  }
});

test("property: one quote taken out of a config gives one finding", () => {
  for (const { index } of CONFIG.matchAll(/"/g)) {
    const text = CONFIG.slice(0, index) + CONFIG.slice(index + 1);
    agrees(text);
    const wrong = parseSource(text).findings;
    assert.ok(
      wrong.length <= 1,
      `without the quote at ${index}: ${wrong.map(({ message }) => message).join("; ")}`,
    );
  }
});
