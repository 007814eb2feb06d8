// Reads one line of an OpenSSH public key file, as far as is needed to say whether sshd will accept it.

/** Number of length-prefixed fields behind each type's name in the blob (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f). */
const FIELDS: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ssh-rsa": 2,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "sk-ssh-ed25519@openssh.com": 2,
  "sk-ecdsa-sha2-nistp256@openssh.com": 3,
};

const SSH_KEY_TYPES = Object.keys(FIELDS);

export type SshKey =
  | { readonly ok: true; readonly type: string; readonly blob: string }
  | { readonly ok: false; readonly reason: string; readonly hint: string };

/** Takes `TYPE BASE64 [COMMENT]`. The blob must decode, name the same type and end where its fields end. */
export function parseSshKey(line: string): SshKey {
  const [type = "", blob = ""] = line.split(/[ \t]+/);
  const fail = (reason: string, hint: string): SshKey => ({ ok: false, reason, hint });
  const again = "copy the whole line of the .pub file again, e.g. from ~/.ssh/id_ed25519.pub";
  if (type === "ssh-dss") {
    return fail("is a DSA key, which sshd refuses", "make a new one: ssh-keygen -t ed25519");
  }
  const fields = FIELDS[type];
  if (fields === undefined) {
    if (SSH_KEY_TYPES.some((known) => line.includes(`${known} `))) {
      return fail(
        "starts with options, which are not supported here",
        `start the line with the key type, such as "ssh-ed25519"`,
      );
    }
    return fail(`must start with a key type that sshd knows (${SSH_KEY_TYPES.join(", ")})`, again);
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) {
    return fail("does not decode: its second word is not whole base64", again);
  }
  const parts = readFields(Buffer.from(blob, "base64"));
  if (parts?.[0]?.toString("latin1") !== type || parts.length !== fields + 1) {
    return fail(`does not decode to a key of type ${type}; it was cut or changed`, again);
  }
  if (type.includes("ed25519") && parts[1]?.length !== 32) {
    return fail("does not decode: an Ed25519 key has 32 bytes", again);
  }
  if (type === "ssh-rsa" && (parts[2]?.length ?? 0) < 256) {
    return fail("is an RSA key of less than 2048 bits", "make a new one: ssh-keygen -t ed25519");
  }
  return { ok: true, type, blob };
}

function readFields(bytes: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
