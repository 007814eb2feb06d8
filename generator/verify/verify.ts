// Verifies a running cluster: verify.sh as render makes it, and what only a login on the machines tells. Changes nothing.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Remote } from "../apply/remote.ts";
import { printable } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { clusterAccess } from "../kubeconfig/fetched.ts";
import { newKubeconfig } from "../kubeconfig/merged.ts";
import type { Cluster } from "../model/cluster.ts";
import type { RunProgram } from "../program.ts";
import type { Templates } from "../render/template.ts";
import { verifyScript } from "../render/verify.ts";
import { type Check, skipped } from "./check.ts";
import { askMachine, type MachineAnswer } from "./machine.ts";
import { machineChecks, machinesNotAsked } from "./machine-checks.ts";
import { parseScriptAnswer } from "./script-answer.ts";

export interface Verifying {
  readonly cluster: Cluster;
  readonly templates: Templates;
  readonly run: RunProgram;
  /** null: nobody can log in on the machines from here. */
  readonly remote: Remote | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

const SCRIPT_LIMIT_MS = 60_000;
/** As verify.sh says it. */
const NEEDS_KUBECONFIG = "needs a kubeconfig";
/** For a server to hand out a kubeconfig: then the script begins without one. */
const KUBECONFIG_MS = 6000;

/** Every line of the table. Throws a Failure where this computer cannot run the script. */
export async function verifyCluster(verifying: Verifying): Promise<readonly Check[]> {
  const { cluster, remote, now } = verifying;
  if (!remote)
    return [
      ...(await runScript(verifying, null)),
      ...machinesNotAsked(cluster, "needs the cluster's secret"),
    ];
  const asked = cluster.nodes.map((node) => askMachine(remote, cluster, node, now));
  const kubeconfig = await firstKubeconfig(cluster, asked);
  const script = runScript(verifying, kubeconfig);
  // Whatever becomes of it is thrown below; until then the machines are waited for.
  script.catch(() => {});
  const answers = await Promise.all(asked);
  const own = kubeconfig === null ? (await script).map(withoutKubeconfig) : await script;
  return [...own, ...machineChecks(cluster, answers)];
}

/** The script asks a person for one; here the servers were asked. */
function withoutKubeconfig(check: Check): Check {
  return check.seen === NEEDS_KUBECONFIG ? skipped(check.id, "no server hands out a kubeconfig") : check;
}

/** The first that a server gives, for the registration address; null where none does in time. */
async function firstKubeconfig(
  cluster: Cluster,
  asked: readonly Promise<MachineAnswer>[],
): Promise<string | null> {
  const given = asked.map(async (machine) => {
    const { kubeconfig } = await machine;
    return newKubeconfig(clusterAccess(kubeconfig, cluster));
  });
  const late = new AbortController();
  const none = sleep(KUBECONFIG_MS, null, { signal: late.signal }).catch(() => null);
  try {
    return await Promise.race([Promise.any(given).catch(() => null), none]);
  } finally {
    late.abort();
  }
}

/** The very text of out/verify.sh, in a folder that only this person may enter. */
async function runScript(
  { cluster, templates, run, signal }: Verifying,
  kubeconfig: string | null,
): Promise<readonly Check[]> {
  const folder = mkdtempSync(join(tmpdir(), "quorate-verify-"));
  try {
    chmodSync(folder, 0o700);
    const put = (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600, flag: "wx" });
      return join(folder, name);
    };
    const file = put("verify.sh", verifyScript(cluster, templates));
    const args = [file, "--json", ...(kubeconfig === null ? [] : [put("kubeconfig", kubeconfig)])];
    const options = { limit: SCRIPT_LIMIT_MS, ...(signal && { signal }) };
    const { stdout, stderr, missing } = await run("sh", args, options);
    if (missing)
      throw new Failure(
        "there is no sh on this computer",
        "run it where there is one: Linux, macOS, or WSL on Windows",
      );
    const checks = parseScriptAnswer(stdout.toString("utf8"));
    if (checks) return checks;
    const [, message, next] = /^error: (.+)\n {2}next: (.+)$/m.exec(stderr) ?? [];
    throw new Failure(
      `verify.sh did not come to its end${message === undefined ? "" : `: ${printable(message)}`}`,
      next === undefined ? "npm run render; then run it by itself: sh out/verify.sh" : printable(next),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
