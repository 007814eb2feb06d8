// Whether a pull request that touches out/ has put there what render makes of its config.
import type { Difference } from "../output.ts";

/** The record: only an apply writes it. */
const RECORD = "applied.json";

/**
 * Paths in out/ that are not as they should be, sorted. `touched`: what the pull request changes there; nothing touched is
 * never stale: out/ then is as the last apply left it, and the next one renders it. Null: the folder cannot be compared.
 */
export function staleOutput(
  touched: readonly string[],
  difference: Omit<Difference, "unchanged"> | null,
): readonly string[] {
  const record = touched.filter((path) => path === RECORD);
  const rendered = touched.filter((path) => path !== RECORD);
  if (rendered.length === 0) return record;
  const { added, changed, stale, foreign } = difference ?? {
    added: [],
    changed: rendered,
    stale: [],
    foreign: [],
  };
  return [...new Set([...record, ...added, ...changed, ...stale, ...foreign])].toSorted();
}
