// shellcheck and the shells judge verify.sh, which then has to tell the truth about machines that answer, or do not.
import assert from "node:assert/strict";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ofRole } from "../../generator/model/cluster.ts";
import { verifyScript } from "../../generator/render/verify.ts";
import { formatChecks } from "../../generator/verify/format.ts";
import { parseScriptAnswer } from "../../generator/verify/script-answer.ts";
import { makeCluster } from "../support/clusters.ts";
import { FIXTURES, renderFixture, TEMPLATES } from "../support/fixtures.ts";
import { MANY_NODES } from "../support/many-nodes.ts";
import { requireNamespaces, until } from "../support/namespace.ts";
import { scratch } from "../support/scratch.ts";
import type { StandIn } from "../support/stand-in.ts";
import { requireTool, runTool } from "../support/tools.ts";
import { healthyPlaces, play } from "../support/verify-play.ts";

const SHELLS = ["dash", "bash"] as const;
const noShell = requireTool("dash", "apt-get install dash") || requireTool("bash", "apt-get install bash");
const needsShellcheck = { skip: noShell || requireTool("shellcheck", "apt-get install shellcheck") };
const needsLan = {
  skip:
    noShell ||
    requireTool("curl", "apt-get install curl") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireNamespaces(),
};
const needsStrace = { skip: needsLan.skip || requireTool("strace", "apt-get install strace") };
const needsProve = { skip: needsLan.skip || requireTool("prove", "apt-get install perl") };

const small = makeCluster({ servers: 3, loadBalancers: 0 });
const pair = { ...makeCluster({ servers: 3, loadBalancers: 2, agents: 1 }), dnsName: "k3s.lan" };

/** Every place behaves so. */
const all = (behaviour: "silent" | "refused"): StandIn["at"] =>
  Object.fromEntries(Object.keys(healthyPlaces(pair, "")).map((place) => [place, behaviour]));

/** Ways for a whole cluster not to be there. */
const ABSENCES = {
  "connections open and nothing is said": all("silent"),
  "connections are refused": all("refused"),
  "there is no such machine": {},
} as const;

test("shellcheck and every shell accept verify.sh as it is", needsShellcheck, (t) => {
  const file = join(scratch(t), "verify.sh");
  const texts = [
    ...FIXTURES.map((name) => renderFixture(name).get("verify.sh")?.text ?? ""),
    verifyScript(MANY_NODES, TEMPLATES),
    verifyScript(makeCluster({ ingress: false, disable: ["coredns"] }), TEMPLATES),
  ];
  for (const text of texts) {
    writeFileSync(file, text);
    const judges = [["shellcheck", "--shell=sh"], ...["sh", ...SHELLS].map((shell) => [shell, "-n"])];
    for (const [judge = "", ...options] of judges) {
      assert.deepEqual(runTool(judge, [...options, file]), { status: 0, stdout: "", stderr: "" }, judge);
    }
  }
});

/** What kubectl adds to a file for another cluster. */
const CLUSTER = `- cluster:
    certificate-authority: ca.crt
    server: https://10.0.0.11:6443
  name: test
contexts:
- context:
    cluster: test
    namespace: mine
    user: test
  name: elsewhere`;
const HEALTHY = `ok    address                  10.0.0.10:6443 answers 401
ok    holder                   lb-1 answers at 10.0.0.10
ok    name                     it leads to 10.0.0.10
ok    server/server-1          up: 10.0.0.11:6443 answers 401
ok    server/server-2          up: 10.0.0.12:6443 answers 401
ok    server/server-3          up: 10.0.0.13:6443 answers 401
ok    ca                       4 of 4 answer, with the same
ok    clocks                   3 of 3 servers agree with it
ok    certificate/server-1     it names 10.0.0.10 and k3s.lan
ok    expiry/server-1          364 days left
ok    certificate/server-2     it names 10.0.0.10 and k3s.lan
ok    expiry/server-2          364 days left
ok    certificate/server-3     it names 10.0.0.10 and k3s.lan
ok    expiry/server-3          364 days left
ok    backends/lb-1            7 up, none down
ok    backends/lb-2            7 up, none down
ok    http                     10.0.0.10:80 answers 404
ok    https                    10.0.0.10:443 answers 404
ok    http/lb-1                10.0.0.21:80 answers 404
ok    https/lb-1               10.0.0.21:443 answers 404
ok    http/lb-2                10.0.0.22:80 answers 404
ok    https/lb-2               10.0.0.22:443 answers 404
ok    http/server-1            10.0.0.11:80 answers 404
ok    https/server-1           10.0.0.11:443 answers 404
ok    http/server-2            10.0.0.12:80 answers 404
ok    https/server-2           10.0.0.12:443 answers 404
ok    http/server-3            10.0.0.13:80 answers 404
ok    https/server-3           10.0.0.13:443 answers 404
ok    http/agent-1             10.0.0.101:80 answers 404
ok    https/agent-1            10.0.0.101:443 answers 404`.split("\n");
const KUBERNETES = `ok    kubeconfig               364 days left
ok    nodes                    4 of 4 are
ok    versions                 v1.36.4+k3s1
ok    voters                   3 of 3 are
ok    identity                 3 of 3 answer, with the same
ok    traefik                  ready on 4
ok    coredns                  ready on 2
ok    snapshots                the last is at most 4 h old`.split("\n");
const NOT_ASKED = KUBERNETES.map(
  (line) => `-     ${(line.split(/ +/)[1] ?? "").padEnd(24)} not asked: needs a kubeconfig`,
);

describe("verify.sh", { concurrency: 3 }, () => {
  for (const [how, at] of Object.entries(ABSENCES)) {
    test(`ends within 15 s where nothing is up: ${how}`, needsLan, async (t) => {
      const { lan, verify, kubeconfig } = await play(t, pair, { at });
      const gone = "ip address flush dev br0; ip address add 10.0.0.200/16 dev br0";
      if (how === "there is no such machine") await lan.must(["sh", "-ec", gone]);
      const { status, lines, stderr, left, took } = await verify([kubeconfig]);
      t.diagnostic(`${took} ms`);
      assert.ok(took < 15_000, `${took} ms`);
      assert.deepEqual({ status, stderr, left }, { status: 1, stderr: "", left: [] });
      const failed = lines.filter((line) => line.startsWith("FAIL"));
      assert.match(lines.at(-1) ?? "", new RegExp(`^test: 0 ok, ${failed.length} failed, \\d+ not asked$`));
      for (const id of ["address", "server/server-1", "server/server-2", "backends/lb-1", "backends/lb-2"])
        assert.ok(
          failed.some((line) => line.startsWith(`FAIL  ${id} `)),
          id,
        );
      for (const word of ["expected", "cause", "next"])
        assert.equal(
          lines.filter((line) => new RegExp(`^ {6}${word}: +\\S`).test(line)).length,
          failed.length,
          word,
        );
    });
  }

  test(
    "says ok to everything where everything answers, in any shell, with a kubeconfig and without",
    needsLan,
    async (t) => {
      const { verify, kubeconfig } = await play(t, pair);
      for (const shell of ["sh", ...SHELLS]) {
        const { status, lines, stderr, left } = await verify([kubeconfig], { shell });
        const expected = [...HEALTHY, ...KUBERNETES, "test: 38 ok, 0 failed"];
        assert.deepEqual(
          { status, lines, stderr, left },
          { status: 0, lines: expected, stderr: "", left: [] },
        );
      }
      const { status, lines } = await verify();
      const last =
        "test: 30 ok, 0 failed, 8 not asked; with a kubeconfig it asks more: sh verify.sh KUBECONFIG";
      assert.deepEqual({ status, lines }, { status: 0, lines: [...HEALTHY, ...NOT_ASKED, last] });
      const quiet = await verify(["--quiet", kubeconfig]);
      assert.deepEqual([quiet.status, quiet.lines, quiet.stderr], [0, [""], ""]);
    },
  );

  test("without a load balancer, without ingress: only what there is", needsLan, async (t) => {
    const { verify, kubeconfig } = await play(t, makeCluster({ loadBalancers: 0, ingress: false }));
    const { status, lines } = await verify([kubeconfig]);
    const ids = lines.map((line) => line.split(/ +/)[1]);
    assert.deepEqual(
      { status, ids },
      {
        status: 0,
        ids: `server/server-1 server/server-2 server/server-3 ca clocks certificate/server-1 expiry/server-1
certificate/server-2 expiry/server-2 certificate/server-3 expiry/server-3 kubeconfig nodes versions voters identity coredns
snapshots 18`.split(/\s/),
      },
    );
  });

  test(
    "KUBECONFIG counts where one of its files names this cluster; the form that kubectl writes is read",
    needsLan,
    async (t) => {
      const { verify, kubeconfig, write, read } = await play(t, small);
      const lastLine = async (value: string) =>
        (await verify([], { environment: [`KUBECONFIG=${value}`] })).lines.at(-1);
      const all = "test: 25 ok, 0 failed";
      assert.equal(await lastLine(`/run/nowhere:${kubeconfig}`), all);
      const other = `apiVersion: v1
clusters:
- cluster:
    extensions:
    - extension:
        provider: minikube
      name: cluster_info
    server: https://10.0.0.99:6443
  name: work
contexts:
- context:
    cluster: work
    user: me
  name: work
current-context: work
kind: Config
users:
- name: me
  user:
    exec:
      args: [a]
      env:
      - name: AWS
        value: x
`;
      write("/run/other", other);
      assert.match((await lastLine("/run/other")) ?? "", /8 not asked; with a kubeconfig it asks more/);
      assert.equal(await lastLine(`/run/other:${kubeconfig}`), all);
      // In one file, and the certificates in files beside it.
      const data = [...read(kubeconfig).matchAll(/-data: (\S+)/g)].map(([, base64 = ""]) =>
        Buffer.from(base64, "base64").toString("utf8"),
      );
      for (const [index, name] of ["ca.crt", "me.crt", "me.key"].entries())
        write(`/run/${name}`, data[index] ?? "");
      write(
        "/run/both",
        other
          .replace("contexts:", CLUSTER)
          .concat("- name: test\n  user:\n    client-certificate: me.crt\n    client-key: /run/me.key\n"),
      );
      assert.equal(await lastLine("/run/both"), all);
    },
  );

  test(
    "the client's key is in no argument, and in files that only this person reads",
    needsStrace,
    async (t) => {
      const { lan, verify, start, kubeconfig, read, temporary } = await play(t, small, { delay: 600 });
      const trace = ["-f", "-qq", "-s", "1000000", "-e", "trace=execve", "-o", "/run/trace"];
      const { status } = await verify([kubeconfig], { shell: "strace", before: trace });
      assert.equal(status, 0);
      const [, , key = ""] = [...read(kubeconfig).matchAll(/-data: (\S+)/g)].map(([, base64 = ""]) => base64);
      const lines = Buffer.from(key, "base64").toString("utf8").split("\n");
      const traced = read("/run/trace");
      assert.match(traced, /curl.*--key/);
      for (const piece of [key.slice(0, 60), key.slice(64, 124), lines[1] ?? "", lines[2] ?? ""]) {
        assert.ok(piece.length > 30 && !traced.includes(piece));
      }
      const program = await start("sh", [kubeconfig]);
      const folder = await until("its files", 20_000, async () => temporary()[0]);
      const path = join(lan.root, "run/tmp", folder);
      await until("the key", 20_000, async () => readdirSync(path).includes("kube.key") || undefined);
      assert.equal(statSync(path).mode & 0o777, 0o700);
      for (const file of readdirSync(path)) assert.equal(statSync(join(path, file)).mode & 0o077, 0, file);
      await program.signal("TERM");
      assert.equal(await program.exited, 130);
      assert.deepEqual(temporary(), []);
    },
  );

  test("--json and --tap say the same for tools; --quiet says only what fails", needsProve, async (t) => {
    const { lan, verify, change, kubeconfig, write } = await play(t, small);
    const text = (await verify([kubeconfig])).lines.slice(0, -1);
    await change({ "10.0.0.12:6443": "refused" });
    const { status, lines } = await verify(["--json"]);
    const answer = JSON.parse(lines.join("\n"));
    const failed = {
      id: "server/server-2",
      result: "fail",
      expected: "up: 200 or 401 on /readyz",
      seen: "closed: 10.0.0.12:6443 refuses connections",
      cause: "K3s does not run there",
      next: "npx quorate ssh server-2 -- sudo journalctl -u k3s -n 50",
    };
    const { cluster, passed, failed: failures, skipped, checks } = answer;
    assert.deepEqual([status, cluster, passed, failures, skipped], [1, "test", 14, 1, 10]);
    assert.deepEqual(checks[1], failed);
    assert.deepEqual(
      checks.map(({ id }: { readonly id: string }) => id),
      text.map((line) => line.split(/ +/)[1]),
    );
    const tap = await verify(["--tap"]);
    assert.equal(tap.lines[0], "TAP version 13");
    assert.ok(tap.lines.includes("not ok 2 - server/server-2 - closed: 10.0.0.12:6443 refuses connections"));
    assert.ok(tap.lines.includes(`  next: ${JSON.stringify(failed.next)}`));
    // npx quorate verify prints what it reads from --json, in the same words.
    const read = parseScriptAnswer(lines.join("\n")) ?? [];
    assert.deepEqual(formatChecks("test", read, "tap").trimEnd().split("\n"), tap.lines);
    const { lines: shown } = await verify();
    const own = formatChecks("test", read, "text").trimEnd().split("\n");
    assert.deepEqual(own.slice(0, -1), shown.slice(0, -1));
    assert.ok(shown.at(-1)?.startsWith(`${own.at(-1)};`), own.at(-1));
    write("/run/verify.tap", `${tap.lines.join("\n")}\n`);
    const prove = await lan.run(["prove", "-e", "cat", "/run/verify.tap"]);
    assert.match(prove.stdout, /Failed test: {2}2\n[^]*Tests=25/);
    assert.match(prove.stdout, /Failed 1\/25 subtests/);
    const quiet = await verify(["--quiet"]);
    assert.deepEqual(
      [quiet.status, quiet.lines],
      [
        1,
        [
          "FAIL  server/server-2          closed: 10.0.0.12:6443 refuses connections",
          "      expected: up: 200 or 401 on /readyz",
          "      cause:    K3s does not run there",
          `      next:     ${failed.next}`,
        ],
      ],
    );
  });

  test("a wrong use is said, with exit 3", needsLan, async (t) => {
    const { verify } = await play(t, small);
    for (const [args, message] of [
      [["--frobnicate"], /there is no --frobnicate/],
      [["--tap", "--json"], /one of --tap, --json and --quiet/],
      [["/run/kubeconfig", "more"], /one KUBECONFIG, not two/],
      [["/run/nowhere"], /\/run\/nowhere cannot be read\n {2}next: /],
    ] as const) {
      const { status, lines, stderr } = await verify(args);
      assert.deepEqual([status, lines], [3, [""]]);
      assert.match(stderr, message);
    }
  });

  test("takes no setting from the caller's own curl", needsLan, async (t) => {
    const { lan, verify } = await play(t, small);
    await lan.must(["sh", "-c", "echo 'url = http://127.0.0.1:1/' >/run/.curlrc"]);
    const { status } = await verify([], { environment: ["HOME=/run", "CURL_HOME=/run"] });
    assert.equal(status, 0);
  });

  test("asks a big cluster in two waves, and answers in the order of the config", needsLan, async (t) => {
    const many = makeCluster({ servers: 3, loadBalancers: 57 });
    const { change, verify } = await play(t, many, { delay: 300 });
    const { status, lines } = await verify();
    const { peak } = await change({});
    assert.equal(status, 0);
    // Of 188 questions; a connection that is being closed counts still.
    assert.ok(peak > 20 && peak <= 110, `${peak} at a time`);
    const names = lines.flatMap((line) => /^ok +backends\/(\S+)/.exec(line)?.[1] ?? []);
    const balancers = ofRole(many, "loadbalancer").map(({ name }) => name);
    assert.deepEqual(names, balancers);
  });

  test("of more ingress nodes than HAProxy lists, their number is read", needsLan, async (t) => {
    const lb = "10.0.0.21:8404";
    const { change, verify } = await play(t, { ...small, ...makeCluster({ agents: 98 }) });
    const body = (up: number) =>
      `load balancer lb-1\nbe_api/server-1 UP\nbe_api/server-2 UP\nbe_api/server-3 UP\nbe_http ${up} of 101 UP\n`;
    await change({ [lb]: { "/backends": { status: 200, body: body(101) } } });
    assert.ok((await verify()).lines.includes("ok    backends/lb-1            4 up, none down"));
    await change({ [lb]: { "/backends": { status: 200, body: body(100) } } });
    assert.ok(
      (await verify()).lines.includes("FAIL  backends/lb-1            not up: be_http 100 of 101 UP"),
    );
  });

  test("stops at once when it is interrupted, and leaves nothing behind", needsLan, async (t) => {
    const delay = 3000;
    const { start, temporary } = await play(t, small, { delay });
    const signals = ["INT", "TERM", "HUP"] as const;
    const runs = SHELLS.flatMap((shell) => signals.map((signal) => ({ shell, signal })));
    const programs = await Promise.all(runs.map(({ shell }) => start(shell)));
    await until("its questions", 20_000, async () => temporary().length === runs.length || undefined);
    await sleep(delay / 3);
    const begin = performance.now();
    await Promise.all(programs.map((program, index) => program.signal(runs[index]?.signal ?? "KILL")));
    assert.deepEqual(new Set(await Promise.all(programs.map(({ exited }) => exited))), new Set([130]));
    assert.ok(performance.now() - begin < delay, "it waited for the answers");
    // Whoever still waits for an answer has it by then, and would complain about the folder that is gone.
    await sleep(1.5 * delay);
    assert.deepEqual(
      { said: programs.map(({ output }) => output()).join(""), left: temporary() },
      { said: "", left: [] },
    );
  });
});
