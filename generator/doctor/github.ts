// What GitHub answers about the repository, as doctor reads it.
import type { Tier, Visibility } from "./controls.ts";
import type { Unasked } from "./computer.ts";
import type { Place } from "./repository.ts";
import type { Workflow } from "./workflow.ts";

/** An answer, or why there is none. */
export type Asked<Value> = { readonly ok: true; readonly value: Value } | Unanswered;

export interface Unanswered {
  readonly ok: false;
  /** absent: GitHub says 404. plan: the feature is not part of the plan. denied: the token may not ask. silent: no answer. */
  readonly why: "absent" | "plan" | "denied" | "silent";
  /** GitHub's own words. */
  readonly said: string;
}

export interface GithubAnswers {
  readonly place: Place;
  readonly repository: Asked<RepositoryFacts>;
  readonly tier: Tier;
  /** Of the default branch. */
  readonly branch: BranchFacts;
  /** Of `state.branch`; null: the config names none. */
  readonly stateBranch: { readonly name: string; readonly facts: BranchFacts } | null;
  /** By name: those that the workflows name. */
  readonly environments: ReadonlyMap<string, Asked<EnvironmentFacts>>;
  /** Names of the repository's own secrets, and of those that its organisation shares with it. */
  readonly secrets: Asked<readonly string[]>;
  readonly actions: Asked<ActionsFacts>;
  readonly token: Asked<TokenFacts>;
  readonly forks: Asked<ForkFacts>;
  readonly runners: Asked<readonly Runner[]>;
}

export interface RepositoryFacts {
  readonly visibility: Visibility;
  readonly defaultBranch: string;
  readonly organisation: boolean;
}

export interface BranchFacts {
  /** Types of the rules of all rulesets that apply to it. */
  readonly rules: Asked<readonly string[]>;
  /** What branch protection, the older kind, asks for, in the words of rules; absent: it has none. */
  readonly protection: Asked<readonly string[]>;
}

export interface EnvironmentFacts {
  /** any: also the branch of a pull request. protected: those with branch protection, or any where no branch has it. */
  readonly branches: "any" | "protected" | readonly string[];
  readonly reviewers: boolean;
  readonly secrets: Asked<readonly string[]>;
}

export interface ActionsFacts {
  readonly enabled: boolean;
  readonly allowed: "all" | "local_only" | "selected";
  /** Actions have to be named by their commit. */
  readonly pinned: boolean;
  /** Where `allowed` is selected. */
  readonly selected: {
    readonly githubOwned: boolean;
    readonly verified: boolean;
    readonly patterns: readonly string[];
  } | null;
}

export interface TokenFacts {
  /** A workflow that asks for nothing may write. */
  readonly writes: boolean;
  readonly approves: boolean;
}

export type ForkFacts =
  /** For whose pull requests from forks somebody has to let workflows run, in the API's words. */
  | { readonly of: "public"; readonly approval: string }
  | {
      readonly of: "private";
      readonly runs: boolean;
      readonly writes: boolean;
      readonly secrets: boolean;
      readonly approval: boolean;
    };

export interface Runner {
  readonly name: string;
  readonly labels: readonly string[];
  readonly online: boolean;
}

/** What the lines about GitHub are made of. */
export interface GithubGiven {
  /** Unasked: there is no token, no repository on GitHub, or nobody wants the network. */
  readonly github: GithubAnswers | Unasked;
  readonly workflows: readonly Workflow[];
  /** Whether the hook of the runner on this computer does its work; null: nobody looked. */
  readonly hook: boolean | null;
}

/** Ids of the lines that are there also where nobody could ask. */
export const GITHUB_IDS = [
  "visibility",
  "plan",
  "branch-rules",
  "state-branch",
  "environments",
  "secrets",
  "actions-policy",
  "default-permissions",
  "fork-approval",
  "runners",
] as const;
