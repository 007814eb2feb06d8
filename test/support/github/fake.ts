// A stand-in for GitHub's API with one repository: it remembers, it refuses what GitHub refuses, and on demand it fails as GitHub and
// networks do. Every request and every answer is held against GitHub's own description.
import { type Answer, type Handlers, Refused } from "./call.ts";
import { GIT, personOf } from "./git-routes.ts";
import { GitRefusal } from "./git-format.ts";
import { GitStore } from "./git-store.ts";
import { ISSUES, newComment, newIssue, paged } from "./issue-routes.ts";
import { answerFaults, findOperation, type Operation, requestFaults } from "./openapi.ts";
import { type MergeMethod, mergePull } from "./pulls.ts";
import { freshSettings } from "./settings.ts";
import { SETTINGS } from "./settings-routes.ts";
import type { Issue, State } from "./state.ts";

export const BOT = "github-actions[bot]";
/** A token in the form of a job's own. */
export const BOT_TOKEN = `ghs_${"t0kenOfAJob".repeat(3)}xyz`;

export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What was asked for is done all the same. */
  readonly done?: boolean;
}

/**
 * What goes wrong with a request: another answer · the connection ends before anything was done, or when all was done · no answer ever ·
 * half of an answer · another writer is quicker.
 */
export type Fault = Refusal | "lost-before" | "lost-after" | "silent" | "torn" | (() => void);

export interface FaultOptions {
  /** So many requests of it go well before; 0. */
  readonly skip?: number;
  /** So many have the fault; 1. */
  readonly times?: number;
}

export interface Logged {
  readonly operation: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: no answer arrived. */
  readonly status: number | null;
}

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Got =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }
  | "lost"
  | "silent";

export interface FakeGithub {
  readonly state: State;
  readonly repo: { readonly owner: string; readonly repo: string };
  /** Everything that was asked, in its order. */
  readonly log: readonly Logged[];
  /** What was not as GitHub describes it; a test must find none. */
  readonly violations: readonly string[];
  readonly fault: (operation: string, fault: Fault, options?: FaultOptions) => void;
  /** From now on nothing goes wrong. */
  readonly calm: () => void;
  /** The requests of that operation. */
  readonly asked: (operation: string) => readonly Logged[];
  readonly answer: (sent: Sent) => Got;
  readonly fetch: typeof fetch;
  /** A commit on a branch, made where it is not there; null takes a file away. The commit's id. */
  readonly push: (
    branch: string,
    files: Readonly<Record<string, string | null>>,
    more?: PushOptions,
  ) => string;
  readonly openPull: (
    branch: string,
    title: string,
    more?: { readonly author?: string; readonly base?: string; readonly fork?: boolean },
  ) => Issue;
  readonly merge: (number: number, method: MergeMethod) => string;
  readonly openIssue: (author: string, title: string, body: string, labels?: readonly string[]) => Issue;
  readonly comment: (issue: number, author: string, body: string) => number;
  /** The text of a file on a branch or in a commit; null where there is none. */
  readonly read: (where: string, path: string) => string | null;
}

export interface PushOptions {
  readonly message?: string;
  readonly author?: string;
  /** What a new branch begins at: a branch or a commit. */
  readonly from?: string;
}

const HANDLERS: Handlers = { ...GIT, ...ISSUES, ...SETTINGS };
const SECOND_MS = 1000;

/** `git`: where the bare repository is or will be. */
export function fakeGithub(git: string): FakeGithub {
  let clock = Date.UTC(2026, 0, 1);
  let ids = 1000;
  const state: State = {
    owner: "somebody",
    repo: "cluster",
    git: new GitStore(git),
    logins: new Map([[BOT_TOKEN, BOT]]),
    issues: new Map(),
    comments: new Map(),
    deployments: new Map(),
    settings: freshSettings(),
    ruled: new Set(),
    signs: true,
    now: () => {
      clock += SECOND_MS;
      return new Date(clock).toISOString().replace(/\.\d+Z$/, "Z");
    },
    id: () => (ids += 1),
  };
  const log: Logged[] = [];
  const violations: string[] = [];
  const faults: { operation: string; fault: Fault; skip: number; times: number }[] = [];

  const due = (operation: string): Fault | undefined => {
    const planned = faults.find((each) => each.operation === operation && each.times > 0);
    if (!planned) return undefined;
    if (planned.skip > 0) {
      planned.skip -= 1;
      return undefined;
    }
    planned.times -= 1;
    return planned.fault;
  };

  const answer = (sent: Sent): Got => {
    const url = new URL(sent.url);
    const operation = findOperation(sent.method, url.pathname);
    if (!operation) {
      violations.push(`the description has no ${sent.method} ${url.pathname}`);
      return whole(404, { message: "Not Found", documentation_url: "" });
    }
    const body = sent.body === "" ? undefined : (JSON.parse(sent.body) as unknown);
    const fault = due(operation.id);
    const note = (status: number | null) =>
      log.push({ operation: operation.id, path: url.pathname, body, headers: sent.headers, status });
    if (fault === "lost-before" || fault === "silent") {
      note(null);
      return fault === "silent" ? "silent" : "lost";
    }
    const respond = () => reply(operation, url, body, sent.headers["authorization"] ?? "");
    if (typeof fault === "object") {
      if (fault.done) respond();
      note(fault.status);
      return whole(fault.status, { message: fault.message, documentation_url: "" }, fault.headers);
    }
    if (typeof fault === "function") fault();
    const { status, body: words, link } = respond();
    violations.push(...answerFaults(operation, status, words));
    note(fault === undefined || typeof fault === "function" ? status : null);
    if (fault === "lost-after") return "lost";
    const got = whole(status, words, link === null ? {} : { link });
    return fault === "torn" ? { ...got, text: got.text.slice(0, got.text.length / 2) } : got;
  };

  const reply = (
    operation: Operation,
    url: URL,
    body: unknown,
    authorization: string,
  ): { readonly status: number; readonly body: unknown; readonly link: string | null } => {
    const { id, path } = operation;
    const refused = (status: number, message: string) => ({
      status,
      body: { message, documentation_url: "https://docs.github.com/rest", status: String(status) },
      link: null,
    });
    const login = state.logins.get(authorization.replace(/^(token|bearer) /i, ""));
    if (login === undefined) return refused(401, "Bad credentials");
    const other = path["repo"] !== undefined && path["repo"] !== state.repo;
    if (other || (path["owner"] ?? state.owner) !== state.owner) return refused(404, "Not Found");
    const wrong = requestFaults(operation, url.searchParams, body);
    violations.push(...wrong);
    if (wrong.length > 0) return refused(422, "Invalid request.");
    const handler = HANDLERS[id];
    if (!handler) throw new Error(`the stand-in has no ${id}`);
    try {
      const call = {
        state,
        path,
        query: url.searchParams,
        body: (body ?? {}) as Readonly<Record<string, unknown>>,
        login,
      };
      const done: Answer = handler(call);
      const { body: list, link } = done.pages ? paged(done.pages, url) : { body: done.body, link: null };
      return { status: done.status, body: list, link };
    } catch (error) {
      if (error instanceof Refused || error instanceof GitRefusal)
        return refused(error.status, error.message);
      violations.push(`${id}: ${String(error)}`);
      return refused(500, "the stand-in failed");
    }
  };

  const push: FakeGithub["push"] = (
    branch,
    files,
    { message = "A change", author = "somebody", from } = {},
  ) => {
    const tip = state.git.head(branch);
    const start = tip ?? (from === undefined ? null : (state.git.head(from) ?? from));
    const changes = Object.entries(files).map(([path, content]) => ({
      path,
      mode: "100644",
      type: "blob",
      sha: content === null ? null : state.git.blob(content),
    }));
    const tree = state.git.tree(start === null ? null : state.git.one(start).tree, changes);
    const person = { ...personOf(author), date: state.now() };
    const sha = state.git.commit(tree, start === null ? [] : [start], message, person);
    if (tip === null) state.git.create(`refs/heads/${branch}`, sha);
    else state.git.update(`refs/heads/${branch}`, sha, false);
    return sha;
  };

  return {
    state,
    repo: { owner: state.owner, repo: state.repo },
    log,
    violations,
    fault: (operation, fault, { skip = 0, times = 1 } = {}) => faults.push({ operation, fault, skip, times }),
    calm: () => void faults.splice(0),
    asked: (operation) => log.filter((each) => each.operation === operation),
    answer,
    fetch: asFetch(answer),
    push,
    openPull: (branch, title, { author = "somebody", base = "main", fork = false } = {}) => {
      const head = state.git.head(branch) ?? "";
      const start = state.git.mergeBase(base, head) ?? "";
      return newIssue(state, author, title, "", [], { branch, base, fork, start, head, merged: null });
    },
    merge: (number, method) => mergePull(state, issueNamed(state, number), method),
    openIssue: (author, title, body, labels = []) => newIssue(state, author, title, body, labels),
    comment: (issue, author, body) => newComment(state, issue, author, body).id,
    read: (where, path) => {
      const blob = state.git.find(`${state.git.head(where) ?? where}:${path}`, "blob");
      return blob === null ? null : state.git.read(blob);
    },
  };
}

function issueNamed({ issues }: State, number: number): Issue {
  const issue = issues.get(number);
  if (!issue) throw new Error(`there is no issue ${number}`);
  return issue;
}

function whole(status: number, body: unknown, more: Readonly<Record<string, string>> = {}) {
  const headers = { "content-type": "application/json; charset=utf-8", ...more };
  return { status, headers, text: body === undefined ? "" : JSON.stringify(body) };
}

/** The stand-in without a network. */
function asFetch(answer: (sent: Sent) => Got): typeof fetch {
  return async (input, init = {}) => {
    const request = new Request(input, init as RequestInit);
    const sent = {
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    const got = answer(sent);
    if (got === "lost") throw new TypeError("fetch failed", { cause: new Error("other side closed") });
    if (got !== "silent") return new Response(got.text === "" ? null : got.text, got);
    return await new Promise<Response>((_, reject) => {
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
    });
  };
}
