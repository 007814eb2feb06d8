// The honest sentence: what the cluster survives, and what it does not.
import type { Role } from "../model/cluster.ts";
import { listed } from "../model/words.ts";
import { noun } from "./label.ts";
import { allHold, ASPECTS, standing } from "./standing.ts";
import type { Row, Tolerance } from "./tolerance.ts";

const MACHINES: readonly Role[] = ["server", "loadbalancer", "agent"];

/** For the terminal: starts in lower case, ends without a full stop. It speaks of machines; the table has the pods too. */
export function verdict(tolerance: Tolerance): string {
  const machines = tolerance.singles.filter(({ kinds: [kind] }) => MACHINES.some((role) => role === kind));
  const weak = machines.filter(({ aspects }) => !allHold(aspects));
  const survived = weak.length === 0 ? survivedBeyondOne(tolerance, machines) : survivedOnes(machines);
  return [survived, ...weak.map(weakPoint)].join("; ");
}

/** All single machines are survived: then pairs are worth a word. */
function survivedBeyondOne({ survivedPairs }: Tolerance, machines: readonly Row[]): string {
  const roles = MACHINES.filter((role) => machines.some(({ kinds }) => kinds.includes(role)));
  const isSurvived = (left: Role, right: Role) =>
    survivedPairs.some(([a, b]) => (a === left && b === right) || (a === right && b === left));
  const several = roles.filter((role) => countOf(machines, role) > 1);
  const alike = several.filter((role) => isSurvived(role, role));
  const mixed = roles.flatMap((left, index) => roles.slice(index + 1).map((right) => [left, right] as const));
  const survivedMixed = mixed.filter(([left, right]) => isSurvived(left, right));
  if (alike.length === several.length && survivedMixed.length === mixed.length) {
    return "survives any two machines";
  }
  const differing =
    mixed.length > 1 && survivedMixed.length === mixed.length
      ? ["any two machines of different roles"]
      : survivedMixed.map(([left, right]) => `any ${noun(left)} together with any ${noun(right)}`);
  const further = [...alike.map((role) => `any two ${noun(role)}s`), ...differing];
  const words = further.map((part, index) => `, ${index === further.length - 1 ? "and " : ""}${part}`);
  return `survives any one machine${words.join("")}`;
}

function survivedOnes(machines: readonly Row[]): string {
  const parts = MACHINES.flatMap((role) => {
    const rows = machines.filter(({ kinds }) => kinds.includes(role));
    const weak = rows.filter(({ aspects }) => !allHold(aspects));
    if (weak.length === rows.length) return [];
    return [{ text: noun(role), except: listed(weak.map(({ label }) => label)) }];
  });
  if (parts.length === 0) return "survives the loss of no machine";
  // The exception last: in front of an "or" it would seem to belong to both.
  const inOrder = parts.toSorted((left, right) => Number(left.except !== "") - Number(right.except !== ""));
  const words = inOrder.map(({ text, except }) => (except === "" ? text : `${text} other than ${except}`));
  return `survives any one ${listed(words, "or")}`;
}

function weakPoint({ label, count, aspects, note }: Row): string {
  const named = {
    api: standing(aspects.scheduling) === "lost" ? "the API" : "the API address",
    scheduling: "scheduling",
    workloads: "the running workloads",
    ingress: "the ingress",
  };
  const present = ASPECTS.filter((name) => standing(aspects[name]) !== "none");
  const lost = present.filter((name) => standing(aspects[name]) === "lost");
  const partly = present.filter((name) => standing(aspects[name]) === "partly");
  const words = [...lost.map((name) => named[name]), ...partly.map((name) => `a part of ${named[name]}`)];
  const what = lost.length === present.length ? "everything" : listed(words);
  const who = count > 1 ? label.replace(/^any one /, "each ") : label;
  return `${who} is a single point of failure for ${what}${note === null ? "" : `: ${note}`}`;
}

function countOf(machines: readonly Row[], role: Role): number {
  return machines.filter(({ kinds }) => kinds.includes(role)).reduce((sum, { count }) => sum + count, 0);
}
