// What a person has who made a copy of the project on GitHub: a repository with a config of the lab, pull requests, and workflows.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BOT_TOKEN, type FakeGithub, fakeGithub } from "../support/github/fake.ts";
import { serveGithub } from "../support/github/serve.ts";
import { type JobRun, type Repository, runWorkflow, type RunOptions } from "../support/run-workflow.ts";
import { LAB_ROOT } from "./cluster.ts";
import { PROJECT } from "./paths.ts";

export interface Copy {
  readonly fake: FakeGithub;
  /** Edits the config on a branch, renders, pushes and opens a pull request. Returns its number. */
  readonly propose: (title: string, more: Readonly<Record<string, unknown>>) => number;
  /** Clicks the button. Returns the commit on main. */
  readonly merge: (number: number) => string;
  readonly validate: (number: number) => Promise<Runs>;
  readonly applied: (sha: string, more?: Partial<RunOptions>) => Promise<Runs>;
  /** A person starts the workflow on main as it is. */
  readonly byHand: (inputs: Readonly<Record<string, string | boolean>>) => Promise<Runs>;
  readonly drift: () => Promise<Runs>;
  /** A file on main. */
  readonly read: (path: string) => string | null;
  readonly main: () => string;
  readonly close: () => Promise<void>;
}

export type Runs = ReadonlyMap<string, JobRun>;

const COPIED = [
  ".github",
  ".gitignore",
  ".node-version",
  "generator",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];
const MAIN = "refs/heads/main";

/** `key`: the text of a private key that the machines take. */
export async function copyProject(config: Readonly<Record<string, unknown>>, key: string): Promise<Copy> {
  const folder = mkdtempSync(join(tmpdir(), "quorate-copy-"));
  const bare = join(folder, "cluster.git");
  const work = join(folder, "work");
  const fake = fakeGithub(bare);
  const served = await serveGithub(fake);
  const environment = { PATH: `${stubs(folder)}:${process.env["PATH"]}`, HOME: folder };
  const must = (name: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(name, args, {
      cwd: work,
      encoding: "utf8",
      env: { ...process.env },
    });
    if (status !== 0) throw new Error(`${name} ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout.trim();
  };
  const git = (...args: readonly string[]) =>
    must("git", ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", ...args]);
  const render = () => must(process.execPath, ["--import", "tsx/esm", "generator/cli.ts", "render"]);
  const write = (value: Readonly<Record<string, unknown>>) =>
    writeFileSync(join(work, "cluster.config.json"), `${JSON.stringify(value, null, 2)}\n`);

  mkdirSync(work);
  for (const name of COPIED) cpSync(join(PROJECT, name), join(work, name), { recursive: true });
  symlinkSync(join(PROJECT, "node_modules"), join(work, "node_modules"));
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", bare);
  // .gitignore means the folder, and here it is a link.
  writeFileSync(join(work, ".git/info/exclude"), "node_modules\n");
  write(config);
  render();
  git("add", "-A");
  git("commit", "-qm", "A cluster");
  git("push", "-q", "origin", "main");

  const repository: Repository = {
    name: `${fake.repo.owner}/${fake.repo.repo}`,
    git: bare,
    api: served.url,
    token: BOT_TOKEN,
    secrets: {
      cluster: { QUORATE_CLUSTER_SECRET: Buffer.from(LAB_ROOT).toString("hex"), QUORATE_SSH_KEY: key },
      "cluster-drift": { QUORATE_SSH_KEY: key },
    },
  };
  let runs = 0;
  const options = (more: Partial<RunOptions> = {}): RunOptions => {
    runs += 1;
    const place = join(folder, `run-${runs}`);
    mkdirSync(place);
    return { folder: place, id: runs, environment, ...more };
  };
  const main = () => fake.state.git.head("main") ?? "";
  return {
    fake,
    propose: (title, more) => {
      git("fetch", "-q", "origin");
      const branch = title.toLowerCase().replaceAll(/\W+/g, "-");
      git("checkout", "-q", "-B", branch, "origin/main");
      const now = JSON.parse(readFileSync(join(work, "cluster.config.json"), "utf8")) as object;
      write({ ...now, ...more });
      render();
      git("add", "-A");
      git("commit", "-qm", title);
      git("push", "-q", "origin", branch);
      return fake.openPull(branch, title).number;
    },
    merge: (number) => fake.merge(number, "merge"),
    validate: (number) => {
      const pull = fake.state.issues.get(number)?.pull;
      const [head, base] = [pull?.head ?? "", main()];
      // As GitHub makes it: the trial merge is on no branch.
      git("fetch", "-q", "origin");
      git("checkout", "-q", "--detach", "origin/main");
      git("merge", "-q", "--no-ff", "-m", "A trial", head);
      git("push", "-q", "-f", "origin", `HEAD:refs/pull/${number}/merge`);
      const repo = { full_name: repository.name };
      return runWorkflow(
        "validate.yml",
        repository,
        {
          name: "pull_request",
          ref: `refs/pull/${number}/merge`,
          sha: git("rev-parse", "HEAD"),
          payload: { pull_request: { number, head: { sha: head, repo }, base: { sha: base } } },
        },
        options(),
      );
    },
    applied: (sha, more) =>
      runWorkflow("apply.yml", repository, { name: "push", ref: MAIN, sha, payload: {} }, options(more)),
    byHand: (inputs) =>
      runWorkflow(
        "apply.yml",
        repository,
        { name: "workflow_dispatch", ref: MAIN, sha: main(), payload: {}, inputs },
        options(),
      ),
    drift: () =>
      runWorkflow(
        "drift.yml",
        repository,
        { name: "schedule", ref: MAIN, sha: main(), payload: {} },
        options(),
      ),
    read: (path) => fake.read("main", path),
    main,
    close: async () => {
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** npm without its registry: what it would install is there, and the hermetic tests are the gate's business. */
function stubs(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const real = spawnSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).stdout.trim();
  const script = `#!/bin/sh
case "$*" in
  "ci --ignore-scripts") exec ln -s ${PROJECT}/node_modules node_modules ;;
  "run -s hermetic"*) exit 0 ;;
  *) exec ${real} "$@" ;;
esac
`;
  writeFileSync(join(bin, "npm"), script);
  chmodSync(join(bin, "npm"), 0o755);
  return bin;
}
