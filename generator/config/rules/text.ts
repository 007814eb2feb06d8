// Rules on every string of the file, keys included: nothing that a reader downstream could choke on, no secret.
import { type Finding, finding, formatPath, type Path } from "../finding.ts";
import { secretKind } from "../secret-like.ts";
import { PLACEHOLDER_MARK } from "../../model/files.ts";

// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
// Line and paragraph separators, byte-order marks, direction overrides and halves of surrogate pairs: PyYAML rejects some
// (docs/facts.md, YAML), terminals and reviewers are fooled by the others.
const UNSAFE =
  /[\u2028\u2029\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Findings on the text of every key and string value, whatever the shape of the file. */
export function textFindings(value: unknown): readonly Finding[] {
  const findings: Finding[] = [];
  visit(value, [], findings);
  return findings;
}

function visit(value: unknown, path: Path, findings: Finding[]): void {
  if (typeof value === "string") {
    findings.push(...inspect(value, path, false));
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
  const published = path.at(-1) === "installScriptSha256";
  const secret = published ? undefined : secretKind(text);
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

const NAMES: Readonly<Record<string, string>> = {
  "\n": " (a line break)",
  "\t": " (a tab)",
  "\r": " (a carriage return)",
};

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
