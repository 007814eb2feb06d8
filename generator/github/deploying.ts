// Tells GitHub of each machine as it is worked on, beside the work: no outage of GitHub holds a machine up.
import type { MachineResult, Watcher } from "../apply/rollout.ts";
import type { Github } from "./client.ts";
import type { Context } from "./context.ts";
import { type DeploymentState, setDeployment } from "./deployments.ts";

export interface Deploying {
  readonly watcher: Watcher;
  /** Whether the work on any machine has begun. */
  readonly begun: () => boolean;
  /** Waits until all is told. Returns what could not be, as sentences. */
  readonly told: () => Promise<readonly string[]>;
}

const STATES: Readonly<Record<MachineResult["outcome"], DeploymentState | null>> = {
  applied: "success",
  joined: "success",
  removed: "success",
  failed: "failure",
  "rolled back": "failure",
  interrupted: "error",
  "not reached": "error",
  // Nothing was begun there.
  unchanged: null,
  "not begun": null,
  "left alone": null,
};

/** Deployments of a commit. `hidden` takes the secrets out of what machines have said. */
export function deploying(
  github: Github,
  { repository: repo, sha, run }: Pick<Context, "repository" | "sha" | "run">,
  hidden: (text: string) => string,
): Deploying {
  const queues = new Map<string, Promise<void>>();
  const untold = new Map<string, string>();
  // What is told of one machine keeps its order.
  const tell = (machine: string, state: DeploymentState, description: string) => {
    const before = queues.get(machine) ?? Promise.resolve();
    queues.set(
      machine,
      before.then(async () => {
        try {
          await setDeployment(github, { repo, sha, run, machine, state, description });
          untold.delete(machine);
        } catch (error) {
          // Whatever it is: thrown here it would end the program, in the midst of the work on the machines.
          untold.set(machine, (error as Error).message);
        }
      }),
    );
  };
  const begun = new Set<string>();
  return {
    watcher: {
      begin: (machine) => {
        if (begun.has(machine)) return;
        begun.add(machine);
        tell(machine, "in_progress", "is worked on");
      },
      end: () => {},
      result: ({ name, outcome, action, message }) => {
        const state = STATES[outcome];
        if (state !== null) tell(name, state, message === "" ? `${action}: ${outcome}` : hidden(message));
      },
    },
    begun: () => begun.size > 0,
    told: async () => {
      await Promise.all(queues.values());
      return [...untold].map(
        ([machine, why]) =>
          `what became of ${machine} is not under Deployments (${why}); it is in the record`,
      );
    },
  };
}
