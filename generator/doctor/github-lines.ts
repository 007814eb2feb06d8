// The lines about the repository on GitHub: from what its API answers to what that means and what to do.
import { listed } from "../model/words.ts";
import { few } from "./computer.ts";
import { type Control, isOffered } from "./controls.ts";
import { environmentLines, environmentStates } from "./environment-lines.ts";
import {
  type BranchFacts,
  GITHUB_IDS,
  type GithubAnswers,
  type GithubGiven,
  type RepositoryFacts,
} from "./github.ts";
import { type Line, lineOf } from "./line.ts";
import { HOOK_NEXT, HOOK_ONLY, notAnswered, silence } from "./unanswered.ts";
import type { Workflow } from "./workflow.ts";

const GROUP = "GitHub";

/**
 * Rules that a commit made by a workflow's own token cannot pass: that token cannot be on a ruleset's list of those who may
 * (docs/facts.md, GitHub). A commit made through the API is signed by GitHub, so required_signatures is none of them.
 */
const BLOCKING = [
  "pull_request",
  "required_status_checks",
  "update",
  "merge_queue",
  "required_deployments",
  "workflows",
  "code_scanning",
  "lock_branch",
  "restrictions",
];
const GUARDING = ["non_fast_forward", "deletion"];

/** In the order in which they are printed. */
export function githubLines({ github, workflows }: GithubGiven): readonly Line[] {
  if ("why" in github) return GITHUB_IDS.map((id) => lineOf(GROUP, id, "").unknown(github.why, github.next));
  const { repository } = github;
  if (!repository.ok) {
    const { owner, repo } = github.place;
    const next = `see that ${owner}/${repo} is the right repository, and that the token may read it`;
    const why =
      repository.why === "silent" ? silence(repository) : `GitHub shows no ${owner}/${repo} to this token`;
    return GITHUB_IDS.map((id) => lineOf(GROUP, id, "").unknown(why, next));
  }
  const facts = repository.value;
  return [
    visibilityLine(github, facts, workflows),
    planLine(github, facts),
    branchLine(github, facts),
    stateLine(github, facts),
    ...environmentLines(github, facts, workflows),
    actionsLine(github, workflows),
    tokenLine(github),
    forksLine(github),
    ...runnerLines(github, facts, workflows),
  ];
}

/** What is enforced, control by control; none where nobody could ask. */
export function controlsOf({ github, workflows, hook }: GithubGiven): readonly Control[] {
  if ("why" in github || !github.repository.ok) return [];
  const { visibility } = github.repository.value;
  const guards = guardsOf(github.branch);
  const states = environmentStates(github, workflows);
  const is = (set: boolean | null): Control["state"] =>
    set === null ? "unknown" : set ? "enforced" : "not set";
  const state = (name: Control["name"], set: boolean | null): Control => {
    const offered = isOffered(name, visibility, github.tier);
    return { name, state: offered === false ? "not available on this plan" : is(set) };
  };
  return [
    state("branch rules", guards === null ? null : GUARDING.every((rule) => guards.includes(rule))),
    state("environment branches", states.branches),
    state("environment secrets", states.secrets),
    state("required reviewers", states.reviewers),
    // Their part of the API is newer than the description that requests are checked against.
    state("execution policies", null),
    state("runner hook", hook),
  ];
}

function visibilityLine(
  { runners }: GithubAnswers,
  { visibility }: RepositoryFacts,
  workflows: readonly Workflow[],
): Line {
  const line = lineOf(
    GROUP,
    "visibility",
    "a private repository: a runner in the LAN never serves a public one",
  );
  if (visibility === "private") return line.ok("private");
  if (visibility === "internal")
    return line.warn(
      "internal: everybody in the enterprise can read it, and so ask for the runner",
      "make it private",
    );
  const local = workflows.some(({ jobs }) => jobs.some(({ labels }) => labels.length > 0));
  const registered = runners.ok && runners.value.length > 0;
  if (!local && !registered)
    return line.warn("public, without a runner of its own", "make it private before a runner is registered");
  return line.fail(
    `public, and ${registered ? "a runner is registered" : "its workflows ask for a runner in the LAN"}: refused`,
    "make it private: anybody may fork a public repository, rewrite the workflow in a pull request and run programs in your LAN",
  );
}

function planLine({ tier }: GithubAnswers, { visibility }: RepositoryFacts): Line {
  const line = lineOf(GROUP, "plan", "a plan with branch rules and environments");
  if (visibility === "public") return line.ok("public repositories have every control on every plan");
  if (visibility === "internal") return line.ok("Enterprise");
  if (tier === null)
    return line.unknown("GitHub does not tell it to this token", "Settings, Billing of the owner shows it");
  if (tier !== "free") return line.ok(tier === "paid" ? "not the free one" : tier);
  return line.warn(
    "free: a private repository has neither branch rules nor environments there; the runner hook is the only guard",
    `${HOOK_NEXT}; or Pro or Team, and the same question again`,
  );
}

/** The types of all rules on it, of both kinds; null: nobody knows. */
function guardsOf({ rules, protection }: BranchFacts): readonly string[] | null {
  if (!rules.ok && !protection.ok && protection.why !== "absent") return null;
  return [...new Set([...(rules.ok ? rules.value : []), ...(protection.ok ? protection.value : [])])];
}

function branchLine({ branch, tier }: GithubAnswers, { defaultBranch, visibility }: RepositoryFacts): Line {
  const line = lineOf(GROUP, "branch-rules", `${defaultBranch} can neither be deleted nor rewritten`);
  const guards = guardsOf(branch);
  if (isOffered("branch rules", visibility, tier) === false) return line.warn(HOOK_ONLY, HOOK_NEXT);
  if (guards === null) return notAnswered(line, branch.rules, "Metadata");
  const lacking = GUARDING.filter((rule) => !guards.includes(rule));
  if (lacking.length === 0) return line.ok(`enforced: ${listed(guards)}`);
  return line.warn(
    `not set: ${listed(lacking.map((rule) => (rule === "deletion" ? "no deletion" : "no force push")))}`,
    `Settings, Rules, Rulesets, New branch ruleset: active, for ${defaultBranch}, Restrict deletions and Block force pushes`,
  );
}

function stateLine(
  { branch, stateBranch, tier }: GithubAnswers,
  { defaultBranch, visibility }: RepositoryFacts,
): Line {
  const line = lineOf(GROUP, "state-branch", "a branch that apply.yml may commit out/ and the record to");
  if (isOffered("branch rules", visibility, tier) === false)
    return line.ok(
      stateBranch ? `state.branch ${stateBranch.name}` : `${defaultBranch}: no rule can stop it`,
    );
  const target = stateBranch ?? { name: defaultBranch, facts: branch };
  const guards = guardsOf(target.facts);
  if (guards === null) return notAnswered(line, target.facts.rules, "Metadata");
  const blocking = guards.filter((rule) => BLOCKING.includes(rule));
  if (blocking.length === 0)
    return line.ok(
      stateBranch ? `state.branch ${stateBranch.name} is open to it` : `${defaultBranch} is open to it`,
    );
  const seen = `the rules of ${target.name} keep the workflow's own token out: ${listed(blocking)}`;
  return stateBranch
    ? line.fail(
        seen,
        `take ${target.name} out of that ruleset; keep Block force pushes and Restrict deletions for it`,
      )
    : line.fail(
        seen,
        'write "state": { "branch": "state" } into the config, and leave the rules as they are',
      );
}

function actionsLine({ actions }: GithubAnswers, workflows: readonly Workflow[]): Line {
  const line = lineOf(
    GROUP,
    "actions-policy",
    "Actions enabled, for the actions that the workflows use, each by its commit",
  );
  const settings = "Settings, Actions, General";
  if (!actions.ok) return notAnswered(line, actions, "Administration");
  const { enabled, allowed, pinned, selected } = actions.value;
  if (!enabled) return line.fail("Actions are switched off here", `${settings}: allow actions`);
  const used = [...new Set(workflows.flatMap(({ uses }) => uses))];
  const refused = used.filter((each) => !isAllowed(each, allowed, selected));
  if (refused.length > 0)
    return line.fail(
      `not allowed: ${few(refused)}`,
      `${settings}: allow ${few(refused.map((each) => `${each.split("@")[0]}@*`))}`,
    );
  if (!pinned)
    return line.warn(
      "an action may be named by a tag, which can be moved",
      `${settings}: Require actions to be pinned to a full-length commit SHA`,
    );
  return line.ok(`enforced: by commit only, ${allowed === "all" ? "any action" : "selected ones"}`);
}

type Selected = NonNullable<Extract<GithubAnswers["actions"], { ok: true }>["value"]["selected"]>;

function isAllowed(
  use: string,
  allowed: "all" | "local_only" | "selected",
  selected: Selected | null,
): boolean {
  if (allowed === "all") return true;
  if (allowed === "local_only" || !selected) return false;
  if (selected.githubOwned && /^(actions|github)\//.test(use)) return true;
  // Who is verified only GitHub's marketplace knows.
  if (selected.verified) return true;
  return selected.patterns.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join(".*")}$`, "i").test(use);
  });
}

function tokenLine({ token }: GithubAnswers): Line {
  const line = lineOf(GROUP, "default-permissions", "a workflow that asks for nothing may only read");
  const next =
    "Settings, Actions, General, Workflow permissions: Read repository contents, without approving pull requests";
  if (!token.ok) return notAnswered(line, token, "Administration");
  const { writes, approves } = token.value;
  if (writes) return line.fail("it may write everywhere", next);
  return approves
    ? line.warn("it only reads, but may approve pull requests", next)
    : line.ok("enforced: it only reads");
}

function forksLine({ forks }: GithubAnswers): Line {
  const line = lineOf(GROUP, "fork-approval", "workflows of a fork's pull request do not run by themselves");
  const settings = "Settings, Actions, General, Fork pull request workflows";
  if (!forks.ok)
    return forks.why === "absent"
      ? line.ok("nobody can fork it")
      : notAnswered(line, forks, "Administration");
  if (forks.value.of === "public") {
    const { approval } = forks.value;
    return approval === "all_external_contributors"
      ? line.ok("enforced: somebody lets each of them run")
      : line.warn(
          `only ${approval.replaceAll("_", " ")} have to be let in`,
          `${settings}: Require approval for all external contributors`,
        );
  }
  const { runs, writes, secrets, approval } = forks.value;
  if (!runs) return line.ok("enforced: they never run");
  if (writes || secrets)
    return line.fail(
      `they run with ${listed([...(writes ? ["a token that writes"] : []), ...(secrets ? ["the secrets"] : [])])}`,
      `${settings}: send neither write tokens nor secrets`,
    );
  return approval
    ? line.ok("enforced: somebody lets each of them run")
    : line.warn("they run by themselves", `${settings}: Require approval`);
}

function runnerLines(
  { runners }: GithubAnswers,
  { organisation }: RepositoryFacts,
  workflows: readonly Workflow[],
): readonly Line[] {
  const wanted = new Map(
    workflows.flatMap(({ jobs }) =>
      jobs.flatMap(({ labels }) => (labels.length > 0 ? [[labels.join(", "), labels] as const] : [])),
    ),
  );
  const line = lineOf(GROUP, "runners", "a runner in the LAN with the labels of the workflows, online");
  if (!runners.ok) return [notAnswered(line, runners, "Administration")];
  if (wanted.size === 0) return [line.ok("no workflow asks for one")];
  return [...wanted].map(([names, labels]) => {
    const able = runners.value.filter((runner) =>
      labels.every((label) => runner.labels.some((own) => own.toLowerCase() === label.toLowerCase())),
    );
    const online = able.filter((runner) => runner.online).map(({ name }) => name);
    if (online.length > 0) return line.ok(`${listed(online)} (${names})`);
    if (able.length > 0)
      return line.warn(
        `offline: ${listed(able.map(({ name }) => name))}; jobs wait for it, and fail after 24 hours`,
        "switch that machine on, and start its service there: sudo ./svc.sh start",
      );
    const next = `Settings, Actions, Runners, New self-hosted runner, with the labels ${names}; before it starts: ${HOOK_NEXT}`;
    return organisation
      ? line.unknown(
          `none of this repository's own has the labels ${names}; one of the organisation is not listed here`,
          next,
        )
      : line.fail(`none has the labels ${names}`, next);
  });
}
