// What `new` says at its end: the machines, what they survive, what to know about them, and the next step.
import { formatJson } from "../config/report.ts";
import { asArgument } from "../config/printable.ts";
import { counted } from "../model/words.ts";
import { ofRole } from "../model/cluster.ts";
import { findingLines } from "../config/finding-lines.ts";
import type { Outcome } from "./interview.ts";
import type { LookedAt } from "./looked-at.ts";

export interface Written {
  /** The path, as the person gave it. */
  readonly config: string;
  /** Where the old file is kept, if one was there that is not the sample. */
  readonly kept: string | undefined;
  readonly outcome: Outcome;
  readonly addresses: LookedAt;
  /** The fault tolerance. */
  readonly sentence: string;
}

export interface Summary {
  /** For people. */
  readonly text: string;
  /** For --json. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Machines named one by one. */
const LISTED = 20;

export function summaryOf({ config, kept, outcome, addresses, sentence }: Written): Summary {
  const { cluster, text, findings, spanOf } = outcome;
  const rows = rowsOf(outcome);
  const taken = addresses.taken(rows.map(({ address }) => address));
  // The sample's addresses may be right here: they have just been looked at.
  const said = findings.filter(({ code }) => code !== "sample-addresses");
  const next = nextStep(config);
  const width = Math.max(...rows.map(({ name }) => name.length));
  const roles = [
    counted(ofRole(cluster, "server").length, "server"),
    counted(ofRole(cluster, "agent").length, "agent"),
    counted(ofRole(cluster, "loadbalancer").length, "load balancer"),
  ].filter((words) => !words.startsWith("0 "));
  const lines = [
    `${config} is written: cluster ${cluster.name}, ${roles.join(", ")}, K3s ${cluster.k3s.version}`,
    ...(kept === undefined ? [] : [`the old one is kept: ${kept}`]),
    "",
    ...rows.slice(0, LISTED).map(({ name, address }) => `  ${name.padEnd(width)}  ${address}`),
    ...(rows.length > LISTED ? [`  … and ${rows.length - LISTED} more`] : []),
    "",
    aboutAddresses(outcome, addresses, taken),
    "",
    `fault tolerance: ${sentence}`,
    "",
    ...findingLines(said),
    ...(said.length > 0 ? [""] : []),
    `next: ${next}`,
    "",
  ];
  const document = {
    file: config,
    kept: kept ?? null,
    config: JSON.parse(text) as unknown,
    taken,
    verdict: sentence,
    findings: formatJson(said, { file: config, text, spanOf }),
    next,
  };
  return { text: lines.join("\n"), document };
}

function rowsOf({
  cluster,
  answers,
}: Outcome): readonly { readonly name: string; readonly address: string }[] {
  const { vip } = answers.layout;
  return [
    ...(vip === undefined ? [] : [{ name: "vip", address: vip }]),
    ...cluster.nodes.map(({ name, address }) => ({ name, address })),
  ];
}

/** Honest about what a question over the network can tell. */
function aboutAddresses({ answers }: Outcome, addresses: LookedAt, taken: readonly string[]): string {
  const { servers, loadBalancers, agents, vip } = answers.layout;
  const all = [...servers, ...loadBalancers, ...agents, ...(vip === undefined ? [] : [vip])];
  const keep = "keep them out of the router's DHCP range";
  if (taken.length > 0) {
    const who = taken.length === 1 ? "somebody has it" : "somebody has them";
    return `${taken.join(", ")} answered: ${who}, unless that is the machine you mean; ${keep}`;
  }
  if (addresses.knows(all)) {
    return `nobody answered at these addresses, but a machine that is off answers nobody: ${keep}`;
  }
  return `nobody could be asked whether these addresses are free: this computer is not in ${answers.subnet}; ${keep}`;
}

function nextStep(config: string): string {
  if (config === "cluster.config.json") {
    return "npm run render; then npx quorate card --list, and npx quorate card NAME TARGET for each machine";
  }
  const file = `--config ${asArgument(config)}`;
  return `npx quorate render ${file}; then npx quorate card --list ${file}, and npx quorate card NAME TARGET ${file} for each machine`;
}
