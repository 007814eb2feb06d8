// The verb doctor: can this computer, this repository and GitHub do their job? It only asks.
import { dirname } from "node:path";
import project from "../../package.json" with { type: "json" };
import { askComputer } from "../doctor/ask/computer.ts";
import { askGithub } from "../doctor/ask/github.ts";
import { askRepository } from "../doctor/ask/repository.ts";
import { askRunner } from "../doctor/ask/runner.ts";
import { computerLines, type Unasked } from "../doctor/computer.ts";
import { formatLines, linesJson } from "../doctor/format.ts";
import type { GithubAnswers } from "../doctor/github.ts";
import { controlsOf, githubLines } from "../doctor/github-lines.ts";
import { isWell } from "../doctor/line.ts";
import { type Place, repositoryLines } from "../doctor/repository.ts";
import { hookWorks, type RunnerAnswers, runnerLines } from "../doctor/runner.ts";
import shipped from "../doctor/shipped.json" with { type: "json" };
import type { Workflow } from "../doctor/workflow.ts";
import { defaultBranch } from "../git.ts";
import { openGithub } from "../github/client.ts";
import { programs } from "../program.ts";
import { knownSecrets } from "../secrets/known.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, Invocation } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/** Exit 0 where nothing fails, also where something is not known; 1 where something does; 3 for a bad config. */
export const doctor: Command = async (invocation) => {
  const { config, json, colour, environment, flags, session } = invocation;
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const run = programs(environment);
  const offline = flags["offline"] === true;
  const { answers: computer, root } = await askComputer({
    config,
    cluster,
    run,
    environment,
    offline,
    templates: readTemplates(),
    runtime: session.runtime,
    engines: project.engines.node,
    now: Date.now,
    reach: (secret) => reach(cluster, secret, invocation),
  });
  const server = environment["GITHUB_SERVER_URL"] ?? environment["GH_HOST"];
  const repository = await askRepository({ config, cluster, run, root, shipped, server });
  const { place } = repository;
  const workflows = repository.workflows.flatMap(({ workflow }) => workflow ?? []);
  const github = await askIfPossible(invocation, place, {
    offline,
    workflows,
    stateBranch: cluster.state.branch,
    secrets: root ? knownSecrets(root, cluster) : [],
  });
  const branch =
    "why" in github || !github.repository.ok
      ? ((await defaultBranch(run, dirname(config))) ?? "main")
      : github.repository.value.defaultBranch;
  const runner = await runnerHere(invocation, place, branch);
  const given = { github, workflows, hook: hookWorks(runner) };
  const lines = [
    ...computerLines(computer),
    ...runnerLines(runner, place),
    ...repositoryLines(repository),
    ...githubLines(given),
  ];
  const exit = isWell(lines) ? 0 : 1;
  const text = formatLines(lines, controlsOf(given));
  return json
    ? { exit, stdout: linesJson(lines, controlsOf(given)), stderr: text }
    : { exit, stdout: text, stderr: "" };
};

interface Wanted {
  readonly offline: boolean;
  readonly workflows: readonly Workflow[];
  readonly stateBranch: string | null;
  /** No request leaves with one of them. */
  readonly secrets: readonly (string | Uint8Array)[];
}

async function askIfPossible(
  { environment }: Invocation,
  place: Place | null,
  { offline, workflows, stateBranch, secrets }: Wanted,
): Promise<GithubAnswers | Unasked> {
  if (offline) return { why: "nobody asked: --offline", next: "" };
  if (!place) return { why: "there is no repository on GitHub: see remote", next: "" };
  const token = environment["GITHUB_TOKEN"] ?? environment["GH_TOKEN"] ?? "";
  if (token === "") {
    return {
      why: "there is no token to ask with (GITHUB_TOKEN or GH_TOKEN)",
      next: `GH_TOKEN=$(gh auth token) npx quorate doctor; or a fine-grained token of an administrator for ${place.owner}/${place.repo}: Read-only for Actions, Administration, Environments, Secrets`,
    };
  }
  const environments = workflows.flatMap(({ jobs }) => jobs.flatMap(({ environment: name }) => name ?? []));
  const github = openGithub({ token, api: apiOf(place, environment["GITHUB_API_URL"]), secrets });
  return await askGithub(github, place, { stateBranch, environments: [...new Set(environments)] });
}

/** Where the API of that GitHub is (docs.github.com, "Getting started with the REST API": api.HOST with data residency, /api/v3 on a server of one's own). */
function apiOf({ host }: Place, given: string | undefined): string {
  if (given !== undefined) return given.replace(/\/+$/, "");
  return host === "github.com" || host.endsWith(".ghe.com")
    ? `https://api.${host}`
    : `https://${host}/api/v3`;
}

async function runnerHere(
  { environment, flags }: Invocation,
  place: Place | null,
  branch: string,
): Promise<RunnerAnswers | Unasked> {
  const folder = flags["runner"];
  if (typeof folder !== "string") {
    return {
      why: "not looked at: it lies on the runner's computer",
      next: "there, in a checkout of this repository: npx quorate doctor --runner DIR (the folder with run.sh)",
    };
  }
  // Nothing else of this process may be seen by the hook: it would take us for the runner's worker, and end it.
  const run = programs({ PATH: environment["PATH"] });
  return await askRunner(folder, { run, place, branch });
}
