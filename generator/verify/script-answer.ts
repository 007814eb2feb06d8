// What verify.sh says with --json, read: it repeats words of machines, so its texts are made fit for a terminal.
import { printable } from "../config/printable.ts";
import type { Check } from "./check.ts";

const RESULTS = ["pass", "fail", "skip"] as const;
const TEXTS = ["id", "expected", "seen", "cause", "next"] as const;

/** null: that is not what verify.sh says. */
export function parseScriptAnswer(text: string): readonly Check[] | null {
  const { checks } = objectOf(text);
  if (!Array.isArray(checks)) return null;
  const parsed = checks.map(checkOf);
  return parsed.every((check) => check !== null) ? parsed : null;
}

function objectOf(text: string): { readonly checks?: unknown } {
  try {
    return Object(JSON.parse(text)) as { readonly checks?: unknown };
  } catch {
    return {};
  }
}

function checkOf(value: unknown): Check | null {
  const given = Object(value) as Readonly<Record<string, unknown>>;
  const result = RESULTS.find((each) => each === given["result"]);
  if (!result || TEXTS.some((key) => typeof given[key] !== "string")) return null;
  const [id = "", expected = "", seen = "", cause = "", next = ""] = TEXTS.map((key) =>
    printable(String(given[key])),
  );
  return { id, result, expected, seen, cause, next };
}
