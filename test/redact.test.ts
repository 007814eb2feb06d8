// Redaction by property: any secret, in any encoding, anywhere in a text, also across the journal's line breaks.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { knownSecrets } from "../generator/secrets/known.ts";
import { hideIn, hider, REDACTED, redact } from "../generator/secrets/redact.ts";
import { makeCluster } from "./support/clusters.ts";

const ENCODINGS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  "upper case": (secret) => (/^[0-9a-f]+$/.test(secret) ? secret.toUpperCase() : secret),
  base64: (secret) => Buffer.from(secret).toString("base64"),
  "base64 with a newline": (secret) => Buffer.from(`${secret}\n`).toString("base64"),
  "base64 inside another": (secret) => Buffer.from(`{"a": "${secret}"}`).toString("base64"),
  "base64 inside another, shifted": (secret) => Buffer.from(`token: ${secret}\nmore: 1\n`).toString("base64"),
  base64url: (secret) => Buffer.from(secret).toString("base64url"),
  hex: (secret) => Buffer.from(secret).toString("hex"),
  "upper hex": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  url: (secret) => encodeURIComponent(secret),
  "every byte %": (secret) => Buffer.from(secret).toString("hex").replace(/../g, "%$&"),
  json: (secret) => JSON.stringify({ secret }),
  yaml: (secret) => `key: |\n${secret.replace(/^/gm, "    ")}\n`,
};

const WRAPS: Readonly<Record<string, string>> = {
  newline: "\n",
  crlf: "\r\n",
  indented: "\n    ",
  "journal, iso": "\n2026-11-22T20:14:22+0000 server-1 quorate-node[812]: ",
  "journal, iso with colon": "\n2026-11-22T20:14:22.123456+01:00 server-1 k3s[9]: ",
  "journal, short": "\nNov  2 20:14:22 server-1 cloud-init[1]: ",
  json: "\\n",
};

const CLUSTER = makeCluster({ servers: 2, agents: 1, loadBalancers: 1 });
/** A few roots: deriving keys is the slow part. */
const ROOTS = [7, 101, 254].map((start) => {
  const root = Uint8Array.from({ length: 32 }, (_, index) => (start * (index + 3)) & 0xff);
  return { root, secrets: knownSecrets(root, CLUSTER) };
});
const NAMES = [
  "server-token",
  "agent-token",
  ...CLUSTER.nodes.flatMap(({ name }) => [`ssh-host-key/${name}`, `node-password/${name}`]),
  "peer-key/server-2",
];

/** The text with its wraps undone, written without looking at the code under test. */
const flat = (text: string) =>
  Object.values(WRAPS)
    .toSorted((a, b) => b.length - a.length)
    .reduce((all, wrap) => all.replaceAll(wrap, ""), text)
    .replace(/\s/g, "");

const anyText = fc.string({ unit: "grapheme", maxLength: 60 });

for (const [encoding, encode] of Object.entries(ENCODINGS)) {
  test(`invariant 2, secret-free: no secret survives as ${encoding}, wrapped or not`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ROOTS),
        fc.constantFrom(...NAMES),
        fc.option(fc.constantFrom(...Object.values(WRAPS))),
        fc.integer({ min: 1, max: 90 }),
        anyText,
        anyText,
        ({ root, secrets }, secret, wrap, width, before, after) => {
          const value = deriveSecret(root, { secret, generation: 1 });
          const encoded = encode(value);
          const wrapped =
            wrap === null ? encoded : encoded.replace(new RegExp(`[^]{${width}}(?=[^])`, "g"), `$&${wrap}`);
          const shown = redact(`${before}\n${wrapped}\n${after}`, secrets);
          // Any window of 24 characters: as good as the secret for whoever wants to guess the rest, and in no other text.
          const needle = flat(encoded);
          const haystack = flat(shown);
          const middle = needle.slice(Math.floor(needle.length / 2) - 12, Math.floor(needle.length / 2) + 12);
          assert.ok(!haystack.includes(middle), `${shown}\nstill holds ${middle}`);
        },
      ),
      { numRuns: 40 },
    );
  });
}

test("what is around a secret stays, letter by letter", () => {
  const root = new Uint8Array(32).fill(9);
  const token = deriveSecret(root, { secret: "server-token", generation: 1 });
  const secrets = knownSecrets(root, CLUSTER);
  assert.equal(redact(`before ${token} after\n`, secrets), `before ${REDACTED} after\n`);
  const half = `${token.slice(0, 30)}\n2026-11-22T20:14:22+0000 server-1 k3s[9]: ${token.slice(30)}`;
  assert.equal(redact(`a\nb ${half} c\nd`, secrets), `a\nb ${REDACTED} c\nd`);
  assert.equal(redact(`${token}${token} x ${token}`, secrets).replaceAll(REDACTED, ""), " x ");
  const log =
    '2026-11-22T20:14:22+0000 server-1 k3s[9]: level=info msg="etcd is ready"\n\n  indented\tline\n';
  assert.equal(redact(log, secrets), log);
});

test("older generations and the root itself are known", () => {
  const root = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
  const cluster = { ...CLUSTER, generations: { "server-token": 3, "agent-token": 1, "ssh-host-key": 2 } };
  const secrets = knownSecrets(root, cluster);
  for (const [secret, generation] of [
    ["server-token", 1],
    ["server-token", 3],
    ["ssh-host-key/lb-1", 1],
  ] as const)
    assert.ok(secrets.includes(deriveSecret(root, { secret, generation })), `${secret} ${generation}`);
  for (const form of ["hex", "base64", "base64url"] as const)
    assert.equal(
      redact(`x ${Buffer.from(root).toString(form)} y`, secrets).includes(Buffer.from(root).toString(form)),
      false,
    );
});

test("the secrets of others are recognised by their looks, and a private key ends where it ends", () => {
  const pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIabc\n-----END EC PRIVATE KEY-----";
  const shown = redact(`a\n${pem}\nb K10${"ab".repeat(32)}::server:secret ghp_${"A1".repeat(18)} c`, []);
  assert.match(shown, /^a\n\[redacted\]\nb •+ •+ c$/);
  assert.equal(redact("a\n-----BEGIN PRIVATE KEY-----\nMHcC\nMore", []), `a\n${REDACTED}`);
});

test("a megabyte of journal and a hundred machines take less than 3 s", () => {
  const cluster = makeCluster({ servers: 5, agents: 93, loadBalancers: 2 });
  const secrets = knownSecrets(new Uint8Array(32).fill(3), cluster);
  const line =
    "2026-11-22T20:14:22+0000 server-1 k3s[9]: I1122 handler.go:153 GET /readyz 0123456789abcdef ok\n";
  const text = line.repeat(Math.ceil(1_000_000 / line.length));
  const started = performance.now();
  assert.equal(redact(text, secrets), text);
  assert.ok(performance.now() - started < 3000, `${performance.now() - started} ms`);
});

test("letters that grow when they are made small do not move what is taken out", () => {
  const root = Buffer.alloc(32, 0xab);
  const hex = root.toString("hex").toUpperCase();
  assert.equal(redact(`İİİİ ${hex} end`, [root]), `İİİİ ${REDACTED} end`);
});

test("a hider leaves alone what only looks like a secret; in a value it finds every text", () => {
  const hide = hider(["a-secret-of-ours"]);
  const sum = "ab".repeat(32);
  assert.equal(hide(`${sum} a-secret-of-ours`), `${sum} ${REDACTED}`);
  assert.deepEqual(hideIn({ a: [null, 1, "x a-secret-of-ours"], b: { c: "y" } }, hide), {
    a: [null, 1, `x ${REDACTED}`],
    b: { c: "y" },
  });
});
