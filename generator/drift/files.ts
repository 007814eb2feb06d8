// The files of a machine that are not as they were put there, and the live copies that are not as their staged files.
import { unifiedDiff } from "../plan/diff.ts";
import type { RecordedFiles } from "../plan/recorded.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { type Difference, difference, onMachine } from "./difference.ts";
import type { SeenCopy, SeenFile, SeenMachine } from "./seen.ts";

/** `putBack`: what brings the files of this machine back, in words. */
export function fileDifferences(
  name: string,
  seen: Pick<SeenMachine, "files" | "copies">,
  recorded: RecordedFiles | undefined,
  putBack: string,
): readonly Difference[] {
  const known = seen.files.filter(({ is }) => is !== "unknown");
  const unknown = seen.files.filter(({ is }) => is === "unknown");
  const changed = new Set(known.map(({ path }) => path));
  return [
    ...known.map((file) => ofFile(file, recorded, putBack)),
    ...(unknown.length > 0 ? [forgotten(name, unknown)] : []),
    ...seen.copies.flatMap((copy) =>
      copy.is === "unstaged" && changed.has(copy.staged)
        ? []
        : ofCopy(name, copy, recorded, changed, putBack),
    ),
  ];
}

function ofFile(file: SeenFile, recorded: RecordedFiles | undefined, putBack: string): Difference {
  const { path, is, mode, given, text } = file;
  const otherMode = mode !== null && given !== null && mode !== given ? ` and mode ${mode}` : "";
  switch (is) {
    case "missing":
      return difference(path, "a file, as it was put there", "nothing", putBack);
    case "linked":
      return difference(path, "a file, as it was put there", "a link to something else", putBack);
    case "mode":
      return difference(path, `mode ${given}`, `mode ${mode}`, putBack);
    default:
      return {
        ...difference(
          path,
          `the content that was put there${otherMode && ` and mode ${given}`}`,
          `another content${otherMode}, changed by hand`,
          putBack,
        ),
        diff: diffOf(recorded, path, text),
      };
  }
}

function diffOf(
  recorded: RecordedFiles | undefined,
  path: string,
  text: string | null,
): readonly string[] | null {
  const before = recorded?.get(path)?.text;
  return before === undefined || text === null ? null : unifiedDiff(before, text);
}

function forgotten(name: string, files: readonly SeenFile[]): Difference {
  const paths = files.map(({ path }) => path).join(", ");
  return difference(
    NODE_PATHS.given,
    "how each file was put there",
    `nothing about ${paths}`,
    `npx quorate plan compares the files with the config; where they are right: ${onMachine(name, `sh -c 'rm -f ${NODE_PATHS.given} && quorate-node converge'`)}`,
  );
}

/** A staged file that is wrong itself is put right first: its copy follows. */
function ofCopy(
  name: string,
  { staged, live, is, text }: SeenCopy,
  recorded: RecordedFiles | undefined,
  changed: ReadonlySet<string>,
  putBack: string,
): readonly Difference[] {
  const next = changed.has(staged) ? putBack : onMachine(name, "quorate-node converge");
  switch (is) {
    // Of the live copies only a manifest is told of that has no staged file; keepalived may have none.
    case "unstaged":
      return live.endsWith(".yaml") ? [difference(live, "no such manifest", "one of our names", next)] : [];
    case "missing":
      return [difference(live, `a copy of ${staged}`, "nothing", next)];
    case "different":
      return [
        {
          ...difference(live, `the same as ${staged}`, "another content, changed by hand", next),
          diff: diffOf(recorded, staged, text),
        },
      ];
  }
}
