// How findings look: for people, line by line with the place underlined, and for programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Code, type Finding, finding, type Path, type Span } from "../generator/config/finding.ts";
import { columnsOf } from "../generator/config/printable.ts";
import { formatJson, formatReport } from "../generator/config/report.ts";
import { parseSource } from "../generator/config/source.ts";

const file = "cluster.config.json";

/** A finding at the first place where the words stand in the text. */
function at(text: string, words: string, code: Code = "json-syntax", message = "wrong"): Finding {
  const offset = text.indexOf(words);
  assert.ok(offset >= 0);
  return finding(code, [], message, "mend it", { span: { offset, length: words.length } });
}

/** The source line and the line of carets of a report with one finding. */
function excerptOf(text: string, found: Finding): readonly [line: string, marks: string] {
  const lines = formatReport([found], { file, text, colour: false }).split("\n");
  const [line = "", marks = ""] = lines.slice(3, 5);
  const start = line.indexOf("|") + 2;
  return [line.slice(start), marks.slice(start)];
}

const widthOf = (text: string) => [...text].reduce((sum, each) => sum + columnsOf(each), 0);

const NODES = `{
  "cluster": { "name": "home" },
  "nodes": [
    { "name": "server-1", "address": "192.168.1.11" },
    { "name": "server-2", "address": "192.168.1.11" }
  ]
}
`;

test("the form of a report", () => {
  const { spanOf } = parseSource(NODES);
  const findings = [
    finding("single-server", ["nodes"], "there is one server", "add two", { onKey: true }),
    finding(
      "address-duplicate",
      ["nodes", 1, "address"],
      "192.168.1.11 is used twice: by server-1 and by server-2",
      "give server-2 an address of its own",
    ),
    finding("missing-key", ["cluster", "vip"], "cluster.vip is missing", 'add "vip"'),
  ];
  assert.equal(
    formatReport(findings, { file, text: NODES, spanOf, colour: false }),
    `error[missing-key]: cluster.vip is missing
 --> cluster.config.json:2:3 (cluster.vip)
  |
2 |   "cluster": { "name": "home" },
  |   ^^^^^^^^^
  = next: add "vip"

error[address-duplicate]: 192.168.1.11 is used twice: by server-1 and by server-2
 --> cluster.config.json:5:38 (nodes[1].address)
  |
5 |     { "name": "server-2", "address": "192.168.1.11" }
  |                                      ^^^^^^^^^^^^^^
  = next: give server-2 an address of its own

warning[single-server]: there is one server
 --> cluster.config.json:3:3 (nodes)
  |
3 |   "nodes": [
  |   ^^^^^^^
  = next: add two

2 errors, 1 warning
`,
  );
});

test("the bars stand below each other when the line number has more digits", () => {
  const text = `${"\n".repeat(22)}x`;
  assert.equal(
    formatReport([at(text, "x")], { file, text, colour: false }),
    `error[json-syntax]: wrong
  --> cluster.config.json:23:1
   |
23 | x
   | ^
   = next: mend it

1 error
`,
  );
});

test("without a text there is no line and no place, but the path", () => {
  const found = finding("config-missing", [], "there is no file", "git checkout it");
  assert.equal(
    formatReport([found], { file, colour: false }),
    "error[config-missing]: there is no file\n--> cluster.config.json\n = next: git checkout it\n\n1 error\n",
  );
  const placed = finding("name-invalid", ["cluster", "name"], "m", "h");
  assert.match(
    formatReport([placed], { file, colour: false }),
    /\n--> cluster\.config\.json \(cluster\.name\)\n/,
  );
});

test("no findings, no report", () => {
  assert.equal(formatReport([], { file, text: "{}", colour: true }), "");
});

const E: Code = "name-invalid";
const W: Code = "server-on-sd";
const I: Code = "sample-addresses";

const SUMMARIES: readonly [codes: readonly Code[], summary: string][] = [
  [[E], "1 error"],
  [[E, E], "2 errors"],
  [[W, E, E], "2 errors, 1 warning"],
  [[W, W, I], "2 warnings, 1 note"],
  [[I, I], "2 notes"],
  [[E, W, I, I], "1 error, 1 warning, 2 notes"],
];

for (const [codes, summary] of SUMMARIES) {
  test(`the last line: ${summary}`, () => {
    const report = formatReport(
      codes.map((code) => finding(code, [], "m", "h")),
      { file, colour: false },
    );
    assert.equal(report.split("\n").at(-2), summary);
  });
}

test("errors come first, then warnings, then notes, each in the order of the text", () => {
  const text = "abcdef";
  const findings = [at(text, "a", I), at(text, "f", E), at(text, "b", W), at(text, "c", E), at(text, "d", W)];
  const report = formatReport(findings, { file, text, colour: false });
  const heads = [...report.matchAll(/^(error|warning|note)\[.*\n.*:1:(\d)/gm)].map(
    ([, label, column]) => `${label} ${column}`,
  );
  assert.deepEqual(heads, ["error 3", "error 6", "warning 2", "warning 4", "note 1"]);
  assert.deepEqual(
    formatJson(findings, { file, text }).map(({ severity, column }) => `${severity} ${column}`),
    ["error 3", "error 6", "warning 2", "warning 4", "info 1"],
  );
});

test("findings at the same place keep their order", () => {
  const findings = ["one", "two", "three"].map((message) => finding(E, [], message, "h"));
  assert.deepEqual(
    formatJson(findings, { file }).map(({ message }) => message),
    ["one", "two", "three"],
  );
});

test("100 findings are printed in full, the others are counted by code", () => {
  const make = (code: Code, count: number) =>
    Array.from({ length: count }, () => finding(code, [], "m", "h"));
  const findings = [...make(E, 95), ...make("mac-invalid", 10), ...make(W, 30), ...make(I, 2)];
  const report = formatReport(findings, { file, colour: false });
  assert.equal([...report.matchAll(/= next: h$/gm)].length, 100);
  assert.ok(
    report.endsWith(
      "\n\nand 37 more: 30 server-on-sd, 5 mac-invalid, 2 sample-addresses\n\n105 errors, 30 warnings, 2 notes\n",
    ),
    report.slice(-200),
  );
  const exactly = formatReport(make(E, 100), { file, colour: false });
  assert.ok(!exactly.includes("more:"));
});

// --- the line and what is under it ---

/** A text, what is underlined in it, and the two lines that show it. */
const EXCERPTS: readonly [what: string, text: string, words: string, line: string, marks: string][] = [
  ["plain", '{"a": 12}', "12", '{"a": 12}', "      ^^"],
  ["tabs before", "\t{\t12 }", "12", "\t{\t12 }", "\t \t^^"],
  ["a tab within", "a 1\t2 b", "1\t2", "a 1\t2 b", "  ^\t^"],
  ["only a tab", "a\tb", "\t", "a\tb", " ^"],
  ["Chinese", '{"日本": 1}', "1", '{"日本": 1}', "         ^"],
  ["Chinese underlined", '"日本"', '"日本"', '"日本"', "^^^^^^"],
  ["Hangul and fullwidth", "한Ａ1", "1", "한Ａ1", "    ^"],
  ["an emoji", "😀1", "1", "😀1", "  ^"],
  ["a flag", "🇩🇪1", "1", "🇩🇪1", "  ^"],
  ["a combining accent", "e\u03011", "1", "e\u03011", " ^"],
  ["an escape character", "\u001b[31mX", "X", "\\u001b[31mX", "          ^"],
  ["an escape character underlined", "a\u001bb", "\u001b", "a\\u001bb", " ^^^^^^"],
  ["a direction override", "\u202e1", "1", "\\u202e1", "      ^"],
  ["a zero-width space", "\u200b1", "1", "\\u200b1", "      ^"],
  ["a no-break space", "\u00a01", "1", "\\u00a01", "      ^"],
  ["a C1 control", "\u009b1", "1", "\\u009b1", "      ^"],
  ["half a pair", "\ud8001", "1", "\\ud8001", "      ^"],
  ["an invisible letter beyond the first plane", "\u{e0041}1", "1", "\\u{e0041}1", "         ^"],
  ["several lines", "a [\n1,\n2]", "[\n1,\n2]", "a [", "  ^"],
  ["several lines, CRLF", "a [\r\n1]", "[\r\n1]", "a [", "  ^"],
  ["from the line's end on", "ab\ncd", "\ncd", "ab", "  ^"],
];

for (const [what, text, words, line, marks] of EXCERPTS) {
  test(`the place is underlined: ${what}`, () => {
    assert.deepEqual(excerptOf(text, at(text, words)), [line, marks]);
  });
}

/** A text, an offset in it, and the line and column that editors show. */
const POSITIONS: readonly [text: string, offset: number, place: string][] = [
  ["", 0, "1:1"],
  ["ab", 2, "1:3"],
  ["ab\n", 3, "2:1"],
  ["a\nb", 2, "2:1"],
  ["a\r\nb", 3, "2:1"],
  ["a\rb", 2, "2:1"],
  ["a\n\r\n\rb", 5, "4:1"],
  ["😀😀b", 4, "1:3"],
  ["\tb", 1, "1:2"],
  ["ab", 99, "1:3"],
  ["ab", -5, "1:1"],
];

for (const [text, offset, place] of POSITIONS) {
  test(`offset ${offset} of ${JSON.stringify(text)} is ${place}`, () => {
    const found = finding("json-syntax", [], "m", "h", { span: { offset, length: 1 } });
    assert.ok(formatReport([found], { file, text, colour: false }).includes(`${file}:${place}\n`));
    const [plain] = formatJson([found], { file, text });
    assert.equal(`${plain?.line}:${plain?.column}`, place);
  });
}

for (const [what, offset] of [
  ["start", 0],
  ["middle", 500_000],
  ["end", 999_990],
] as const) {
  test(`of a line of a million characters only the part around the place is shown: ${what}`, () => {
    const text = `${"ab".repeat(offset / 2)}HERE${"ab".repeat((999_996 - offset) / 2)}`;
    const [line, marks] = excerptOf(text, at(text, "HERE"));
    assert.ok(line.length >= 100 && line.length <= 106, `${line.length} characters`);
    assert.equal(line.slice(marks.indexOf("^"), marks.lastIndexOf("^") + 1), "HERE");
    assert.equal(line.startsWith("..."), offset > 0);
    assert.equal(line.endsWith("..."), offset < 999_990);
  });
}

test("a long line is never cut inside a character", () => {
  for (const [before, after] of [
    ["", ""],
    ["x", ""],
    ["", "x"],
  ]) {
    const text = `${"😀".repeat(300)}${before}HERE${after}${"😀".repeat(300)}`;
    const [line, marks] = excerptOf(text, at(text, "HERE"));
    assert.ok(!line.includes("\\u"), line);
    assert.equal(widthOf(line.slice(0, line.indexOf("HERE"))), marks.indexOf("^"));
  }
});

test("an underlined stretch longer than the part that is shown ends with it", () => {
  const text = `{"a": "${"x".repeat(1000)}"}`;
  const [line, marks] = excerptOf(text, at(text, `"${"x".repeat(1000)}"`));
  assert.equal(marks.length, line.length - "...".length);
});

test("a line of 110 characters is shown whole", () => {
  const text = `${"a".repeat(109)}b`;
  assert.equal(excerptOf(text, at(text, "b"))[0], text);
});

// --- what is never printed ---

const SECRET = `ghp_${"a1B2".repeat(9)}`;

test("what looks like a secret is in neither form, and the carets stay right", () => {
  const text = `{ "token": "${SECRET}", "other": 1 }`;
  const findings = [at(text, "1"), finding("unknown-key", [SECRET], `bad ${SECRET}`, `drop ${SECRET}`)];
  const report = formatReport(findings, {
    file,
    text,
    spanOf: () => ({ offset: 0, length: 1 }),
    colour: false,
  });
  const plain = JSON.stringify(formatJson(findings, { file, text }));
  assert.ok(!report.includes("a1B2") && !plain.includes("a1B2"));
  const [line, marks] = excerptOf(text, at(text, "1 }"));
  assert.equal(line[marks.indexOf("^")], "1");
});

test("a private key over several lines is masked on each of them", () => {
  const text = `{ "key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END" }`;
  const findings = [at(text, "b3Blbn"), ...parseSource(text).findings];
  assert.ok(findings.length > 1);
  assert.ok(!formatReport(findings, { file, text, colour: false }).includes("b3Blbn"));
});

const someText = fc.string({ unit: "binary", maxLength: 200 });

test("property: no control or format character leaves the report, whatever text, message, path and file name hold", () => {
  fc.assert(
    fc.property(someText, someText, fc.nat(210), fc.nat(30), (text, words, offset, length) => {
      const found = finding("json-syntax", [words, 1], words, words, { span: { offset, length } });
      const report = formatReport([found], { file: words, text, colour: false });
      // Tabs stay in source lines only; line breaks are the report's own.
      assert.doesNotMatch(report.replace(/^[ \d]+ \| .*$/gmu, ""), /[\p{Cc}\p{Cf}\p{Cs}](?<!\n)/u);
      assert.doesNotMatch(report, /[\p{Cc}\p{Cf}\p{Cs}](?<![\n\t])/u);
      assert.equal(report.split("\n").length, 9, "nothing adds a line");
    }),
    { numRuns: 2000 },
  );
});

test("property: carets begin as many columns in as the text before the place is wide", () => {
  const letters = fc.array(fc.constantFrom(..."aé日😀\t\u001b\u0301 "), { maxLength: 60 });
  fc.assert(
    fc.property(letters, letters, (before, after) => {
      const text = `${before.join("")}#${after.join("")}`;
      const [line, marks] = excerptOf(text, at(text, "#"));
      const columns = (shown: string) => shown.split("\t").map(widthOf);
      assert.deepEqual(
        columns(line.slice(0, line.indexOf("#"))),
        columns(marks.slice(0, marks.indexOf("^"))),
      );
      assert.equal(marks.replace(/[^^]/g, ""), "^");
    }),
    { numRuns: 2000 },
  );
});

// --- colour and data ---

test("colour adds ANSI codes and changes nothing else", () => {
  const findings = [at(NODES, "home"), at(NODES, "nodes", W), at(NODES, "server-1", I)];
  const plain = formatReport(findings, { file, text: NODES, colour: false });
  const coloured = formatReport(findings, { file, text: NODES, colour: true });
  // oxlint-disable-next-line no-control-regex -- a colour begins with one
  const ANSI = new RegExp("\u001b\\[[\\d;]+m", "g");
  assert.equal(coloured.replace(ANSI, ""), plain);
  assert.ok(coloured.startsWith("\u001b[1;31merror[json-syntax]\u001b[0m"));
  assert.ok(coloured.includes("\u001b[1;33mwarning["));
  assert.ok(coloured.includes("\u001b[1;36mnote["));
  const opened = [...coloured.matchAll(ANSI)].map(([code]) => (code === "\u001b[0m" ? -1 : 1));
  assert.equal(
    opened.reduce((sum, each) => sum + each, 0),
    0,
    "every colour is ended",
  );
});

test("one finding as data", () => {
  const { spanOf } = parseSource(NODES);
  const found = finding("name-invalid", ["nodes", 1, "name"], "bad \u001b", "mend it");
  assert.deepEqual(formatJson([found], { file, text: NODES, spanOf }), [
    {
      code: "name-invalid",
      severity: "error",
      path: "nodes[1].name",
      line: 5,
      column: 15,
      message: "bad \u001b",
      hint: "mend it",
    },
  ]);
  assert.deepEqual(formatJson([finding("config-missing", [], "m", "h")], { file }), [
    {
      code: "config-missing",
      severity: "error",
      path: "$",
      line: null,
      column: null,
      message: "m",
      hint: "h",
    },
  ]);
});

test("a finding's own span goes before the place of its path, and onKey is asked for", () => {
  const asked: (readonly [Path, boolean | undefined])[] = [];
  const spanOf = (path: Path, onKey?: boolean): Span => {
    asked.push([path, onKey]);
    return { offset: 4, length: 1 };
  };
  const findings = [
    finding(E, ["a"], "m", "h", { span: { offset: 1, length: 1 } }),
    finding(E, ["b"], "m", "h", { onKey: true }),
  ];
  assert.deepEqual(
    formatJson(findings, { file, text: "012345", spanOf }).map(({ column }) => column),
    [2, 5],
  );
  assert.deepEqual(asked, [[["b"], true]]);
});

test("5,000 findings in 5,000 nodes, also on one line, take less than a second", () => {
  const nodes = Array.from({ length: 5000 }, (_, index) => ({
    name: `n-${index}`,
    role: "agent",
    address: "10.0.0.1",
  }));
  const findings = nodes.map((_, index) =>
    finding("address-duplicate", ["nodes", index, "address"], "m", "h"),
  );
  for (const indent of [0, 2]) {
    const text = JSON.stringify({ nodes }, null, indent);
    const { spanOf } = parseSource(text);
    const start = performance.now();
    formatReport(findings, { file, text, spanOf, colour: false });
    const plain = formatJson(findings.toReversed(), { file, text, spanOf });
    const took = performance.now() - start;
    assert.ok(took < 1000, `${took} ms`);
    assert.equal(plain.at(-1)?.path, "nodes[4999].address");
  }
});
