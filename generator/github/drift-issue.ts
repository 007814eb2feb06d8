// The one issue that shows the drift: opened, changed in place, closed where there is none any more, and opened again.
import type { Github } from "./client.ts";
import type { Repository } from "./context.ts";
import { makeOnce } from "./once.ts";
import { isMarked, isSameText, refuseOld } from "./sticky.ts";

export interface DriftIssue {
  readonly repo: Repository;
  /** A login: only an issue that it has opened is ours. */
  readonly author: string;
  readonly label: string;
  /** The first characters of a hidden line of the body: `<!-- quorate:drift `. */
  readonly marker: string;
  readonly title: string;
  /** The whole body with the marker's line. With `drift` false it says that nothing differs, and the issue is closed. */
  readonly body: string;
  readonly drift: boolean;
}

export interface DriftIssueDone {
  readonly did: "opened" | "updated" | "closed" | "reopened" | "same" | "none";
  /** Null where there never was drift. */
  readonly url: string | null;
}

interface Issue {
  readonly number: number;
  readonly url: string;
  readonly open: boolean;
  readonly title: string;
  readonly body: string;
}

/** Makes the issue say it. Rejects with a Failure; also where GitHub kept the text of before. */
export async function reportDrift(github: Github, wanted: DriftIssue): Promise<DriftIssueDone> {
  const { repo, marker, title, body, label, drift } = wanted;
  if (!isMarked(body, marker)) throw new Error(`the issue has no line that begins with ${marker}`);
  const there = await findIssue(github, wanted);
  if (!there && !drift) return { did: "none", url: null };
  if (!there) {
    const { thing, found } = await makeOnce(
      github,
      () => findIssue(github, wanted),
      async () => {
        const { data } = await github.rest.issues.create({ ...repo, title, body, labels: [label] });
        return issueOf(data);
      },
    );
    return { did: found ? "same" : "opened", url: thing.url };
  }
  if (!there.open && !drift) return { did: "none", url: there.url };
  const same = isSameText(there.body, body) && there.title === title;
  if (same && there.open && drift) return { did: "same", url: there.url };
  const of = { ...repo, issue_number: there.number };
  await github.rest.issues.update({
    ...of,
    title,
    body,
    ...(drift ? { state: "open" } : { state: "closed", state_reason: "completed" }),
  });
  const { data } = await github.rest.issues.get(of);
  refuseOld("the issue", there.url, data.body, body);
  if (!drift) return { did: "closed", url: there.url };
  return { did: there.open ? "updated" : "reopened", url: there.url };
}

/** The open one, else the newest closed one. A person may have taken the label off: an open one is found without it too. */
async function findIssue(github: Github, { repo, author, label, marker }: DriftIssue): Promise<Issue | null> {
  const ours = async (filter: { readonly state: "all" | "open"; readonly labels?: string }) => {
    const pages = github.paginate.iterator(github.rest.issues.listForRepo, {
      ...repo,
      ...filter,
      sort: "created",
      direction: "desc",
      per_page: 100,
    });
    const found: Issue[] = [];
    for await (const { data } of pages) {
      // GitHub lists pull requests as issues too.
      const mine = data.filter((each) => each.user?.login === author && !each.pull_request);
      found.push(...mine.map(issueOf).filter(({ body }) => isMarked(body, marker)));
      if (found.some(({ open }) => open)) break;
    }
    return found;
  };
  const labelled = await ours({ state: "all", labels: label });
  const open = labelled.find((each) => each.open) ?? (await ours({ state: "open" }))[0];
  return open ?? labelled[0] ?? null;
}

function issueOf(issue: {
  readonly number: number;
  readonly html_url: string;
  readonly state: string;
  readonly title: string;
  readonly body?: string | null;
}): Issue {
  const { number, html_url: url, state, title, body } = issue;
  return { number, url, open: state === "open", title, body: body ?? "" };
}
