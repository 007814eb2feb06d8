// What `kubectl get` prints: JSON, names, or the table.
import type { Node } from "../objects.ts";

/** `text`: the API's answer, one object or a list. Throws for any other form. */
export function print(text: string, output: string, plural: string): string {
  const value = JSON.parse(text);
  if (output === "json") return `${JSON.stringify(value, null, 4)}\n`;
  const items: readonly Node[] = value.items ?? [value];
  const single = plural.slice(0, -1);
  if (output === "name") return items.map(({ metadata }) => `${single}/${metadata.name}\n`).join("");
  if (output !== "" && output !== "wide") throw new Error(`error: the stand-in does not print "${output}"`);
  if (items.length === 0) return "No resources found\n";
  const rows = items.map((item) =>
    plural === "nodes" ? nodeRow(item) : [item.metadata.name, "Active", age(item)],
  );
  const head = plural === "nodes" ? ["NAME", "STATUS", "ROLES", "AGE", "VERSION"] : ["NAME", "STATUS", "AGE"];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

function nodeRow(node: Node): readonly string[] {
  const ready = node.status.conditions.find(({ type }) => type === "Ready")?.status === "True";
  const roles = Object.keys(node.metadata.labels).flatMap(
    (key) => /^node-role\.kubernetes\.io\/(.+)$/.exec(key)?.[1] ?? [],
  );
  const status = `${ready ? "Ready" : "NotReady"}${node.spec.unschedulable ? ",SchedulingDisabled" : ""}`;
  return [
    node.metadata.name,
    status,
    roles.sort().join(",") || "<none>",
    age(node),
    node.status.nodeInfo["kubeletVersion"] ?? "",
  ];
}

function age({ metadata }: Node): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(metadata.creationTimestamp)) / 1000));
  return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`;
}
