// The administrator's kubeconfig: made good for another computer, and put beside other clusters without losing any of them.
import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { load } from "js-yaml";
import { Failure } from "../generator/failure.ts";
import { clusterAccess } from "../generator/kubeconfig/fetched.ts";
import { mergeIntoKubeconfig, writeKubeconfig } from "../generator/kubeconfig/file.ts";
import { mergedKubeconfig, newKubeconfig } from "../generator/kubeconfig/merged.ts";
import { makeCluster } from "./support/clusters.ts";
import { scratch } from "./support/scratch.ts";

const cluster = { ...makeCluster(), name: "home" };
// As K3s writes it (k3s-io/k3s:pkg/clientaccess/kubeconfig.go).
const FETCHED = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
users:
- name: default
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
`;
const access = clusterAccess(FETCHED, cluster);
const ALONE = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    { name: "home", cluster: { "certificate-authority-data": "Q0E=", server: "https://10.0.0.10:6443" } },
  ],
  users: [{ name: "home", user: { "client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ" } }],
  contexts: [{ name: "home", context: { cluster: "home", user: "home" } }],
  "current-context": "home",
};

test("named after the cluster, at the registration address", () => {
  assert.deepEqual(load(newKubeconfig(access)), ALONE);
});

for (const [what, text] of [
  ["nothing", ""],
  ["no YAML", "a: [b"],
  ["a text", "hello"],
  ["no users", FETCHED.replace("users:", "x:")],
  ["an empty list", FETCHED.replace(/clusters:\n(?:[- ].*\n)+?(?=contexts)/, "clusters: []\n")],
] as const) {
  test(`a server that gives ${what} is refused, and nothing of it is shown`, () => {
    assert.throws(
      () => clusterAccess(text, cluster),
      (error: unknown) => error instanceof Failure && !/S0VZ|Q0E=/.test(error.message + error.hint),
    );
  });
}

const OTHER = `# my clusters
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
  - name: work # do not touch
    cluster: {server: "https://work:6443", insecure-skip-tls-verify: true}
users:
  - name: work
    user: {exec: {command: login, args: ["--a b"]}}
contexts:
  - name: work
    context: {cluster: work, user: work, namespace: "on"}
current-context: work
extensions: [{name: x, extension: {y: 012}}]
`;

test("beside others: theirs stays, with comments, unknown fields and the current context", () => {
  const merged = mergedKubeconfig(OTHER, access);
  const [before, after] = [load(OTHER), load(merged)] as Record<string, unknown[]>[];
  for (const list of ["clusters", "users", "contexts"]) {
    assert.deepEqual(after?.[list]?.[0], before?.[list]?.[0]);
    assert.deepEqual(
      after?.[list]?.[1],
      (ALONE as Record<string, unknown>)[list] && ((ALONE as Record<string, unknown>)[list] as unknown[])[0],
    );
  }
  for (const key of ["preferences", "current-context", "extensions"])
    assert.deepEqual(after?.[key], before?.[key]);
  assert.match(merged, /^# my clusters$/m);
  assert.match(merged, /# do not touch/);
  assert.match(merged, /y: 012\b/, "kubectl reads that as 10");
  assert.equal(mergedKubeconfig(merged, access), merged, "the second time changes nothing");
});

test("the same cluster again, with new certificates: replaced, once; fields that a person added to its context stay", () => {
  const first = mergedKubeconfig(OTHER, access).replace("user: home", "user: home\n      namespace: mine");
  const renewed = clusterAccess(FETCHED.replace("Q0VSVA==", "TkVX"), cluster);
  const again = mergedKubeconfig(first, renewed);
  const { users, clusters } = load(again) as {
    users: { name: string; user: Record<string, string> }[];
    clusters: unknown[];
  };
  assert.equal(clusters.length, 2);
  assert.equal(users.find(({ name }) => name === "home")?.user["client-certificate-data"], "TkVX");
  assert.match(again, /namespace: mine/);
});

test("another cluster of that name is not overwritten; under another name both are there", () => {
  const taken = OTHER.replaceAll("work", "home");
  assert.throws(
    () => mergedKubeconfig(taken, access),
    /another cluster named home in it \(https:\/\/home:6443\)/,
  );
  const both = load(mergedKubeconfig(taken, clusterAccess(FETCHED, cluster, "home-2"))) as {
    clusters: { name: string }[];
  };
  assert.deepEqual(
    both.clusters.map(({ name }) => name),
    ["home", "home-2"],
  );
});

test("what is no kubeconfig is left alone", () => {
  for (const text of ["a: [", "- a\n", "just text\n"])
    assert.throws(() => mergedKubeconfig(text, access), /it is no kubeconfig/);
});

test("files: new ones are private and never overwrite; merging keeps a link, refuses a lock, and leaves nothing behind", (t) => {
  const folder = scratch(t);
  const file = join(folder, "a");
  writeKubeconfig(file, access);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(() => writeKubeconfig(file, access), /is there already, and was not overwritten/);

  const real = join(folder, "real");
  const link = join(folder, "config");
  writeFileSync(real, OTHER);
  symlinkSync(real, link);
  assert.equal(mergeIntoKubeconfig(link, access), "in it beside the others");
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.match(readFileSync(real, "utf8"), /https:\/\/10\.0\.0\.10:6443/);
  assert.equal(mergeIntoKubeconfig(link, access), "in it already");
  writeFileSync(`${real}.lock`, "");
  assert.throws(() => mergeIntoKubeconfig(link, access), /is locked by another program/);
  assert.deepEqual(readdirSync(folder).toSorted(), ["a", "config", "real", "real.lock"]);

  const fresh = join(folder, "home", ".kube", "config");
  assert.equal(mergeIntoKubeconfig(fresh, access), "in it alone");
  assert.equal(statSync(join(folder, "home", ".kube")).mode & 0o777, 0o700);
  assert.deepEqual(load(readFileSync(fresh, "utf8")), ALONE);
});

test("a broken file stays as it is, and its lock is gone", (t) => {
  const file = join(scratch(t), "config");
  writeFileSync(file, "a: [");
  chmodSync(file, 0o600);
  assert.throws(
    () => mergeIntoKubeconfig(file, access),
    /config: it is no kubeconfig.*; nothing was changed/,
  );
  assert.equal(readFileSync(file, "utf8"), "a: [");
  assert.deepEqual(readdirSync(join(file, "..")), ["config"]);
});
