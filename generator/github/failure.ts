// What GitHub did not do, and the next action for each reason.
import { printable } from "../config/printable.ts";
import { Failure } from "../failure.ts";

/** Thrown by every call of a Github client that does not end well. */
export class GithubFailure extends Failure {
  override readonly name = "GithubFailure";
  /** The HTTP status; 0 where no whole answer came. */
  readonly status: number;
  /** GitHub's own words, or those of the network. */
  readonly said: string;
  constructor(message: string, hint: string, status: number, said: string, cause?: unknown) {
    super(message, hint, cause);
    this.status = status;
    this.said = said;
  }
  /** It may have been done all the same: the answer was lost, or the fault came after it. */
  get unsure(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export interface Unanswered {
  readonly method: string;
  /** The path as the documentation writes it: `/repos/{owner}/{repo}/issues`. */
  readonly route: string;
  readonly status: number;
  readonly said: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly cause: unknown;
}

/** The failure for an answer that is none, with what a person can do about it. */
export function githubFailure({ method, route, status, said, headers, cause }: Unanswered): GithubFailure {
  const words = printable(said.split("\n", 1)[0] ?? "").slice(0, 300);
  const call = `${method} ${route}`;
  const message =
    status === 0
      ? `GitHub gives no answer to ${call}: ${words}`
      : `GitHub answers ${status} to ${call}: ${words}`;
  return new GithubFailure(message, nextAction(method, route, status, said, headers), status, said, cause);
}

function nextAction(
  method: string,
  route: string,
  status: number,
  said: string,
  headers: Unanswered["headers"],
): string {
  if (status === 0 || status >= 500)
    return "it was tried again several times: look at https://www.githubstatus.com and at the network of this computer, then run the job again; what was done on machines is not repeated";
  if (status === 429 || isLimited(said, headers)) return `run the job again ${afterLimit(headers)}`;
  if (status === 401)
    return "give this step a valid token: GITHUB_TOKEN: ${{ github.token }} under env, in a job that has not ended yet";
  if (status === 403)
    return `give the job in the workflow file this under permissions: ${neededPermission(method, route, headers)}`;
  if (status === 404)
    return `see that it exists, and that the job may see it: GitHub says 404 also without the permission ${neededPermission(method, route, headers)}`;
  return "run the job again; where it comes back, report it with these words";
}

function isLimited(said: string, headers: Unanswered["headers"]): boolean {
  return /\brate limit\b/i.test(said) || headers["x-ratelimit-remaining"] === "0";
}

function afterLimit(headers: Unanswered["headers"]): string {
  const seconds = Number(headers["retry-after"]);
  return seconds > 0 ? `in ${Math.ceil(seconds / 60)} minutes` : "in an hour";
}

/**
 * As a workflow writes it: `issues: write`. GitHub names it in a header of the answer, where `;` stands between sets of which one is
 * enough: https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#resource-not-accessible
 */
function neededPermission(method: string, route: string, headers: Unanswered["headers"]): string {
  const named = headers["x-accepted-github-permissions"];
  if (typeof named === "string" && /^[\w=;, ]+$/.test(named))
    return named
      .split(";")
      .map((set) => set.trim().replaceAll("_", "-").replaceAll("=", ": "))
      .join(" or ");
  const level = method === "GET" ? "read" : "write";
  const scope = SCOPES.find(([pattern]) => pattern.test(route))?.[1] ?? "contents";
  return `${scope}: ${level}`;
}

const SCOPES: readonly (readonly [RegExp, string])[] = [
  [/\/deployments\b/, "deployments"],
  [/\/pulls\b/, "pull-requests"],
  [/\/issues\b/, "issues"],
];
