// The stand-in's answers about git's own objects and about commits.
import { found, type Handlers, page, Refused, text } from "./call.ts";
import type { Changed, Entry } from "./git-format.ts";
import { example } from "./openapi.ts";
import { commitJson, gitCommitJson, type Json, pageOf, type State } from "./state.ts";

type NewEntry = Omit<Entry, "sha"> & { readonly sha?: string | null; readonly content?: string };

export const GIT: Handlers = {
  "git/get-ref": ({ state, path }) => {
    const ref = path["ref"] ?? "";
    const sha = found(state.git.head(ref.replace(/^heads\//, "")));
    return { status: 200, body: refJson(ref, sha) };
  },
  "git/create-ref": ({ state, body }) => {
    const [ref, sha] = [text(body["ref"]), text(body["sha"])];
    refuseRuled(state, ref);
    state.git.create(ref, sha);
    return { status: 201, body: refJson(ref.replace(/^refs\//, ""), sha) };
  },
  "git/update-ref": ({ state, path, body }) => {
    const [ref, sha] = [path["ref"] ?? "", text(body["sha"])];
    refuseRuled(state, `refs/${ref}`);
    state.git.update(`refs/${ref}`, sha, body["force"] === true);
    return { status: 200, body: refJson(ref, sha) };
  },
  "git/get-commit": ({ state, path }) => {
    const sha = found(state.git.find(path["commit_sha"] ?? "", "commit"));
    return { status: 200, body: gitCommitJson(state, state.git.one(sha), false) };
  },
  "git/create-commit": (call) => {
    const { state, body } = call;
    const given = body["author"] !== undefined || body["committer"] !== undefined;
    const person = { ...personOf(call.login), date: state.now() };
    const author = { ...person, ...(body["author"] as Json | undefined) };
    const parents = (body["parents"] as readonly string[] | undefined) ?? [];
    const sha = state.git.commit(text(body["tree"]), parents, text(body["message"]), author, {
      ...author,
      ...(body["committer"] as Json | undefined),
    });
    return { status: 201, body: gitCommitJson(state, state.git.one(sha), state.signs && !given) };
  },
  "git/get-tree": ({ state, path, query }) => {
    if (query.has("recursive")) throw new Error("the stand-in lists no tree recursively");
    const sha = found(state.git.find(path["tree_sha"] ?? "", "tree"));
    return { status: 200, body: treeJson(state, sha) };
  },
  "git/create-tree": ({ state, body }) => {
    const base = body["base_tree"] === undefined ? null : text(body["base_tree"]);
    if (base !== null && state.git.find(base, "tree") === null)
      throw new Refused(422, "base_tree is not a valid tree oid");
    const entries = (body["tree"] as readonly NewEntry[]).map(({ content, ...entry }) => ({
      ...entry,
      sha: content === undefined ? (entry.sha ?? null) : state.git.blob(content),
    }));
    return { status: 201, body: treeJson(state, state.git.tree(base, entries)) };
  },
  "git/get-blob": ({ state, path }) => {
    const sha = found(state.git.find(path["file_sha"] ?? "", "blob"));
    const bytes = Buffer.from(state.git.read(sha));
    const content = bytes.toString("base64").replace(/.{60}/g, "$&\n");
    const node = { node_id: "B", url: `https://api.github.test/blobs/${sha}`, encoding: "base64" };
    return { status: 200, body: { ...node, sha, size: bytes.length, content } };
  },
  "repos/get-commit": ({ state, path, query }) => {
    const sha = found(state.git.find(path["ref"] ?? "", "commit"));
    const { from, to } = page(query, 300);
    const files = state.git.changes(sha).slice(from, to).map(fileJson);
    return { status: 200, body: { ...commitJson(state, state.git.one(sha)), files } };
  },
  "repos/compare-commits-with-basehead": ({ state, path, query }) => {
    const { git } = state;
    const [one = "", other = ""] = (path["basehead"] ?? "").split("...");
    const base = found(git.find(one, "commit"));
    const head = found(git.find(other, "commit"));
    const common = git.mergeBase(base, head);
    if (common === null) throw new Refused(404, `No common ancestor between ${one} and ${other}.`);
    const ahead = git.list("--reverse", "--topo-order", `${base}..${head}`);
    const behind = git.list(`${head}..${base}`).length;
    const { from, to } = page(query, 250);
    const status =
      ahead.length === 0 ? (behind === 0 ? "identical" : "behind") : behind === 0 ? "ahead" : "diverged";
    return {
      status: 200,
      body: {
        ...example<Json>("commit-comparison"),
        base_commit: commitJson(state, git.one(base)),
        merge_base_commit: commitJson(state, git.one(common)),
        status,
        ahead_by: ahead.length,
        behind_by: behind,
        total_commits: ahead.length,
        commits: ahead.slice(from, to).map((commit) => commitJson(state, commit)),
        html_url: pageOf(state, `compare/${one}...${other}`),
      },
    };
  },
};

export function personOf(login: string): { readonly name: string; readonly email: string } {
  return { name: login, email: `${login}@users.noreply.github.test` };
}

function refuseRuled({ ruled }: State, ref: string): void {
  if (!ruled.has(ref.replace(/^refs\/heads\//, ""))) return;
  throw new Refused(
    422,
    "Repository rule violations found\n\nChanges must be made through a pull request.\n\n",
  );
}

function refJson(ref: string, sha: string): Json {
  const url = `https://api.github.test/git/${ref}`;
  const object = { type: "commit", sha, url: `https://api.github.test/commits/${sha}` };
  return { ref: ref.startsWith("refs/") ? ref : `refs/${ref}`, node_id: "R", url, object };
}

function treeJson({ git }: State, sha: string): Json {
  const tree = git
    .entries(sha)
    .map((entry) => ({ ...entry, url: `https://api.github.test/objects/${entry.sha}` }));
  return { sha, url: `https://api.github.test/trees/${sha}`, tree, truncated: false };
}

const WORDS: Readonly<Record<string, string>> = { A: "added", D: "removed", M: "modified", R: "renamed" };

function fileJson({ status, path, before }: Changed): Json {
  const url = `https://github.test/${path}`;
  return {
    sha: "0".repeat(40),
    filename: path,
    status: WORDS[status[0] ?? ""] ?? "changed",
    additions: 1,
    deletions: 0,
    changes: 1,
    blob_url: url,
    raw_url: url,
    contents_url: url,
    ...(before !== undefined && { previous_filename: before }),
  };
}
