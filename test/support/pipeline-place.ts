// What a job on the LAN runner has: a checkout, the stand-in for GitHub with the same repository, and machines behind a stand-in of ssh.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { recordedMachine } from "../../generator/apply/recording.ts";
import type { Invocation, Result, Session } from "../../generator/commands/command.ts";
import { type ApplyOptions, applyAs } from "../../generator/commands/pipeline-apply.ts";
import { driftAs } from "../../generator/commands/pipeline-drift.ts";
import { markerLine } from "../../generator/github/marker.ts";
import type { ActionClass } from "../../generator/model/action.ts";
import { fixedSettings } from "../../generator/model/fixed.ts";
import { type ClusterRecord, parseRecord, recordText } from "../../generator/model/record.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { digestOf } from "../../generator/render/node-program.ts";
import { renderCluster } from "../../generator/render/index.ts";
import { deriveSecret, rootCheck } from "../../generator/secrets/derive.ts";
import type { Check } from "../../generator/verify/check.ts";
import { NO_SESSION } from "../../generator/verbs.ts";
import { type ApplyPlace, applyPlace, CA_HASH, ROOT, UID } from "./apply-place.ts";
import { driftAnswer } from "./drift-answer.ts";
import { clusterOf, TEMPLATES } from "./fixtures.ts";
import { BOT, BOT_TOKEN, type FakeGithub } from "./github/fake.ts";
import { API, playGithub } from "./github/play.ts";
import { scratch } from "./scratch.ts";

const CONFIG = "cluster.config.json";
const SERVER = "https://github.test";
/** An SSH key that logs in nowhere. */
export const SSH_KEY = deriveSecret(new Uint8Array(32).fill(9), {
  secret: "ssh-host-key/runner",
  generation: 1,
});

export interface Shown {
  /** Of the plan comment; null: there is no comment. */
  readonly shown?: Readonly<Record<string, ActionClass>> | null;
  readonly truncated?: boolean;
  /** The commit that the comment speaks of; default: the newest of the pull request. */
  readonly head?: string;
  readonly author?: string;
  readonly fork?: boolean;
  readonly method?: "merge" | "squash" | "rebase";
  /** The person has rendered out/ too. */
  readonly rendered?: boolean;
}

export interface Ran extends Result {
  /** Everything that a person reads in the log, in its order. */
  readonly log: string;
}

export interface Running {
  readonly environment?: Readonly<Record<string, string>>;
  readonly session?: Partial<Session>;
  readonly options?: ApplyOptions;
  /** Milliseconds for an answer of GitHub. The default is more than a busy computer takes. */
  readonly patience?: number;
  /** Called with everything that is shown, after it was. */
  readonly seen?: (text: string) => void;
  /** The run's number; default: the next one. */
  readonly id?: number;
  readonly attempt?: number;
}

export interface PipelinePlace extends ApplyPlace {
  readonly fake: FakeGithub;
  /** Where main is. */
  readonly main: () => string;
  /** Merges a pull request that changes this text of the config, and checks it out. All machines are as it says. */
  readonly merge: (from: string | RegExp, to: string, more?: Shown) => { number: number; sha: string };
  /** The same, pushed without a pull request. */
  readonly push: (from: string | RegExp, to: string) => string;
  /** As actions/checkout leaves it: main is at that commit, also where others have moved it on. */
  readonly checkout: (sha: string) => void;
  readonly pipelineApply: (running?: Running) => Promise<Ran>;
  readonly pipelineDrift: (running?: Running) => Promise<Ran>;
  /** The record on main. */
  readonly recorded: () => ClusterRecord | null;
  readonly summary: () => string;
  /** Our comments on a pull request that tell of an apply. */
  readonly told: (number: number) => readonly string[];
  /** `MACHINE STATE,STATE`, as Deployments show it, in the order of their names. */
  readonly deployments: () => readonly string[];
  /** What was done to machines. */
  readonly changes: () => readonly string[];
  /** What verify.sh says in its one line. */
  readonly works: (result: Check["result"]) => void;
  /** What the machines answer to drift's question: as recorded, and with that change. */
  readonly asRecorded: (change?: (name: string, answer: string) => string) => void;
  /** Pieces of shell that run on a machine as a hold is taken, as files arrive, and in the place of verify.sh. */
  readonly onTake: (shell: string) => void;
  readonly onSend: (shell: string) => void;
  readonly onVerify: (shell: string) => void;
  /** The event of the runs to come. */
  readonly event: (payload: unknown) => void;
  readonly eventFile: string;
}

const SAYS: Readonly<Record<Check["result"], object>> = {
  pass: { seen: "an answer", cause: "", next: "" },
  fail: { seen: "none", cause: "it is off", next: "look" },
  skip: { seen: "nobody could", cause: "", next: "" },
};

const SH = `#!/bin/sh
case $1 in
  */verify.sh)
    echo "runner verify" >>"$PLAY/log"
    if [ -e "$PLAY/on-verify" ]; then . "$PLAY/on-verify"; exit 1; fi
    cat "$PLAY/verify.json"; exit 0 ;;
esac
exec /bin/sh "$@"
`;
const QUIET = /^runner | (look|status|facts|off|take|drop|verify|inspect)$/;

/** Everything is applied, and recorded on main. `recorded` false: nothing was applied yet. */
export async function pipelinePlace(
  t: TestContext,
  { recorded = true, root = ROOT }: { readonly recorded?: boolean; readonly root?: Uint8Array } = {},
): Promise<PipelinePlace> {
  const place = await applyPlace(t, "sample", root);
  const { fake } = playGithub(t);
  const bare = fake.state.git.path;
  const { git, config, folder } = place;
  rmSync(join(folder, ".secrets"), { recursive: true });
  git("remote", "add", "origin", bare);
  git("branch", "-q", "-M", "main");
  if (recorded) {
    const cluster = place.cluster();
    const output = renderCluster(cluster, TEMPLATES);
    const filesOf = (node: Parameters<typeof nodeFiles>[1]) => nodeFiles(cluster, node, TEMPLATES);
    const of = { cluster, root, output, filesOf, commit: git("rev-parse", "HEAD") };
    const facts = { caHash: CA_HASH, uid: UID, secretCheck: rootCheck(root), fixed: fixedSettings(cluster) };
    const record = {
      cluster: { name: cluster.name, ...facts },
      machines: new Map(
        cluster.nodes.map((node) => [node.name, recordedMachine(of, node, "none", "applied")]),
      ),
    };
    writeFileSync(join(folder, "out/applied.json"), recordText(record));
    git("add", "out/applied.json");
    git("commit", "-qm", "Record what runs");
  }
  git("push", "-q", "-u", "origin", "main");
  // What the stand-in makes is here at once: a fetch for each would take most of the time of a test.
  writeFileSync(join(folder, ".git/objects/info/alternates"), `${join(bare, "objects")}\n`);
  const away = scratch(t);
  const [event, summary] = [join(away, "event.json"), join(away, "summary.md")];
  writeFileSync(join(place.playFile("bin"), "sh"), SH, { mode: 0o755 });
  const tell = (payload: unknown) => writeFileSync(event, JSON.stringify(payload));
  tell({ repository: { private: true } });
  const works: PipelinePlace["works"] = (result) => {
    const line = { id: "api", result, expected: "an answer", ...SAYS[result] };
    const file = place.playFile("verify.json");
    // Whole at every moment: a run may be reading it.
    writeFileSync(`${file}.new`, JSON.stringify({ checks: [line] }));
    renameSync(`${file}.new`, file);
  };
  works("pass");
  const main = () => fake.state.git.head("main") ?? "";
  const checkout = (sha: string) => {
    git("update-ref", "refs/remotes/origin/main", sha);
    git("checkout", "-q", "-f", "-B", "main", "refs/remotes/origin/main");
    git("clean", "-qfd");
    for (const { name } of place.cluster().nodes) place.machine(name, []);
  };
  const edited = (from: string | RegExp, to: string, rendered = false) => {
    const before = fake.read("main", CONFIG) ?? "";
    const text = before.replace(from, to);
    if (text === before) throw new Error(`the config does not hold ${String(from)}`);
    const files = rendered ? [...renderCluster(clusterOf(text), TEMPLATES)] : [];
    const changed = files.filter(([path, file]) => fake.read("main", `out/${path}`) !== file.text);
    return Object.fromEntries([
      [CONFIG, text],
      ...changed.map(([path, file]) => [`out/${path}`, file.text] as const),
    ]);
  };
  let runs = 0;
  const invocation = (word: string, running: Running, log: string[]) => {
    const { environment = {}, session = {}, seen = () => {}, ...more } = running;
    runs += 1;
    const show = (text: string) => {
      log.push(text);
      seen(text);
    };
    return {
      config,
      json: false,
      colour: false,
      flags: {},
      words: [word],
      rest: [],
      environment: {
        ...place.environment,
        GITHUB_ACTIONS: "true",
        GITHUB_TOKEN: BOT_TOKEN,
        GITHUB_REPOSITORY: `${fake.repo.owner}/${fake.repo.repo}`,
        GITHUB_EVENT_NAME: "push",
        GITHUB_EVENT_PATH: event,
        GITHUB_REF: "refs/heads/main",
        GITHUB_SHA: git("rev-parse", "HEAD"),
        GITHUB_RUN_ID: String(more.id ?? runs),
        GITHUB_RUN_ATTEMPT: String(more.attempt ?? 1),
        GITHUB_API_URL: API,
        GITHUB_SERVER_URL: SERVER,
        GITHUB_STEP_SUMMARY: summary,
        RUNNER_TEMP: away,
        ...(word === "apply" && { QUORATE_CLUSTER_SECRET: Buffer.from(root).toString("hex") }),
        QUORATE_SSH_KEY: SSH_KEY,
        ...environment,
      },
      session: { ...NO_SESSION, show, ...session },
    } satisfies Invocation;
  };
  const ran = async (log: readonly string[], running: Promise<Result>): Promise<Ran> => {
    const result = await running;
    return { ...result, log: [...log, result.stderr, result.stdout].join("") };
  };
  const github = (patience = 20_000) => ({ fetch: fake.fetch, hurried: true, patience });
  return {
    ...place,
    fake,
    main,
    checkout,
    event: tell,
    eventFile: event,
    onTake: (shell) => writeFileSync(place.playFile("on-take"), `${shell}\n`),
    onVerify: (shell) => writeFileSync(place.playFile("on-verify"), `${shell}\n`),
    onSend: (shell) => writeFileSync(place.playFile("on-send"), `${shell}\n`),
    works,
    merge: (from, to, more = {}) => {
      const { shown = {}, truncated = false, author = BOT, fork = false, method = "squash", rendered } = more;
      const branch = `topic-${fake.state.issues.size + 1}`;
      const newest = fake.push(branch, edited(from, to, rendered), { from: "main" });
      const { number } = fake.openPull(branch, `Topic ${branch}`, { fork });
      const head = more.head ?? newest;
      if (shown) fake.comment(number, author, `${markerLine({ head, shown, truncated })}\n### A plan\n`);
      const sha = fake.merge(number, method);
      checkout(sha);
      return { number, sha };
    },
    push: (from, to) => {
      const sha = fake.push("main", edited(from, to));
      checkout(sha);
      return sha;
    },
    pipelineApply: (running = {}) => {
      const log: string[] = [];
      const options = { github: github(running.patience), settle: 0, ...running.options };
      return ran(log, applyAs(invocation("apply", running, log), options));
    },
    pipelineDrift: (running = {}) => {
      const log: string[] = [];
      return ran(log, driftAs(invocation("drift", running, log), { github: github(running.patience) }));
    },
    recorded: () => {
      const text = fake.read("main", "out/applied.json");
      if (text === null) return null;
      const read = parseRecord(text);
      if (!read.ok) throw new Error(read.reason);
      return read.record;
    },
    summary: () => (existsSync(summary) ? readFileSync(summary, "utf8") : ""),
    told: (number) =>
      [...fake.state.comments.values()]
        .filter(({ issue, body }) => issue === number && body.startsWith("<!-- quorate:applied "))
        .map(({ body }) => body),
    deployments: () =>
      [...fake.state.deployments.values()]
        .map(
          ({ environment, statuses }) =>
            `${environment.replace("node/", "")} ${statuses.map(({ state }) => state).join()}`,
        )
        .toSorted(),
    changes: () => place.log().filter((line) => !QUIET.test(line)),
    asRecorded: (change = (_, answer) => answer) => {
      const cluster = place.cluster();
      for (const node of cluster.nodes) {
        const digest = digestOf(nodeFiles(cluster, node, TEMPLATES));
        const known = { cluster: cluster.name, digest, caHash: CA_HASH, uid: UID };
        const answer = driftAnswer({ ...known, name: node.name, role: node.role });
        writeFileSync(place.playFile(`${node.name}.drift`), change(node.name, answer));
      }
    },
  };
}
