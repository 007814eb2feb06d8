// What the stand-in for GitHub remembers of one repository, and the answers' objects made from it and from GitHub's examples.
import type { StoredCommit } from "./git-format.ts";
import type { GitStore } from "./git-store.ts";
import { example } from "./openapi.ts";
import type { Settings } from "./settings.ts";

export type Json = Record<string, unknown>;

export interface Issue {
  readonly number: number;
  readonly author: string;
  title: string;
  body: string | null;
  open: boolean;
  reason: string | null;
  labels: readonly string[];
  readonly created: string;
  updated: string;
  /** A pull request is an issue too. */
  readonly pull: Pull | null;
}

export interface Pull {
  readonly branch: string;
  readonly base: string;
  readonly fork: boolean;
  /** Where its branch left the other one. */
  readonly start: string;
  head: string;
  merged: { readonly at: string; readonly commit: string; readonly commits: ReadonlySet<string> } | null;
}

export interface Comment {
  readonly id: number;
  readonly issue: number;
  readonly author: string;
  body: string;
  readonly created: string;
  updated: string;
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly environment: string;
  readonly payload: unknown;
  readonly description: string | null;
  readonly creator: string;
  readonly created: string;
  readonly statuses: Status[];
}

export interface Status {
  readonly id: number;
  readonly state: string;
  readonly description: string;
  readonly log: string;
  readonly creator: string;
  readonly created: string;
}

export interface State {
  readonly owner: string;
  readonly repo: string;
  readonly git: GitStore;
  /** By token. */
  readonly logins: Map<string, string>;
  readonly issues: Map<number, Issue>;
  readonly comments: Map<number, Comment>;
  readonly deployments: Map<number, Deployment>;
  /** What an administrator sets, and the plan pays for. */
  settings: Settings;
  /** Branches that take pull requests only. */
  readonly ruled: Set<string>;
  /** Whether GitHub signs what a job's token commits. */
  signs: boolean;
  /** A second later each time. */
  readonly now: () => string;
  readonly id: () => number;
}

function userOf(login: string): Json {
  const user = example<{ user: Json }>("issue-comment").user;
  return { ...user, login, type: login.endsWith("[bot]") ? "Bot" : "User" };
}

export function pageOf(state: State, path: string): string {
  return `https://github.test/${state.owner}/${state.repo}/${path}`;
}

export function issueJson(state: State, issue: Issue): Json {
  const { number, title, body, open, reason, labels, created, updated, pull } = issue;
  const { pull_request: _, closed_by: __, ...base } = example("issue");
  const url = pageOf(state, `${pull ? "pull" : "issues"}/${number}`);
  return {
    ...base,
    id: number,
    number,
    title,
    body,
    state: open ? "open" : "closed",
    state_reason: reason,
    html_url: url,
    user: userOf(issue.author),
    labels: labels.map((name, id) => ({
      ...(base["labels"] as readonly Json[])[0],
      id,
      name,
    })),
    created_at: created,
    updated_at: updated,
    closed_at: open ? null : updated,
    comments: [...state.comments.values()].filter((each) => each.issue === number).length,
    ...(pull && { pull_request: { url, html_url: url, diff_url: `${url}.diff`, patch_url: `${url}.patch` } }),
  };
}

export function commentJson(state: State, { id, issue, author, body, created, updated }: Comment): Json {
  return {
    ...example("issue-comment"),
    id,
    body,
    html_url: pageOf(state, `issues/${issue}#issuecomment-${id}`),
    issue_url: `https://api.github.test/repos/${state.owner}/${state.repo}/issues/${issue}`,
    user: userOf(author),
    created_at: created,
    updated_at: updated,
  };
}

export function pullJson(state: State, issue: Issue): Json {
  const [base = {}] = example<Json[]>("pull-request-simple-items");
  const { pull } = issue;
  if (!pull) throw new Error(`${issue.number} is no pull request`);
  const branch = (of: string, ref: string, sha: string) => ({
    ...(base[of] as Json),
    label: `${state.owner}:${ref}`,
    ref,
    sha,
  });
  return {
    ...base,
    id: issue.number,
    number: issue.number,
    title: issue.title,
    state: issue.open ? "open" : "closed",
    html_url: pageOf(state, `pull/${issue.number}`),
    user: userOf(issue.author),
    head: branch("head", pull.branch, pull.head),
    base: branch("base", pull.base, state.git.head(pull.base) ?? ""),
    merged_at: pull.merged?.at ?? null,
    merge_commit_sha: pull.merged?.commit ?? null,
    // GitHub's own example lacks a field of a team that its description asks for.
    requested_teams: [],
  };
}

export function deploymentJson(state: State, deployment: Deployment): Json {
  const { id, sha, ref, environment, payload, description, creator, created } = deployment;
  return {
    ...example("deployment"),
    id,
    sha,
    ref,
    environment,
    original_environment: environment,
    payload,
    description,
    creator: userOf(creator),
    created_at: created,
    updated_at: created,
    statuses_url: `https://api.github.test/repos/${state.owner}/${state.repo}/deployments/${id}/statuses`,
  };
}

export function statusJson(status: Status, environment: string): Json {
  const { id, state, description, log, creator, created } = status;
  return {
    ...example("deployment-status"),
    id,
    state,
    description,
    environment,
    log_url: log,
    target_url: log,
    creator: userOf(creator),
    created_at: created,
    updated_at: created,
  };
}

export function gitCommitJson(state: State, commit: StoredCommit, signed: boolean): Json {
  const { sha, tree, parents, author, committer, message } = commit;
  return {
    ...example("git-commit"),
    sha,
    html_url: pageOf(state, `commit/${sha}`),
    author,
    committer,
    message,
    tree: { sha: tree, url: `https://api.github.test/trees/${tree}` },
    parents: parents.map((parent) => parentJson(state, parent)),
    verification: verification(signed),
  };
}

function parentJson(state: State, sha: string): Json {
  return { sha, url: `https://api.github.test/commits/${sha}`, html_url: pageOf(state, `commit/${sha}`) };
}

function verification(signed: boolean): Json {
  return signed
    ? { verified: true, reason: "valid", signature: "a signature", payload: "a payload", verified_at: null }
    : { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null };
}

/** A commit as the lists of commits have it. */
export function commitJson(state: State, commit: StoredCommit): Json {
  const { base_commit: base } = example<{ base_commit: Json }>("commit-comparison");
  const { sha, tree, parents, author, committer, message } = commit;
  return {
    ...base,
    sha,
    html_url: pageOf(state, `commit/${sha}`),
    commit: {
      ...(base["commit"] as Json),
      author,
      committer,
      message,
      tree: { sha: tree, url: `https://api.github.test/trees/${tree}` },
    },
    parents: parents.map((parent) => parentJson(state, parent)),
  };
}
