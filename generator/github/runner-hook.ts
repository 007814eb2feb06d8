// The hook of the LAN runner, which decides before each job whether it is one of ours.
import { shellQuote } from "../render/k3s.ts";
import { printTemplate, type Templates } from "../render/template.ts";

export interface RunnerHookOf {
  /** OWNER/NAME, as GitHub writes it. */
  readonly repository: string;
  /** The branch whose merges are applied. */
  readonly branch: string;
}

/** Where it lies on the runner: root's folder, which no job can write. */
export const HOOK_PATH = "/opt/quorate/job-started.sh";

/**
 * A POSIX shell script: exit 0 for a job of apply.yml or drift.yml of that branch; else it ends the job, because the runner goes
 * on to steps with `if: always()` after a hook that failed (actions/runner, src/Runner.Worker/StepsRunner.cs). Neither value
 * may be anything but what `isFullName` and `isBranch` let through.
 */
export function runnerHook(templates: Templates, { repository, branch }: RunnerHookOf): string {
  return printTemplate(templates, "runner-hook.sh", {
    name: repository,
    branchName: branch,
    repository: shellQuote(repository),
    branch: shellQuote(branch),
  });
}

/** How it is installed, for people; the runner's own documentation calls its folder the application directory. */
export function installText({ repository, branch }: RunnerHookOf): string {
  return `
This is the hook of the runner that may reach the machines of ${repository}: it takes jobs of apply.yml and drift.yml of the branch
${branch}, and ends every other one before its first step. Install it before the runner does its first job.

1. Copy it to the runner's computer, and there give it to root, so that no job can change it:
     npx quorate runner-hook --repository ${repository} --branch ${branch} >job-started.sh
     sudo install -D -o root -g root -m 0755 job-started.sh ${HOOK_PATH}
2. In the runner's folder (the one with run.sh) add this line to the file .env, and let root own that file too:
     echo ACTIONS_RUNNER_HOOK_JOB_STARTED=${HOOK_PATH} | sudo tee -a .env
     sudo chown root .env && sudo chmod 0644 .env
3. Restart the runner's service, which reads .env only when it starts:
     sudo ./svc.sh stop && sudo ./svc.sh start
4. See it refuse a job of nobody; it must say "Refused by this runner" and exit 1:
     env -i sh ${HOOK_PATH}; echo $?
The runner's user must not be able to become root (no sudo), or a job could undo all this.
`.trimStart();
}
