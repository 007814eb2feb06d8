// docs/actions.md: what an edit of each field brings to the machines, from the table that a test holds against the plan.
import type { ActionClass } from "../model/action.ts";
import type { Role } from "../model/cluster.ts";
import { FIELD_ACTIONS, type FieldAction } from "../plan/field-actions.ts";

const CLASSES: Readonly<Record<ActionClass, string>> = {
  none: "new files, put in force beside what runs; nothing ends",
  reload: "the program reads its new file and goes on; its sockets and open streams stay",
  restart: "K3s or another program ends and starts",
  upgrade: "another K3s is installed, and it restarts",
  reboot: "the machine restarts",
  reflash: "only a new card brings it: `npx quorate card NAME`",
  add: "a machine that nothing was applied to yet: `npx quorate card NAME`",
  remove:
    "a machine that is recorded and not in the config any more is taken out of the cluster, and what is on it removed",
  refused: "no apply brings it to a running cluster; the plan says what to put back",
};

/** The page as Markdown. */
export function actionsPage(): string {
  return [
    "# What an edit of the config does",
    "",
    "<!-- Made from generator/plan/field-actions.ts by `npm run generate`. Edit that, not this. -->",
    "",
    "Every field of `cluster.config.json`, and what changing it brings to the machines of a running, recorded cluster.",
    "A test edits each field and holds the plan against this table. What it means for *your* machines, and how each",
    "step is felt, says `npx quorate plan`; without network and secret, against the record, `npx quorate plan --offline`.",
    "",
    "| action | what happens |",
    "|---|---|",
    ...Object.entries(CLASSES).map(([name, text]) => `| **${name}** | ${text} |`),
    "",
    "A dash: nothing changes on machines of that role. Of `nodes[]` the first word is for the machine itself, *others* for",
    "the rest of that role. The machine's own list of its files, `/etc/quorate/files`, follows every change of one.",
    "",
    "| field | what changes | servers | agents | load balancers | how it gets there |",
    "|---|---|---|---|---|---|",
    ...FIELD_ACTIONS.map(row),
    "",
  ].join("\n");
}

function row(action: FieldAction): string {
  const { field, files, how } = action;
  const changes = files === "all" ? "every file" : files.map((path) => `\`${path}\``).join("<br>");
  const cells = [
    `\`${field}\``,
    changes === "" ? "no file" : changes,
    ...(["server", "agent", "loadbalancer"] as const).map((role) => cell(action, role)),
    how,
  ];
  return `| ${cells.join(" | ")} |`;
}

function cell({ actions, others }: FieldAction, role: Role): string {
  const own = actions[role];
  const other = others?.[role];
  const words = [...(own ? [own] : []), ...(other ? [`*others* ${other}`] : [])];
  return words.length === 0 ? "–" : words.join(", ");
}
