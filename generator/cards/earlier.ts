// Who has written the seed that is on a card, and whether a machine has booted from it.
import type { BootFiles } from "./boot-files.ts";
import { parseStatusFile } from "./status-file.ts";

export type Earlier =
  /** There is none, or the one that every copy of the image has. */
  | { readonly by: "image" }
  /** Raspberry Pi Imager, on a person's settings. */
  | { readonly by: "imager" }
  | {
      readonly by: "quorate";
      readonly node: string;
      /** The cluster's name; null where the machine has overwritten its card's secrets, and that with them. */
      readonly cluster: string | null;
      /** What the machine last said of itself; null where it never did. */
      readonly state: string | null;
      /** The machine was ready once: it has overwritten the card's secrets. */
      readonly scrubbed: boolean;
    };

const IMAGER_SCRIPT = "firstrun.sh";
const OWN_ID = /^["']?instance-id["']?: ["']?quorate-([a-z0-9-]+)-[0-9a-f]{12}["']?\s*$/m;

/**
 * Imager 2 appends `ds=nocloud;i=rpi-imager-<ms>` to cmdline.txt and writes that id into meta-data; Imager 1, which takes
 * every image for an older one, writes firstrun.sh (raspberrypi/rpi-imager:src/downloadthread.cpp, doc/os_customisation_formats.md).
 */
export function earlierSeed({ names, texts }: BootFiles): Earlier {
  const meta = texts.get("meta-data") ?? "";
  const user = texts.get("user-data") ?? "";
  const [, node] = OWN_ID.exec(meta) ?? [];
  if (node !== undefined) {
    const status = texts.get("quorate-status.txt");
    const stated = status === undefined ? null : parseStatusFile(status);
    return {
      by: "quorate",
      node: stated?.name ?? node,
      cluster: /^\s+CLUSTER='?([a-z0-9-]+)'?\s*$/m.exec(user)?.[1] ?? null,
      state: stated?.state ?? null,
      scrubbed: /^#cloud-config\n\{\}\n\n*$/.test(user),
    };
  }
  const cmdlines = `${texts.get("cmdline.txt") ?? ""} ${texts.get("current/cmdline.txt") ?? ""}`;
  const imager = /rpi-imager-/.test(`${meta} ${cmdlines}`) || names.includes(IMAGER_SCRIPT);
  return { by: imager ? "imager" : "image" };
}
