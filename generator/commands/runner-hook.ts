// The verb runner-hook: the hook of the LAN runner on stdout, and how to install it on stderr.
import { dirname } from "node:path";
import { printable } from "../config/printable.ts";
import { Failure } from "../failure.ts";
import { defaultBranch, remoteAddress } from "../git.ts";
import { fullNameOf, isBranch, isFullName } from "../github/repository.ts";
import { HOOK_PATH, installText, runnerHook } from "../github/runner-hook.ts";
import { programs } from "../program.ts";
import { readTemplates } from "../templates/read.ts";
import type { Command, Invocation } from "./command.ts";

/** Exit 0; 1 where the repository or its branch is not known; 3 for a name that is none. It reads git and no config. */
export const printRunnerHook: Command = async (invocation) => {
  const { json, flags } = invocation;
  const repository = flags["repository"];
  if (repository !== undefined && !isFullName(String(repository)))
    return usage(`--repository is OWNER/NAME, not ${printable(String(repository))}`);
  const branch = flags["branch"];
  if (branch !== undefined && !isBranch(String(branch)))
    return usage(`--branch is the name of a branch, not ${printable(String(branch))}`);
  const of = {
    repository: repository === undefined ? await repositoryHere(invocation) : String(repository),
    branch: branch === undefined ? await branchHere(invocation) : String(branch),
  };
  const hook = runnerHook(readTemplates(), of);
  const install = installText(of);
  if (!json) return { exit: 0, stdout: hook, stderr: install };
  return {
    exit: 0,
    stdout: `${JSON.stringify({ ...of, path: HOOK_PATH, hook }, null, 2)}\n`,
    stderr: install,
  };
};

function usage(message: string): { readonly exit: 3; readonly stdout: ""; readonly stderr: string } {
  const next = "npx quorate runner-hook --repository OWNER/NAME --branch NAME";
  return { exit: 3, stdout: "", stderr: `error: runner-hook: ${message}\n  next: ${next}\n` };
}

async function repositoryHere({ config, environment }: Invocation): Promise<string> {
  const address = await remoteAddress(programs(environment), dirname(config));
  const name = address === null ? null : fullNameOf(address);
  if (name !== null) return name;
  throw new Failure(
    address === null
      ? "git has no remote named origin here, so it is not known which repository's jobs the runner may take"
      : `the remote origin is no repository on GitHub: ${printable(address)}`,
    "npx quorate runner-hook --repository OWNER/NAME",
  );
}

async function branchHere({ config, environment }: Invocation): Promise<string> {
  const name = (await defaultBranch(programs(environment), dirname(config))) ?? "main";
  if (isBranch(name)) return name;
  throw new Failure(
    `the default branch has a name that no runner hook can hold: ${printable(name)}`,
    "npx quorate runner-hook --branch NAME",
  );
}
