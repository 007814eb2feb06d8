// The lines about this repository's files: the workflows, and that no secret lies among what is committed.
import { listed } from "../model/words.ts";
import { few } from "./computer.ts";
import { type Line, lineOf } from "./line.ts";
import type { Workflow } from "./workflow.ts";

/** What the checkout tells. */
export interface RepositoryAnswers {
  /** The address of the remote; null: there is none. */
  readonly remote: string | null;
  /** Where on GitHub that is; null: it is elsewhere. */
  readonly place: Place | null;
  readonly workflows: readonly WorkflowFile[];
  /** SHA-256 of each workflow that this Quorate ships, by file name. */
  readonly shipped: Readonly<Record<string, string>>;
  /** git ignores .secrets/; null: nobody could ask git. */
  readonly ignored: boolean | null;
  /** Committed files below a .secrets/. */
  readonly below: readonly string[];
  /** The newest commit that had one, also where it is gone since; null: none had. */
  readonly once: string | null;
  /** Committed files in which a secret of this cluster stands, in whatever encoding; null: it is not known here. */
  readonly holding: readonly string[] | null;
}

export interface Place {
  /** github.com, or the name of a GitHub of one's own. */
  readonly host: string;
  readonly owner: string;
  readonly repo: string;
}

export interface WorkflowFile {
  readonly file: string;
  readonly sum: string;
  /** null: GitHub would not read it either. */
  readonly workflow: Workflow | null;
}

const GROUP = "this repository";
const FOLDER = ".github/workflows";
/**
 * With these, code or text of a stranger meets a token that writes, or secrets
 * (docs.github.com, "Secure use reference": pull_request_target, workflow_run; issue_comment likewise).
 */
const PRIVILEGED = ["pull_request_target", "workflow_run", "issue_comment"];
/** Started by a pull request: the workflow's text is the pull request's own. */
const FROM_PULL_REQUEST = [
  "pull_request",
  "pull_request_review",
  "pull_request_review_comment",
  "merge_group",
];
const PINNED = /@[0-9a-f]{40}$|^docker:\/\/\S+@sha256:[0-9a-f]{64}$/;

/** In the order in which they are printed. */
export function repositoryLines(answers: RepositoryAnswers): readonly Line[] {
  return [
    remoteLine(answers),
    workflowsLine(answers),
    triggersLine(answers),
    pinnedLine(answers),
    ignoredLine(answers),
    trackedLine(answers),
  ];
}

function remoteLine({ remote, place }: RepositoryAnswers): Line {
  const line = lineOf(GROUP, "remote", "a remote on GitHub, where the pipeline runs");
  if (remote === null)
    return line.warn(
      "there is no remote: pull requests and the pipeline need one; all else works without",
      "make a private repository and push: gh repo create --private --source . --push",
    );
  if (!place)
    return line.warn(
      `${remote} is not on GitHub: there is no pipeline`,
      "keep a copy on GitHub, or run npx quorate apply by hand",
    );
  return line.ok(`${place.owner}/${place.repo} on ${place.host}`);
}

function workflowsLine({ workflows, shipped }: RepositoryAnswers): Line {
  const line = lineOf(GROUP, "workflows", `the workflows of this Quorate in ${FOLDER}/`);
  const wanted = Object.keys(shipped);
  const sums = new Map(workflows.map(({ file, sum }) => [file, sum]));
  const missing = wanted.filter((file) => !sums.has(file));
  if (workflows.length === 0)
    return line.fail(
      "there is none",
      "take .github/workflows/ from the project's template again, and commit it",
    );
  const restore = (files: readonly string[]) =>
    `git log -- ${files.map((file) => `${FOLDER}/${file}`).join(" ")} shows who changed that`;
  if (missing.length > 0)
    return line.fail(
      `not there: ${listed(missing)}`,
      `${restore(missing)}; take them from the project's template again`,
    );
  const broken = workflows.filter(({ workflow }) => workflow === null).map(({ file }) => file);
  if (broken.length > 0) return line.fail(`no workflow: ${listed(broken)}`, restore(broken));
  const changed = wanted.filter((file) => sums.get(file) !== shipped[file]);
  if (changed.length > 0)
    return line.warn(
      `not as this Quorate ships them: ${listed(changed)}`,
      `${restore(changed)}; where it is meant so: npm run generate`,
    );
  return line.ok(`${listed(wanted)} as shipped`);
}

function triggersLine({ workflows }: RepositoryAnswers): Line {
  const line = lineOf(
    GROUP,
    "triggers",
    "no workflow in which a pull request meets secrets or the LAN's runner",
  );
  const found = workflows.flatMap(({ workflow }) => (workflow ? faultsOf(workflow) : []));
  if (found.length > 0)
    return line.fail(listed(found), `take that out of ${FOLDER}/: the workflows of Quorate need none of it`);
  return line.ok("none");
}

function faultsOf({ file, events, jobs }: Workflow): readonly string[] {
  const privileged = events.filter((event) => PRIVILEGED.includes(event));
  const pull = events.some((event) => FROM_PULL_REQUEST.includes(event));
  const local = jobs.filter(({ labels }) => labels.length > 0).map(({ name }) => name);
  return [
    ...privileged.map((event) => `${file} runs on ${event}`),
    ...(pull ? local.map((name) => `${file}: job ${name} runs on your runner for pull requests`) : []),
  ];
}

function pinnedLine({ workflows }: RepositoryAnswers): Line {
  const line = lineOf(GROUP, "pinned", "every action by the 40 digits of its commit: a tag can be moved");
  const uses = workflows.flatMap(({ workflow }) =>
    (workflow?.uses ?? []).map((each) => ({ file: workflow?.file ?? "", each })),
  );
  const loose = uses.filter(({ each }) => !PINNED.test(each)).map(({ file, each }) => `${each} in ${file}`);
  if (loose.length > 0)
    return line.fail(few(loose), "write the commit in place of the tag, and the tag behind it as a comment");
  return line.ok(`${new Set(uses.map(({ each }) => each)).size} actions`);
}

function ignoredLine({ ignored }: RepositoryAnswers): Line {
  const line = lineOf(GROUP, "secrets-ignored", "git ignores .secrets/");
  if (ignored === null) return line.unknown("git could not be asked", "");
  if (ignored) return line.ok("it does");
  return line.fail(
    "it would be committed with the next git add",
    "echo .secrets/ >>.gitignore, and commit that",
  );
}

function trackedLine({ below, once, holding }: RepositoryAnswers): Line {
  const line = lineOf(GROUP, "no-secret", "no secret in what is committed");
  const anew =
    "everybody with the repository has it: take it out of git, and out of its history, and treat the cluster's secret as known";
  if (below.length > 0) return line.fail(`committed: ${few(below)}`, `git rm --cached ${below[0]}; ${anew}`);
  if (holding !== null && holding.length > 0)
    return line.fail(`a secret of this cluster stands in ${few(holding)}`, anew);
  if (once !== null) return line.fail(`commit ${once} had a file below .secrets/`, anew);
  if (holding === null)
    return line.unknown(
      "no file of .secrets/ is committed; whether another holds the secret is known only where the secret is",
      "",
    );
  return line.ok("none, in any encoding");
}
