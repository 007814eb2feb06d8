// The verb ssh: into a machine whose host key is known beforehand.
import { asArgument } from "../config/printable.ts";
import { listed } from "../model/words.ts";
import { readRootSecret } from "../secrets/root.ts";
import type { Command } from "./command.ts";
import { loadConfig } from "./load.ts";
import { reach } from "./reach.ts";

/**
 * Exits with the status of the login shell or the command; 255 is ssh's own. One word behind `--` is a line for the shell
 * there, several are a program and its arguments, which arrive as they were given.
 */
export const ssh: Command = async (invocation) => {
  const { config, colour, words, rest } = invocation;
  const [name = ""] = words;
  const { cluster, findings, report } = loadConfig(config);
  if (!cluster) return { exit: 3, stdout: "", stderr: await report(findings, colour) };
  if (!cluster.nodes.some((node) => node.name === name)) {
    const names = listed(cluster.nodes.map((node) => node.name));
    return {
      exit: 3,
      stdout: "",
      stderr: `error: there is no machine "${name}" in ${config}\n  next: the machines are ${names}\n`,
    };
  }
  const machines = reach(cluster, readRootSecret(config, invocation.environment), invocation);
  try {
    const line = rest.length > 1 ? rest.map(asArgument).join(" ") : rest[0];
    const status = await machines.enter(name, line);
    return { exit: status === 0 ? 0 : 1, passedOn: status, stdout: "", stderr: "" };
  } finally {
    await machines.close();
  }
};
