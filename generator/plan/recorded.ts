// What the record's git tree says of one machine: the files that it was given, and as what it stands in an offline plan.
import type { ActionClass } from "../model/action.ts";
import { type NodeFile, publicText } from "../model/files.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import { textSum } from "./cause.ts";
import { actionOfWord } from "./desired.ts";
import type { ObservedFile } from "./observed.ts";

export interface RecordedFile {
  readonly mode: string;
  readonly action: ActionClass;
  /** In its public form. */
  readonly text: string;
}

/** By their paths on the machine. */
export type RecordedFiles = ReadonlyMap<string, RecordedFile>;

/** From texts by path on the machine, as out/nodes/NAME/files holds them; null where their list is not among them, or names one that is not. */
export function recordedFiles(texts: ReadonlyMap<string, string>): RecordedFiles | null {
  const list = texts.get(NODE_PATHS.fileList);
  if (list === undefined) return null;
  const files = new Map<string, RecordedFile>();
  for (const line of list.split("\n")) {
    const [, mode = "", action = "", path = ""] = /^(0\d{3}) (\S+) (\/.*)$/.exec(line) ?? [];
    if (path === "") continue;
    const text = texts.get(path);
    if (text === undefined) return null;
    files.set(path, { mode, action: actionOfWord(action), text });
  }
  return files.set(NODE_PATHS.fileList, { mode: "0644", action: "none", text: list });
}

/** What a machine with those files would answer. `shown` makes a text fit for people; it is told the text that should be there. */
export function asObserved(
  desired: readonly NodeFile[],
  recorded: RecordedFiles,
  shown: (text: string, wanted: string) => string,
): readonly ObservedFile[] {
  const wanted = new Set(desired.map(({ path }) => path as string));
  return [
    ...desired.flatMap((file) => compared(file, recorded.get(file.path), shown)),
    ...[...recorded].flatMap(([path, { action, text }]) =>
      wanted.has(path)
        ? []
        : [{ path, is: "stale", action, text: shown(text, ""), sum: textSum(text) } as const],
    ),
  ];
}

function compared(
  { path, mode, content }: NodeFile,
  recorded: RecordedFile | undefined,
  shown: (text: string, wanted: string) => string,
): readonly ObservedFile[] {
  if (!recorded) return [{ path, is: "missing" }];
  const wanted = publicText(content);
  if (recorded.text !== wanted) {
    const { text } = recorded;
    return [{ path, is: "different", mode: recorded.mode, text: shown(text, wanted), sum: textSum(text) }];
  }
  return recorded.mode === mode ? [] : [{ path, is: "mode", mode: recorded.mode }];
}
