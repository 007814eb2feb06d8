// The shells judge quorate-node: it is clean, and its decisions are the founding table's, in every situation.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
goes_back() { false; }
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
  "a K3s minor that has opened a server's data is not followed by an earlier one; the note of it goes with the data",
  {
    skip: requireTool("dash", "apt-get install dash"),
  },
  (t) => {
    const folder = scratch(t);
    const kept = join(folder, "kept");
    const data = join(folder, "db");
    const binary = join(folder, "k3s");
    for (const each of [kept, join(data, "etcd/member/wal")]) mkdirSync(each, { recursive: true });
    const functions = ["put", "minor_of", "goes_back", "k3s_there", "guard", "step_k3s"];
    const script = `${functions.map(shellFunction).join("\n")}
report() { echo "$*"; }
begin() { echo installs; exit; }
k3s_stamp() { echo newer; }
failing() { echo "$1; next: $2"; return 1; }
missing_disk() { :; }
has_etcd() { [ -d "$k3s_data/etcd/member/wal" ]; }
mark=@@ retired=${folder}/retired kept=${kept} k3s_data=${data} opened_by=${data}/etcd/quorate-k3s run=${folder} ROLE=$2 UNIT=k3s INSTALL_K3S_VERSION=$3
$1; echo "$?"`
      .replace(/^ *\. .*k3s-install\.env$/m, "")
      .replaceAll("/usr/local/bin/k3s", binary)
      .replaceAll("/etc/rancher/k3s/server-token", join(folder, "token"));
    writeFileSync(join(folder, "token"), "token\n");
    const run = (verb: string, role = "server", wanted = "v1.36.4+k3s1") => {
      const { status, stdout, stderr } = runTool("dash", ["-uc", script, "dash", verb, role, wanted]);
      return `${stdout}${stderr}${status === 0 ? "" : `ended with ${status}`}`;
    };
    const there = (version: string) => {
      writeFileSync(binary, `#!/bin/sh\necho 'k3s version ${version} (abc)'; echo 'go version x'\n`, {
        mode: 0o755,
      });
    };
    const note = join(data, "etcd/quorate-k3s");
    const noted = () => (existsSync(note) ? readFileSync(note, "utf8") : null);

    there("v1.35.9+k3s1");
    assert.deepEqual([run("guard"), noted()], ["0\n", "v1.35.9+k3s1\n"]);
    there("v1.36.4+k3s1");
    assert.deepEqual([run("guard"), noted()], ["0\n", "v1.36.4+k3s1\n"]);
    for (const wanted of ["v1.36.4+k3s1", "v1.36.1+k3s1", "v1.37.0+k3s1", "v2.0.0+k3s1"])
      assert.equal(run("step_k3s", "server", wanted), "installs\n", wanted);
    assert.equal(
      run("step_k3s", "server", "v1.35.9+k3s1"),
      "K3s v1.36.4+k3s1 has run here, and v1.35.9+k3s1 may not read what it has written; next: on your computer: put v1.36.4+k3s1 back into k3s.version, then npx quorate apply\n1\n",
    );
    assert.equal(run("step_k3s", "agent", "v1.35.9+k3s1"), "installs\n", "an agent has no data");
    there("v1.35.9+k3s1");
    assert.match(
      run("guard"),
      /^quorate guard: K3s v1\.36\.4\+k3s1 has opened this server's data, and v1\.35\.9\+k3s1 may not .*\nended with 1$/,
    );
    assert.equal(noted(), "v1.36.4+k3s1\n");

    // What was installed is believed as long as nobody exchanged it; a build that is no release is left alone.
    const { size, mtimeMs } = statSync(binary);
    writeFileSync(join(kept, "k3s-installed"), `v1.36.5+k3s1 ${size} ${Math.floor(mtimeMs / 1000)}\n`);
    assert.deepEqual([run("guard"), noted()], ["0\n", "v1.36.5+k3s1\n"]);
    rmSync(join(kept, "k3s-installed"));
    there("dev");
    assert.deepEqual([run("guard"), noted()], ["0\n", "v1.36.5+k3s1\n"]);

    // Restored from a snapshot: K3s moves the folder away.
    rmSync(join(data, "etcd"), { recursive: true });
    mkdirSync(join(data, "etcd/member/wal"), { recursive: true });
    there("v1.35.9+k3s1");
    assert.equal(run("step_k3s", "server", "v1.35.9+k3s1"), "installs\n");
    assert.deepEqual([run("guard"), noted()], ["0\n", "v1.35.9+k3s1\n"]);
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
