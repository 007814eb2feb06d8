// The verb snapshot: one of etcd is taken, or those that the servers have are listed.
import { askNode } from "../apply/ask-node.ts";
import type { Remote } from "../apply/remote.ts";
import { saveSnapshot, snapshotsOn } from "../apply/snapshots.ts";
import { Failure } from "../failure.ts";
import { type Cluster, ofRole } from "../model/cluster.ts";
import { readRootSecret } from "../secrets/root.ts";
import { formatSnapshots, size, type Untold } from "../snapshot/format.ts";
import { inOrder } from "../snapshot/snapshots.ts";
import type { Command, Result } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/** K3s' own name for what nobody has planned. */
const NAME = "on-demand";

/**
 * Exit 0 where it is taken, or all servers have told; 1 where no server takes one or one could not be asked; 3 for another word or
 * a bad config; 130 where it was interrupted.
 */
export const snapshot: Command = async (invocation) => {
  const { config, json, colour, words, environment, session } = invocation;
  const [word = ""] = words;
  if (word !== "now" && word !== "list") {
    const stderr = `error: snapshot: there is no word "${word}"; the words are now and list\n  next: npx quorate snapshot --help\n`;
    return { exit: 3, stdout: "", stderr };
  }
  const { cluster, findings, report, json: asJson } = loadConfig(config);
  if (!cluster) {
    const stdout = json ? `${JSON.stringify({ findings: await asJson() }, null, 2)}\n` : "";
    return { exit: 3, stdout, stderr: await report(findings, colour) };
  }
  const remote = reach(cluster, readRootSecret(config, environment), invocation);
  try {
    const answer = word === "list" ? list(cluster, remote) : take(cluster, remote, session.interrupted);
    const { exit, text, value } = await answer;
    const ended = session.interrupted.aborted && exit !== 0 ? 130 : exit;
    if (!json) return { exit: ended, stdout: text, stderr: "" };
    return { exit: ended, stdout: `${JSON.stringify(value, null, 2)}\n`, stderr: text };
  } catch (error) {
    if (!(error instanceof Failure) || !session.interrupted.aborted) throw error;
    return { exit: 130, stdout: "", stderr: `error: ${error.message}\n  next: ${error.hint}\n` };
  } finally {
    await remote.close();
  }
};

interface Said {
  readonly exit: Result["exit"];
  readonly text: string;
  /** The same for tools. */
  readonly value: object;
}

/** Each server has its own: all are asked. */
async function list(cluster: Cluster, remote: Remote): Promise<Said> {
  const told = await Promise.all(
    ofRole(cluster, "server").map(async ({ name }) => ({
      name,
      ...(await snapshotsOn(remote, cluster, name)),
    })),
  );
  const snapshots = inOrder(told.flatMap((each) => each.snapshots));
  const untold = told.flatMap(({ name, problem }): readonly Untold[] =>
    problem ? [{ server: name, ...problem }] : [],
  );
  return {
    exit: untold.length === 0 ? 0 : 1,
    text: formatSnapshots(snapshots, untold),
    value: { snapshots, untold },
  };
}

/** On the first server that is ready and can. Throws a Failure where none does. */
async function take(cluster: Cluster, remote: Remote, signal: AbortSignal): Promise<Said> {
  const states = await Promise.all(
    ofRole(cluster, "server").map((server) => askNode(remote, cluster, server)),
  );
  const ready = states.filter(({ state, status }) => state === "ready" && status?.voter === true);
  const reasons: Failure[] = [];
  for (const { name } of ready) {
    try {
      const taken = await saveSnapshot(remote, name, NAME, { signal });
      const text = `${taken.name}: ${size(taken.bytes)}, on ${taken.on} in ${taken.place}\n  next: it lies on that server's own disk; npx quorate snapshot list shows all\n`;
      return { exit: 0, text, value: { snapshot: taken } };
    } catch (error) {
      if (!(error instanceof Failure) || signal.aborted) throw error;
      reasons.push(error);
    }
  }
  if (reasons[0]) throw new Failure(reasons.map(({ message }) => message).join("; "), reasons[0].hint);
  const said = states.map(({ name, state, detail }) => `${name}: ${state}${detail && `: ${detail}`}`);
  throw new Failure(
    `no server is ready to take a snapshot (${said.join("; ")})`,
    "npx quorate status says what they wait for; what is there already: npx quorate snapshot list",
  );
}
