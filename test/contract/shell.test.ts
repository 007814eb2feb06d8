// The shells judge what Quorate writes for them to read: one word stays one word, whatever is in it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import { publicText } from "../../generator/model/files.ts";
import { installEnvironment, K3S_PATHS, shellQuote } from "../../generator/render/k3s.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { makeCluster } from "../support/clusters.ts";
import { FIXTURES, fixtureCluster, TEMPLATES } from "../support/fixtures.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";

const SHELLS = ["sh", "dash", "bash"] as const;
// Where its input is a socket, bash believes that rshd started it and reads ~/.bashrc, unless it is not the first shell.
const INNER = "SHLVL=9";
const needsShells = {
  skip: requireTool("dash", "apt-get install dash") || requireTool("bash", "apt-get install bash"),
};

/** Everything that some shell treats as special, and what has broken quoting elsewhere. */
const AWKWARD = [
  "",
  "'",
  "''",
  "\\",
  "'\\''",
  '"$HOME" `id` $(id) ${PATH:-x}',
  "a b\tc",
  "*?[a-z]~{1,2}",
  "!1 !! #",
  "-n -e",
  "a\\nb\\0c",
  "line one\nline two\n",
  "\r\n",
  "\u0001\u001b[31m\u007f",
  // The bytes 0x81 to 0x88 of UTF-8 are dash's own marks inside of words.
  "\u00c1\u0081\u0088\u{10081}",
];

test("every machine's install settings are read as exactly the values that were meant", needsShells, (t) => {
  const { k3s, ...rest } = makeCluster({ servers: 1, agents: 1 });
  const awkward = AWKWARD.map((text): Cluster => {
    const artifacts = { ...k3s.artifacts, installScript: text, mirror: `${text}x` };
    return { ...rest, k3s: { ...k3s, artifacts } };
  });
  const clusters = [...FIXTURES.map((name) => fixtureCluster(name)), ...awkward];
  const machines = clusters.flatMap((cluster) =>
    cluster.nodes.flatMap((node) => (node.role === "loadbalancer" ? [] : [{ cluster, node }])),
  );
  assert.ok(machines.length >= 20);
  const file = join(scratch(t), "k3s-install.env");
  for (const { cluster, node } of machines) {
    const text = settingsOf(cluster, node);
    assert.ok(text.endsWith(installEnvironment(cluster, node)));
    writeFileSync(file, text);
    for (const shell of SHELLS)
      assert.deepEqual(readSettings(shell, file), meant(cluster, node), `${shell}: ${text}`);
  }
});

test("shellQuote gives one word of the same bytes, whatever they are", needsShells, () => {
  const text = fc
    .oneof(
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.string({ unit: fc.constantFrom(..."'\\\"$`!*~#&;|<>(){}[]?= \t\r\n-a"), maxLength: 30 }),
    )
    .map((value) => value.replaceAll("\0", ""));
  for (const shell of SHELLS) {
    const same = (values: readonly string[]) => assert.deepEqual(wordsOf(shell, values), values);
    same(AWKWARD);
    // Many at a time: a word that ends too early or too late spoils its neighbours too.
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), same), {
      seed: 20261122,
      numRuns: 40,
    });
  }
});

/** The file as it is on the machine. */
function settingsOf(cluster: Cluster, node: Node): string {
  const file = nodeFiles(cluster, node, TEMPLATES).find(({ path }) => path === K3S_PATHS.installEnvironment);
  assert.ok(file, node.name);
  return publicText(file.content);
}

function meant({ k3s }: Cluster, { role }: Node): Readonly<Record<string, string>> {
  return {
    INSTALL_K3S_VERSION: k3s.version,
    INSTALL_K3S_ARTIFACT_URL: k3s.artifacts.mirror,
    INSTALL_K3S_EXEC: role,
    INSTALL_K3S_SKIP_START: "true",
    QUORATE_INSTALL_SCRIPT: k3s.artifacts.installScript,
    QUORATE_INSTALL_SCRIPT_SHA256: k3s.artifacts.installScriptSha256 ?? "",
  };
}

/** All that a shell exports once it has read the file, from an environment without any of it. */
function readSettings(shell: string, file: string): Readonly<Record<string, string>> {
  const before = "PWD OLDPWD SHLVL _".split(" ");
  const read = ["-i", INNER, shell, "-c", 'set -aeu; . "$1"; exec /usr/bin/env -0', "sh", file];
  const { status, stdout, stderr } = runTool("env", read);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  const pairs = stdout
    .split("\0")
    .slice(0, -1)
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(pairs.filter(([name = ""]) => !before.includes(name)));
}

/** What a shell makes of quoted words in a script. */
function wordsOf(shell: string, values: readonly string[]): readonly string[] {
  const script = `printf '%s\\0' ${values.map(shellQuote).join(" ")}\n`;
  const { status, stdout, stderr } = runTool("env", [INNER, shell, "-s"], script);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  return stdout.split("\0").slice(0, -1);
}
