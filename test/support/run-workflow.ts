// Runs a workflow of .github/workflows as GitHub's runner does, as far as ours go: jobs in order, conditions and expressions by
// GitHub's evaluator, `run` steps as they stand. The four actions that ours use are imitated.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Contexts, conditionHolds, filledIn } from "./expressions.ts";
import { readWorkflow, workflowTexts } from "./workflows.ts";

export interface Repository {
  /** owner/name. */
  readonly name: string;
  /** The bare repository. */
  readonly git: string;
  readonly api: string;
  readonly token: string;
  /** Names to values; a job gets those of its environment. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface WorkflowEvent {
  readonly name: "pull_request" | "push" | "workflow_dispatch" | "schedule";
  readonly ref: string;
  readonly sha: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, string | boolean>>;
}

export interface RunOptions {
  /** For everything of this run. */
  readonly folder: string;
  readonly id: number;
  readonly attempt?: number;
  /** Told of every `run` step as it starts, to kill it or to read along. */
  readonly started?: (step: string, child: ChildProcess) => void;
  /** Found before all other programs; the environment of every step. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly conclusion: "success" | "failure" | "skipped";
  /** What all its steps have printed. */
  readonly log: string;
  readonly summary: string;
}

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly uses?: string;
  readonly environment?: { readonly name?: string } | string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}

interface Known extends JobRun {
  readonly outputs: Readonly<Record<string, string>>;
}

/** Every job by its name; those of a called workflow as `CALLER/JOB`. */
export async function runWorkflow(
  file: string,
  repository: Repository,
  event: WorkflowEvent,
  options: RunOptions,
): Promise<ReadonlyMap<string, JobRun>> {
  const artifacts = join(options.folder, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  const known = new Map<string, Known>();
  await runJobs(file, "", { repository, event, options, artifacts }, known);
  return known;
}

interface Place {
  readonly repository: Repository;
  readonly event: WorkflowEvent;
  readonly options: RunOptions;
  readonly artifacts: string;
}

async function runJobs(
  file: string,
  prefix: string,
  place: Place,
  known: Map<string, Known>,
): Promise<boolean> {
  const { jobs } = readWorkflow(file, workflowTexts().get(file) ?? "");
  let good = true;
  // In the order of the file, in which ours need each other.
  for (const [name, job] of Object.entries(jobs as Readonly<Record<string, Job>>)) {
    const id = `${prefix}${name}`;
    const needs = [job.needs ?? []].flat();
    const before = needs.map((need) => [need, known.get(`${prefix}${need}`)] as const);
    const contexts = contextsOf(place, {
      needs: Object.fromEntries(
        before.map(([need, run]) => [
          need,
          { result: run?.conclusion ?? "skipped", outputs: run?.outputs ?? {} },
        ]),
      ),
      secrets: secretsOf(place.repository, job),
    });
    const failed = before.some(([, run]) => run?.conclusion !== "success");
    if (!conditionHolds(job.if, contexts, { failed, cancelled: false })) {
      known.set(id, { conclusion: "skipped", log: "", summary: "", outputs: {} });
      continue;
    }
    if (job.uses !== undefined) {
      const called = job.uses.replace("$/.github/workflows/", "");
      const ok = await runJobs(called, `${id}/`, place, known);
      known.set(id, { conclusion: ok ? "success" : "failure", log: "", summary: "", outputs: {} });
    } else known.set(id, await runJob(job, contexts, place, id));
    good &&= known.get(id)?.conclusion === "success";
  }
  return good;
}

function secretsOf({ secrets }: Repository, { environment }: Job): Readonly<Record<string, string>> {
  const name = typeof environment === "object" ? environment.name : environment;
  return name === undefined ? {} : (secrets[name] ?? {});
}

function contextsOf({ repository, event, options }: Place, more: Contexts): Contexts {
  return {
    github: {
      token: repository.token,
      repository: repository.name,
      event_name: event.name,
      event: event.payload,
      ref: event.ref,
      sha: event.sha,
      run_id: String(options.id),
    },
    inputs: event.inputs ?? {},
    vars: {},
    steps: {},
    runner: {},
    ...more,
  };
}

async function runJob(job: Job, contexts: Contexts, place: Place, id: string): Promise<Known> {
  const { repository, event, options } = place;
  const home = mkdtempSync(join(options.folder, `${id.replaceAll("/", "-")}-`));
  const temp = join(home, "temp");
  const work = join(home, "work");
  const files = {
    event: join(temp, "event.json"),
    summary: join(temp, "summary.md"),
    output: join(temp, "output"),
  };
  mkdirSync(temp);
  mkdirSync(work);
  writeFileSync(files.event, JSON.stringify(event.payload));
  writeFileSync(files.summary, "");
  const environment = {
    ...options.environment,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_REPOSITORY: repository.name,
    GITHUB_EVENT_NAME: event.name,
    GITHUB_EVENT_PATH: files.event,
    GITHUB_REF: event.ref,
    GITHUB_SHA: event.sha,
    GITHUB_RUN_ID: String(options.id),
    GITHUB_RUN_ATTEMPT: String(options.attempt ?? 1),
    GITHUB_API_URL: repository.api,
    GITHUB_SERVER_URL: repository.api,
    GITHUB_STEP_SUMMARY: files.summary,
    RUNNER_TEMP: temp,
  };
  const steps: Record<string, { readonly outputs: Readonly<Record<string, string>> }> = {};
  const log: string[] = [];
  let failed = false;
  for (const step of job.steps ?? []) {
    const now = { ...contexts, steps, runner: { temp } };
    if (!conditionHolds(step.if, now, { failed, cancelled: false })) continue;
    const name = step.name ?? step.uses ?? "";
    const fill = (values: Readonly<Record<string, unknown>> = {}) =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, filledIn(value, now)]));
    let ok: boolean;
    if (step.uses !== undefined) {
      const done = act(step.uses.split("@")[0] ?? "", fill(step.with), { ...place, work });
      if (step.id !== undefined) steps[step.id] = { outputs: done.outputs };
      ({ ok } = done);
    } else {
      const script = join(temp, "step.sh");
      writeFileSync(script, step.run ?? "");
      const child = spawn("bash", ["-e", script], {
        cwd: work,
        env: { ...environment, ...fill(step.env) },
        stdio: ["ignore", "pipe", "pipe"],
      });
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (part: string) => log.push(part));
      options.started?.(name, child);
      ok = await new Promise<boolean>((resolve) => child.once("close", (code) => resolve(code === 0)));
    }
    if (!ok) log.push(`the step ${name} has failed\n`);
    failed ||= !ok;
  }
  const outputs = Object.entries(job.outputs ?? {}).map(([key, value]) => [
    key,
    filledIn(value, { ...contexts, steps }),
  ]);
  return {
    conclusion: failed ? "failure" : "success",
    log: log.join(""),
    summary: readFileSync(files.summary, "utf8"),
    outputs: Object.fromEntries(outputs) as Readonly<Record<string, string>>,
  };
}

interface Acted {
  readonly ok: boolean;
  readonly outputs: Readonly<Record<string, string>>;
}

/** What an action of GitHub does to the folder of a job. */
function act(
  name: string,
  given: Readonly<Record<string, string>>,
  place: Place & { readonly work: string },
): Acted {
  const { repository, event, work, artifacts } = place;
  const stored = join(artifacts, given["name"] ?? "artifact");
  switch (name) {
    case "actions/checkout": {
      const git = (...args: readonly string[]) => {
        const { status, stderr } = spawnSync("git", ["-C", work, ...args], { encoding: "utf8" });
        if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
      };
      // With fetch-depth 0 it has all branches, and of the one that it is about just the commit of the event (actions/checkout,
      // src/git-source-provider.ts).
      git("init", "-q", "-b", "none");
      git("remote", "add", "origin", repository.git);
      git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*:refs/remotes/pull/*");
      const sha = given["ref"] ?? event.sha;
      const [, branch] = /^refs\/heads\/(.+)$/.exec(event.ref) ?? [];
      if (given["ref"] === undefined && branch !== undefined) {
        git("update-ref", `refs/remotes/origin/${branch}`, sha);
        git("checkout", "-q", "-B", branch, `refs/remotes/origin/${branch}`);
      } else git("checkout", "-q", "--detach", sha);
      return { ok: true, outputs: {} };
    }
    case "actions/setup-node":
      return { ok: true, outputs: {} };
    case "actions/upload-artifact": {
      const path = given["path"] ?? "";
      const from = path.startsWith("/") ? path : join(work, path);
      if (!existsSync(from)) return { ok: given["if-no-files-found"] !== "error", outputs: {} };
      const isFolder = path.endsWith("/");
      mkdirSync(isFolder ? dirname(stored) : stored, { recursive: true });
      cpSync(from, isFolder ? stored : join(stored, from.split("/").at(-1) ?? ""), { recursive: true });
      return { ok: true, outputs: { "artifact-id": "1" } };
    }
    case "actions/download-artifact":
      if (!existsSync(stored)) return { ok: false, outputs: {} };
      cpSync(stored, given["path"] ?? work, { recursive: true });
      return { ok: true, outputs: {} };
    default:
      throw new Error(`nobody imitates ${name}`);
  }
}
