// `kubectl cordon`, `uncordon` and `drain` (kubernetes/kubectl:pkg/cmd/drain/drain.go). There are no pods here, so a drain
// evicts none: what --ignore-daemonsets, --force and the others would allow is never asked for.
import { reason } from "../log.ts";
import type { Node } from "../objects.ts";
import { type Call, Refusal } from "./connection.ts";

/** Writes as it goes. Throws before the first change where one of the nodes is not there. */
export async function cordon(
  call: Call,
  verb: "cordon" | "uncordon" | "drain",
  given: readonly string[],
): Promise<void> {
  if (given.length === 0) {
    throw new Error(`error: USAGE: ${verb} NODE [flags]\nSee 'kubectl ${verb} -h' for help and examples`);
  }
  const nodes: Node[] = [];
  for (const name of given)
    nodes.push(JSON.parse(await call(`/api/v1/nodes/${name.replace(/^(no|nodes?)\//, "")}`)));

  const unschedulable = verb !== "uncordon";
  const how = unschedulable ? "cordon" : "uncordon";
  for (const { metadata, spec } of nodes) {
    const { name } = metadata;
    if (Boolean(spec.unschedulable) === unschedulable) {
      process.stdout.write(`node/${name} already ${how}ed\n`);
      continue;
    }
    try {
      const patch = { spec: { unschedulable: unschedulable || null } };
      await call(`/api/v1/nodes/${name}`, "PATCH", patch);
      process.stdout.write(`node/${name} ${how}ed\n`);
    } catch (error) {
      // Said and no more: the exit code is 0 all the same, and a drain goes on.
      const why = error instanceof Refusal ? error.said : reason(error);
      process.stderr.write(`error: unable to ${how} node "${name}": ${why}\n`);
    }
  }
  if (verb !== "drain") return;
  for (const { metadata } of nodes) process.stdout.write(`node/${metadata.name} drained\n`);
}
