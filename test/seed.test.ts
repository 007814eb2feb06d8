// A card's files: the rendered ones with the secrets in, and nothing more than the machine's role needs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "js-yaml";
import { nodeSeed } from "../generator/cards/seed.ts";
import type { Node } from "../generator/model/cluster.ts";
import type { SecretRef } from "../generator/model/files.ts";
import { nodeFiles } from "../generator/render/node-files.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { makeCluster } from "./support/clusters.ts";
import { TEMPLATES } from "./support/fixtures.ts";

const cluster = makeCluster({ servers: 3, agents: 1, loadBalancers: 2 });
const node = (name: string) => cluster.nodes.find((each) => each.name === name) as Node;
const ROOT = new Uint8Array(32).fill(1);
const reveal = (root: Uint8Array) => (ref: SecretRef) => deriveSecret(root, ref);
const card = (
  name: string,
  { mayFound = false, root = ROOT }: { readonly mayFound?: boolean; readonly root?: Uint8Array } = {},
) => nodeSeed(cluster, node(name), TEMPLATES, reveal(root), { mayFound });

interface UserData {
  readonly ssh_keys: { readonly ed25519_private: string };
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
}
const read = (text: string) => load(text) as UserData;

test("no placeholder is left on a card, and every file is the rendered one", () => {
  for (const { name } of cluster.nodes) {
    const { userData } = card(name);
    assert.doesNotMatch(userData, /@@quorate:/);
    assert.match(userData, /^#cloud-config\n/);
    const paths = nodeFiles(cluster, node(name), TEMPLATES).map(({ path }) => path);
    assert.deepEqual(
      read(userData).write_files.map(({ path }) => path),
      paths,
    );
    assert.equal(paths.at(-1), NODE_PATHS.fileList, "where the list is, all others are");
  }
});

test("a secret of many lines arrives whole, in both places", () => {
  const { ssh_keys, write_files } = read(card("server-1").userData);
  const key = `${deriveSecret(ROOT, { secret: "ssh-host-key/server-1", generation: 1 })}\n`;
  assert.equal(ssh_keys.ed25519_private, key);
  assert.equal(write_files.find(({ path }) => path === NODE_PATHS.hostKey)?.content, key);
});

test("only a card that may found says so, and the list of files stays last", () => {
  const files = (mayFound: boolean) => read(card("server-1", { mayFound }).userData).write_files;
  assert.ok(!files(false).some(({ path }) => path === NODE_PATHS.mayFound));
  assert.equal(files(true).find(({ path }) => path === NODE_PATHS.mayFound)?.content, "majority\n");
  assert.equal(files(true).at(-1)?.path, NODE_PATHS.fileList);
});

test("the server token is on servers' cards alone, and a machine's keys on its own", () => {
  const secret = (name: string) => deriveSecret(ROOT, { secret: name, generation: 1 });
  const middle = (key: string) => key.split("\n")[2] ?? "";
  for (const { name, role } of cluster.nodes) {
    const { userData } = card(name);
    assert.equal(userData.includes(secret("server-token")), role === "server", name);
    assert.equal(userData.includes(secret("agent-token")), role !== "loadbalancer", name);
    for (const other of cluster.nodes) {
      assert.equal(
        userData.includes(middle(secret(`ssh-host-key/${other.name}`))),
        other.name === name,
        name,
      );
      const asks = other.name === name && role === "server";
      assert.equal(userData.includes(middle(secret(`peer-key/${other.name}`))), asks, name);
    }
  }
});

test("another secret, or the right to found, makes another instance: cloud-init takes the card anew", () => {
  const id = (options: Parameters<typeof card>[1]) => card("server-1", options).metaData;
  assert.equal(id({}), id({}));
  const all = [id({}), id({ mayFound: true }), id({ root: new Uint8Array(32).fill(2) })];
  assert.equal(new Set(all).size, 3);
});
