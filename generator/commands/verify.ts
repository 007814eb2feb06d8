// The verb verify: does the cluster work? The script that lies in out/, and what only a login on the machines tells.
import { Failure } from "../failure.ts";
import { programs } from "../program.ts";
import { readRootSecret } from "../secrets/root.ts";
import { readTemplates } from "../templates/read.ts";
import { type Check, isVerified } from "../verify/check.ts";
import { checksJson, formatChecks, type Form } from "../verify/format.ts";
import { verifyCluster, type Verifying } from "../verify/verify.ts";
import type { Command, Invocation } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";
import type { Cluster } from "../model/cluster.ts";

/**
 * Exit 0 when everything was asked and is as it should be; else 1, also where something could not be asked; 3 for a bad
 * config or bad flags. Nothing is changed anywhere.
 */
export const verify: Command = async (invocation) => {
  const { config, json, colour, flags } = invocation;
  const forms = [
    ...(["tap", "quiet"] as const).filter((form) => flags[form] === true),
    ...(json ? ["json"] : []),
  ];
  if (forms.length > 1) {
    return {
      exit: 3,
      stdout: "",
      stderr: `error: verify: --${forms.join(" and --")} do not go together\n  next: npx quorate verify --${forms[0]}\n`,
    };
  }
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const { checks, note } = await ask(cluster, invocation);
  const exit = isVerified(checks) ? 0 : 1;
  const form = (forms[0] ?? "text") as Form | "json";
  if (form === "json")
    return {
      exit,
      stdout: checksJson(cluster.name, checks),
      stderr: formatChecks(cluster.name, checks, "text") + note,
    };
  return { exit, stdout: formatChecks(cluster.name, checks, form), stderr: note };
};

/** Without the secret the rest is asked all the same, and `note` says what that lacks. */
async function ask(
  cluster: Cluster,
  invocation: Invocation,
): Promise<{ readonly checks: readonly Check[]; readonly note: string }> {
  const { environment, session } = invocation;
  const verifying: Omit<Verifying, "remote"> = {
    cluster,
    templates: readTemplates(),
    run: programs(environment),
    now: Date.now,
    signal: session.interrupted,
  };
  const secret = secretOf(invocation);
  if (secret instanceof Failure) {
    const checks = await verifyCluster({ ...verifying, remote: null });
    const note = `the machines were not asked, so this is no success: ${secret.message}\n  next: ${secret.hint}\n`;
    return { checks, note };
  }
  const remote = reach(cluster, secret, invocation);
  try {
    return { checks: await verifyCluster({ ...verifying, remote }), note: "" };
  } finally {
    await remote.close();
  }
}

function secretOf({ config, environment }: Invocation): Uint8Array | Failure {
  try {
    return readRootSecret(config, environment);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
