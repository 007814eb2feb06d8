// What user-data and meta-data say. That cloud-init accepts them is proved in contract/cloud-init.test.ts.
import assert from "node:assert/strict";
import test from "node:test";
import type { Node } from "../generator/model/cluster.ts";
import type { NodeFile } from "../generator/model/files.ts";
import { metaData, userData, userDataConfig } from "../generator/render/cloud-init.ts";
import { makeCluster } from "./support/clusters.ts";

const cluster = makeCluster({ servers: 3, agents: 1, loadBalancers: 1 });
const [first] = cluster.nodes;
assert.ok(first);
const pi: Node = { ...first, os: "raspberry-pi-os" };

const token: NodeFile = {
  path: "/etc/rancher/k3s/token",
  mode: "0600",
  content: [{ secret: "server-token", generation: 3 }, "\n"],
  onChange: "none",
};

test("the first line is #cloud-config and the comment below says where to edit", () => {
  const lines = userData(cluster, pi, []).split("\n");
  assert.equal(lines[0], "#cloud-config");
  assert.match(lines[1] ?? "", /^# .*cluster\.config\.json.*npm run render.*Edit that, not this/);
  assert.equal(lines[3], `hostname: ${pi.name}`);
});

test("comments hold nothing that looks like a secret's placeholder", () => {
  const comments = userData(cluster, pi, [token])
    .split("\n")
    .filter((line) => line.startsWith("#"));
  assert.equal(comments.length, 3);
  assert.ok(comments.every((line) => !line.includes("@@quorate:")));
});

test("the only login is the configured one, with all its keys and no password", () => {
  const authorizedKeys = ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"];
  const { users, ...rest } = userDataConfig({ ...cluster, access: { user: "ada", authorizedKeys } }, pi, []);
  assert.equal(users.length, 1);
  assert.equal(users[0].name, "ada");
  assert.deepEqual(users[0].ssh_authorized_keys, authorizedKeys);
  assert.equal(users[0].lock_passwd, true);
  assert.equal(users[0].sudo, "ALL=(ALL) NOPASSWD:ALL");
  assert.deepEqual([rest.ssh_pwauth, rest.disable_root], [false, true]);
});

test("a cluster without authorized keys is an error, not a machine that nobody can enter", () => {
  const locked = { ...cluster, access: { user: "ada", authorizedKeys: [] } };
  assert.throws(() => userDataConfig(locked, pi, []), /authorized keys/);
});

test("host keys are the node's own placeholders of the configured generation", () => {
  const generations = { ...cluster.generations, "ssh-host-key": 7 };
  const text = userData({ ...cluster, generations }, pi, []);
  assert.ok(text.includes(`  ed25519_private: |\n    @@quorate:secret:ssh-host-key/${pi.name}:7@@\n`));
  assert.ok(text.includes(`  ed25519_public: |\n    @@quorate:secret:ssh-host-key-public/${pi.name}:7@@\n`));
});

test("every file of the node is written, in order, with its mode and its secrets by name", () => {
  const motd: NodeFile = { path: "/etc/motd", mode: "0644", content: ["hello\n"], onChange: "none" };
  assert.deepEqual(userDataConfig(cluster, pi, [motd, token]).write_files, [
    { path: "/etc/motd", permissions: "0644", content: "hello\n" },
    { path: "/etc/rancher/k3s/token", permissions: "0600", content: "@@quorate:secret:server-token:3@@\n" },
  ]);
  assert.ok(userData(cluster, pi, [token]).includes("permissions: '0600'\n"));
});

test("without files there is no write_files: an empty list is invalid", () => {
  assert.ok(!("write_files" in userDataConfig(cluster, pi, [])));
});

test("only Raspberry Pi OS needs its host key service masked and sshd started", () => {
  const { bootcmd = [], runcmd = [] } = userDataConfig(cluster, pi, []);
  const mask = ["systemctl", "mask", "regenerate_ssh_host_keys.service"];
  const sshd = ["systemctl", "enable", "--now", "--no-block", "ssh"];
  for (const os of ["ubuntu", "debian"] as const) {
    const other = userDataConfig(cluster, { ...pi, os }, []);
    assert.deepEqual(bootcmd, [...(other.bootcmd ?? []), mask]);
    assert.deepEqual(runcmd, [sshd, ...(other.runcmd ?? [])]);
  }
});

test("the node program is enabled and started, and nothing waits for it: cloud-final is part of the boot", () => {
  for (const os of ["raspberry-pi-os", "ubuntu", "debian"] as const) {
    const { runcmd = [] } = userDataConfig(cluster, { ...pi, os }, []);
    assert.deepEqual(runcmd.slice(-2), [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "--no-block", "quorate-node.service"],
    ]);
  }
});

test("a new digest is a new instance, the same digest is the same one", () => {
  const text = metaData(pi, `0123456789ab${"f".repeat(52)}`);
  assert.ok(text.endsWith(`\ninstance-id: quorate-${pi.name}-0123456789ab\nlocal-hostname: ${pi.name}\n`));
  assert.equal(metaData(pi, `0123456789ab${"f".repeat(52)}`), text);
  assert.notEqual(metaData(pi, `0123456789ac${"f".repeat(52)}`), text);
});

test("meta-data refuses what is no SHA-256", () => {
  for (const digest of ["", "0123456789ab", "G".repeat(64), "A".repeat(64)]) {
    assert.throws(() => metaData(pi, digest), /SHA-256/);
  }
});
