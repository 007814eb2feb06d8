// Cuts the operations that Quorate uses out of GitHub's own OpenAPI description: `npm run github-openapi`. It asks the npm
// registry for a package of 29 MB, so a person starts it, after adding an operation below or to a newer version.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** No dependency: unpacked it has 404 MB. */
const PACKAGE = "@octokit/openapi@23.0.2";
const OPERATIONS = [
  "actions/get-allowed-actions-repository",
  "actions/get-fork-pr-contributor-approval-permissions-repository",
  "actions/get-github-actions-default-workflow-permissions-repository",
  "actions/get-github-actions-permissions-repository",
  "actions/get-private-repo-fork-pr-workflows-settings-repository",
  "actions/list-environment-secrets",
  "actions/list-repo-organization-secrets",
  "actions/list-repo-secrets",
  "actions/list-self-hosted-runners-for-repo",
  "git/create-commit",
  "git/create-ref",
  "git/create-tree",
  "git/get-blob",
  "git/get-commit",
  "git/get-ref",
  "git/get-tree",
  "git/update-ref",
  "issues/create",
  "issues/create-comment",
  "issues/get",
  "issues/get-comment",
  "issues/list-comments",
  "issues/list-for-repo",
  "issues/update",
  "issues/update-comment",
  "orgs/get",
  "repos/compare-commits-with-basehead",
  "repos/create-deployment",
  "repos/create-deployment-status",
  "repos/get",
  "repos/get-branch-protection",
  "repos/get-branch-rules",
  "repos/get-commit",
  "repos/get-environment",
  "repos/list-deployment-branch-policies",
  "repos/list-deployment-statuses",
  "repos/list-deployments",
  "repos/list-pull-requests-associated-with-commit",
  "users/get-authenticated",
];
/** GitHub's examples that the stand-in's answers are made from: they have every field that an answer must have. */
const EXAMPLES = [
  "actions-secret",
  "commit-comparison",
  "deployment",
  "deployment-status",
  "environment",
  "full-repository-default-response",
  "git-commit",
  "issue",
  "issue-comment",
  "organization-full",
  "private-user-response-with-public-and-private-profile-information",
  "pull-request-simple-items",
  "runner",
];
/** Prose, and what only GitHub's documentation and generators read. */
const DROPPED = new Set([
  "description",
  "summary",
  "title",
  "tags",
  "example",
  "examples",
  "externalDocs",
  "deprecated",
  "x-github",
  "x-octokit",
  "x-multi-segment",
]);
/** Below these stand names of somebody's choice, not words of OpenAPI. */
const MAPS = new Set(["properties", "paths", "schemas", "parameters", "responses", "headers", "content"]);

type Value = unknown;
type Node = Readonly<Record<string, Value>>;

const target = fileURLToPath(new URL("../../fixtures/github-openapi/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "github-openapi-"));
try {
  const packed = execFileSync("npm", ["pack", "--silent", PACKAGE], { cwd: folder, encoding: "utf8" });
  const wanted = ["package/generated/api.github.com.json", "package/LICENSE"];
  execFileSync("tar", ["-xzf", packed.trim(), ...wanted], { cwd: folder });
  const whole = JSON.parse(readFileSync(join(folder, wanted[0] ?? ""), "utf8")) as Node;
  writeFileSync(join(target, "operations.json"), `${JSON.stringify(cut(whole), null, 1)}\n`);
  copyFileSync(join(folder, wanted[1] ?? ""), join(target, "LICENSE"));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A description of the operations alone, with whatever they refer to. */
function cut(whole: Node): Node {
  const paths: Record<string, Record<string, Value>> = {};
  const left = new Set(OPERATIONS);
  for (const [path, methods] of Object.entries(whole["paths"] as Record<string, Node>)) {
    for (const [method, operation] of Object.entries(methods)) {
      const id = (operation as { readonly operationId?: string }).operationId;
      if (id === undefined || !left.delete(id)) continue;
      (paths[path] ??= {})[method] = plain(operation as Node);
    }
  }
  if (left.size > 0) throw new Error(`${PACKAGE} has no ${[...left].join(", ")}`);
  const components: Record<string, Record<string, Value>> = {};
  const add = (kind: string, name: string): void => {
    if (components[kind]?.[name] !== undefined) return;
    const found = (whole["components"] as Record<string, Node>)[kind]?.[name];
    if (found === undefined) throw new Error(`${PACKAGE} has no ${kind}/${name}`);
    const kept = kind === "examples" ? found : plain(found as Node);
    (components[kind] ??= {})[name] = kept;
    follow(kept);
  };
  const follow = (value: Value): void => {
    if (typeof value !== "object" || value === null) return;
    const to = (value as { readonly $ref?: Value }).$ref;
    const [, kind, name] = typeof to === "string" ? (/^#\/components\/(\w+)\/(.+)$/.exec(to) ?? []) : [];
    if (kind !== undefined && name !== undefined) add(kind, name);
    for (const each of Object.values(value)) follow(each);
  };
  follow(paths);
  for (const name of EXAMPLES) add("examples", name);
  const { version, license } = whole["info"] as Node;
  return {
    openapi: whole["openapi"],
    info: { title: `A part of ${PACKAGE}`, version, license },
    paths,
    components: sorted(components),
  };
}

/** Without prose. */
function plain(value: Node): Node {
  const kept = Object.entries(value).filter(([key]) => !DROPPED.has(key));
  return Object.fromEntries(
    kept.map(([key, each]) => [key, MAPS.has(key) && isNode(each) ? mapped(each) : below(each)]),
  );
}

function below(value: Value): Value {
  if (Array.isArray(value)) return value.map(below);
  return isNode(value) ? plain(value) : value;
}

function mapped(names: Node): Node {
  return Object.fromEntries(Object.entries(names).map(([name, each]) => [name, below(each)]));
}

function isNode(value: Value): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(components: Readonly<Record<string, Node>>): Node {
  return Object.fromEntries(
    Object.entries(components)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([kind, named]) => [
        kind,
        Object.fromEntries(Object.entries(named).toSorted(([one], [other]) => (one < other ? -1 : 1))),
      ]),
  );
}
