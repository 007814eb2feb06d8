// Asks GitHub about the repository: only reads, and no answer holds a secret's value. Each question has an answer of its own.
import type { Github } from "../../github/client.ts";
import { GithubFailure } from "../../github/failure.ts";
import { printable } from "../../config/printable.ts";
import type { Tier } from "../controls.ts";
import type {
  ActionsFacts,
  Asked,
  BranchFacts,
  EnvironmentFacts,
  ForkFacts,
  GithubAnswers,
  RepositoryFacts,
  Runner,
  TokenFacts,
} from "../github.ts";
import type { Place } from "../repository.ts";

// No interface: Octokit takes its parameters as an index signature.
type Where = { readonly owner: string; readonly repo: string };

const FORKS = "/repos/{owner}/{repo}/actions/permissions";

/** `environments`: those that the workflows name. Rejects for nothing that GitHub or the network does. */
export async function askGithub(
  github: Github,
  place: Place,
  {
    stateBranch,
    environments,
  }: { readonly stateBranch: string | null; readonly environments: readonly string[] },
): Promise<GithubAnswers> {
  const where = { owner: place.owner, repo: place.repo };
  const repository = await asked(() => repositoryFacts(github, where));
  const main = repository.ok ? repository.value.defaultBranch : "main";
  const open = repository.ok && repository.value.visibility === "public";
  const [branch, state, plan, each, secrets, actions, token, forks, runners] = await Promise.all([
    branchFacts(github, where, main),
    stateBranch === null ? null : branchFacts(github, where, stateBranch),
    repository.ok ? planOf(github, where.owner, repository.value.organisation) : null,
    Promise.all(
      environments.map(
        async (name) => [name, await asked(() => environmentFacts(github, where, name))] as const,
      ),
    ),
    asked(() => sharedSecrets(github, where)),
    asked(() => actionsFacts(github, where)),
    asked(() => tokenFacts(github, where)),
    asked(() => (open ? publicForks(github, where) : privateForks(github, where))),
    asked(() => runnersOf(github, where)),
  ]);
  return {
    place,
    repository,
    tier: plan ?? tierSeen(branch, open),
    branch,
    stateBranch: stateBranch === null || !state ? null : { name: stateBranch, facts: state },
    environments: new Map(each),
    secrets,
    actions,
    token,
    forks,
    runners,
  };
}

/** Only what GitHub or the network did becomes an answer; a mistake of ours is thrown on. */
async function asked<Value>(ask: () => Promise<Value>): Promise<Asked<Value>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    if (!(error instanceof GithubFailure)) throw error;
    const { status, said } = error;
    const words = printable(said.split("\n", 1)[0] ?? "").slice(0, 200);
    // GitHub's words for a feature that is not part of the plan: "Upgrade to GitHub Pro or make this repository public ..."
    if (status === 403 && /\bupgrade\b/i.test(said)) return { ok: false, why: "plan", said: words };
    if (status === 404) return { ok: false, why: "absent", said: words };
    if (status === 401 || status === 403) return { ok: false, why: "denied", said: words };
    return { ok: false, why: "silent", said: words };
  }
}

async function repositoryFacts({ rest }: Github, where: Where): Promise<RepositoryFacts> {
  const { data } = await rest.repos.get(where);
  const { visibility } = data;
  return {
    visibility: visibility === "internal" ? "internal" : data.private ? "private" : "public",
    defaultBranch: data.default_branch,
    organisation: data.owner.type === "Organization",
  };
}

async function branchFacts(github: Github, where: Where, branch: string): Promise<BranchFacts> {
  const { rest, paginate } = github;
  const [rules, protection] = await Promise.all([
    asked(async () => {
      const all = await paginate(rest.repos.getBranchRules, { ...where, branch, per_page: 100 });
      return all.map(({ type }) => String(type));
    }),
    asked(() => protectionOf(github, where, branch)),
  ]);
  return { rules, protection };
}

/** In the words of rules, which are the newer kind of the same. */
async function protectionOf({ rest }: Github, where: Where, branch: string): Promise<readonly string[]> {
  const { data } = await rest.repos.getBranchProtection({ ...where, branch });
  const asks: Readonly<Record<string, boolean>> = {
    pull_request: data.required_pull_request_reviews !== undefined,
    required_status_checks: data.required_status_checks !== undefined,
    restrictions: data.restrictions !== undefined,
    lock_branch: data.lock_branch?.enabled === true,
    non_fast_forward: data.allow_force_pushes?.enabled !== true,
    deletion: data.allow_deletions?.enabled !== true,
  };
  return Object.keys(asks).filter((rule) => asks[rule]);
}

/** The owner's plan, which GitHub tells to few tokens; null: not to this one. */
async function planOf({ rest }: Github, owner: string, organisation: boolean): Promise<Tier> {
  const answer = await asked(async () => {
    if (organisation) return (await rest.orgs.get({ org: owner })).data.plan?.name ?? null;
    const { data } = await rest.users.getAuthenticated();
    return data.login.toLowerCase() === owner.toLowerCase() ? (data.plan?.name ?? null) : null;
  });
  return answer.ok ? answer.value : null;
}

/** What the branch rules of a private repository give away about the plan. */
function tierSeen({ rules }: BranchFacts, open: boolean): Tier {
  if (open) return null;
  if (rules.ok) return "paid";
  return rules.why === "plan" ? "free" : null;
}

async function environmentFacts(github: Github, where: Where, name: string): Promise<EnvironmentFacts> {
  const { rest, paginate } = github;
  const of = { ...where, environment_name: name };
  const { data } = await rest.repos.getEnvironment(of);
  const policy = data.deployment_branch_policy;
  const named = async () => {
    const all = await paginate(rest.repos.listDeploymentBranchPolicies, { ...of, per_page: 100 });
    // A tag of the branch's name is another place.
    return all.map((each) => `${each.type === "tag" ? "tag " : ""}${printable(each.name ?? "")}`);
  };
  return {
    branches: !policy ? "any" : policy.protected_branches ? "protected" : await named(),
    reviewers: (data.protection_rules ?? []).some(({ type }) => type === "required_reviewers"),
    secrets: await asked(async () => {
      const all = await paginate(rest.actions.listEnvironmentSecrets, { ...of, per_page: 100 });
      return all.map((secret) => secret.name);
    }),
  };
}

/** The organisation's are of no importance where the repository's own have all names. */
async function sharedSecrets({ rest, paginate }: Github, where: Where): Promise<readonly string[]> {
  const page = { ...where, per_page: 100 };
  const own = await paginate(rest.actions.listRepoSecrets, page);
  const shared = await asked(() => paginate(rest.actions.listRepoOrganizationSecrets, page));
  return [...own, ...(shared.ok ? shared.value : [])].map(({ name }) => name);
}

async function actionsFacts({ rest }: Github, where: Where): Promise<ActionsFacts> {
  const { data } = await rest.actions.getGithubActionsPermissionsRepository(where);
  const allowed = data.allowed_actions ?? "all";
  const selected =
    allowed === "selected" ? (await rest.actions.getAllowedActionsRepository(where)).data : null;
  return {
    enabled: data.enabled,
    allowed,
    pinned: data.sha_pinning_required === true,
    selected: selected && {
      githubOwned: selected.github_owned_allowed === true,
      verified: selected.verified_allowed === true,
      patterns: selected.patterns_allowed ?? [],
    },
  };
}

async function tokenFacts({ rest }: Github, where: Where): Promise<TokenFacts> {
  const { data } = await rest.actions.getGithubActionsDefaultWorkflowPermissionsRepository(where);
  return {
    writes: data.default_workflow_permissions === "write",
    approves: data.can_approve_pull_request_reviews,
  };
}

/** These two are in GitHub's description, and not among Octokit's methods yet. */
async function publicForks({ request }: Github, where: Where): Promise<ForkFacts> {
  const { data } = await request(`GET ${FORKS}/fork-pr-contributor-approval`, where);
  return { of: "public", approval: data.approval_policy };
}

async function privateForks({ request }: Github, where: Where): Promise<ForkFacts> {
  const { data } = await request(`GET ${FORKS}/fork-pr-workflows-private-repos`, where);
  return {
    of: "private",
    runs: data.run_workflows_from_fork_pull_requests,
    writes: data.send_write_tokens_to_workflows,
    secrets: data.send_secrets_and_variables,
    approval: data.require_approval_for_fork_pr_workflows,
  };
}

async function runnersOf({ rest, paginate }: Github, where: Where): Promise<readonly Runner[]> {
  const all = await paginate(rest.actions.listSelfHostedRunnersForRepo, { ...where, per_page: 100 });
  return all.map(({ name, labels, status }) => ({
    name: printable(name),
    labels: labels.map((label) => label.name),
    online: status === "online",
  }));
}
