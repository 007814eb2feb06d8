// Rules on every string of the file, keys included: nothing that a reader downstream could choke on, no secret.
import { type Finding, finding, formatPath, type Path } from "../finding.ts";
import { isSecretName, secretKind } from "../secret-like.ts";
import { PLACEHOLDER_MARK } from "../../model/files.ts";

// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
// What nobody sees: line separators, byte-order marks, direction overrides, zero-width and odd spaces, fillers, halves of
// surrogate pairs. PyYAML rejects some (docs/facts.md, YAML), terminals and reviewers are fooled by the others. The two
// joiners stay: some scripts and emoji need them.
const UNSAFE =
  /[\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff\u00a0\u115f\u1160\u2000-\u200b\u202f\u205f\u3000\u3164\uffa0]|(?![\u200c\u200d])\p{Cf}/u;

/** Findings on the text of every key and string value, whatever the shape of the file. */
export function textFindings(value: unknown): readonly Finding[] {
  const findings: Finding[] = [];
  visit(value, [], findings);
  return findings;
}

function visit(value: unknown, path: Path, findings: Finding[]): void {
  if (typeof value === "string") {
    findings.push(...inspect(value, path, false));
  } else if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    findings.push(
      finding(
        "wrong-value",
        path,
        `${formatPath(path)} is a number that JavaScript cannot hold exactly`,
        "write it as text, in double quotes",
      ),
    );
  } else if (Array.isArray(value)) {
    value.forEach((each, index) => visit(each, [...path, index], findings));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      findings.push(...inspect(key, [...path, key], true));
      visit(each, [...path, key], findings);
    }
  }
}

function inspect(text: string, path: Path, onKey: boolean): readonly Finding[] {
  const where = onKey ? "a key" : formatPath(path);
  const findings: Finding[] = [];
  const control = CONTROL.exec(text)?.[0];
  if (control !== undefined) {
    findings.push(
      finding(
        "control-character",
        path,
        `${where} must hold no control character, but has ${codePoint(control)}${NAMES[control] ?? ""}`,
        control === "\n" ? "put it on one line" : "remove the character",
        { onKey },
      ),
    );
  }
  const unsafe = UNSAFE.exec(text)?.[0];
  if (unsafe !== undefined) {
    findings.push(
      finding(
        "unsafe-text",
        path,
        `${where} must hold no invisible or broken character, but has ${codePoint(unsafe)}`,
        "remove the character; it often comes along when text is copied from a web page",
        { onKey },
      ),
    );
  }
  if (text.includes(PLACEHOLDER_MARK)) {
    findings.push(
      finding(
        "unsafe-text",
        path,
        `${where} must not hold "${PLACEHOLDER_MARK}", which marks the place of a secret in rendered files`,
        "remove it; secrets are derived and put in when a card is written",
        { onKey },
      ),
    );
  }
  const named =
    !onKey && isSecretName(String(path.findLast((step) => typeof step === "string")))
      ? "a secret, by its name"
      : undefined;
  const secret = isPublished(path) ? undefined : (named ?? secretKind(text));
  if (secret) {
    findings.push(
      finding(
        "secret-in-config",
        path,
        `${where} looks like ${secret}, and this file is committed for all to read`,
        "remove it, and replace that secret wherever it is in use; Quorate derives its own secrets and never reads one from this file",
        { onKey },
      ),
    );
  }
  return findings;
}

/** Fields whose proper content can look like a token: a checksum, a DNS name such as server.internalnetwork1. */
function isPublished(path: Path): boolean {
  return ["installScriptSha256", "dnsName", "tlsSans"].some((field) => path.includes(field));
}

const NAMES: Readonly<Record<string, string>> = {
  "\n": " (a line break)",
  "\t": " (a tab)",
  "\r": " (a carriage return)",
};

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
