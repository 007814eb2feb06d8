// What drift asks of a machine: the script itself, in a real shell on a copy of a machine's files.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { inspect } from "../generator/apply/inspect.ts";
import type { Remote, RemoteResult } from "../generator/apply/remote.ts";
import { questionsFor } from "../generator/drift/questions.ts";
import type { Asked, SeenMachine } from "../generator/drift/seen.ts";
import { publicText } from "../generator/model/files.ts";
import { type RecordedFiles, recordedFiles } from "../generator/plan/recorded.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { digestOf } from "../generator/render/node-program.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { filesOf, nodeOf } from "./support/plan-play.ts";
import { recordedMachine } from "./support/record.ts";
import { scratch } from "./support/scratch.ts";

const ROOT = new Uint8Array(32).fill(3);
const onMachine = { skip: process.platform === "linux" ? false : "the script is for a Linux machine" };
const KEYS = "~ops/.ssh/authorized_keys";
const SUM = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");

/** A machine as a folder: its files, the note of how they were given, live copies, and programs that answer. */
interface Play {
  readonly at: (path: string) => string;
  readonly write: (path: string, text: string) => void;
  readonly read: (path: string) => string;
  /** What it told last, raw. */
  readonly told: () => string;
  readonly inspect: (options?: { readonly digest?: string; readonly git?: boolean }) => Promise<SeenMachine>;
}

const PROGRAM = `#!/bin/sh
case $1 in
  status) cat "$PLACE/status.json" ;;
  backends) cat "$PLACE/backends" ;;
esac
`;
const STUBS: Readonly<Record<string, string>> = {
  systemctl: 'for unit; do :; done; cat "$PLACE/unit.$unit"',
  getent: 'echo "$2:x:1:1::$PLACE/home/$2:/bin/sh"',
  curl: 'for url; do :; done; cat "$PLACE/answer.${url##*/}"',
};

function play(t: TestContext, name: string): Play {
  const place = scratch(t);
  const node = nodeOf(name);
  const files = filesOf(name).map((file) =>
    file.path === NODE_PATHS.program ? { ...file, content: [PROGRAM] } : file,
  );
  const at = (path: string) => join(place, path);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };
  const given = files.map(({ path, mode, content }) => {
    const text = content.map((part) => (typeof part === "string" ? part : deriveSecret(ROOT, part))).join("");
    write(path, text);
    chmodSync(at(path), Number.parseInt(mode, 8));
    return `${mode} ${SUM(text)} ${path}\n`;
  });
  const moved = (text: string) => text.replaceAll(/(?<![\w/])\/(etc|usr|var|run)\//g, `${place}/$1/`);
  write(NODE_PATHS.given, moved(given.join("")));
  // The list names paths on the machine, and the machine is a folder here.
  const list = readFileSync(at(NODE_PATHS.fileList), "utf8");
  writeFileSync(at(NODE_PATHS.fileList), moved(list));
  write(NODE_PATHS.given, readFileSync(at(NODE_PATHS.given), "utf8").replace(SUM(list), SUM(moved(list))));
  const read = (path: string) => readFileSync(at(path), "utf8");
  for (const [program, text] of Object.entries(STUBS)) {
    write(`bin/${program}`, `#!/bin/sh\n${text}\n`);
    chmodSync(at(`bin/${program}`), 0o755);
  }
  write("status.json", "{}");
  for (const unit of [NODE_PATHS.unit, "k3s", "haproxy", "keepalived"])
    write(`unit.${unit}`, "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n");
  write("home/ops/.ssh/authorized_keys", read(NODE_PATHS.authorizedKeys));
  write("etc/ssh/ssh_host_ed25519_key", read(NODE_PATHS.hostKey));
  if (node.role === "loadbalancer") {
    write("etc/haproxy/haproxy.cfg", read(NODE_PATHS.haproxy));
    write("etc/keepalived/keepalived.conf", read(NODE_PATHS.keepalived));
    write("backends", "be_api/server-1 up -\nbe_api/server-2 down drained\nbe_https/server-2 down drained\n");
  } else {
    for (const manifest of ["quorate-traefik.yaml", "quorate-coredns.yaml"])
      write(`${K3S_PATHS.manifests}/${manifest}`, read(`${NODE_PATHS.manifests}/${manifest}`));
    write(
      "usr/local/bin/k3s",
      `#!/bin/sh\ncase $* in\n--version) echo 'k3s version v1.36.4+k3s1 (abc)'; echo 'go version go1' ;;\n*raw*) cat ${place}/namespace ;;\n*) cat ${place}/nodes ;;\nesac\n`,
    );
    chmodSync(at("usr/local/bin/k3s"), 0o755);
    write("answer.cacerts", "certificates\n");
    write(
      "answer.info",
      '{"members":[{"ID":9999999999999999999,"name":"server-1-0a1b2c3d","peerURLs":["https://10.0.0.11:2380"]},{"ID":2,"peerURLs":["https://10.0.0.99:2380"],"isLearner":true}]}',
    );
    write("namespace", '{"metadata":{"uid":"11111111-2222-3333-4444-555555555555"}}');
    write(
      "nodes",
      JSON.stringify({
        items: [
          {
            metadata: { name: "server-1", annotations: { token: "x" } },
            spec: { unschedulable: true },
            status: {
              conditions: [{ type: "Ready", status: "True" }],
              nodeInfo: { kubeletVersion: "v1.36.4+k3s1" },
            },
          },
          { metadata: { name: "stranger\u001b[2J" }, spec: {}, status: {} },
        ],
      }),
    );
  }
  const texts = new Map(files.map(({ path, content }) => [path as string, publicText(content)]));
  texts.set(NODE_PATHS.fileList, list);
  let told = "";
  return {
    at,
    write,
    read,
    told: () => told,
    inspect: async ({ digest = digestOf(filesOf(name)), git = true } = {}) => {
      // Its list is another text here than in git, for its paths are.
      const recorded = git ? withList(recordedFiles(texts), read(NODE_PATHS.fileList)) : undefined;
      const remote: Remote = {
        run: async (_, script, { input = "" }) => {
          told = execFileSync("sh", ["-c", moved(script)], {
            input: moved(String(input)),
            env: { PATH: `${place}/bin:${process.env["PATH"]}`, PLACE: place },
            encoding: "utf8",
            stdio: ["pipe", "pipe", "ignore"],
          });
          return { finished: true, exit: 0, stdout: told.replaceAll(place, ""), stderr: "" };
        },
        close: async () => {},
      };
      const questions = questionsFor(
        recordedMachine({ role: node.role, digest }),
        "ops",
        recorded ?? undefined,
      );
      const whom = { name, cluster: "test", address: node.address };
      const { seen } = await inspect(remote, whom, questions, recorded ?? undefined);
      assert.ok(seen, told);
      return seen;
    },
  };
}

function withList(recorded: RecordedFiles | null, list: string): RecordedFiles {
  assert.ok(recorded);
  return new Map(recorded).set(NODE_PATHS.fileList, { mode: "0644", action: "none", text: list });
}

function assertSecretFree(told: string, name: string): void {
  const decoded = told.replaceAll(/[A-Za-z0-9+/=]{16,}/g, (text) =>
    Buffer.from(text, "base64").toString("utf8"),
  );
  for (const { content } of filesOf(name))
    for (const part of content)
      if (typeof part !== "string" && !part.secret.includes("public")) {
        const secret = deriveSecret(ROOT, part).split("\n").at(1) ?? deriveSecret(ROOT, part);
        assert.ok(!told.includes(secret) && !decoded.includes(secret), publicText([part]));
      }
}

test("a machine as it was given tells nothing of its files, and what it is besides", onMachine, async (t) => {
  const server = await play(t, "server-1").inspect();
  assert.deepEqual([server.files, server.copies, server.pending, server.cordoned], [[], [], false, false]);
  assert.equal(server.digest, digestOf(filesOf("server-1")));
  assert.deepEqual(server.units, [
    { name: NODE_PATHS.unit, load: "loaded", active: "active", file: "enabled" },
    { name: "k3s", load: "loaded", active: "active", file: "enabled" },
  ]);
  assert.equal(server.k3s, "v1.36.4+k3s1");
  assert.deepEqual(server.cluster, {
    caHash: SUM("certificates\n"),
    uid: "11111111-2222-3333-4444-555555555555",
    members: [
      { name: "server-1-0a1b2c3d", address: "10.0.0.11", learner: false },
      { name: "", address: "10.0.0.99", learner: true },
    ],
    nodes: [
      { name: "server-1", ready: true, unschedulable: true, version: "v1.36.4+k3s1" },
      { name: "stranger\\u001b[2J", ready: false, unschedulable: false, version: "" },
    ],
  });
  const balancer = await play(t, "lb-1").inspect();
  assert.deepEqual([balancer.files, balancer.copies, balancer.cluster], [[], [], null]);
  assert.deepEqual(balancer.drained, ["server-2"]);
  assert.equal(balancer.k3s, null);
});

test("a change of each kind is told; the text only of files without a secret", onMachine, async (t) => {
  const { at, read, write, inspect, told } = play(t, "server-1");
  appendFileSync(at(NODE_PATHS.authorizedKeys), "by hand\n");
  chmodSync(at(NODE_PATHS.settings), 0o666);
  appendFileSync(at(K3S_PATHS.serverToken), "by hand\n");
  chmodSync(at(K3S_PATHS.serverToken), 0o644);
  rmSync(at(K3S_PATHS.installEnvironment));
  rmSync(at(NODE_PATHS.hostname));
  symlinkSync(at(K3S_PATHS.serverToken), at(NODE_PATHS.hostname));
  write("etc/ssh/ssh_host_ed25519_key", "another\n");
  rmSync(at(`${K3S_PATHS.manifests}/quorate-coredns.yaml`));
  write(`${K3S_PATHS.manifests}/quorate-more.yaml`, "more: true\n");
  mkdirSync(at("var/lib/quorate/incoming"));
  write("var/lib/quorate/cordoned", "");
  write("run/quorate/lease", "99999999999 id somebody@there\n");
  const seen = await inspect();
  assert.deepEqual(seen.files, [
    { path: NODE_PATHS.settings, is: "mode", mode: "0666", given: "0644", text: null },
    { path: NODE_PATHS.hostname, is: "linked", mode: null, given: null, text: null },
    {
      path: NODE_PATHS.authorizedKeys,
      is: "changed",
      mode: "0644",
      given: "0644",
      text: read(NODE_PATHS.authorizedKeys),
    },
    { path: K3S_PATHS.serverToken, is: "changed", mode: "0644", given: "0600", text: null },
    { path: K3S_PATHS.installEnvironment, is: "missing", mode: null, given: null, text: null },
  ]);
  const manifest = (name: string) => ({
    staged: `${NODE_PATHS.manifests}/${name}`,
    live: `${K3S_PATHS.manifests}/${name}`,
    text: null,
  });
  assert.deepEqual(seen.copies, [
    {
      staged: NODE_PATHS.authorizedKeys,
      live: KEYS,
      is: "different",
      text: read("home/ops/.ssh/authorized_keys"),
    },
    { staged: NODE_PATHS.hostKey, live: "/etc/ssh/ssh_host_ed25519_key", is: "different", text: null },
    { ...manifest("quorate-coredns.yaml"), is: "missing" },
    { ...manifest("quorate-more.yaml"), is: "unstaged" },
  ]);
  assert.deepEqual([seen.pending, seen.cordoned, seen.apply], [true, true, "somebody@there"]);
  assertSecretFree(told(), "server-1");
});

test("a secret in a file, a link or a copy is never sent, whatever a hand did", onMachine, async (t) => {
  const { at, read, write, inspect, told } = play(t, "server-1");
  const token = read(K3S_PATHS.serverToken);
  for (const { path, content } of filesOf("server-1"))
    if (content.some((part) => typeof part !== "string")) appendFileSync(at(path), "# by hand\n");
  write("etc/ssh/ssh_host_ed25519_key", read(NODE_PATHS.hostKey));
  rmSync(at("home/ops/.ssh/authorized_keys"));
  symlinkSync(at(K3S_PATHS.serverToken), at("home/ops/.ssh/authorized_keys"));
  const first = await inspect();
  assert.ok(first.files.length > 4);
  assert.ok(first.files.every(({ text }) => text === null));
  assertSecretFree(told(), "server-1");
  // A person who pastes a token into a public file has it sent to the computer, and it is hidden there.
  appendFileSync(at(NODE_PATHS.settings), token);
  const settings = (await inspect()).files.find(({ path }) => path === NODE_PATHS.settings);
  assert.match(settings?.text ?? "", /•{64}/);
  assert.ok(!settings?.text?.includes(token.trim()));
});

test("without git, or with another set of files, no content is sent", onMachine, async (t) => {
  const { at, inspect } = play(t, "lb-1");
  appendFileSync(at(NODE_PATHS.haproxy), "# by hand\n");
  for (const options of [{ git: false }, { digest: "a".repeat(64) }]) {
    const seen = await inspect(options);
    assert.deepEqual(
      seen.files.map(({ path, is, text }) => [path, is, text]),
      [[NODE_PATHS.haproxy, "changed", null]],
    );
    assert.deepEqual(
      seen.copies.map(({ live, is, text }) => [live, is, text]),
      [["/etc/haproxy/haproxy.cfg", "different", null]],
    );
  }
});

test("a note that was changed too does not hide a change, where git knows the text", onMachine, async (t) => {
  const { at, read, write, inspect } = play(t, "lb-1");
  appendFileSync(at(NODE_PATHS.haproxy), "# by hand\n");
  const kept = read(NODE_PATHS.given);
  write(NODE_PATHS.given, kept.replace(/[0-9a-f]{64}(?= .*haproxy\.cfg)/, SUM(read(NODE_PATHS.haproxy))));
  assert.deepEqual(
    (await inspect()).files.map(({ is }) => is),
    ["changed"],
  );
  assert.deepEqual((await inspect({ git: false })).files, [], "nothing else knows it");
  rmSync(at(NODE_PATHS.given));
  const without = await inspect();
  assert.deepEqual(
    without.files.map(({ path, is }) => [path, is]),
    [
      [NODE_PATHS.hostKey, "unknown"],
      [NODE_PATHS.haproxy, "changed"],
    ],
  );
});

test("what is no answer: cut off, failed, silent; another host key is another machine", async () => {
  const asking = (result: RemoteResult): Promise<Asked> =>
    inspect(
      { run: async () => result, close: async () => {} },
      { name: "lb-1", cluster: "test", address: "10.0.0.21" },
      questionsFor(recordedMachine({ role: "loadbalancer" }), "ops", undefined),
      undefined,
    );
  const finished = { finished: true, exit: 0, stderr: "" } as const;
  for (const stdout of ["", "digest x\n", "digest x\nend"])
    assert.match((await asking({ ...finished, stdout })).problem?.message ?? "", /did not answer to the end/);
  const lost = { finished: false, mayHaveRun: false, message: "m", next: "n" } as const;
  assert.deepEqual((await asking({ ...lost, problem: "no-answer" })).problem, { message: "m", next: "n" });
  const { problem } = await asking({ ...lost, problem: "host-key" });
  assert.match(problem?.message ?? "", /10\.0\.0\.21 has another ssh host key than the recorded one of lb-1/);
  assert.match(problem?.next ?? "", /^find out which machine has that address/);
  const { seen } = await asking({ ...finished, stdout: "unit\nfile\ncopy x\nstatus !\nend\n" });
  assert.deepEqual([seen?.files, seen?.copies, seen?.digest, seen?.status.ok], [[], [], null, false]);
});
