// Which files of a boot partition get which text, in the order in which they are put there.
import type { Node } from "../model/cluster.ts";
import type { BootFiles, Change } from "./boot-files.ts";
import { type Patched, patchCmdline } from "./cmdline.ts";
import type { Seed } from "./seed.ts";

export interface Contents {
  /** Only what differs from what is there. */
  readonly changes: readonly Change[];
  /** What became of the kernel's parameters, by file. */
  readonly cmdlines: readonly { readonly path: string; readonly patched: Patched }[];
}

const CMDLINES = ["cmdline.txt", "current/cmdline.txt"] as const;

/**
 * The order is a safety: user-data comes when everything that it counts on is there, and meta-data last. cloud-init takes a
 * card anew where the id in meta-data changes, so a card that was cut off half-way is the old one or the whole new one to a
 * machine that had booted from it. Null: cmdline.txt holds nothing, and no machine boots from such a card.
 */
export function cardContents(files: BootFiles, node: Node, seed: Seed): Contents | null {
  const memory = node.role !== "loadbalancer";
  const cmdlines = CMDLINES.flatMap((path) => {
    const text = files.texts.get(path);
    return text === undefined ? [] : [{ path, patched: patchCmdline(text, memory) }];
  });
  if (cmdlines.some(({ patched }) => patched === null)) return null;
  const patches = cmdlines.flatMap(({ path, patched }) => (patched ? [{ path, patched }] : []));
  const wanted: readonly Change[] = [
    { path: "network-config", text: seed.networkConfig },
    ...patches.map(({ path, patched }) => ({ path, text: patched.text })),
    ...(enablesSsh(files, node) ? [{ path: "ssh", text: "" }] : []),
    { path: "user-data", text: seed.userData },
    { path: "meta-data", text: seed.metaData },
  ];
  const changes = wanted.filter(({ path, text }) =>
    path === "ssh" ? !files.names.includes(path) : files.texts.get(path) !== text,
  );
  return { changes, cmdlines: patches };
}

/** An empty file of that name switches sshd on, at the next boot of Raspberry Pi OS (raspberrypi-sys-mods, sshswitch.service). */
function enablesSsh(files: BootFiles, { os }: Node): boolean {
  return os === "raspberry-pi-os" && files.kind !== "folder";
}
