// cmdline.txt: the kernel's parameters, one line that is the image's own. Patched, never made.

export interface Patched {
  readonly text: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What else is wrong with it, for people. */
  readonly notes: readonly string[];
}

/** The firmware of a Pi switches the memory control group off; K3s does not start without it (docs/facts.md). */
const MEMORY = ["cgroup_enable=memory", "cgroup_memory=1"];

/**
 * What an Imager leaves: `ds=nocloud;i=...` wins over meta-data, so cloud-init would never see that the card is new; the
 * others run firstrun.sh instead of a normal first boot.
 */
const LEFT_BEHIND = [
  /^ds=nocloud/,
  /^systemd\.run=/,
  /^systemd\.run_success_action=/,
  /^systemd\.unit=kernel-command-line\.target$/,
];

/**
 * The text with the memory control group on (`memory`) and without what an Imager leaves. Firmware and kernel read the first
 * line: further ones are kept. Null where there is no line at all: such a card boots nothing.
 */
export function patchCmdline(text: string, memory: boolean): Patched | null {
  const notes: string[] = [];
  if (/\r/.test(text)) notes.push("it had the line ends of Windows");
  const lines = text
    .replace(/^\uFEFF/, "")
    .replaceAll("\r", "")
    .split("\n");
  const at = lines.findIndex((line) => line.trim() !== "");
  if (at < 0) return null;
  if (at > 0) notes.push("its first line was empty");
  const words = (lines[at] ?? "").trim().split(/\s+/);
  const removed = words.filter((word) => LEFT_BEHIND.some((pattern) => pattern.test(word)));
  // The last one counts: a word that switches it off again would undo ours.
  const off: readonly string[] = memory ? words.filter((word) => word === "cgroup_disable=memory") : [];
  const kept = words.filter((word) => !removed.includes(word) && !off.includes(word));
  const added = memory ? MEMORY.filter((word) => !kept.includes(word)) : [];
  const rest = lines
    .slice(at + 1)
    .join("\n")
    .trimEnd();
  if (rest !== "") notes.push("it has more than one line, and only the first one counts");
  const line = [...kept, ...added].join(" ");
  const patched = `${line}\n${rest === "" ? "" : `${rest}\n`}`;
  const same = added.length === 0 && kept.length === words.length && at === 0 && !/[\r\uFEFF]/.test(text);
  return { text: same ? text : patched, added, removed: [...removed, ...off], notes };
}
