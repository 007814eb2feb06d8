// Pull requests of the stand-in: merged by a person's click, or because their commits reached the branch by a push.
import { personOf } from "./git-routes.ts";
import type { Issue, Pull, State } from "./state.ts";

export type MergeMethod = "merge" | "squash" | "rebase";

/** Merges as the button does; the commit that it makes. */
export function mergePull(state: State, { number, title, author, pull }: Issue, method: MergeMethod): string {
  const { git } = state;
  if (!pull) throw new Error(`${number} is no pull request`);
  const base = git.head(pull.base) ?? "";
  const head = git.head(pull.branch) ?? pull.head;
  pull.head = head;
  const brought = git.list("--reverse", "--topo-order", `${base}..${head}`);
  const person = () => ({ ...personOf(author), date: state.now() });
  const commits = new Set<string>();
  let tip = base;
  if (method === "rebase") {
    for (const each of brought) {
      // Pull requests of the tests change different files.
      const tree = git.tree(git.one(tip).tree, git.differences(each.sha));
      tip = git.commit(tree, [tip], each.message, person());
      commits.add(tip);
    }
  } else {
    const tree = git.mergedTree(base, head);
    const parents = method === "merge" ? [base, head] : [base];
    const subject = method === "merge" ? `Merge pull request #${number}` : `${title} (#${number})`;
    tip = git.commit(tree, parents, subject, person());
    commits.add(tip);
    if (method === "merge") for (const { sha } of brought) commits.add(sha);
  }
  git.update(`refs/heads/${pull.base}`, tip, false);
  close(state, number, pull, tip, commits);
  return tip;
}

/** GitHub takes a pull request for merged when its newest commit has reached the branch, whoever pushed it. */
export function settlePulls(state: State): void {
  const { git } = state;
  for (const { number, open, pull } of state.issues.values()) {
    if (!pull || !open) continue;
    pull.head = git.head(pull.branch) ?? pull.head;
    const base = git.head(pull.base);
    if (base === null || !git.isAncestor(pull.head, base)) continue;
    // The first commit of the branch's own line that has it.
    const line = git.list("--first-parent", "--reverse", base);
    const merge = line.find(({ sha }) => git.isAncestor(pull.head, sha));
    if (!merge) continue;
    // The branch was moved to it, or it was merged into what the branch had.
    const before = merge.sha === pull.head ? pull.start : (merge.parents[0] ?? pull.start);
    const brought = git.list(`${before}..${merge.sha}`);
    close(state, number, pull, merge.sha, new Set(brought.map(({ sha }) => sha)));
  }
}

function close(state: State, number: number, pull: Pull, commit: string, commits: ReadonlySet<string>): void {
  const at = state.now();
  pull.merged = { at, commit, commits };
  const issue = state.issues.get(number);
  if (issue) Object.assign(issue, { open: false, updated: at });
}
