// The verb kubeconfig: the administrator's access to the cluster, fetched over SSH, for a file of its own or beside others.
import { join } from "node:path";
import type { Remote } from "../apply/remote.ts";
import { asArgument } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { wouldBeCommitted } from "../git.ts";
import { type ClusterAccess, clusterAccess } from "../kubeconfig/fetched.ts";
import { mergeIntoKubeconfig, writeKubeconfig } from "../kubeconfig/file.ts";
import { newKubeconfig } from "../kubeconfig/merged.ts";
import { type Cluster, ofRole } from "../model/cluster.ts";
import { programs } from "../program.ts";
import { readRootSecret } from "../secrets/root.ts";
import type { Command, Invocation } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

const LIMIT_MS = 15_000;
const STDIO = "-";

/** Exit 0 when it is written; 1 where no server gives it or the file cannot be written; 3 for bad words or a bad config. */
export const kubeconfig: Command = async (invocation) => {
  const { config, json, colour, flags, words, environment } = invocation;
  const [file] = words;
  const merges = flags["merge"] === true;
  if (merges === (file !== undefined)) {
    const what = merges ? "--merge takes no FILE" : `it needs a FILE (${STDIO}: standard output), or --merge`;
    return {
      exit: 3,
      stdout: "",
      stderr: `error: kubeconfig: ${what}\n  next: npx quorate kubeconfig --help\n`,
    };
  }
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const path = file ?? mergeTarget(environment);
  if (file !== undefined && file !== STDIO && (await wouldBeCommitted(programs(environment), file))) {
    throw new Failure(
      `${file} lies in a git repository that does not ignore it, and whoever has it administers the cluster`,
      "name a place outside of it, or use --merge",
    );
  }
  const access = await fetchAccess(cluster, invocation);
  if (path === STDIO) return { exit: 0, stdout: newKubeconfig(access), stderr: "" };
  const verb = merges ? mergeIntoKubeconfig(path, access) : writeKubeconfig(path, access);
  const kubectl = merges ? "kubectl" : `kubectl --kubeconfig ${asArgument(path)}`;
  const text = `${path}: the cluster ${access.name} is ${verb}, at ${cluster.registration.url}\n  next: ${kubectl} --context ${access.name} get nodes\n`;
  return json
    ? { exit: 0, stdout: `${JSON.stringify({ file: path, context: access.name }, null, 2)}\n`, stderr: text }
    : { exit: 0, stdout: text, stderr: "" };
};

/** Every server has the same; the first that gives it is taken. */
async function fetchAccess(cluster: Cluster, invocation: Invocation): Promise<ClusterAccess> {
  const name = invocation.flags["as"];
  const remote: Remote = reach(
    cluster,
    readRootSecret(invocation.config, invocation.environment),
    invocation,
  );
  const problems: string[] = [];
  try {
    for (const server of ofRole(cluster, "server")) {
      const result = await remote.run(server.name, "exec cat /etc/rancher/k3s/k3s.yaml\n", {
        limit: LIMIT_MS,
      });
      if (result.finished && result.exit === 0)
        return clusterAccess(result.stdout, cluster, typeof name === "string" ? name : cluster.name);
      problems.push(`${server.name}: ${result.finished ? "it has none yet" : result.message}`);
    }
  } finally {
    await remote.close();
  }
  throw new Failure(
    `no server gives its kubeconfig (${problems.join("; ")})`,
    "npx quorate status says what they wait for",
  );
}

/** kubectl writes into the first file of KUBECONFIG, else into ~/.kube/config. */
function mergeTarget(environment: Invocation["environment"]): string {
  const first = environment["KUBECONFIG"]?.split(":").find((path) => path !== "");
  if (first !== undefined) return first;
  const home = environment["HOME"] ?? environment["USERPROFILE"];
  if (home === undefined)
    throw new Failure("the home folder is not known (HOME)", "name a FILE instead of --merge");
  return join(home, ".kube", "config");
}
