// The stand-in's answers about issues, comments, deployments, and the pull requests of a commit.
import { type Call, found, type Handlers, only, page, Refused, text } from "./call.ts";
import { settlePulls } from "./pulls.ts";
import {
  commentJson,
  type Comment,
  type Deployment,
  deploymentJson,
  type Issue,
  issueJson,
  pullJson,
  type State,
  statusJson,
} from "./state.ts";

/** Characters that GitHub keeps. */
const LONGEST = 65_536;

export const ISSUES: Handlers = {
  "issues/list-for-repo": ({ state, query }) => {
    only(query, "state", "labels", "direction", "sort");
    if ((query.get("sort") ?? "created") !== "created") throw new Error("the stand-in sorts by created only");
    const wanted = query.get("state") ?? "open";
    const labels = (query.get("labels") ?? "").split(",").filter((each) => each !== "");
    const listed = [...state.issues.values()].filter(
      (issue) =>
        (wanted === "all" || issue.open === (wanted === "open")) &&
        labels.every((label) => issue.labels.includes(label)),
    );
    const ordered = query.get("direction") === "asc" ? listed : listed.toReversed();
    return { status: 200, pages: ordered.map((issue) => issueJson(state, issue)) };
  },
  "issues/get": ({ state, path }) => ({ status: 200, body: issueJson(state, issueOf(state, path)) }),
  "issues/create": ({ state, body, login }) => {
    if (text(body["body"]).length > LONGEST) throw new Refused(422, "Validation Failed");
    const labels = ((body["labels"] ?? []) as readonly (string | { readonly name: string })[]).map((each) =>
      typeof each === "string" ? each : each.name,
    );
    const issue = newIssue(state, login, text(body["title"]), text(body["body"]), labels);
    return { status: 201, body: issueJson(state, issue) };
  },
  "issues/update": ({ state, path, body }) => {
    const issue = issueOf(state, path);
    if (body["title"] !== undefined) issue.title = text(body["title"]);
    // GitHub answers 200 to a text that is too long, and keeps the old one.
    if (body["body"] !== undefined && text(body["body"]).length <= LONGEST) issue.body = text(body["body"]);
    if (body["state"] !== undefined) {
      issue.open = body["state"] === "open";
      issue.reason = issue.open ? "reopened" : text(body["state_reason"] ?? "completed");
    }
    issue.updated = state.now();
    return { status: 200, body: issueJson(state, issue) };
  },
  "issues/list-comments": ({ state, path, query }) => {
    only(query);
    const { number } = issueOf(state, path);
    const own = [...state.comments.values()].filter((each) => each.issue === number);
    return { status: 200, pages: own.map((comment) => commentJson(state, comment)) };
  },
  "issues/create-comment": ({ state, path, body, login }) => {
    const { number } = issueOf(state, path);
    if (text(body["body"]).length > LONGEST) throw new Refused(422, "Validation Failed");
    const comment = newComment(state, number, login, text(body["body"]));
    return { status: 201, body: commentJson(state, comment) };
  },
  "issues/get-comment": ({ state, path }) => ({
    status: 200,
    body: commentJson(state, found(state.comments.get(Number(path["comment_id"])))),
  }),
  "issues/update-comment": ({ state, path, body }) => {
    const comment = found(state.comments.get(Number(path["comment_id"])));
    if (text(body["body"]).length <= LONGEST) comment.body = text(body["body"]);
    comment.updated = state.now();
    return { status: 200, body: commentJson(state, comment) };
  },
  "repos/list-pull-requests-associated-with-commit": ({ state, path }) => {
    const sha = found(state.git.find(path["commit_sha"] ?? "", "commit"));
    settlePulls(state);
    const own = [...state.issues.values()].filter(({ pull }) => pull?.merged?.commits.has(sha));
    return { status: 200, pages: own.map((issue) => pullJson(state, issue)) };
  },
  "repos/list-deployments": ({ state, query }) => {
    only(query, "sha", "ref", "environment");
    const fits = (deployment: Deployment) =>
      (["sha", "ref", "environment"] as const).every(
        (key) => (query.get(key) ?? deployment[key]) === deployment[key],
      );
    const own = [...state.deployments.values()].filter(fits).toReversed();
    return { status: 200, pages: own.map((deployment) => deploymentJson(state, deployment)) };
  },
  "repos/create-deployment": ({ state, body, login }) => {
    const ref = text(body["ref"]);
    const sha = state.git.find(ref, "commit");
    if (sha === null) throw new Refused(422, `No ref found for: ${ref}`);
    // What GitHub does where these are left at their defaults.
    if (body["auto_merge"] !== false) throw new Refused(409, "Merged main into a commit");
    const contexts = body["required_contexts"] as readonly unknown[] | undefined;
    if (contexts?.length !== 0) throw new Refused(409, "Conflict: Commit status checks failed for a commit.");
    const deployment: Deployment = {
      id: state.id(),
      sha,
      ref,
      environment: text(body["environment"]),
      payload: body["payload"] ?? {},
      description: text(body["description"]),
      creator: login,
      created: state.now(),
      statuses: [],
    };
    state.deployments.set(deployment.id, deployment);
    return { status: 201, body: deploymentJson(state, deployment) };
  },
  "repos/list-deployment-statuses": ({ state, path }) => {
    const deployment = deploymentOf(state, path);
    const own = deployment.statuses.toReversed();
    return { status: 200, pages: own.map((status) => statusJson(status, deployment.environment)) };
  },
  "repos/create-deployment-status": ({ state, path, body, login }) => {
    const deployment = deploymentOf(state, path);
    const status = {
      id: state.id(),
      state: text(body["state"]),
      description: text(body["description"]),
      log: text(body["log_url"]),
      creator: login,
      created: state.now(),
    };
    deployment.statuses.push(status);
    return { status: 201, body: statusJson(status, deployment.environment) };
  },
};

export function newIssue(
  state: State,
  author: string,
  title: string,
  body: string,
  labels: readonly string[],
  pull: Issue["pull"] = null,
): Issue {
  const at = state.now();
  const number = state.issues.size + 1;
  const fixed = { number, author, title, body, labels, pull };
  const issue: Issue = { ...fixed, open: true, reason: null, created: at, updated: at };
  state.issues.set(number, issue);
  return issue;
}

export function newComment(state: State, issue: number, author: string, body: string): Comment {
  const at = state.now();
  const comment = { id: state.id(), issue, author, body, created: at, updated: at };
  state.comments.set(comment.id, comment);
  return comment;
}

function issueOf({ issues }: State, path: Call["path"]): Issue {
  return found(issues.get(Number(path["issue_number"])));
}

function deploymentOf({ deployments }: State, path: Call["path"]): Deployment {
  return found(deployments.get(Number(path["deployment_id"])));
}

/** A list as GitHub gives it: one page, and where the next one is. */
export function paged(
  all: readonly unknown[],
  url: URL,
): { readonly body: readonly unknown[]; readonly link: string | null } {
  const { from, to } = page(url.searchParams);
  const next = new URL(url);
  next.searchParams.set("page", String(Number(url.searchParams.get("page") ?? 1) + 1));
  return { body: all.slice(from, to), link: to < all.length ? `<${next.href}>; rel="next"` : null };
}
