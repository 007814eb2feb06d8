// What GitHub shows under Deployments: for each machine an environment of its own, with what an apply did there.
import type { Github } from "./client.ts";
import type { Repository, Run } from "./context.ts";
import { makeOnce } from "./once.ts";

export type DeploymentState = "queued" | "in_progress" | "success" | "failure" | "error" | "inactive";

export interface Deployment {
  readonly repo: Repository;
  /** The commit that is applied. */
  readonly sha: string;
  readonly run: Run;
  /** The machine's name; its environment is `node/NAME`. */
  readonly machine: string;
  readonly state: DeploymentState;
  /** One line for people; cut to what GitHub takes. */
  readonly description: string;
}

/** https://docs.github.com/rest/deployments/statuses#create-a-deployment-status: description, at most 140 characters. */
const LONGEST = 140;

/**
 * Says it: the deployment of this machine, commit and run is made once, and found again by a re-run; a state that it has already is
 * not said again. Rejects with a GithubFailure.
 */
export async function setDeployment(github: Github, wanted: Deployment): Promise<{ readonly id: number }> {
  const { repo, sha, run, machine, state } = wanted;
  const environment = `node/${machine}`;
  const payload = { quorate: 1, run: run.id };
  const { thing: id } = await makeOnce(
    github,
    async () => {
      const { data } = await github.rest.repos.listDeployments({ ...repo, sha, environment, per_page: 100 });
      return data.find((each) => isOfRun(each.payload, run.id))?.id ?? null;
    },
    async () => {
      const { data } = await github.rest.repos.createDeployment({
        ...repo,
        ref: sha,
        environment,
        payload,
        description: `run ${run.id}`,
        // GitHub would merge the default branch into the commit by itself.
        auto_merge: false,
        // GitHub would wait for every check of the commit, this run's own among them.
        required_contexts: [],
        transient_environment: false,
        production_environment: true,
      });
      // 202 with a message alone is the answer of a merge, which was not asked for.
      if ("id" in data) return data.id;
      throw new Error(`GitHub made no deployment: ${data.message ?? ""}`);
    },
  );
  const description = cut(wanted.description);
  const said = async () => {
    const { data } = await github.rest.repos.listDeploymentStatuses({
      ...repo,
      deployment_id: id,
      per_page: 1,
    });
    // The newest comes first.
    const [newest] = data;
    return newest?.state === state && newest.description === description && newest.log_url === run.url
      ? newest.id
      : null;
  };
  await makeOnce(github, said, async () => {
    const { data } = await github.rest.repos.createDeploymentStatus({
      ...repo,
      deployment_id: id,
      state,
      description,
      environment,
      log_url: run.url,
    });
    return data.id;
  });
  return { id };
}

/** A payload comes back as it was sent, or as its JSON text. */
function isOfRun(payload: unknown, run: number): boolean {
  let value = payload;
  try {
    if (typeof payload === "string") value = JSON.parse(payload);
  } catch {
    return false;
  }
  return typeof value === "object" && value !== null && "run" in value && value.run === run;
}

function cut(text: string): string {
  const letters = Array.from(text);
  return letters.length <= LONGEST ? text : `${letters.slice(0, LONGEST - 1).join("")}…`;
}
