// What a person reads after cards were written: each card, then what holds for all of them.
import { asArgument } from "../config/printable.ts";
import type { WrittenCard } from "./write-card.ts";

/** One card, as lines of two columns. */
export function cardText(card: WrittenCard): string {
  const { node, partition, kind, image, changed, backup, earlier } = card;
  const what = [partition.title, ...(image === "" ? [] : [image])].join(", ");
  const written =
    changed.length === 0
      ? "nothing: all of it was there already"
      : `${changed.join(", ")}; read back and compared`;
  const rows: readonly (readonly [string, string])[] = [
    ["card", `${kind.kind}: ${kind.why}`],
    ["written", written],
    ...cmdlineRows(card),
    ...(earlier.by === "imager" ? [["imager", IMAGER] as const] : []),
    ...(backup === null ? [] : [["backup", `what was there is in ${backup}`] as const]),
    ...(kind.next === null ? [] : [["to do", kind.next] as const]),
    ["then", afterwards(card)],
  ];
  return `${node.name} on ${partition.target} (${what})\n${rows.map(([name, text]) => `  ${name.padEnd(8)}${text}\n`).join("")}`;
}

const IMAGER =
  "Raspberry Pi Imager's own settings (user, password, Wi-Fi) were on this card. They are replaced; nothing to do. Next time answer No when Imager asks about customisation";

function cmdlineRows({ cmdlines }: WrittenCard): readonly (readonly [string, string])[] {
  return cmdlines.flatMap(({ path, patched: { added, removed, notes } }) => {
    const parts = [
      ...(added.length > 0 ? [`added ${added.join(" ")} (no reboot for it on first boot)`] : []),
      ...(removed.length > 0 ? [`removed ${removed.join(" ")}`] : []),
      ...notes,
    ];
    return parts.length === 0 ? [] : [["kernel", `${path}: ${parts.join("; ")}`] as const];
  });
}

function afterwards({ node, partition, isSeedDisk }: WrittenCard): string {
  const { target, eject } = partition;
  const { kind } = partition.files;
  if (kind === "image")
    return `flash ${target} on the card of ${node.name}, without any customisation; it holds secrets now, and only you may read it`;
  if (kind === "folder")
    return `copy user-data, meta-data and network-config to the top of ${node.name}'s boot partition, or make a seed disk with the label CIDATA of them`;
  const taken = eject === "" ? "it is safe to take out" : `${eject}, then it is safe to take out`;
  return isSeedDisk
    ? `${taken}; once ${node.name} is ready, take this disk away and erase it: the machine does not overwrite its secrets`
    : taken;
}

/** What holds for every card. `newSecret`: where a secret was made, else null. `config`: as the person named it. */
export function closingText(config: string, newSecret: string | null): string {
  const flag = config === "cluster.config.json" ? "" : ` --config ${asArgument(config)}`;
  const lines = [
    "secrets     whoever holds a card can read its keys and tokens, and so can every user of the machine: FAT knows no owners. When the machine is ready it overwrites them on its card; flash memory may keep old blocks",
    "first boot  plug in, switch on, wait: nobody logs in. The lab's cluster is ready a minute after power-on; a Raspberry Pi is slower and downloads K3s, and was not timed",
    `watch it    npx quorate status --watch${flag}`,
    "            a machine that stays silent: put its card into this computer, npx quorate card --diagnose TARGET",
    ...(newSecret === null
      ? []
      : [
          "",
          `a new cluster secret was made: ${newSecret}. Without it nobody can write another card, log in or restore a snapshot`,
          `back this up now: npx quorate secret export FILE${flag}, and keep FILE outside of git and of this computer`,
        ]),
  ];
  return `${lines.join("\n")}\n`;
}
