// From the record and what every machine told to what has drifted, machine by machine.
import type { Cluster, Role } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import type { RecordedFiles } from "../plan/recorded.ts";
import type { Difference } from "./difference.ts";
import { ownDifferences } from "./own.ts";
import type { Asked } from "./seen.ts";
import { together } from "./together.ts";

export interface MachineDrift {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** unknown: it could not be asked, and that is not "as recorded". new: the config has it, and nothing was applied to it. */
  readonly state: "as recorded" | "drifted" | "unknown" | "new";
  /** What tells it apart from the others, for people; empty where nothing does. */
  readonly remark: string;
  /** Why it could not be asked, and what to do. */
  readonly problem: { readonly message: string; readonly next: string } | null;
  /** Of an unknown one, what the others tell of it. */
  readonly differences: readonly Difference[];
}

export interface Drift {
  readonly cluster: string;
  /** In the order of the config; then what is recorded only. */
  readonly machines: readonly MachineDrift[];
  /** About no machine that is known. */
  readonly differences: readonly Difference[];
  readonly notes: readonly string[];
}

export interface DriftSources {
  readonly record: ClusterRecord;
  readonly config: Cluster;
  /** By name; a recorded machine that is not in it was not asked. */
  readonly asked: ReadonlyMap<string, Asked>;
  /** By name, what git still has. */
  readonly files: ReadonlyMap<string, RecordedFiles>;
  readonly notes: readonly string[];
}

const NOT_ASKED = {
  seen: null,
  problem: { message: "it was not asked", next: "npx quorate drift" },
} as const;

/** The whole of it. */
export function makeDrift({ record, config, asked, files, notes }: DriftSources): Drift {
  const seen = new Map(
    [...asked].flatMap(([name, answer]) => (answer.seen ? [[name, answer.seen] as const] : [])),
  );
  const shared = together(record, config, seen);
  const configured = new Map(config.nodes.map((node) => [node.name, node]));
  const names = new Set([...configured.keys(), ...[...record.machines.keys()].toSorted()]);
  const machines = [...names].flatMap((name): readonly MachineDrift[] => {
    const recorded = record.machines.get(name);
    const node = configured.get(name);
    if (!recorded) {
      const fresh = { remark: "", problem: null, differences: [], state: "new" } as const;
      return node ? [{ name, role: node.role, address: node.address, ...fresh }] : [];
    }
    const { role, address } = recorded;
    const answer = asked.get(name) ?? NOT_ASKED;
    const differences = [
      ...(answer.seen
        ? ownDifferences(name, recorded, answer.seen, files.get(name), node !== undefined)
        : []),
      ...(shared.machines.get(name) ?? []),
    ];
    const state = answer.problem ? "unknown" : differences.length > 0 ? "drifted" : "as recorded";
    const remark = remarkOf(address, node?.address);
    return [{ name, role, address, state, remark, problem: answer.problem, differences }];
  });
  return {
    cluster: record.cluster.name,
    machines,
    differences: shared.cluster,
    notes: [...notes, ...failures(record), ...applies(seen)],
  };
}

function remarkOf(recorded: string, configured: string | undefined): string {
  if (configured === undefined) return "not in the config any more";
  return configured === recorded ? "" : `in the config at ${configured}, which was not applied yet`;
}

function failures({ machines }: ClusterRecord): readonly string[] {
  return [...machines].flatMap(([name, { result }]) =>
    result === "failed"
      ? [`the last apply to ${name} failed, as the record says: npx quorate apply tries again`]
      : [],
  );
}

function applies(seen: ReadonlyMap<string, { readonly apply: string | null }>): readonly string[] {
  return [...seen].flatMap(([name, { apply }]) =>
    apply === null
      ? []
      : [
          `an apply works on ${name} now (${apply}), and may be what was seen there: ask again when it has ended`,
        ],
  );
}
