// generator/doctor/shipped.json: what this Quorate's workflow files are, so that doctor notices one that was changed.
import { readdirSync, readFileSync } from "node:fs";
import { workflowSum } from "../doctor/ask/repository.ts";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);

/** JSON: SHA-256 by file name. */
export function shippedWorkflows(): string {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yml"))
    .toSorted();
  const sums = names.map((name) => [name, workflowSum(readFileSync(new URL(name, FOLDER), "utf8"))] as const);
  return `${JSON.stringify(Object.fromEntries(sums), null, 2)}\n`;
}
