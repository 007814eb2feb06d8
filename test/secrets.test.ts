// The derivation of secrets, pinned for ever; the root secret's file and its refusals.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../generator/failure.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { sshKeyPair } from "../generator/secrets/openssh-key.ts";
import { readRootSecret } from "../generator/secrets/root.ts";
import { scratch } from "./support/scratch.ts";

const ROOT = Uint8Array.from({ length: 32 }, (_, index) => index);
const NAMES = [
  "server-token",
  "agent-token",
  "node-password/server-1",
  "ssh-host-key/server-1",
  "ssh-host-key-public/server-1",
  "peer-key/server-1",
  "peer-key-public/server-1",
] as const;

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

// Clusters live on these values. If this test fails, the code is wrong, not the vector.
for (const [name, generation, expected] of [
  ["server-token", 1, "08c51a8b0ef10fcbad83d2e425b38b39fef45cc301784e94b976d37df6f68e3e"],
  ["server-token", 2, "b9dfdc5a90988efb0b92154334bd6c9eca22b9ef93b41b747e1b3e7235e16a40"],
  ["agent-token", 1, "a1cd7e8ded9d32bad5b34b2565a5968a5f74b9fe80e9e095b7ff3581375584e4"],
  ["node-password/server-1", 1, "351200414f4d74392b8fb95fe2aab526"],
  ["ssh-host-key/server-1", 1, "740ee7e3c8eae2343cfd7dab00f61bed54eaa02c06d984acbf44ebbcd2ed6405"],
  [
    "ssh-host-key-public/server-1",
    1,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILv6kPm3bHyYFNGK/VyrpFa2D3dohe2IXxlAzTBXAMlM",
  ],
  [
    "ssh-host-key-public/server-1",
    2,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHxS+iIeSYNQHMewU7uwjZUqDD8f0t4MAt5g5x/brI6Q",
  ],
  ["peer-key/server-1", 1, "30c8a170cea2f180b13fbbfe6dc79dff1ae9a95618ebe3437b30acd2612264fc"],
  [
    "peer-key-public/server-1",
    1,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILuL5dwAUNIjVsanmj934Rd3AM+px0Oj1pAItLaElkCn",
  ],
] as const) {
  test(`pinned: ${name}, generation ${generation}`, () => {
    const value = deriveSecret(ROOT, { secret: name, generation });
    assert.equal(value.startsWith("-----BEGIN") ? sha256(value) : value, expected);
  });
}

test("the public half of RFC 8032's first test key, in OpenSSH's words", () => {
  const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
  const point = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
  const [type, blob = ""] = sshKeyPair(seed, 0, "").publicKey.split(" ");
  assert.equal(type, "ssh-ed25519");
  const bytes = Buffer.from(blob, "base64");
  assert.equal(bytes.subarray(0, 19).toString("latin1"), "\0\0\0\x0bssh-ed25519\0\0\0\x20");
  assert.deepEqual(bytes.subarray(19), point);
});

test("every name, generation and root has a value of its own", () => {
  const values = [ROOT, Uint8Array.from(ROOT, (byte) => byte ^ 1)].flatMap((root) =>
    [1, 2, 11].flatMap((generation) =>
      [...NAMES, "node-password/server-11", "ssh-host-key/server-11", "ssh-host-key/lb-1"].map((secret) =>
        deriveSecret(root, { secret, generation }),
      ),
    ),
  );
  assert.equal(new Set(values).size, 2 * 3 * 10);
});

test("property: tokens are what K3s takes as a bare password, on any root", () => {
  const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const name = fc.constantFrom("server-token", "agent-token");
  fc.assert(
    fc.property(root, name, fc.integer({ min: 1, max: 1000 }), (bytes, secret, generation) => {
      const token = deriveSecret(bytes, { secret, generation });
      assert.match(token, /^[0-9a-f]{64}$/);
      assert.doesNotMatch(token, /^K10|^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    }),
  );
});

test("property: a private key's container ends on a block, whatever the length of the name", () => {
  const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(root, fc.integer({ min: 1, max: 63 }), (bytes, length) => {
      const node = "n".repeat(length);
      const key = deriveSecret(bytes, { secret: `ssh-host-key/${node}`, generation: 1 });
      const pub = deriveSecret(bytes, { secret: `ssh-host-key-public/${node}`, generation: 1 });
      const lines = key.split("\n");
      assert.ok(lines.every((line) => line.length <= 70));
      const blob = Buffer.from(lines.slice(1, -1).join(""), "base64");
      // Behind the header (39 bytes) and the public part (4 + 51), a length and then the private part.
      const inner = blob.subarray(39 + 4 + 51 + 4);
      assert.equal(blob.readUInt32BE(39 + 4 + 51), inner.length);
      assert.equal(inner.length % 8, 0);
      assert.deepEqual(inner.subarray(0, 4), inner.subarray(4, 8));
      const comment = inner.indexOf(node, 8 + 51 + 4 + 64, "latin1");
      const padding = inner.subarray(comment + length);
      assert.deepEqual(
        [...padding],
        Array.from({ length: padding.length }, (_, index) => index + 1),
      );
      assert.ok(padding.length < 8 && blob.includes(Buffer.from(pub.split(" ")[1] ?? "", "base64")));
    }),
  );
});

for (const secret of [
  "",
  "token",
  "server-token/server-1",
  "node-password",
  "ssh-host-key",
  "ssh-host-key/",
  "ssh-host-key/server-1/x",
  "ssh-host-key-public",
  "ssh-host-key-private/server-1",
  "node-password/Server-1",
  "node-password/a:2",
  "constructor",
]) {
  test(`there is no secret named "${secret}"`, () => {
    assert.throws(() => deriveSecret(ROOT, { secret, generation: 1 }), /there is no secret named/);
  });
}

test("a generation that does not count and a root of another size are refused, without showing the root", () => {
  for (const generation of [0, -1, 1.5, Number.NaN, 2 ** 60])
    assert.throws(() => deriveSecret(ROOT, { secret: "server-token", generation }), /whole number/);
  for (const length of [0, 31, 33, 64])
    assert.throws(
      () => deriveSecret(new Uint8Array(length).fill(7), { secret: "server-token", generation: 1 }),
      (error) =>
        error instanceof Error && /32 bytes, not/.test(error.message) && !error.message.includes("7,7"),
    );
});

/** A config's path in a folder whose .secrets/ holds the text, with those modes. */
function withRoot(t: Parameters<typeof scratch>[0], text: string, file = 0o600, folder = 0o700): string {
  const place = scratch(t);
  mkdirSync(join(place, ".secrets"));
  writeFileSync(join(place, ".secrets", "cluster-secret"), text);
  chmodSync(join(place, ".secrets", "cluster-secret"), file);
  chmodSync(join(place, ".secrets"), folder);
  return join(place, "cluster.config.json");
}

const HEX = Buffer.from(ROOT).toString("hex");

test("the root secret is read from .secrets/ beside the config", (t) => {
  assert.deepEqual(Uint8Array.from(readRootSecret(withRoot(t, `${HEX}\n`), {})), ROOT);
});

for (const [what, text, modes, message, hint] of [
  ["readable by the group", `${HEX}\n`, [0o640, 0o700], /open to other users .*0640/, /^chmod 600 /],
  ["readable by all", `${HEX}\n`, [0o604, 0o700], /open to other users .*0604/, /^chmod 600 /],
  ["in an open folder", `${HEX}\n`, [0o600, 0o750], /\.secrets is open to other users .*0750/, /^chmod 700 /],
  [
    "without its newline",
    HEX,
    [0o600, 0o700],
    /does not hold a cluster secret/,
    /secret export; here: npx quorate secret import/,
  ],
  ["cut off", `${HEX.slice(0, 40)}\n`, [0o600, 0o700], /does not hold/, /secret import/],
  ["in capitals", `${HEX.toUpperCase()}\n`, [0o600, 0o700], /does not hold/, /secret import/],
  ["with more behind it", `${HEX}\n${HEX}\n`, [0o600, 0o700], /does not hold/, /secret import/],
  ["empty", "", [0o600, 0o700], /does not hold/, /secret import/],
] as const) {
  test(`a root secret ${what} is refused with the next action, and not shown`, (t) => {
    const config = withRoot(t, text, ...modes);
    assert.throws(
      () => readRootSecret(config, {}),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.match(error.message, message);
        assert.match(error.hint, hint);
        assert.ok(![error.message, error.hint].some((each) => each.toLowerCase().includes(HEX.slice(0, 16))));
        return true;
      },
    );
  });
}

test("no root secret at all: what is missing, and where it comes from", (t) => {
  assert.throws(
    () => readRootSecret(join(scratch(t), "cluster.config.json"), {}),
    (error) =>
      error instanceof Failure &&
      /there is no .*\.secrets\/cluster-secret/.test(error.message) &&
      /secret export; here: npx quorate secret import/.test(error.hint),
  );
});
