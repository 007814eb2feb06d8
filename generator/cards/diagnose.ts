// What a card tells about the machine that booted from it, or why it tells nothing.
import { asArgument } from "../config/printable.ts";
import type { BootPartition } from "./boot-partition.ts";
import { cardImage } from "./card-image.ts";
import { earlierSeed } from "./earlier.ts";
import { parseStatusFile, type StatusFile } from "./status-file.ts";

export interface Diagnosis {
  readonly status: StatusFile | null;
  readonly text: string;
}

/** From quorate-status.txt on the boot partition; without it, from what else is there. */
export function diagnose({ target, files }: BootPartition): Diagnosis {
  const text = files.texts.get("quorate-status.txt");
  const status = text === undefined ? null : parseStatusFile(text);
  if (status) return { status, text: statusText(target, status) };
  const earlier = earlierSeed(files);
  if (text !== undefined)
    return said(
      `${target}: quorate-status.txt is there and not whole`,
      "switch the machine on once more, for some minutes",
    );
  if (earlier.by === "quorate") {
    return said(
      `${target} is the card of ${earlier.node}, and no machine has come as far as Quorate's program with it`,
      "switch it on with this card for some minutes. If it stays so: look at its screen; a machine that does not boot at all has another fault (power, image, boot order)",
    );
  }
  return cardImage(files).kind === "seed"
    ? said(
        `${target} has an image, and no card was written on it`,
        `npx quorate card NAME ${asArgument(target)}`,
      )
    : said(`${target} holds nothing of Quorate`, "npx quorate card --list shows the cards in this computer");
}

function said(message: string, next: string): Diagnosis {
  return { status: null, text: `${message}\n  next: ${next}\n` };
}

function statusText(target: string, { name, state, step, waiting, error, next, events }: StatusFile): string {
  const rows = [
    ["step", step],
    ["waits for", waiting],
    ["error", error],
    ["next", next],
  ].filter(([, text]) => text !== "");
  return [
    `${name}, as it was when it last wrote on ${target}: ${state}`,
    ...rows.map(([key = "", text]) => `  ${key.padEnd(11)}${text}`),
    ...(events.length === 0 ? [] : ["", "its last steps:", ...events.map((line) => `  ${line}`)]),
    "",
  ].join("\n");
}
