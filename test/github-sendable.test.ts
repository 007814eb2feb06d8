// What may leave: no secret in any encoding, and no more than is kept.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../generator/failure.ts";
import {
  BODY_BUDGET,
  bytesOf,
  refuseSecrets,
  sendable,
  SUMMARY_BUDGET,
} from "../generator/github/sendable.ts";

const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString("base64"),
  "base64, one byte on": (secret) => Buffer.from(`.${secret}.`).toString("base64"),
  "base64, two bytes on": (secret) => Buffer.from(`..${secret}..`).toString("base64"),
  base64url: (secret) => Buffer.from(secret).toString("base64url"),
  hex: (secret) => Buffer.from(secret).toString("hex"),
  "upper-case hex": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  URL: (secret) => encodeURIComponent(secret),
  "URL, every byte": (secret) => Buffer.from(secret).toString("hex").replace(/../g, "%$&"),
  JSON: (secret) => JSON.stringify({ secret }),
  "JSON with escaped slashes": (secret) => JSON.stringify({ secret }).replaceAll("/", "\\/"),
  "JSON as Go writes it": (secret) =>
    JSON.stringify({ secret }).replace(/[<>&]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`),
};
const PLACES: Readonly<Record<string, (form: string) => string>> = {
  alone: (form) => form,
  "in a fold of the comment": (form) => `<details>\n\n\`\`\`diff\n+${form}\n\`\`\`\n</details>`,
  wrapped: (form) => `before ${form.slice(0, 9)}\n    ${form.slice(9)} after`,
};
/** As long as the shortest that is looked for, of the letters that encodings treat in their own way. */
const anySecret = fc.string({
  unit: fc.constantFrom(...`aZ09+/=_-."'\\<>&%$ü€`),
  minLength: 12,
  maxLength: 40,
});

for (const [name, form] of Object.entries(FORMS)) {
  test(`invariant 2, secret-free: a text that holds a secret as ${name} is not sent`, () => {
    fc.assert(
      fc.property(anySecret, fc.constantFrom(...Object.values(PLACES)), (secret, place) => {
        assert.throws(
          () => sendable("the comment", place(form(secret)), [randomBytes(32), secret]),
          (error: Failure) => {
            assert.ok(error instanceof Failure);
            assert.equal(error.message, "the comment holds a secret: it was not sent");
            assert.ok(!`${error.message}${error.hint}${error.stack}`.includes(secret));
            return true;
          },
        );
      }),
      { numRuns: 60 },
    );
  });
}

test("the bytes of the root secret count too, and every private key", () => {
  const root = randomBytes(32);
  for (const form of [root.toString("hex"), root.toString("base64"), root.toString("base64url")])
    assert.throws(() => refuseSecrets("the issue", ["fine", `x ${form}`], [root]), /holds a secret/);
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";
  assert.throws(() => sendable("the issue", key, []), /holds a secret/);
});

test("a text without one is sent as it is, digests and public keys too", () => {
  const text = `sha256 ${"ab".repeat(32)}\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\n${"ü€😀".repeat(100)}`;
  assert.equal(sendable("the comment", text, ["correct horse battery"]), text);
  assert.equal(sendable("the comment", text, ["", "short"]), text);
});

test("bytes are counted, not letters", () => {
  assert.equal(bytesOf("ü€😀"), 9);
  const fits = "€".repeat(BODY_BUDGET / 3);
  assert.equal(sendable("the comment", fits, []), fits);
  assert.throws(() => sendable("the comment", `${fits}.`, []), /has 60001 bytes, and at most 60000/);
  const summary = "x".repeat(SUMMARY_BUDGET);
  assert.equal(sendable("the summary", summary, [], SUMMARY_BUDGET), summary);
  assert.throws(() => sendable("the summary", `${summary}.`, [], SUMMARY_BUDGET), /at most 1000000 are kept/);
});
