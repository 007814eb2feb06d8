// A git repository with a config, its rendered files and a record of them, and the verb plan against that record.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Result } from "../../generator/commands/command.ts";
import { fixedSettings } from "../../generator/model/fixed.ts";
import { type ClusterRecord, recordText } from "../../generator/model/record.ts";
import type { Plan } from "../../generator/plan/plan.ts";
import { run } from "../../generator/verbs.ts";
import { clusterOf, fixturePath } from "./fixtures.ts";
import { makeRecord, recordedMachine } from "./record.ts";
import { scratch } from "./scratch.ts";

export interface PlanPlace {
  readonly folder: string;
  readonly config: string;
  /** Runs git in it and returns what it says. */
  readonly git: (...args: readonly string[]) => string;
  /** The same with more in its environment. */
  readonly gitWith: (environment: Readonly<Record<string, string>>, ...args: readonly string[]) => string;
  /** Replaces a text in a file; it must be there. */
  readonly edit: (file: string, from: string | RegExp, to: string) => void;
  /** Writes the record that an apply of what is committed now leaves behind. */
  readonly record: (change?: (record: ClusterRecord) => ClusterRecord) => void;
  /** `plan --offline` with more arguments. `path`: where programs are looked for. */
  readonly plan: (args?: readonly string[], path?: string) => Promise<Result>;
  readonly json: () => Promise<Plan>;
  /** The same as a command of its own. */
  readonly command: readonly string[];
}

// Absolute: in a namespace the current folder is another.
const LOADER = import.meta.resolve("tsx/esm");
const CLI = fileURLToPath(new URL("../../generator/cli.ts", import.meta.url));

/** `inside`: the folder of the config within the repository. Everything is rendered and committed; nothing is recorded. */
export async function planPlace(t: TestContext, fixture = "sample", inside = "."): Promise<PlanPlace> {
  const repository = scratch(t);
  const folder = join(repository, inside);
  const config = join(folder, "cluster.config.json");
  const out = join(folder, "out");
  const gitWith = (environment: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    }).trim();
  const git = (...args: readonly string[]) => gitWith({}, ...args);
  mkdirSync(folder, { recursive: true });
  writeFileSync(config, readFileSync(fixturePath(fixture), "utf8"));
  await run(["render", "--config", config, "--out", out], {}, false);
  execFileSync("git", ["init", "-q", repository]);
  git("add", "-A");
  git("commit", "-qm", "one");
  const command = ["plan", "--offline", "--config", config];
  const plan = async (args: readonly string[] = [], path = process.env["PATH"]) =>
    run([...command, ...args], { PATH: path }, false);
  return {
    folder,
    config,
    git,
    gitWith,
    edit: (file, from, to) => {
      const text = readFileSync(join(folder, file), "utf8");
      const edited = text.replace(from, to);
      if (edited === text) throw new Error(`${file} does not hold ${String(from)}`);
      writeFileSync(join(folder, file), edited);
    },
    record: (change = (record) => record) => {
      const cluster = clusterOf(readFileSync(config, "utf8"));
      const commit = git("rev-parse", "HEAD");
      const machines = cluster.nodes.map(({ name, role, address }) => {
        const tree = git("rev-parse", `HEAD:./out/nodes/${name}`);
        return [name, recordedMachine({ role, address, tree, commit })] as const;
      });
      const made = makeRecord({ name: cluster.name, fixed: fixedSettings(cluster) });
      writeFileSync(join(out, "applied.json"), recordText(change({ ...made, machines: new Map(machines) })));
    },
    plan,
    json: async () => JSON.parse((await plan(["--json"])).stdout) as Plan,
    command: [process.execPath, "--import", LOADER, CLI, ...command],
  };
}
