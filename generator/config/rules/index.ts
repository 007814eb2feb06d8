// The list of rules, and how they run on a config of which some parts may have the wrong shape.
import type { Finding } from "../finding.ts";
import type { Config, NodeConfig } from "../schema.ts";
import { ACCESS_RULES } from "./access.ts";
import { ADDRESS_RULES } from "./addresses.ts";
import { K3S_RULES } from "./k3s.ts";
import { LABEL_RULES } from "./labels.ts";
import { PORT_RULES } from "./ports.ts";
import type { PlacedNode, Rule } from "./rule.ts";
import { SAMPLE_RULES } from "./sample.ts";
import { TOPOLOGY_RULES } from "./topology.ts";

const RULES: readonly Rule[] = [
  ...ADDRESS_RULES,
  ...TOPOLOGY_RULES,
  ...LABEL_RULES,
  ...ACCESS_RULES,
  ...PORT_RULES,
  ...K3S_RULES,
  ...SAMPLE_RULES,
];

/** What the schema found that makes a value unfit for the rules; findings about a string's form do not. */
const MISSHAPEN: ReadonlySet<string> = new Set(["missing-key", "wrong-type", "wrong-value", "wrong-length"]);

/** All findings of all rules that can run, given what the schema found. */
export function ruleFindings(value: unknown, shape: readonly Finding[]): readonly Finding[] {
  const misshapen = shape.filter(({ code }) => MISSHAPEN.has(code));
  const sections = new Set<string>();
  const nodeIndexes = new Set<number>();
  for (const { path, code } of misshapen) {
    const [section, index] = path;
    if (section === "nodes" && typeof index === "number") nodeIndexes.add(index);
    else if (section !== undefined) sections.add(String(section));
    else if (code !== "missing-key") return [];
  }
  const config = value as Config;
  for (const section of ["cluster", "network", "access", "k3s", "nodes"]) {
    if (!Object.hasOwn(config, section)) sections.add(section);
  }
  const nodes: readonly PlacedNode[] = sections.has("nodes")
    ? []
    : config.nodes.flatMap((node: NodeConfig, index) =>
        nodeIndexes.has(index) ? [] : [{ node, path: ["nodes", index] }],
      );
  return RULES.filter(
    (rule) =>
      !rule.needs.some((section) => sections.has(section)) && !(rule.everyNode && nodeIndexes.size > 0),
  ).flatMap((rule) => rule.run({ config, nodes }));
}
