// Git on the runner: the checkout keeps no password, so the job's token goes along with each call, in git's environment only.
import type { RunProgram } from "../program.ts";

/**
 * The same programs; git also knows the token for that server (https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT).
 * It stands in no argument and no file. `server` without a slash at the end.
 */
export function withGitAccess(run: RunProgram, server: string, token: string): RunProgram {
  const basic = Buffer.from(`x-access-token:${token}`).toString("base64");
  const access = {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${server}/.extraheader`,
    GIT_CONFIG_VALUE_0: `AUTHORIZATION: basic ${basic}`,
  };
  return (name, args, options = {}) =>
    run(
      name,
      args,
      name === "git" ? { ...options, environment: { ...options.environment, ...access } } : options,
    );
}
