// The verb status: every machine asked at once, again and again with --watch, or everything in one file with --bundle.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import project from "../../package.json" with { type: "json" };
import type { Remote } from "../apply/remote.ts";
import { asArgument } from "../config/printable.ts";
import type { Cluster } from "../model/cluster.ts";
import { renderCluster } from "../render/index.ts";
import { knownSecrets } from "../secrets/known.ts";
import { readRootSecret } from "../secrets/root.ts";
import { ASK_LIMIT_MS, ASK_SCRIPT, machineState } from "../status/ask.ts";
import { BUNDLE_LIMIT_MS, BUNDLE_SCRIPT, bundleText } from "../status/bundle.ts";
import { type ClusterState, clusterState } from "../status/cluster-state.ts";
import { formatStatus, statusJson, withoutTimes } from "../status/format.ts";
import { guardBundle, writeBundle } from "../status/write-bundle.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, Invocation, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

const WATCH_PAUSE_MS = 2000;

/** Exit 0 when every machine is ready and every server a voter of one cluster, else 1; 3 for a bad config or bad flags. */
export const status: Command = async (invocation) => {
  const { config, json, colour, flags } = invocation;
  if (flags["watch"] === true && flags["bundle"] !== undefined) {
    return {
      exit: 3,
      stdout: "",
      stderr: `error: status: --watch and --bundle do not go together\n  next: npx quorate status --bundle ${asArgument(String(flags["bundle"]))}\n`,
    };
  }
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const root = readRootSecret(config, invocation.environment);
  if (typeof flags["bundle"] === "string") guardBundle(flags["bundle"]);
  const remote = reach(cluster, root, invocation);
  try {
    if (typeof flags["bundle"] === "string")
      return await bundle(flags["bundle"], cluster, root, remote, invocation);
    const { state, took } = await (flags["watch"] === true
      ? watch(cluster, remote, invocation)
      : ask(cluster, remote));
    return resultOf(state, json, took);
  } finally {
    await remote.close();
  }
};

interface Seen {
  readonly state: ClusterState;
  /** Seconds from the first question to ready, where it was not ready at first. */
  readonly took?: number;
}

function resultOf(state: ClusterState, json: boolean, took?: number): Result {
  const text = formatStatus(state, took);
  const exit = state.ready ? 0 : 1;
  return json ? { exit, stdout: statusJson(state, took), stderr: text } : { exit, stdout: text, stderr: "" };
}

async function ask(cluster: Cluster, remote: Remote): Promise<Seen> {
  const machines = await Promise.all(
    cluster.nodes.map(async (node) => {
      const result = await remote.run(node.name, ASK_SCRIPT, { limit: ASK_LIMIT_MS });
      return machineState(node, cluster.name, result);
    }),
  );
  return { state: clusterState(cluster, machines) };
}

/** Until all are ready or the person stops it. Without a screen to wipe, only what changed is shown. */
async function watch(cluster: Cluster, remote: Remote, { session }: Invocation): Promise<Seen> {
  const started = performance.now();
  let shown = "";
  for (let first = true; ; first = false) {
    const seen = await ask(cluster, remote);
    if (seen.state.ready) {
      if (session.screen) session.show("");
      return first ? seen : { ...seen, took: (performance.now() - started) / 1000 };
    }
    if (session.interrupted.aborted) return seen;
    const news = withoutTimes(seen.state);
    if (session.screen || news !== shown) session.show(`${formatStatus(seen.state)}\n`);
    shown = news;
    await sleep(WATCH_PAUSE_MS, undefined, { signal: session.interrupted }).catch(() => {});
  }
}

async function bundle(
  path: string,
  cluster: Cluster,
  root: Uint8Array,
  remote: Remote,
  { config, json, session }: Invocation,
): Promise<Result> {
  const { state } = await ask(cluster, remote);
  const machines = await Promise.all(
    cluster.nodes.map(
      async ({ name }) => [name, await remote.run(name, BUNDLE_SCRIPT, { limit: BUNDLE_LIMIT_MS })] as const,
    ),
  );
  const summary = renderCluster(cluster, readTemplates()).get("README.md")?.text ?? "";
  const sections = [
    ["versions", `Quorate ${project.version}, ${session.runtime}, K3s ${cluster.k3s.version}`],
    ["status", formatStatus(state)],
    [config, readFileSync(config, "utf8")],
    ["out/README.md, as render makes it now", summary],
  ] as const;
  writeBundle(path, bundleText({ sections, machines }, knownSecrets(root, cluster)));
  const silent = machines.filter(([, result]) => !result.finished).map(([name]) => name);
  const said = `${path} is written${silent.length > 0 ? `, without ${silent.join(", ")}` : ""}\n  next: read it, then attach it to the report\n`;
  return json
    ? { exit: 0, stdout: `${JSON.stringify({ file: path, without: silent }, null, 2)}\n`, stderr: said }
    : { exit: 0, stdout: said, stderr: "" };
}
