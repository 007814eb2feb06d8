// A workflow file as far as doctor looks at it: what starts it, where its jobs run, which actions, environments and secrets it names.
import { parse } from "yaml";

export interface Workflow {
  /** `apply.yml`. */
  readonly file: string;
  readonly events: readonly string[];
  readonly jobs: readonly Job[];
  /** What its steps and jobs use, such as `actions/checkout@COMMIT`; not what lies in the repository itself. */
  readonly uses: readonly string[];
}

export interface Job {
  readonly name: string;
  /** What the runner must be called; empty where GitHub gives the machine, or another workflow says it. */
  readonly labels: readonly string[];
  /** The environment whose rules and secrets it is given; null: none, or one that is only known when it runs. */
  readonly environment: string | null;
  /** Names of secrets, GITHUB_TOKEN left out. */
  readonly secrets: readonly string[];
}

/** GitHub's own machines, by the beginnings of their labels (docs.github.com, "GitHub-hosted runners reference"). */
const HOSTED = /^(ubuntu|windows|macos)-/;
/** A file of this repository: `./` at the checked-out commit, `$/` at the workflow's own. */
const OWN = /^[.$]\//;

type Given = Readonly<Record<string, unknown>>;

/** null: it is no workflow that GitHub would read. */
export function readWorkflow(file: string, text: string): Workflow | null {
  let whole: unknown;
  try {
    whole = parse(text);
  } catch {
    return null;
  }
  // YAML 1.1 reads the key "on" as true; this reader keeps it.
  const { on, jobs } = objectOf(whole);
  if (on === undefined || jobs === undefined) return null;
  const parts = Object.entries(objectOf(jobs)).map(([name, job]) => [name, objectOf(job)] as const);
  return {
    file,
    events: typeof on === "string" ? [on] : Array.isArray(on) ? on.map(String) : Object.keys(objectOf(on)),
    jobs: parts.map(([name, job]) => jobOf(name, job)),
    uses: parts.flatMap(([, job]) => usesOf(job)).filter((each) => !OWN.test(each)),
  };
}

function jobOf(name: string, job: Given): Job {
  const { environment } = job;
  const named = typeof environment === "string" ? environment : objectOf(environment)["name"];
  const found = JSON.stringify(job).matchAll(/\bsecrets\.([A-Za-z_]\w*)/g);
  const secrets = [...new Set([...found].map(([, secret = ""]) => secret))];
  return {
    name,
    labels: labelsOf(job["runs-on"]),
    environment: typeof named === "string" && !named.includes("${{") ? named : null,
    secrets: secrets.filter((secret) => secret !== "GITHUB_TOKEN"),
  };
}

function labelsOf(runsOn: unknown): readonly string[] {
  const given = typeof runsOn === "object" && !Array.isArray(runsOn) ? objectOf(runsOn)["labels"] : runsOn;
  const labels = given === undefined ? [] : [given].flat().map(String);
  return labels.every((label) => HOSTED.test(label)) ? [] : labels;
}

function usesOf(job: Given): readonly string[] {
  const steps = Array.isArray(job["steps"]) ? job["steps"].map(objectOf) : [];
  return [job, ...steps].flatMap(({ uses }) => (typeof uses === "string" ? [uses] : []));
}

function objectOf(value: unknown): Given {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
