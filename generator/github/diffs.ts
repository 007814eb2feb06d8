// The diffs, folded, machines with the same ones together. What does not fit is cut at ends of lines, and said.
import { counted } from "../model/words.ts";
import { groupsOf } from "./groups.ts";
import { bytesOfLines, code, codeLine, fenceFor, linesWithin, prose } from "./markdown.ts";
import type { PullReport, ReportedFile, ReportedMachine } from "./report.ts";
import { someNames } from "./words.ts";

export interface Diffs {
  readonly lines: readonly string[];
  /** What is not there, as sentences; none where all of it is. */
  readonly cut: readonly string[];
}

interface Group {
  readonly names: readonly string[];
  readonly files: readonly ReportedFile[];
  /** Bytes that all of it takes. */
  readonly size: number;
}

/** Less room than this for a machine shows nothing of use. */
const LEAST_BYTES = 600;
const MOST_SENTENCES = 12;

/** In `bytes`. Small ones come whole; the room that is left goes to the large ones in equal parts. */
export function diffs({ machines }: PullReport, bytes: number): Diffs {
  const groups = groupsOf(
    machines.filter(({ files }) => files.length > 0),
    ({ files }) => JSON.stringify(files),
  ).map(groupOf);
  if (groups.length === 0) return { lines: [], cut: [] };
  const heading = ["#### What changes in their files", ""];
  const rooms = roomsFor(groups, bytes - bytesOfLines(heading));
  const blocks = groups.map((group) => blockOf(group, rooms.get(group) ?? 0));
  const lines = blocks.flatMap((block) => block.lines);
  return {
    lines: lines.length === 0 ? [] : [...heading, ...lines],
    cut: cutSentences(groups, blocks),
  };
}

function groupOf(alike: readonly [ReportedMachine, ...ReportedMachine[]]): Group {
  const names = alike.map(({ name }) => name);
  const { files } = alike[0];
  const whole = blockOf({ names, files, size: 0 }, Infinity);
  return { names, files, size: bytesOfLines(whole.lines) };
}

function roomsFor(groups: readonly Group[], bytes: number): ReadonlyMap<Group, number> {
  const rooms = new Map<Group, number>();
  let left = bytes;
  // The largest first: once the parts are too small, nothing is shown of those.
  let waiting = groups.toSorted((one, other) => one.size - other.size);
  while (waiting.length > 0) {
    const [smallest] = waiting;
    if (!smallest) break;
    const share = Math.floor(left / waiting.length);
    if (smallest.size > share && share < LEAST_BYTES) {
      waiting = waiting.slice(0, -1);
      continue;
    }
    const room = Math.min(smallest.size, share);
    rooms.set(smallest, room);
    left -= room;
    waiting = waiting.slice(1);
  }
  return rooms;
}

interface Block {
  readonly lines: readonly string[];
  /** Lines of diffs that are not in it. */
  readonly missing: number;
}

function blockOf({ names, files }: Group, bytes: number): Block {
  const all = names.length > 1 ? ", the same on each" : "";
  // Names are RFC 1123: nothing in them is HTML.
  const head = [
    `<details><summary><b>${someNames(names, 10)}</b>: ${counted(files.length, "file")}${all}</summary>`,
    "",
  ];
  const tail = ["</details>", ""];
  let left = bytes - bytesOfLines([...head, ...tail]);
  const lines: string[] = [];
  let missing = 0;
  let shown = false;
  for (const file of files) {
    const made = fileLines(file, left);
    left -= bytesOfLines(made.lines);
    missing += made.missing;
    lines.push(...made.lines);
    shown ||= made.lines.length > 0;
    // What comes later must not seem to be all.
    if (made.missing > 0 && bytes !== Infinity) left = 0;
  }
  return { lines: shown ? [...head, ...lines, ...tail] : [], missing };
}

const CHANGES = { added: "new", changed: "changed", mode: "another mode", removed: "removed" } as const;

function fileLines(file: ReportedFile, bytes: number): Block {
  const { path, change, action, armed, diff, leftOut } = file;
  const notes = [
    CHANGES[change],
    ...(action === "none" ? [] : [action]),
    ...(armed ? ["a mistake here could lock everybody out"] : []),
  ];
  const head = [`${code(path)} (${notes.join("; ")})`, ""];
  if (diff === null) {
    const lines = [...head, prose("its text cannot be shown"), ""];
    return bytesOfLines(lines) > bytes ? { lines: [], missing: 1 } : { lines, missing: 0 };
  }
  const whole = diff.map(codeLine);
  const fence = fenceFor(whole);
  const frame = [...head, `${fence}diff`, fence, ""];
  const kept = linesWithin(whole, bytes - bytesOfLines(frame));
  const missing = diff.length - kept.length + leftOut;
  if (kept.length === 0) return { lines: [], missing };
  return { lines: [...head, `${fence}diff`, ...kept, fence, ""], missing };
}

function cutSentences(groups: readonly Group[], blocks: readonly Block[]): readonly string[] {
  const cuts = groups.flatMap(({ names, files }, index) => {
    const block = blocks[index];
    return block && block.missing > 0 ? [{ names, total: linesOf(files), ...block }] : [];
  });
  const first = cuts.slice(0, MOST_SENTENCES).map(({ names, missing, total, lines }) => {
    const what =
      lines.length === 0 ? `all ${counted(total, "line")}` : `${missing} of ${counted(total, "line")}`;
    return `${someNames(names, 5)}: ${what}`;
  });
  const rest = cuts.slice(MOST_SENTENCES);
  if (rest.length === 0) return first;
  const [machines, lines] = [
    rest.reduce((sum, { names }) => sum + names.length, 0),
    rest.reduce((sum, { missing }) => sum + missing, 0),
  ];
  return [...first, `${counted(machines, "more machine")}: ${counted(lines, "line")}`];
}

function linesOf(files: readonly ReportedFile[]): number {
  return files.reduce((sum, { diff, leftOut }) => sum + (diff?.length ?? 1) + leftOut, 0);
}
