// Asks the runner's folder on this computer, and its hook: by running it with jobs that were made up.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RunProgram } from "../../program.ts";
import { ROOT_FILE_VARIABLE, ROOT_VARIABLE } from "../../secrets/variables.ts";
import type { Place } from "../repository.ts";
import { isLoose, type Owned, type RunnerAnswers, type Trial, trialsFor, type Tried } from "../runner.ts";

const HOOK = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
/** Longer than the hook waits before it ends the runner's worker. */
const LIMIT_MS = 20_000;
/** As the runner calls a script (actions/runner:src/Runner.Worker/Handlers/ScriptHandlerHelpers.cs). */
const AS_RUNNER = `if command -v bash >/dev/null; then bash --noprofile --norc -e -o pipefail "$1"; else sh -e "$1"; fi
exit $?`;

/**
 * `run` has to start programs with none of this process' own variables but PATH: what says "this is a job" makes the hook end
 * its parent. A hook that others could have changed is not run.
 */
export async function askRunner(
  folder: string,
  { run, place, branch }: { readonly run: RunProgram; readonly place: Place | null; readonly branch: string },
): Promise<RunnerAnswers> {
  const registered = registrationOf(read(join(folder, ".runner")));
  const env = read(join(folder, ".env"));
  const hook = settingOf(env, HOOK);
  const secret = settingOf(env, ROOT_FILE_VARIABLE);
  const chain = hook === null ? [] : chainOf(hook);
  const runs = hook !== null && place !== null && chain.length > 0 && !chain.some(isLoose);
  const trials = runs ? await tryHook(run, hook, trialsFor(place, branch)) : [];
  return {
    folder,
    registered,
    env: ownedOf(join(folder, ".env")),
    hook,
    secret: secret === null ? null : { path: secret, found: ownedOf(secret) },
    bare: settingOf(env, ROOT_VARIABLE) !== null,
    chain,
    trials,
  };
}

/** Each behind a shell of its own, which stands where the hook looks for the runner's worker. `run`: as above. */
export function tryHook(run: RunProgram, hook: string, trials: readonly Trial[]): Promise<readonly Tried[]> {
  return Promise.all(
    trials.map(async (trial) => {
      const options = { environment: trial.context, limit: LIMIT_MS };
      const { status } = await run("sh", ["-c", AS_RUNNER, "sh", hook], options);
      return { ...trial, was: status === 0 ? ("accepted" as const) : ("refused" as const) };
    }),
  );
}

/** The runner writes it with a byte order mark on Windows. */
function registrationOf(text: string | null): string | null {
  try {
    const { gitHubUrl } = JSON.parse((text ?? "").replace(/^\uFEFF/, "")) as { readonly gitHubUrl?: unknown };
    return typeof gitHubUrl === "string" ? gitHubUrl : null;
  } catch {
    return null;
  }
}

/** What the runner would take: no quotes, the last line counts. */
function settingOf(text: string | null, name: string): string | null {
  const lines = (text ?? "").split(/\r?\n/).filter((line) => line.startsWith(`${name}=`));
  const value = lines.at(-1)?.slice(name.length + 1) ?? "";
  return value === "" ? null : value;
}

/** The file, where links lead to in the end, and each folder above it. */
function chainOf(path: string): readonly Owned[] {
  let whole: string;
  try {
    whole = realpathSync(path);
    if (!statSync(whole).isFile()) return [];
  } catch {
    return [];
  }
  const paths = [whole];
  for (let at = dirname(whole); at !== paths.at(-1); at = dirname(at)) paths.push(at);
  return paths.flatMap((each) => ownedOf(each) ?? []);
}

function ownedOf(path: string): Owned | null {
  try {
    const { uid, mode } = statSync(path);
    return { path, owner: uid, mode };
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
