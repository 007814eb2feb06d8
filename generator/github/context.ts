// What a workflow's run says about itself: the environment and the event's file that GitHub gives to every step.
import { Ajv } from "ajv";
import { Failure } from "../failure.ts";

export interface Repository {
  readonly owner: string;
  readonly repo: string;
}

export interface Run {
  readonly id: number;
  /** 1, and one more for each re-run. */
  readonly attempt: number;
  /** The page that shows it. */
  readonly url: string;
}

export interface Pull {
  readonly number: number;
  /** The newest commit of its branch. */
  readonly head: string;
  /** The commit of the branch that it goes into, as it was when the event came. */
  readonly base: string;
  /** It comes from another repository: this run's token can write nothing. */
  readonly fork: boolean;
}

export interface Context {
  readonly repository: Repository;
  /** `push`, `pull_request`, `workflow_dispatch`, `schedule`, … */
  readonly event: string;
  /** `refs/heads/main`; `refs/pull/7/merge` for a pull request. */
  readonly ref: string;
  /** The commit that the run is about; for a pull request a trial merge that is on no branch. */
  readonly sha: string;
  readonly run: Run;
  /** Without a slash at the end: `https://api.github.com`. */
  readonly api: string;
  readonly server: string;
  /** Whether anybody may read the repository, and so fork it; null: the event does not say. */
  readonly isPublic: boolean | null;
  readonly pull: Pull | null;
}

interface Payload {
  readonly repository?: { readonly private?: boolean };
  readonly pull_request?: {
    readonly number: number;
    readonly head: { readonly sha: string; readonly repo: { readonly full_name: string } | null };
    readonly base: { readonly sha: string };
  };
}

const SHA = "^[0-9a-f]{40}$";
const commit = { type: "string", pattern: SHA } as const;
const isPayload = new Ajv().compile<Payload>({
  type: "object",
  properties: {
    repository: { type: "object", properties: { private: { type: "boolean" } } },
    pull_request: {
      type: "object",
      required: ["number", "head", "base"],
      properties: {
        number: { type: "integer", minimum: 1 },
        head: {
          type: "object",
          required: ["sha", "repo"],
          properties: {
            sha: commit,
            // Null: the fork was deleted.
            repo: {
              type: "object",
              nullable: true,
              required: ["full_name"],
              properties: { full_name: { type: "string" } },
            },
          },
        },
        base: { type: "object", required: ["sha"], properties: { sha: commit } },
      },
    },
  },
});

/** Reads `GITHUB_*` and the event's file through `readText`. Throws a Failure for what is missing or has another form. */
export function readContext(
  environment: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => string,
): Context {
  const value = (name: string, pattern: RegExp): string => {
    const text = environment[name] ?? "";
    if (pattern.test(text)) return text;
    throw new Failure(
      text === "" ? `${name} is not set` : `${name} does not have the form that GitHub gives it`,
      "run this verb in a step of a GitHub workflow: the runner sets it there",
    );
  };
  const whole = value("GITHUB_REPOSITORY", /^[\w.-]+\/[\w.-]+$/);
  const [owner = "", repo = ""] = whole.split("/");
  const event = value("GITHUB_EVENT_NAME", /^\w+$/);
  const server = address(value("GITHUB_SERVER_URL", /^https?:\/\//));
  const id = Number(value("GITHUB_RUN_ID", /^\d{1,15}$/));
  const attempt = Number(value("GITHUB_RUN_ATTEMPT", /^\d{1,9}$/));
  const payload = readPayload(value("GITHUB_EVENT_PATH", /./), readText);
  const isPrivate = payload.repository?.private;
  return {
    repository: { owner, repo },
    event,
    ref: value("GITHUB_REF", /^refs\/[^\s~^:?*[\\]+$/),
    sha: value("GITHUB_SHA", new RegExp(SHA)),
    run: { id, attempt, url: `${server}/${whole}/actions/runs/${id}/attempts/${attempt}` },
    api: address(value("GITHUB_API_URL", /^https?:\/\//)),
    server,
    isPublic: isPrivate === undefined ? null : !isPrivate,
    pull: payload.pull_request ? pullOf(payload.pull_request, whole) : null,
  };
}

function readPayload(path: string, readText: (path: string) => string): Payload {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    throw new Failure(
      `the event's file ${path} cannot be read: ${(error as Error).message}`,
      "run this verb in a step of a GitHub workflow: the runner writes the file that GITHUB_EVENT_PATH names",
      error,
    );
  }
  if (isPayload(value)) return value;
  throw new Failure(
    `the event's file ${path} does not have the form that GitHub gives it: ${place(isPayload.errors?.[0]?.instancePath)}`,
    "run this verb for the events push, pull_request, schedule or workflow_dispatch only",
  );
}

function place(path: string | undefined): string {
  return path === undefined || path === ""
    ? "it is no object"
    : `look at ${path.slice(1).replaceAll("/", ".")}`;
}

function pullOf({ number, head, base }: NonNullable<Payload["pull_request"]>, whole: string): Pull {
  // GitHub's names know no upper and lower case.
  const fork = head.repo?.full_name.toLowerCase() !== whole.toLowerCase();
  return { number, head: head.sha, base: base.sha, fork };
}

function address(url: string): string {
  return url.replace(/\/+$/, "");
}
