// What looks like a secret: refused in the config, and never printed, also not as part of an error's source line.

/** Names under which secrets are kept: `token`, `etcd-s3-secret-key`, `password`, … */
const SECRET_NAME =
  /(token|secret|passw(or)?d|passphrase|credential|private-?key|access-?key|api-?key|vpn-auth)s?$/i;
const SECRET_WORDS =
  "token|secret|passwd|password|passphrase|credential|private-?key|access-?key|secret-?key|api-?key";

const PATTERNS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a private key", pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^"]*/g },
  { what: "a private key", pattern: /LS0tLS1CRUdJTi[A-Za-z0-9+/=]*/g },
  { what: "a K3s token", pattern: /K10[0-9a-f]{16,64}(::[^"\s]*)?/g },
  { what: "a K3s bootstrap token", pattern: /(?<![\w.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.-])/g },
  { what: "a GitHub token", pattern: /\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { what: "an access token", pattern: /\b(glpat-|sk-ant-|xox[abeoprs]-|hf_|npm_)[\w-]{8,}/g },
  { what: "an age key", pattern: /AGE-SECRET-KEY-1[A-Z0-9]{20,}/g },
  { what: "an AWS key", pattern: /\bAKIA[0-9A-Z]{16}\b/g },
  { what: "a signed web token", pattern: /\beyJ[\w-]{10,1000}\.eyJ[\w-]{10,1000}\.[\w-]+/g },
  { what: "a password in a URL", pattern: /:\/\/[^/"\s@]{1,500}@/g },
  { what: "a secret", pattern: new RegExp(`(?<![\\w])[\\w-]{0,40}(${SECRET_WORDS})=[^"&\\s]+`, "gi") },
  // 64 hex digits: the form of our own derived tokens. A published checksum has the same form, but a field of its own.
  {
    what: "a token",
    pattern: /(?<!"installScriptSha256"\s{0,9}:\s{0,9}")(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])/g,
  },
];

// What stands behind a key that names a secret in JSON text: `"token": "…"`, `"token": ["…", "…"]`.
const KEY = `"[^"\\n]{0,60}(?:${SECRET_WORDS}|vpn-auth)s?\\+?"\\s{0,9}:\\s{0,9}`;
const STRING = `"(?:[^"\\\\\\n]|\\\\.)*`;
const KEYED = new RegExp(`(${KEY})(${STRING}|\\[[^\\]]*)`, "gi");

/** What kind of secret the text looks like, or undefined. */
export function secretKind(text: string): string | undefined {
  return PATTERNS.find(({ pattern }) => text.search(pattern) >= 0)?.what;
}

/** True for a key under which a secret would be kept. */
export function isSecretName(key: string): boolean {
  return SECRET_NAME.test(key.replace(/\+$/, ""));
}

/** The same text with everything that looks like a secret replaced by dots of the same length, so that columns stay right. */
export function maskSecrets(text: string): string {
  const keyed = text.replace(
    KEYED,
    (_, key: string, value: string) => key + value.replace(/[^"[\],\s]/g, "•"),
  );
  return PATTERNS.reduce((masked, { pattern }) => masked.replace(pattern, dots), keyed);
}

function dots(hit: string): string {
  return "•".repeat(hit.length);
}
