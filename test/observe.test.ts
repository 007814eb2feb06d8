// What a machine is asked, and how its answer is read.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { observe } from "../generator/apply/observe.ts";
import { observeGone } from "../generator/apply/observe-gone.ts";
import type { Remote, RemoteResult } from "../generator/apply/remote.ts";
import { publicText } from "../generator/model/files.ts";
import type { ClusterRecord } from "../generator/model/record.ts";
import { textSum } from "../generator/plan/cause.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { deriveSecret } from "../generator/secrets/derive.ts";
import { filesOf, nodeOf, SIX } from "./support/plan-play.ts";
import { makeRecord } from "./support/record.ts";
import { statusText } from "./support/says.ts";
import { scratch } from "./support/scratch.ts";

const ROOT = new Uint8Array(32).fill(3);

const answering = (
  result: RemoteResult | ((input: string, script: string) => string),
  record: ClusterRecord | null = null,
) => {
  const fake: Remote = {
    run: async (_, script, { input = "" }) =>
      typeof result === "function"
        ? { finished: true, exit: 0, stdout: result(String(input), script), stderr: "" }
        : result,
    close: async () => {},
  };
  return observe(fake, SIX, nodeOf("server-1"), filesOf("server-1"), ROOT, record);
};
const base64 = (text: string) => Buffer.from(text).toString("base64");

test("what a machine answers is read; secrets of every generation become names", async () => {
  const token = (generation: number) => deriveSecret(ROOT, { secret: "server-token", generation });
  const seen = await answering(() =>
    [
      "missing /etc/quorate/node.conf",
      "mode 0600 /etc/quorate/hostname",
      `different 0644 ${base64(`${token(1)}\n`)} /etc/rancher/k3s/server-token`,
      "different 0644 - /etc/quorate/haproxy.cfg",
      `stale restart:k3s ${base64("x\n")} /etc/with blank`,
      "status ",
      "end",
      "",
    ].join("\n"),
  );
  assert.deepEqual(seen.files, [
    { path: "/etc/quorate/node.conf", is: "missing" },
    { path: "/etc/quorate/hostname", is: "mode", mode: "0600" },
    {
      path: "/etc/rancher/k3s/server-token",
      is: "different",
      mode: "0644",
      text: "@@quorate:secret:server-token:1@@\n",
      sum: textSum("@@quorate:secret:server-token:1@@\n"),
    },
    { path: "/etc/quorate/haproxy.cfg", is: "different", mode: "0644", text: null },
    { path: "/etc/with blank", is: "stale", action: "restart", text: "x\n", sum: textSum("x\n") },
  ]);
  assert.deepEqual([seen.voter, seen.vip, seen.ready], [false, false, false]);
});

test("a machine is told the sums of its files, and no secret", async () => {
  let told = "";
  await answering((input) => {
    told = input;
    return "status \nend\n";
  });
  const lines = told.trim().split("\n");
  assert.equal(lines.length, filesOf("server-1").length);
  for (const line of lines) assert.match(line, /^0\d{3} [0-9a-f]{64} \/\S+$/);
  for (const { content } of filesOf("server-1")) {
    for (const part of content)
      if (typeof part !== "string") assert.ok(!told.includes(deriveSecret(ROOT, part)), publicText([part]));
  }
});

test("the K3s that a machine names is what it has: from it plan knows what may follow", async () => {
  const saying = (k3s: string) => {
    const status = base64(statusText("server-1", { k3s }));
    return answering(() => `status ${status}\nend\n`);
  };
  assert.equal((await saying("v1.35.9+k3s1")).k3s, "v1.35.9+k3s1");
  assert.equal((await saying("")).k3s, "", "while one is installed");
  assert.equal((await answering(() => "status \nend\n")).k3s, "");
});

test("an answer that is cut off, or a script that fails, is no answer", async () => {
  for (const stdout of ["", "missing /x\n", "missing /x\nend"]) {
    const seen = await answering(() => stdout);
    assert.equal(seen.files, null);
    assert.match(seen.problem?.message ?? "", /did not answer to the end/);
  }
  const lost = await answering({
    finished: false,
    problem: "no-answer",
    mayHaveRun: false,
    message: "silent",
    next: "wait",
  });
  assert.deepEqual([lost.files, lost.problem], [null, { message: "silent", next: "wait" }]);
});

test("what looks like a secret is hidden, but not in lines that are public anyway; the sum is of the whole text", async () => {
  const hex = "ab".repeat(32);
  const right = publicText(filesOf("server-1").find(({ path }) => path === K3S_PATHS.config)?.content ?? []);
  const published = `${right}published-sum: ${hex}\n`;
  const files = filesOf("server-1").map((file) =>
    file.path === K3S_PATHS.config ? { ...file, content: [published] } : file,
  );
  const there = `${published}by-hand: ${hex}\n`;
  const fake: Remote = {
    run: async () => ({
      finished: true,
      exit: 0,
      stdout: `different 0600 ${base64(there)} ${K3S_PATHS.config}\nstatus \nend\n`,
      stderr: "",
    }),
    close: async () => {},
  };
  const [seen] = (await observe(fake, SIX, nodeOf("server-1"), files, ROOT)).files ?? [];
  assert.ok(seen?.is === "different");
  assert.equal(seen.text, `${published}by-hand: ${"•".repeat(64)}\n`);
  assert.equal(seen.sum, textSum(there));
});

test("a key or a token of somebody else is shown nowhere, not line by line either, nor where it is to go", async () => {
  const key = [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "b3BlbnNzaC1r",
    "-----END OPENSSH PRIVATE KEY-----",
    "",
  ];
  const paths = [NODE_PATHS.hostKey, NODE_PATHS.peerKey, K3S_PATHS.serverToken, K3S_PATHS.nodePassword];
  for (const text of [key.join("\n"), "hunter2\n"]) {
    const lines = paths.flatMap((path) => [
      `different 0600 ${base64(text)} ${path}`,
      `stale none ${base64(text)} ${path}`,
    ]);
    const seen = await answering(() => [...lines, "status ", "end", ""].join("\n"));
    assert.equal(seen.files?.length, lines.length);
    for (const file of seen.files ?? [])
      assert.match(("text" in file && file.text) || "", /^[•\n]+$/, file.path);
  }
  const elsewhere = `before\n${key.join("\n")}after\n`;
  const seen = await answering(() => `stale none ${base64(elsewhere)} /etc/older\nstatus \nend\n`);
  const [file] = seen.files ?? [];
  assert.match((file && "text" in file && file.text) || "", /^before\n•+\n•+\n•+\nafter\n$/);
});

const RECORD = makeRecord({ name: "test" });
const onMachine = { skip: process.platform === "linux" ? false : "the script is for a Linux machine" };

/** The script itself, run here on a copy of the machine's files. `changed` gives some of them another text. */
async function run(
  t: TestContext,
  name: string,
  record: ClusterRecord | null,
  changed: Readonly<Record<string, string>> = {},
) {
  const place = scratch(t);
  const files = filesOf(name);
  for (const { path, mode, content } of files) {
    const text = content.map((part) => (typeof part === "string" ? part : deriveSecret(ROOT, part))).join("");
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), changed[path] ?? text, { mode: Number.parseInt(mode, 8) });
  }
  const moved = (text: string) => text.replaceAll(/(?<![\w/])\/(etc|usr)\//g, `${place}/$1/`);
  const remote: Remote = {
    run: async (_, script, { input = "" }) => {
      const stdout = execFileSync("sh", ["-c", moved(script)], {
        input: moved(String(input)),
        encoding: "utf8",
        stdio: ["pipe", "pipe", "ignore"],
      });
      return { finished: true, exit: 0, stdout: stdout.replaceAll(place, ""), stderr: "" };
    },
    close: async () => {},
  };
  return (await observe(remote, SIX, nodeOf(name), files, ROOT, record)).files;
}

const tokenOf = (secret: string) => deriveSecret(ROOT, { secret, generation: 1 });

test("a token that names the recorded cluster is right, and so is the plain one", onMachine, async (t) => {
  const hash = RECORD.cluster.caHash;
  const server = (caHash: string) => ({
    [K3S_PATHS.serverToken]: `K10${caHash}::server:${tokenOf("server-token")}\n`,
  });
  const agent = { [K3S_PATHS.agentToken]: `K10${hash}::node:${tokenOf("agent-token")}\n` };
  assert.deepEqual(await run(t, "server-1", RECORD), []);
  assert.deepEqual(await run(t, "server-1", RECORD, server(hash)), []);
  assert.deepEqual(await run(t, "agent-1", RECORD, agent), []);
  const paths = async (...args: readonly [ClusterRecord | null, Readonly<Record<string, string>>, string?]) =>
    (await run(t, args[2] ?? "server-1", args[0], args[1]))?.map(({ path }) => path);
  assert.deepEqual(await paths(RECORD, server("d".repeat(64))), [K3S_PATHS.serverToken], "another cluster");
  assert.deepEqual(await paths(null, server(hash)), [K3S_PATHS.serverToken], "no cluster is recorded");
  const given = { [K3S_PATHS.agentToken]: `K10${hash}::node:${tokenOf("agent-token")}\n` };
  assert.deepEqual(
    await paths(RECORD, given),
    [K3S_PATHS.agentToken],
    "what a server gives out has one form",
  );
});

test("an older token is named whatever its form, and never shown", async () => {
  const old = deriveSecret(ROOT, { secret: "server-token", generation: 2 });
  for (const text of [old, `K10${RECORD.cluster.caHash}::server:${old}`]) {
    const cluster = { ...SIX, generations: { ...SIX.generations, "server-token": 1, "agent-token": 2 } };
    const answer = `different 0600 ${base64(`${text}\n`)} ${K3S_PATHS.serverToken}\nstatus \nend\n`;
    const fake: Remote = {
      run: async () => ({ finished: true, exit: 0, stdout: answer, stderr: "" }),
      close: async () => {},
    };
    const node = nodeOf("server-1");
    const seen = await observe(fake, cluster, node, filesOf("server-1"), ROOT, RECORD);
    const [file] = seen.files ?? [];
    assert.ok(file?.is === "different");
    assert.equal(file.text, "@@quorate:secret:server-token:2@@\n");
  }
});

test("a machine that was cleared has nothing that could be worked on: it needs a card", async () => {
  const all = filesOf("server-1").map(({ path }) => `missing ${path}`);
  const cleared = await answering(() => [...all, "status ", "end", ""].join("\n"));
  assert.equal(cleared.files, null);
  assert.deepEqual(cleared.problem, {
    message: "it booted without quorate-node",
    next: "npx quorate card server-1",
  });
  // One file that is there is a machine of ours, and the others are put back.
  const broken = await answering(() => [...all.slice(1), "status ", "end", ""].join("\n"));
  assert.equal(broken.files?.length, all.length - 1);
});

test("what answers at the address of one that left, and calls itself another, is not taken for it", async () => {
  const gone = { name: "server-9", role: "server", address: "10.0.0.19" } as const;
  const told = (text: string) =>
    observeGone(
      { run: async () => ({ finished: true, exit: 0, stdout: text, stderr: "" }), close: async () => {} },
      SIX,
      gone,
    );
  const own = await told(statusText("server-9"));
  assert.deepEqual([own.files, own.problem, own.voter], [[], null, true]);
  const run = async () => ({ finished: true, exit: 82, stdout: "", stderr: "" }) as const;
  const cleared = await observeGone({ run, close: async () => {} }, SIX, gone);
  assert.deepEqual([cleared.files, cleared.unfinished], [[], "it booted without quorate-node"]);
  for (const other of [statusText("server-8"), statusText("server-9", { cluster: "another" })]) {
    const { files, problem } = await told(other);
    assert.equal(files, null);
    assert.match(problem?.message ?? "", /^it says that it is /);
  }
});
