// cloud-init and its PyYAML judge our user-data, and cloud-init's schema judges the types that describe it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { HostKeys, User, UserData, WriteFile } from "cloud-init-types";
import { sample, string } from "fast-check";
import type { NodeFile } from "../../generator/model/files.ts";
import {
  metaData,
  userData,
  userDataConfig,
  userDataWithSecrets,
} from "../../generator/render/cloud-init.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { toYaml } from "../../generator/render/yaml.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { installedSchema } from "../support/cloud-config-schema.ts";
import { makeCluster } from "../support/clusters.ts";
import { readYamlsWithPython, requirePythonModule } from "../support/python.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";

const needsCloudInit = { skip: requireTool("cloud-init", "apt-get install cloud-init") };
const needsSchema = { skip: requirePythonModule("cloudinit", "apt-get install cloud-init") };
const needsPyYaml = { skip: requirePythonModule("yaml", "apt-get install python3-yaml") };

const AWKWARD = "#!/bin/sh\n\techo \"$x\" 'y' # \\ %\n---\n...\n \n- a: b\n\n  end \n";
const EXTRA_FILES: readonly NodeFile[] = [AWKWARD, "", "no newline at the end", "\n\n", "   indented\n"].map(
  (text, index) => ({ path: `/etc/quorate/extra-${index}`, mode: "0755", content: [text], onChange: "none" }),
);

/** Stands for every secret; a private key has as many lines. */
const SECRET = `-----BEGIN-----\n  a: "b" # 'c'\n\n\t@end`;

const templates = readTemplates();

/** Every machine of three set-ups with each operating system, with its real files and some awkward ones. */
const machines = [
  makeCluster({ servers: 1, agents: 0, loadBalancers: 0 }),
  makeCluster({ servers: 3, agents: 1, loadBalancers: 1 }),
  makeCluster({ servers: 3, agents: 1, loadBalancers: 2 }),
].flatMap((cluster) =>
  (["raspberry-pi-os", "ubuntu", "debian"] as const).flatMap((os) => {
    const all = { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, os })) };
    return all.nodes.map((node) => {
      const files = [...nodeFiles(all, node, templates), ...EXTRA_FILES];
      return {
        label: `${node.name} on ${os}`,
        kind: `${node.role} on ${os}`,
        text: userData(all, node, files),
        value: userDataConfig(all, node, files),
        withSecrets: userDataWithSecrets(all, node, files, (content) =>
          content.map((part) => (typeof part === "string" ? part : SECRET)).join(""),
        ),
      };
    });
  }),
);

test("cloud-init schema accepts every kind of machine without a warning", needsCloudInit, (t) => {
  const file = join(scratch(t), "user-data");
  const kinds = new Map(machines.map((machine) => [machine.kind, machine]));
  assert.equal(kinds.size, 9);
  for (const { label, text } of kinds.values()) {
    writeFileSync(file, text);
    const { status, stdout, stderr } = runTool("cloud-init", ["schema", "-c", file]);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, label);
    assert.match(stdout, /^Valid (cloud-config|schema).*$/m, label);
    assert.doesNotMatch(stdout, /deprecat|warn|error|invalid/i, label);
  }
});

test("the installed schema accepts every machine and calls no key of it deprecated", needsSchema, () => {
  const { errors, deprecations } = installedSchema();
  for (const { label, value } of machines) {
    assert.deepEqual(errors(value), [], label);
    assert.deepEqual(deprecations(value), [], label);
  }
});

test("the walk finds a deprecated key, value and form", needsSchema, () => {
  const { deprecations } = installedSchema();
  const user = { name: "a", "lock-passwd": true, sudo: false };
  assert.deepEqual(deprecations({ ssh_pwauth: "no", users: [user] }), [
    "ssh_pwauth",
    "users.0.lock-passwd",
    "users.0.sudo",
  ]);
});

// A key added to a type without a line here, or a line without its key, fails `tsc`. A line that cloud-init's schema does
// not know fails the test below.
const KEYS = {
  "": {
    hostname: true,
    prefer_fqdn_over_hostname: true,
    preserve_hostname: true,
    manage_etc_hosts: true,
    users: true,
    ssh_pwauth: true,
    disable_root: true,
    ssh_deletekeys: true,
    ssh_keys: true,
    no_ssh_fingerprints: true,
    ssh: true,
    bootcmd: true,
    write_files: true,
    runcmd: true,
  } satisfies Record<keyof UserData, true>,
  "users.0": {
    name: true,
    gecos: true,
    groups: true,
    shell: true,
    lock_passwd: true,
    sudo: true,
    ssh_authorized_keys: true,
  } satisfies Record<keyof User, true>,
  "write_files.0": { path: true, permissions: true, content: true } satisfies Record<keyof WriteFile, true>,
  ssh_keys: { ed25519_private: true, ed25519_public: true } satisfies Record<keyof HostKeys, true>,
  ssh: { emit_keys_to_console: true } satisfies Record<keyof UserData["ssh"], true>,
};

test("cloud-init's schema knows every key of our types", needsSchema, () => {
  const { knows } = installedSchema();
  const paths = Object.entries(KEYS).flatMap(([at, keys]) =>
    Object.keys(keys).map((key) => [...at.split("."), key]),
  );
  assert.deepEqual(
    paths.filter((path) => !knows(path.filter(Boolean))),
    [],
  );
  assert.equal(
    knows(["enable_ssh"]) || knows(["users", "0", "passwort"]) || knows(["ssh_keys", "ed25519"]),
    false,
  );
});

test("PyYAML reads every user-data and meta-data as the value that was meant", needsPyYaml, () => {
  assert.ok(machines.length >= 30);
  const values = readYamlsWithPython(machines.map(({ text }) => text));
  for (const [index, { label, value }] of machines.entries()) assert.deepEqual(values[index], value, label);
  const [node] = makeCluster({ servers: 1, agents: 0, loadBalancers: 0 }).nodes;
  assert.ok(node);
  // A machine may be called "on" or "1e3"; the digest of digits alone must stay text too.
  const names = ["on", "1e3", "0640", "server-1"];
  const read = readYamlsWithPython(names.map((name) => metaData({ ...node, name }, "1".repeat(64))));
  const meant = names.map((name) => ({
    "instance-id": `quorate-${name}-111111111111`,
    "local-hostname": name,
  }));
  assert.deepEqual(read, meant);
});

test("a secret of several lines arrives as it is, wherever it stands", needsPyYaml, () => {
  const values = readYamlsWithPython(machines.map(({ withSecrets }) => withSecrets));
  for (const [index, { label, value }] of machines.entries()) {
    const meant: unknown = JSON.parse(
      JSON.stringify(value).replace(/@@quorate:secret:[^@]+@@/g, () => JSON.stringify(SECRET).slice(1, -1)),
    );
    assert.deepEqual(values[index], meant, label);
  }
});

// Reserved words, numbers in each base, times, dates, indicators, and everything that may end a line.
const TRAPS =
  "yes No on OFF y n true ~ null Null = << - ? : | > ! & * % @ ` ' \" [ { , # ... --- 0640 0o640 0x1F 0b11 +1 -0 1_000 _1 " +
  "12:30 190:20:30.15 1:2 1e3 1.5 1.e+5 .5 .inf .NaN 2024-01-01 2024-01-01T10:00:00Z 52:54:00:12:34:56 00:11:22:33:44:55";
const CHARACTERS = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).concat(
  ..."\u2028\u2029\ufeff\ufffe😀",
);

test("PyYAML reads any text back, as a value, in a list, as a key and in a block", needsPyYaml, () => {
  const single = [
    ...TRAPS.split(" "),
    ...CHARACTERS,
    "",
    " a",
    "a ",
    "a: b",
    "a #b",
    "--- a",
    "- a",
    "? a",
    "x".repeat(2000),
  ];
  const around = single.flatMap((text) => [
    text,
    `a${text}b`,
    `${text}\n`,
    `a\n${text}`,
    `${text}\n\tb \n\n`,
  ]);
  const random = sample(string({ unit: "binary", maxLength: 40 }), { numRuns: 2000, seed: 20261122 });
  const values = [...around, ...random].map((text) => ({
    value: text,
    list: [text, [text]],
    [`${text}-`]: { [text]: 1 },
  }));
  const read = readYamlsWithPython(values.map((value) => toYaml(value)));
  for (const [index, value] of values.entries()) assert.deepEqual(read[index], value);
});
