// The shells judge quorate-node: it is clean, and its decisions are the founding table's, in every situation.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decide, SITUATION_KEYS } from "../../generator/model/founding.ts";
import { nodeProgram } from "../../generator/render/node-program.ts";
import { TEMPLATES } from "../support/fixtures.ts";
import { scratch } from "../support/scratch.ts";
import { everySituation } from "../support/situations.ts";
import { requireTool, runTool } from "../support/tools.ts";

const PROGRAM = nodeProgram(TEMPLATES);

test(
  "shellcheck has nothing to say about quorate-node",
  {
    skip: requireTool("shellcheck", "apt-get install shellcheck"),
  },
  () => {
    const { status, stdout } = runTool("shellcheck", ["--shell=sh", "--severity=style", "-"], PROGRAM);
    assert.equal(stdout, "");
    assert.equal(status, 0);
  },
);

test(
  "quorate-node decides as the founding table does, in every situation, in dash and in bash",
  {
    skip: requireTool("dash", "apt-get install dash") || requireTool("bash", "apt-get install bash"),
  },
  () => {
    const [, body] = /\ndecide\(\) \{\n(.*?)\n\}\n/s.exec(PROGRAM) ?? [];
    assert.ok(body);
    const variables = SITUATION_KEYS.map((key) => (key === "mayFound" ? "may_found" : key)).join(" ");
    const script = `${shellFunction("decide")}\nwhile read -r ${variables}; do outcome=none; decide; echo "$outcome"; done`;
    const situations = everySituation();
    const input = situations
      .map((situation) => SITUATION_KEYS.map((key) => situation[key]).join(" "))
      .join("\n");
    const meant = situations.map(decide);
    for (const shell of ["dash", "bash"]) {
      const { status, stdout, stderr } = runTool(shell, ["-c", script], `${input}\n`);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.deepEqual(stdout.trimEnd().split("\n"), meant);
    }
  },
);

test(
  "the last load balancer ends keepalived before its own network has the address",
  {
    skip: requireTool("dash", "apt-get install dash"),
  },
  () => {
    const script = `${shellFunction("network")}
changed() { true; }
put() { cat >/dev/null; echo "put $1"; }
settled() { echo settled; }
systemctl() { echo "systemctl $*"; }
kept=/nonexistent ROLE=$1 HOLDER=$2
network </dev/null 2>/dev/null`;
    const told = (role: string, holder: string) =>
      runTool("dash", ["-c", script.replace(/<"\$staged"/, "</dev/null"), "dash", role, holder]).stdout;
    const rest = "put /nonexistent/network-config\nsettled\n";
    const ends = "systemctl is-active -q keepalived\nsystemctl disable -q --now keepalived\n";
    assert.equal(told("loadbalancer", "loadbalancer"), `${ends}${rest}`);
    assert.equal(told("loadbalancer", "keepalived"), rest);
    assert.equal(told("server", "loadbalancer"), rest);
  },
);

test(
  "another K3s comes only when what came with it can no longer be undone",
  {
    skip: requireTool("dash", "apt-get install dash"),
  },
  (t) => {
    const folder = scratch(t);
    const script = `${shellFunction("step_k3s").replace(/^ *\. .*k3s-install\.env$/m, "")}
report() { echo "$*"; }
begin() { :; }
k3s_stamp() { echo newer; }
fetch() { echo fetches; problem=none advice=none; return 1; }
failing() { return 1; }
kept=$1 run=$1 UNIT=k3s INSTALL_K3S_ARTIFACT_URL=x INSTALL_K3S_VERSION=v1 QUORATE_INSTALL_SCRIPT=y
step_k3s; echo "$?"`;
    const said = () => runTool("dash", ["-c", script, "dash", folder]).stdout;
    assert.equal(said(), "fetches\n1\n");
    writeFileSync(join(folder, "armed"), "digest 60\n");
    assert.match(said(), /^waiting the change to be confirmed .*\n1\n$/);
  },
);

test(
  "a file that quorate-node writes is on the disk before it has its name, and then its folder is too",
  {
    skip: requireTool("strace", "apt-get install strace") || requireTool("dash", "apt-get install dash"),
  },
  (t) => {
    const folder = scratch(t);
    const script = `${shellFunction("put")}\necho whole | put ${folder}/new/file 0600`;
    const traced = [
      "-f",
      "-y",
      "-e",
      "trace=fsync,fdatasync,rename,renameat,renameat2",
      "dash",
      "-c",
      script,
    ];
    const { status, stderr } = runTool("strace", traced);
    assert.equal(status, 0, stderr);
    const calls = stderr
      .split("\n")
      .flatMap((line) => /\b(f(?:data)?sync|rename\w*)\(.*/.exec(line)?.[0] ?? []);
    assert.equal(calls.length, 3, stderr);
    const [first = "", second = "", third = ""] = calls;
    assert.match(first, /^f(data)?sync\(\d+<.*\/new\/file\.quorate-new>\) += 0/);
    assert.match(second, /^rename.*\.quorate-new".*\/new\/file".* = 0/);
    assert.match(third, /^f(data)?sync\(\d+<.*\/new>\) += 0/);
    assert.equal(readFileSync(join(folder, "new/file"), "utf8"), "whole\n");
    assert.equal(statSync(join(folder, "new/file")).mode & 0o777, 0o600);
  },
);

/** One function of the program, as it stands there. */
function shellFunction(name: string): string {
  const [text] = new RegExp(`^${name}\\(\\) \\{\\n.*?\\n\\}$`, "ms").exec(PROGRAM) ?? [];
  assert.ok(text, `quorate-node has no function ${name}`);
  return text;
}
