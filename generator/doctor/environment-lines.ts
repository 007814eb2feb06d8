// The lines about the environments that the workflows name: which branches get their secrets, and whether these are there.
import { listed } from "../model/words.ts";
import { isOffered } from "./controls.ts";
import type { EnvironmentFacts, GithubAnswers, RepositoryFacts } from "./github.ts";
import { type Line, lineOf } from "./line.ts";
import { HOOK_NEXT, HOOK_ONLY, NOT_ASKED, notAnswered } from "./unanswered.ts";
import type { Workflow } from "./workflow.ts";

const GROUP = "GitHub";
const OURS = /^QUORATE_/;
const ON_RUNNER =
  "on the runner: QUORATE_CLUSTER_SECRET_FILE=FILE in its .env, that FILE and an SSH key for its user alone";

/** Two lines for each environment, or one where the workflows name none. */
export function environmentLines(
  github: GithubAnswers,
  facts: RepositoryFacts,
  workflows: readonly Workflow[],
): readonly Line[] {
  const wanted = wantedSecrets(workflows);
  if (wanted.size === 0) return [lineOf(GROUP, "environments", "").ok("no workflow names one")];
  return [...wanted].flatMap(([name, secrets]) => [
    branchesLine(name, github, facts),
    ...(secrets.length === 0 ? [] : [secretsLine(name, secrets, github, facts)]),
  ]);
}

/** Whether every environment is given to the default branch only, holds its secrets itself, asks a reviewer; null: unknown. */
export function environmentStates(
  { environments, repository }: GithubAnswers,
  workflows: readonly Workflow[],
): Readonly<Record<"branches" | "secrets" | "reviewers", boolean | null>> {
  const wanted = wantedSecrets(workflows);
  const branch = repository.ok ? repository.value.defaultBranch : "";
  const every = (judge: (facts: EnvironmentFacts, secrets: readonly string[]) => boolean | null) => {
    const each = [...wanted].map(([name, secrets]) => {
      const answer = environments.get(name);
      if (answer?.ok) return judge(answer.value, secrets);
      return answer?.why === "absent" ? false : null;
    });
    return each.length === 0 || each.includes(false) ? false : each.includes(null) ? null : true;
  };
  return {
    branches: every(({ branches }) => isOnly(branches, branch)),
    secrets: every(({ secrets }, names) =>
      secrets.ok ? names.every((name) => secrets.value.includes(name)) : null,
    ),
    reviewers: every(({ reviewers }) => reviewers),
  };
}

/** Names of secrets by environment: of all jobs that name it. */
function wantedSecrets(workflows: readonly Workflow[]): ReadonlyMap<string, readonly string[]> {
  const wanted = new Map<string, readonly string[]>();
  for (const { environment, secrets } of workflows.flatMap(({ jobs }) => jobs)) {
    if (environment === null) continue;
    wanted.set(environment, [...new Set([...(wanted.get(environment) ?? []), ...secrets])]);
  }
  return wanted;
}

function isOnly(branches: EnvironmentFacts["branches"], branch: string): boolean {
  return Array.isArray(branches) && branches.length === 1 && branches[0] === branch;
}

function branchesLine(
  name: string,
  { environments, tier }: GithubAnswers,
  { defaultBranch, visibility }: RepositoryFacts,
): Line {
  const line = lineOf(
    GROUP,
    `environment/${name}`,
    `environment ${name} is given to ${defaultBranch} and to no other branch`,
  );
  const settings = `Settings, Environments, ${name}, Deployment branches and tags: Selected branches and tags`;
  if (isOffered("environment branches", visibility, tier) === false) return line.warn(HOOK_ONLY, HOOK_NEXT);
  const answer = environments.get(name) ?? NOT_ASKED;
  if (!answer.ok) {
    // GitHub makes one by itself, without any rule, when a job first names it.
    if (answer.why === "absent")
      return line.fail("it is not there", `${settings}, with the one name ${defaultBranch}`);
    return notAnswered(line, answer, "Actions");
  }
  const { branches } = answer.value;
  if (isOnly(branches, defaultBranch)) return line.ok(`enforced: ${defaultBranch} only`);
  if (branches === "any")
    return line.fail(
      "any branch gets its secrets, a pull request's too",
      `${settings}, with the one name ${defaultBranch}`,
    );
  if (branches === "protected")
    return line.fail(
      "every branch with branch protection gets its secrets, and where none has it, every branch",
      `${settings}, with the one name ${defaultBranch}`,
    );
  const others = branches.filter((each) => each !== defaultBranch);
  return others.length === 0
    ? line.fail(
        `${defaultBranch} is not among its branches, so no job can run there`,
        `${settings}, add ${defaultBranch}`,
      )
    : line.fail(`also given to ${listed(others)}`, `${settings}, take out ${listed(others)}`);
}

function secretsLine(
  name: string,
  wanted: readonly string[],
  { environments, secrets: shared, tier }: GithubAnswers,
  { visibility }: RepositoryFacts,
): Line {
  const line = lineOf(GROUP, `secrets/${name}`, `the secrets of environment ${name}: ${listed(wanted)}`);
  const environment = environments.get(name);
  const own = environment?.ok ? environment.value.secrets : environment;
  if (own && !own.ok && own.why !== "absent") return notAnswered(line, own, "Environments");
  if (!shared.ok) return notAnswered(line, shared, "Secrets");
  const inside = new Set(own?.ok ? own.value : []);
  const outside = wanted.filter((secret) => !inside.has(secret) && shared.value.includes(secret));
  const missing = wanted.filter((secret) => !inside.has(secret) && !shared.value.includes(secret));
  const spare = [...inside].filter((secret) => OURS.test(secret) && !wanted.includes(secret));
  const offered = isOffered("environment secrets", visibility, tier) !== false;
  const set = (secret: string) => `gh secret set ${secret} --env ${name}`;
  if (spare.length > 0)
    return line.fail(
      `it also holds ${listed(spare)}, which no job there needs`,
      spare.map((secret) => `gh secret delete ${secret} --env ${name}`).join("; "),
    );
  if (missing.length > 0) {
    const seen = `not on GitHub: ${listed(missing)}; so the runner has to have them itself`;
    return offered
      ? line.warn(seen, `${missing.map(set).join("; ")}; or ${ON_RUNNER}`)
      : line.unknown(seen, ON_RUNNER);
  }
  if (outside.length === 0) return line.ok(`enforced: ${listed(wanted)}, in the environment`);
  const seen = `${listed(outside)} of the repository: a workflow on any branch can read it`;
  const remove = outside.map((secret) => `gh secret delete ${secret}`).join("; ");
  if (!offered) return line.warn(seen, `${remove}; ${ON_RUNNER}`);
  return line.warn(seen, `${outside.map(set).join("; ")}; ${remove}`);
}
