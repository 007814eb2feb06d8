// The one door to GitHub's API: Octokit with retries, pauses and time limits. Every request is scanned for secrets, and every
// call that does not end well rejects with a GithubFailure.
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { RequestError } from "@octokit/request-error";
import { Octokit } from "@octokit/rest";
import project from "../../package.json" with { type: "json" };
import { githubFailure } from "./failure.ts";
import { refuseSecrets, type Secrets } from "./sendable.ts";
import { timed } from "./timed.ts";

export interface GithubOptions {
  readonly token: string;
  /** `https://api.github.com`, or what GITHUB_API_URL says. */
  readonly api: string;
  /** No request leaves with one of these in it; the token is always looked for too. */
  readonly secrets?: Secrets;
  /** For tests. */
  readonly fetch?: typeof fetch;
  /** For tests: milliseconds instead of seconds between two tries, and no pause between writes. */
  readonly hurried?: boolean;
  /** Milliseconds for one answer; 15,000. */
  readonly patience?: number;
}

export interface Github {
  readonly rest: Octokit["rest"];
  readonly paginate: Octokit["paginate"];
  /** For what Octokit has no method for. */
  readonly request: Octokit["request"];
  /** Waits before a further try: longer each time, and not exactly as long as another writer waits. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";
const ANSWER_MS = 15_000;
/** A limit that ends later is said, and the job ends: a runner that only waits keeps the next run waiting too. */
const LONGEST_LIMIT_S = 90;
/** The plugin's own, and 409 and 429: a conflict needs a new request, and a limit is the other plugin's. */
const DO_NOT_RETRY = [400, 401, 403, 404, 409, 410, 422, 429, 451];
/** Sent twice they make nothing twice: git's objects are named by what is in them. A commit also by its time, and nobody sees a spare one. */
const SAFE_POST = /\/git\/(blobs|trees|commits)$/;

const Client = Octokit.plugin(retry, throttling);

/** Opens nothing by itself: the first call does. */
export function openGithub(options: GithubOptions): Github {
  const { token, api, secrets = [], fetch = globalThis.fetch, hurried, patience = ANSWER_MS } = options;
  const unit = hurried ? 1 : 1000;
  const within = (after: number, _: unknown, __: unknown, tries: number) =>
    after <= LONGEST_LIMIT_S && tries < 2;
  const client = new Client({
    auth: token,
    baseUrl: api,
    userAgent: `quorate/${project.version}`,
    log: SILENT,
    retry: { doNotRetry: DO_NOT_RETRY, retries: 3, retryAfterBaseValue: unit },
    throttle: {
      onRateLimit: within,
      onSecondaryRateLimit: within,
      retryAfterBaseValue: unit,
      ...(hurried && { global: AT_ONCE, write: AT_ONCE, notifications: AT_ONCE }),
    },
    request: { fetch: timed(fetch, patience), log: SILENT },
  });
  const hidden: Secrets = [...secrets, ...(token === "" ? [] : [token])];
  client.hook.before("request", (options) => {
    options.headers["x-github-api-version"] = API_VERSION;
    if (options.method === "POST" && !SAFE_POST.test(options.url))
      options.request = { ...options.request, retries: 0 };
    const { baseUrl: _, headers: __, mediaType: ___, request: ____, method, url, ...sent } = options;
    refuseSecrets(`the request ${method} ${url}`, [textsOf(sent).join("\n\n")], hidden);
  });
  // Registered last, so around all the others.
  client.hook.wrap("request", async (request, options) => {
    try {
      return await request(options);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const { method, url } = options;
      throw githubFailure({
        method,
        route: url,
        // Octokit says 500 for what never was an answer.
        status: error.response ? error.status : 0,
        said: saidIn(error),
        headers: error.response?.headers ?? {},
        cause: error,
      });
    }
  });
  return {
    rest: client.rest,
    paginate: client.paginate,
    request: client.request,
    pause: (attempt) =>
      new Promise((resolve) => setTimeout(resolve, attempt * attempt * unit * (0.5 + Math.random()))),
  };
}

const nothing = () => {};
/** Octokit would write on standard error by itself, for instance that a call will once be taken away. */
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

type Job = (...args: readonly unknown[]) => unknown;
/** In the place of the plugin's queues, which leave a second or more between two writes. */
const AT_ONCE = {
  key: () => ({ schedule: (_: unknown, job: Job, ...args: readonly unknown[]) => job(...args) }),
} as never;

function saidIn({ response, message }: RequestError): string {
  const data = response?.data as { readonly message?: unknown; readonly errors?: unknown } | undefined;
  if (typeof data?.message !== "string") return message;
  return Array.isArray(data.errors) ? `${data.message}: ${JSON.stringify(data.errors)}` : data.message;
}

/** Every text in a value, however deep. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...textsOf(each)]);
}
