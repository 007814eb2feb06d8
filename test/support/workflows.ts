// The workflows of .github/workflows, read, and the rules of this house about them: what GitHub takes is not yet safe.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { TEST_FOLDER } from "./golden.ts";

type Values = Readonly<Record<string, unknown>>;

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Values;
  readonly env?: Values;
}

interface Job {
  readonly "runs-on"?: string | readonly string[];
  readonly uses?: string;
  readonly secrets?: unknown;
  readonly permissions?: Values | string;
  readonly "timeout-minutes"?: number;
  readonly environment?: { readonly name?: string } | string;
  readonly concurrency?: Values | string;
  readonly steps?: readonly Step[];
}

export interface Workflow {
  /** Such as "apply.yml". */
  readonly file: string;
  readonly text: string;
  readonly on: Readonly<Record<string, Values | readonly Values[] | null>>;
  readonly permissions: unknown;
  readonly concurrency: Values | undefined;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = join(TEST_FOLDER, "../.github/workflows");

/** Every file of the folder: its name and its text. */
export function workflowTexts(): ReadonlyMap<string, string> {
  return new Map(readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), "utf8")]));
}

export function readWorkflow(file: string, text: string): Workflow {
  const { on, permissions, concurrency, jobs } = parse(text) as Omit<Workflow, "file" | "text">;
  return { file, text, on, permissions, concurrency, jobs };
}

/** What is wrong, as sentences; nothing where all is well. */
export type WorkflowRule = (workflow: Workflow) => readonly string[];

/** What may start a workflow. All others give a stranger's text, or a job's output, a token that writes. */
const TRIGGERS = ["push", "pull_request", "schedule", "workflow_dispatch", "workflow_call"];
const BUNDLE = /^exec node "\$RUNNER_TEMP\/bundle\/quorate\.mjs" pipeline (?:apply|drift)$/;

const jobsOf = ({ jobs }: Workflow) => Object.entries(jobs);
const stepsOf = (job: Job) => job.steps ?? [];
const allSteps = (workflow: Workflow) =>
  jobsOf(workflow).flatMap(([name, job]) => stepsOf(job).map((step) => ({ name, job, step })));
/** Whatever is not GitHub's own computer may be the runner in the LAN. A job of another workflow names none. */
const isLan = (job: Job) => [job["runs-on"] ?? []].flat().some((label) => !label.startsWith("ubuntu-"));
const mentions = (value: unknown, text: RegExp) => text.test(JSON.stringify(value) ?? "");
const uses = (step: Step, action: string) => step.uses?.startsWith(`actions/${action}@`) ?? false;

export const WORKFLOW_RULES: Readonly<Record<string, WorkflowRule>> = {
  "actions are pinned by commit, with their version behind it": ({ text }) =>
    text
      .split("\n")
      .filter((line) => /^\s*(?:- )?uses:/.test(line) && !/uses: \$\/\.github\//.test(line))
      .filter((line) => !/uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line)),

  "no permission is given to all jobs, and each one of a job says what for": ({
    text,
    permissions,
    jobs,
  }) => [
    ...(JSON.stringify(permissions) === "{}" ? [] : ["permissions: {} is missing at the top"]),
    ...Object.entries(jobs)
      .filter(([, job]) => typeof job.permissions !== "object")
      .map(([name]) => `${name} has no list of permissions`),
    ...text
      .split("\n")
      .filter((line) => /^ {6}[a-z-]+: (?:read|write|none)\b/.test(line) && !/ # \w+/.test(line)),
    ...(text.match(/^\s*permissions:.*(?:-all|\{ *\w).*$/gm) ?? []),
  ],

  "every job ends by itself": (workflow) =>
    jobsOf(workflow)
      .filter(([, job]) => job.uses === undefined && !((job["timeout-minutes"] ?? 1e9) <= 180))
      .map(([name]) => `${name} has no timeout-minutes, or a long one`),

  "nothing is put into a command's text": (workflow) =>
    allSteps(workflow).flatMap(({ step }) => (step.run?.includes("${{") ? [step.run] : [])),

  "no stranger starts a workflow that may write": ({ on }) =>
    Object.keys(on).filter((trigger) => !TRIGGERS.includes(trigger)),

  "the runner in the LAN has jobs of the main branch only": (workflow) => {
    if (!jobsOf(workflow).some(([, job]) => isLan(job))) return [];
    const { pull_request: pull, workflow_call: call, push } = workflow.on;
    return [
      ...(pull === undefined && call === undefined ? [] : ["a pull request could bring a job there"]),
      ...(push === undefined || JSON.stringify(push) === '{"branches":["main"]}' ? [] : ["on.push is wider"]),
    ];
  },

  "no checkout leaves a token behind": (workflow) =>
    allSteps(workflow)
      .filter(({ step }) => uses(step, "checkout") && step.with?.["persist-credentials"] !== false)
      .map(({ name }) => `${name}: persist-credentials is not false`),

  "the last command of a step is told when the run is cancelled": (workflow) =>
    allSteps(workflow).flatMap(({ step }) => {
      const last = step.run?.trim().split("\n").at(-1) ?? "exec";
      return /^exec\b/.test(last) ? [] : [last];
    }),

  "what works on machines waits for its turn and is never cut short": ({ jobs, concurrency }) =>
    Object.entries(jobs).flatMap(([name, job]) => {
      if (!isLan(job)) return [];
      const wanted = { group: "cluster", queue: "max", "cancel-in-progress": false };
      const same = JSON.stringify(job.concurrency) === JSON.stringify(wanted);
      return [
        ...(same ? [] : [`${name}: concurrency is not ${JSON.stringify(wanted)}`]),
        ...(concurrency === undefined ? [] : [`${name}: the workflow's own concurrency could cancel it`]),
      ];
    }),

  "a pull request meets no secret, and its code no token that writes": (workflow) => {
    if (workflow.on["pull_request"] === undefined) return [];
    return jobsOf(workflow).flatMap(([name, job]) => {
      const own = stepsOf(job).some(
        (step) =>
          uses(step, "checkout") && step.with?.["ref"] !== "${{ github.event.pull_request.base.sha }}",
      );
      return [
        ...(mentions(job, /secrets\b/) || job.environment !== undefined ? [`${name} has secrets`] : []),
        ...(own && JSON.stringify(job.permissions) !== '{"contents":"read"}'
          ? [`${name} may more than read`]
          : []),
        ...(own && mentions(job, /github\.token/) ? [`${name} gives its token to that code`] : []),
      ];
    });
  },

  "the runner in the LAN runs the bundle and nothing else": (workflow) =>
    allSteps(workflow)
      .filter(({ job }) => isLan(job))
      .flatMap(({ step }) => (step.run === undefined || BUNDLE.test(step.run) ? [] : [step.run])),

  "a secret belongs to an environment, and the cluster's to that of apply alone": (workflow) =>
    jobsOf(workflow).flatMap(([name, job]) => {
      const place = typeof job.environment === "string" ? job.environment : job.environment?.name;
      return [
        ...(mentions(job, /secrets\./) && place === undefined ? [`${name} has no environment`] : []),
        ...(mentions(job, /QUORATE_CLUSTER_SECRET/) && place !== "cluster"
          ? [`${name} has the cluster's`]
          : []),
        ...(workflow.file !== "apply.yml" && place === "cluster"
          ? [`${name} is in the environment of apply`]
          : []),
        ...(job.secrets === undefined ? [] : [`${name} hands secrets on`]),
      ];
    }),

  "a required check is always there": ({ file, on }) =>
    file === "validate.yml" && JSON.stringify(on) !== '{"pull_request":{"branches":["main"]}}'
      ? ["validate.yml does not run for each pull request"]
      : [],

  "no package runs a script when it is installed": ({ text }) =>
    (text.match(/^[^#\n]*\bnp[mx] (?!run -s ).*$/gm) ?? []).filter(
      (line) => !line.endsWith("run: exec npm ci --ignore-scripts"),
    ),

  "nothing comes from a cache that another branch may have filled": (workflow) =>
    allSteps(workflow).flatMap(({ name, step }) => {
      if (mentions(step.uses ?? "", /cache/)) return [`${name} uses a cache`];
      return uses(step, "setup-node") && step.with?.["package-manager-cache"] !== false
        ? [`${name}: package-manager-cache is not false`]
        : [];
    }),

  "an artifact lies outside of the checkout": (workflow) =>
    allSteps(workflow)
      .filter(({ step }) => uses(step, "download-artifact"))
      .filter(({ step }) => !String(step.with?.["path"]).startsWith("${{ runner.temp }}/"))
      .map(({ name }) => `${name} unpacks over the code`),

  "a schedule keeps away from the minutes that everybody takes": ({ on }) =>
    [on["schedule"] ?? []]
      .flat()
      .map(({ cron }) => String(cron))
      .filter((cron) => Number(cron.split(" ")[0]) % 5 === 0),
};
