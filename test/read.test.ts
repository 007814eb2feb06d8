// Reading the config file: every way in which it can fail, and that none of them blocks or throws.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { decodeConfig } from "../generator/config/decode.ts";
import type { Code } from "../generator/config/finding.ts";
import { failedRead, MAX_BYTES, readConfig } from "../generator/config/read.ts";
import { scratch } from "./support/scratch.ts";

const NAME = "cluster.config.json";
const JSON_TEXT = '{ "cluster": "größer" }\n';

function findingOf(result: ReturnType<typeof readConfig>) {
  assert.ok(!result.ok, "a finding was expected");
  return result.finding;
}

test("a file in UTF-8 gives its text", (t) => {
  const file = join(scratch(t), NAME);
  writeFileSync(file, JSON_TEXT);
  assert.deepEqual(readConfig(file), { ok: true, text: JSON_TEXT });
});

test("a symbolic link to a file is read", (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, "real.json"), JSON_TEXT);
  symlinkSync("real.json", join(folder, NAME));
  assert.deepEqual(readConfig(join(folder, NAME)), { ok: true, text: JSON_TEXT });
});

/** What stands at the path, the finding's code, and what message and hint must say. */
const FILES: readonly [
  what: string,
  make: (file: string) => void,
  code: Code,
  message: RegExp,
  hint: RegExp,
][] = [
  [
    "nothing",
    () => {},
    "config-missing",
    /no file ".*cluster\.config\.json"$/,
    /^git checkout .*--config FILE$/,
  ],
  [
    "a link to nothing",
    (file) => symlinkSync("gone", file),
    "config-missing",
    /leads nowhere$/,
    /^git checkout/,
  ],
  ["a directory", (file) => mkdirSync(file), "config-directory", /is a directory$/, /--config .*FILE/],
  [
    "a link in a circle",
    (file) => symlinkSync(NAME, file),
    "config-unreadable",
    /circle \(ELOOP\)$/,
    /^see .*ls -l/,
  ],
  [
    "a pipe",
    (file) => void execFileSync("mkfifo", [file]),
    "config-unreadable",
    /it is a pipe$/,
    /into a file first/,
  ],
  [
    "a device",
    (file) => symlinkSync("/dev/zero", file),
    "config-unreadable",
    /it is a device$/,
    /into a file first/,
  ],
  [
    "0 bytes",
    (file) => writeFileSync(file, ""),
    "config-empty",
    /is empty \(0 bytes\)$/,
    /^begin with .*git show HEAD:/,
  ],
  [
    "white space",
    (file) => writeFileSync(file, " \r\n\t\n"),
    "config-empty",
    /only white space \(5 bytes\)$/,
    /git show/,
  ],
  [
    "8 MiB + 1",
    (file) => sized(file, MAX_BYTES + 1),
    "config-too-large",
    /8388608 .* has 8388609$/,
    /--config FILE$/,
  ],
];

for (const [what, make, code, message, hint] of FILES) {
  test(`${code}: ${what}`, (t) => {
    const file = join(scratch(t), NAME);
    make(file);
    const found = findingOf(readConfig(file));
    assert.equal(found.code, code);
    assert.deepEqual(found.path, []);
    assert.match(found.message, message);
    assert.match(found.hint, hint);
  });
}

function sized(file: string, bytes: number): void {
  writeFileSync(file, "{}");
  truncateSync(file, bytes);
}

test("config-unreadable: a socket", async (t) => {
  const file = join(scratch(t), NAME);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(file, resolve));
  t.after(() => server.close());
  assert.match(findingOf(readConfig(file)).message, /it is a socket$/);
});

test("a file far too large is refused without being read", (t) => {
  const file = join(scratch(t), NAME);
  // Sparse: it takes no room on the disk, but as one string it would not fit into memory.
  sized(file, 2 ** 40);
  assert.equal(findingOf(readConfig(file)).code, "config-too-large");
});

test("8 MiB exactly are read", (t) => {
  const file = join(scratch(t), NAME);
  writeFileSync(file, `{}${" ".repeat(MAX_BYTES - 2)}`);
  assert.ok(readConfig(file).ok);
});

/** Errors that root never meets, and their words. */
const ERRORS: readonly [errno: string, code: Code, message: RegExp][] = [
  ["ENOENT", "config-missing", /there is no file/],
  ["ENOTDIR", "config-missing", /there is no file/],
  ["EACCES", "config-unreadable", /permission denied \(EACCES\)$/],
  ["EPERM", "config-unreadable", /permission denied \(EPERM\)$/],
  ["EIO", "config-unreadable", /the disk reports an error \(EIO\)$/],
  ["EMFILE", "config-unreadable", /Error: too bad \(EMFILE\)$/],
];

for (const [errno, code, message] of ERRORS) {
  test(`${errno} is ${code}`, () => {
    const found = failedRead("some dir/x.json", Object.assign(new Error("too bad"), { code: errno }));
    assert.equal(found.code, code);
    assert.match(found.message, message);
    if (code === "config-unreadable")
      assert.equal(found.hint, "see what it is and whose: ls -l 'some dir/x.json'");
  });
}

for (const path of ["", "a\u0000b", `${"long".repeat(2000)}.json`, `x/${NAME}/y`]) {
  test(`no path makes it throw: ${JSON.stringify(path).slice(0, 30)}`, () => {
    assert.match(findingOf(readConfig(path)).code, /^config-(missing|unreadable)$/);
  });
}

/** Files that are there instead, the path that is asked for, and the hint. */
const ELSEWHERE: readonly [there: string, asked: string, hint: RegExp][] = [
  [
    "../cluster.config.json",
    NAME,
    /^the directory above has one: cd \.\. first, or --config .*cluster\.config\.json$/,
  ],
  ["cluster-config.json", NAME, /^if "cluster-config\.json" is meant: --config .*cluster-config\.json$/],
  ["Cluster.Config.json", NAME, /^if "Cluster\.Config\.json" is meant/],
  ["cluster.config.json.txt", NAME, /^if "cluster\.config\.json\.txt" is meant/],
  ["cluster.config.jsonc", NAME, /^if "cluster\.config\.jsonc" is meant/],
  ["package.json", NAME, /^git checkout /],
  ["package.json", "other.json", /^name a file that exists: --config FILE$/],
];

for (const [there, asked, hint] of ELSEWHERE) {
  test(`${asked} is missing and ${there} is there`, (t) => {
    const folder = join(scratch(t), "inner");
    mkdirSync(folder);
    writeFileSync(join(folder, there), JSON_TEXT);
    assert.match(findingOf(readConfig(join(folder, asked))).hint, hint);
  });
}

test("a directory of a similar name is not offered", (t) => {
  const folder = scratch(t);
  mkdirSync(join(folder, "cluster-config.json"));
  assert.match(findingOf(readConfig(join(folder, NAME))).hint, /^git checkout /);
});

test("a directory that has the usual file inside is told the path of that", (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, NAME), JSON_TEXT);
  const path = relative(process.cwd(), folder);
  assert.equal(findingOf(readConfig(path)).hint, `name the file: --config ${join(path, NAME)}`);
});

const BOM = "\ufeff";
const utf16 = (text: string) => Buffer.from(text, "utf16le");

const BYTES: readonly [what: string, bytes: Uint8Array, code: Code, message: RegExp, hint: RegExp][] = [
  ["UTF-8 with a mark", Buffer.from(BOM + JSON_TEXT), "config-bom", /begins with one/, /tail -c \+4 x\.json/],
  ["only a mark", Buffer.from(BOM), "config-bom", /begins with one/, /tail/],
  [
    "UTF-16 LE with a mark",
    utf16(BOM + JSON_TEXT),
    "config-encoding",
    /is UTF-16$/,
    /iconv -f UTF-16 -t UTF-8 x\.json/,
  ],
  [
    "UTF-16 BE with a mark",
    utf16(BOM + JSON_TEXT).swap16(),
    "config-encoding",
    /is UTF-16$/,
    /iconv -f UTF-16 /,
  ],
  ["UTF-16 LE", utf16(JSON_TEXT), "config-encoding", /UTF-16, little-endian$/, /iconv -f UTF-16LE /],
  ["UTF-16 BE", utf16(JSON_TEXT).swap16(), "config-encoding", /UTF-16, big-endian$/, /iconv -f UTF-16BE /],
  [
    "UTF-32 LE with a mark",
    Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0]),
    "config-encoding",
    /is UTF-32$/,
    /-f UTF-32 /,
  ],
  [
    "UTF-32 BE with a mark",
    Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x7b]),
    "config-encoding",
    /is UTF-32$/,
    /-f UTF-32 /,
  ],
  [
    "zero bytes",
    Buffer.from("\u007fELF\u0002\u0000\u0000"),
    "config-encoding",
    /binary: byte 6 is zero$/,
    /right file/,
  ],
  [
    "a zero byte in a text",
    Buffer.from('{"a":\n"b\u0000"}'),
    "config-encoding",
    /binary: byte 9 /,
    /right file/,
  ],
  [
    "Latin-1",
    Buffer.from('{\n"a": "gr\u00f6\u00df"}', "latin1"),
    "config-encoding",
    /byte f6 in line 2$/,
    /WINDOWS-1252/,
  ],
  [
    "a bad byte behind many letters",
    Buffer.concat([Buffer.from("\u00fc".repeat(1001)), Buffer.from([0xff, 0x7d])]),
    "config-encoding",
    /byte ff in line 1$/,
    /UTF-8/,
  ],
  ["UTF-32 without a mark", Buffer.from([0x7b, 0, 0, 0]), "config-encoding", /binary: byte 2 /, /right file/],
  [
    "a character cut short",
    Buffer.from([0x7b, 0xe2, 0x82]),
    "config-encoding",
    /byte e2 in line 1$/,
    /UTF-8/,
  ],
  [
    "a surrogate in UTF-8",
    Buffer.from([0x22, 0xed, 0xa0, 0x80]),
    "config-encoding",
    /byte ed in line 1$/,
    /UTF-8/,
  ],
  [
    "an overlong slash",
    Buffer.from([0x0a, 0x0a, 0xc0, 0xaf]),
    "config-encoding",
    /byte c0 in line 3$/,
    /UTF-8/,
  ],
];

for (const [what, bytes, code, message, hint] of BYTES) {
  test(`${code}: ${what}`, () => {
    const found = findingOf(decodeConfig("x.json", bytes));
    assert.equal(found.code, code);
    assert.match(found.message, message);
    assert.match(found.hint, hint);
  });
}

test("property: bytes are read exactly when they are UTF-8 without a mark, a zero byte or nothing at all", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 20 }).map((text) => new Uint8Array(Buffer.from(text))),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      const result = decodeConfig("x.json", input);
      const text = Buffer.from(input).toString();
      const isUtf8 = Buffer.from(text).equals(input);
      assert.equal(
        result.ok,
        isUtf8 && !text.startsWith(BOM) && !text.includes("\u0000") && text.trim() !== "",
      );
      if (result.ok) assert.equal(result.text, text);
    }),
    { numRuns: 2000 },
  );
});
