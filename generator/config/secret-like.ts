// What looks like a secret: refused in the config, and never printed, also not as part of an error's source line.

const PATTERNS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a private key", pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^"]*/g },
  { what: "a K3s token", pattern: /K10[0-9a-f]{64}::[^"\s]*/g },
  { what: "a K3s bootstrap token", pattern: /(?<![\w.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.-])/g },
  { what: "a GitHub token", pattern: /\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})/g },
  { what: "an age key", pattern: /AGE-SECRET-KEY-1[A-Z0-9]{20,}/g },
  { what: "an AWS key", pattern: /\bAKIA[0-9A-Z]{16}\b/g },
  { what: "a signed web token", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/g },
  { what: "a password in a URL", pattern: /:\/\/[^/"\s:@]+:[^/"\s@]+@/g },
  // 64 hex digits: the form of our own derived tokens. A published checksum has the same form, but a field of its own.
  {
    what: "a token",
    pattern: /(?<!"installScriptSha256"\s*:\s*")(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])/g,
  },
];

/** What kind of secret the text looks like, or undefined. */
export function secretKind(text: string): string | undefined {
  return PATTERNS.find(({ pattern }) => text.search(pattern) >= 0)?.what;
}

/** The same text with everything that looks like a secret replaced by dots of the same length, so that columns stay right. */
export function maskSecrets(text: string): string {
  return PATTERNS.reduce(
    (masked, { pattern }) => masked.replace(pattern, (hit) => "•".repeat(hit.length)),
    text,
  );
}
