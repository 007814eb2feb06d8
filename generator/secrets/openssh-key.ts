// An ed25519 key pair in the two texts that OpenSSH reads: the private key container and the public line.
import { createPrivateKey, createPublicKey } from "node:crypto";

export interface SshKeyPair {
  /** The private key file, without its last newline. */
  readonly privateKey: string;
  /** `ssh-ed25519 BASE64`: good for known_hosts and for authorized_keys. No comment. */
  readonly publicKey: string;
}

const ALGORITHM = "ssh-ed25519";
/** PKCS #8 for an ed25519 key up to the seed: RFC 8410, section 7. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;
/** ssh-keygen breaks its lines there; readers take any width. */
const LINE_WIDTH = 70;
/** The cipher "none" has blocks of 8 bytes. */
const BLOCK_BYTES = 8;

/**
 * The key pair that belongs to a seed, always the same bytes. Format: OpenSSH's PROTOCOL.key. Its check number tells a
 * reader that decryption went well; ssh-keygen takes a random one, here it is given. Throws for a seed that is not 32 bytes.
 */
export function sshKeyPair(seed: Uint8Array, check: number, comment: string): SshKeyPair {
  if (seed.length !== SEED_BYTES)
    throw new Error(`an ed25519 seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  const point = publicPoint(seed);
  const publicBlob = Buffer.concat([field(ALGORITHM), field(point)]);
  const inner = Buffer.concat([
    uint32(check),
    uint32(check),
    publicBlob,
    field(Buffer.concat([seed, point])),
    field(comment),
  ]);
  const container = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([inner, padding(inner.length)])),
  ]);
  const lines = container.toString("base64").match(new RegExp(`.{1,${LINE_WIDTH}}`, "g")) ?? [];
  return {
    privateKey: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----"].join(
      "\n",
    ),
    publicKey: `${ALGORITHM} ${publicBlob.toString("base64")}`,
  };
}

function publicPoint(seed: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  // A SubjectPublicKeyInfo ends with the 32 bytes of the point (RFC 8410, section 4).
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-SEED_BYTES);
}

/** An SSH string: its length, then its bytes (RFC 4251, section 5). */
function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** 1, 2, 3, ... up to a whole block. */
function padding(length: number): Buffer {
  const missing = (BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.from(Array.from({ length: missing }, (_, index) => index + 1));
}
