// Two texts as a unified diff, a line each, as a person reads it.
import { structuredPatch } from "diff";

const CONTEXT = 3;

/** Lines that begin with `-`, `+`, a blank or `@@`. Null stands for a file that is not there. Empty where both are equal. */
export function unifiedDiff(before: string | null, after: string | null): readonly string[] {
  const { hunks } = structuredPatch("", "", before ?? "", after ?? "", "", "", { context: CONTEXT });
  return hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    // A side without lines is named by the line before it (POSIX diff -u).
    `@@ -${oldLines === 0 ? oldStart - 1 : oldStart},${oldLines} +${newLines === 0 ? newStart - 1 : newStart},${newLines} @@`,
    ...lines,
  ]);
}
