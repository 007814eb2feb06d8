// Every secret of a cluster from its one root secret: by name and generation, always the same.
import { hkdfSync } from "node:crypto";
import type { SecretRef } from "../model/files.ts";
import { type SshKeyPair, sshKeyPair } from "./openssh-key.ts";

export const ROOT_BYTES = 32;

const SALT = "quorate";
const TOKEN_BYTES = 32;
const PASSWORD_BYTES = 16;
const SEED_BYTES = 32;
const CHECK_BYTES = 4;
const ROOT_CHECK_BYTES = 8;

const KEY_FAMILIES = ["ssh-host-key", "peer-key"] as const;
/** A node's name as the config's rules accept it: a DNS label. */
const NODE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The value of a secret, without a newline at its end. HKDF (RFC 5869) with SHA-256, the root as key material, salt
 * `quorate` and info `NAME:GENERATION` in UTF-8. **This can never change**: clusters and their snapshots depend on it.
 *
 * - `server-token`, `agent-token`: 32 bytes as 64 lower-case hex digits. K3s takes a token that starts with `K10` or looks
 *   like `abcdef.0123456789abcdef` for something else; hex digits alone are neither.
 * - `node-password/NODE`: 16 bytes as 32 lower-case hex digits.
 * - `ssh-host-key/NODE`, `peer-key/NODE`: 36 bytes: the seed of an ed25519 key, then the check number of its container
 *   (big-endian). The private key as OpenSSH writes it, comment NODE.
 * - `ssh-host-key-public/NODE`, `peer-key-public/NODE`: its public half, `ssh-ed25519 BASE64`, with the info of the private
 *   one: the same node and generation make a pair.
 *
 * Throws for an unknown name, a generation that is not 1, 2, 3, ... and a root that is not 32 bytes. No message holds a value.
 */
export function deriveSecret(root: Uint8Array, ref: SecretRef): string {
  const [family = "", node, ...more] = ref.secret.split("/");
  if (more.length > 0) throw unknown(ref);
  if (node === undefined) {
    if (family !== "server-token" && family !== "agent-token") throw unknown(ref);
    return expand(root, ref, TOKEN_BYTES).toString("hex");
  }
  if (!NODE_NAME.test(node)) throw unknown(ref);
  if (family === "node-password") return expand(root, ref, PASSWORD_BYTES).toString("hex");
  for (const key of KEY_FAMILIES) {
    const pairOf = { secret: `${key}/${node}`, generation: ref.generation };
    if (family === key) return keyPair(root, pairOf, node).privateKey;
    if (family === `${key}-public`) return keyPair(root, pairOf, node).publicKey;
  }
  throw unknown(ref);
}

/**
 * The check value of a root secret: 16 hex digits that tell two secrets apart and give neither away. It is shown, written
 * into the record and part of an exported secret.
 */
export function rootCheck(root: Uint8Array): string {
  return expand(root, { secret: "check-value", generation: 1 }, ROOT_CHECK_BYTES).toString("hex");
}

function keyPair(root: Uint8Array, ref: SecretRef, comment: string): SshKeyPair {
  const known = pairsOf.get(root) ?? new Map<string, SshKeyPair>();
  pairsOf.set(root, known);
  const key = `${ref.secret}:${ref.generation}`;
  const pair = known.get(key) ?? madePair(root, ref, comment);
  known.set(key, pair);
  return pair;
}

/** Every machine's files name the keys of others, and a pair takes half a millisecond: made once for each root in memory. */
const pairsOf = new WeakMap<Uint8Array, Map<string, SshKeyPair>>();

function madePair(root: Uint8Array, ref: SecretRef, comment: string): SshKeyPair {
  const bytes = expand(root, ref, SEED_BYTES + CHECK_BYTES);
  return sshKeyPair(bytes.subarray(0, SEED_BYTES), bytes.readUInt32BE(SEED_BYTES), comment);
}

function expand(root: Uint8Array, { secret, generation }: SecretRef, length: number): Buffer {
  if (root.length !== ROOT_BYTES)
    throw new Error(`a root secret has ${ROOT_BYTES} bytes, not ${root.length}`);
  if (!Number.isSafeInteger(generation) || generation < 1)
    throw new Error(`${secret}: a generation is a whole number from 1 on, not ${generation}`);
  return Buffer.from(hkdfSync("sha256", root, SALT, `${secret}:${generation}`, length));
}

function unknown({ secret }: SecretRef): Error {
  return new Error(`there is no secret named "${secret}"`);
}
