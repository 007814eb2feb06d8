// The sample cluster from cold cards: nobody logs in anywhere, and it is one highly available cluster in the end.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Drift } from "../../generator/drift/drift.ts";
import type { MachinePlan } from "../../generator/plan/plan.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { chance } from "./chance.ts";
import { LAB_ROOT, makeCluster } from "./cluster.ts";
import { command } from "./command.ts";
import { labCluster, labConfig } from "./configs.ts";
import { type Lab, startLab, watched } from "./lab.ts";
import type { Machine } from "./machine.ts";
import type { Mirror } from "./mirror.ts";
import { clusterUid, httpStatus, statusOf, untilReady, untilStatus } from "./observe.ts";
import { PROJECT } from "./paths.ts";
import { get } from "./k3s/ask.ts";
import { readKubeconfig } from "./k3s/kubeconfig.ts";
import { lacking } from "./needs.ts";
import { openMirror } from "./release.ts";

const READY_MS = 180_000;
const VIP = "10.88.0.10";

let lab: Lab;
let mirror: Mirror;
let cluster: Cluster;
let machines: readonly Machine[];
let servers: readonly Machine[];
let balancer: Machine;
let home: string;
const watch = (body: (t: import("node:test").TestContext) => Promise<void>) => watched(() => lab, body);

before(async () => {
  lab = await startLab();
  mirror = await openMirror(lab.id);
  cluster = labCluster("sample", lab.key.publicKey);
  machines = makeCluster(lab, cluster);
  servers = machines.filter(({ name }) => name.startsWith("server"));
  const [lb] = machines.filter(({ name }) => name.startsWith("lb"));
  assert.ok(lb);
  balancer = lb;
  // What a person has on the own computer: the config and the root secret.
  home = mkdtempSync(join(tmpdir(), "quorate-home-"));
  writeFileSync(join(home, "cluster.config.json"), JSON.stringify(labConfig("sample", lab.key.publicKey)));
  mkdirSync(join(home, ".secrets"), { mode: 0o700 });
  writeFileSync(join(home, ".secrets/cluster-secret"), `${Buffer.from(LAB_ROOT).toString("hex")}\n`, {
    mode: 0o600,
  });
});

after(async () => {
  rmSync(home, { recursive: true, force: true });
  await mirror.close();
  await lab.close();
});

/** The command as a person types it, in the folder with the config. */
function quorate(verb: string, ...args: readonly string[]) {
  const config = ["--config", join(home, "cluster.config.json"), "--identity", lab.key.file];
  const cli = [join(PROJECT, "generator/cli.ts"), verb, ...config, ...args];
  return command(process.execPath, ["--import", "tsx", ...cli], { timeoutMs: 120_000 });
}

/** What the API says to nobody in particular; 401 is an API server that is up. */
function api(address: string, limitSeconds = 5): Promise<string> {
  return httpStatus(`https://${address}:6443/readyz`, limitSeconds);
}

describe("the sample cluster, three servers and a load balancer", { concurrency: false }, () => {
  test(
    "cold boot, in any order, the load balancer last: one cluster, every server with a vote",
    watch(async (t) => {
      const random = chance("cold-boot");
      const started = performance.now();
      // Within three seconds of each other, as at the end of a power cut.
      await Promise.all(
        servers.map(async (server) => {
          await sleep(random() * 3000);
          await server.powerOn();
        }),
      );
      await sleep(1000);
      await balancer.powerOn();
      const quorum = untilStatus(
        servers[0] as Machine,
        "quorate",
        READY_MS,
        ({ voters }) => voters >= 2,
      ).then(() => performance.now());
      await untilReady(machines, READY_MS);
      const seconds = (end: number) => ((end - started) / 1000).toFixed(1);
      t.diagnostic(
        `quorate after ${seconds(await quorum)} s, all ready after ${seconds(performance.now())} s`,
      );
      const uids = await Promise.all(servers.map(clusterUid));
      assert.equal(new Set(uids).size, 1, `one cluster: ${uids.join(" ")}`);
      for (const server of servers) {
        const status = await statusOf(server);
        assert.deepEqual([status?.voter, status?.voters, status?.members], [true, 3, 3]);
      }
    }),
  );

  test(
    "status and ssh, from a person's computer, with the host keys that the cards carry",
    watch(async () => {
      const { status, stdout, stderr } = await quorate("status", "--json");
      assert.equal(status, 0, stderr + stdout);
      const text = await quorate("status");
      assert.match(text.stdout, /quorate: 3 of 3 voters/);
      for (const { name } of machines) assert.match(text.stdout, new RegExp(`${name} .*ready`));
      const entered = await quorate("ssh", "server-2", "--", "hostname");
      assert.equal(entered.stdout.trim(), "server-2", entered.stderr);
    }),
  );

  test(
    "plan, from a person's computer: nothing, what a change of the config or of a machine would bring, and what nobody can know",
    watch(async () => {
      const nothing = await quorate("plan", "--exit-code");
      assert.match(nothing.stdout, /^plan: 4 as it should be$/m, nothing.stderr);
      assert.equal(nothing.status, 0);

      const file = join(home, "cluster.config.json");
      const before = readFileSync(file, "utf8");
      const config = JSON.parse(before) as { readonly k3s: object };
      const k3s = { ...config.k3s, snapshots: { retention: 20 } };
      const secrets = { generations: { agentToken: 2 } };
      writeFileSync(file, JSON.stringify({ ...config, k3s, secrets }));
      const third = servers[2] as Machine;
      await third.must("echo by-hand >>/etc/quorate/authorized_keys");
      balancer.cut();
      const { status, stdout, stderr } = await quorate("plan", "--exit-code", "--json");
      balancer.heal();
      await third.must("sed -i '$d' /etc/quorate/authorized_keys");
      writeFileSync(file, before);
      assert.equal(status, 1, "what is not known is no success");
      assert.match(stderr, /^lb-1 .*unknown: 10\.88\.0\.21 does not answer\n {2}next: /m);
      const { machines: planned } = JSON.parse(stdout) as { readonly machines: readonly MachinePlan[] };
      for (const { name, action, quorum, files } of planned.filter(({ role }) => role === "server")) {
        assert.equal(action, "restart");
        assert.deepEqual(quorum, { stay: 2, of: 3, enough: true, after: [] });
        const paths = files.map(({ path }) => path);
        assert.deepEqual(paths.filter((path) => path !== "/etc/quorate/files").toSorted(), [
          ...(name === third.name ? ["/etc/quorate/authorized_keys"] : []),
          "/etc/rancher/k3s/agent-token",
          "/etc/rancher/k3s/config.yaml",
        ]);
        const token = files.find(({ path }) => path.endsWith("agent-token"));
        assert.deepEqual(token?.diff?.slice(1), [
          "-@@quorate:secret:agent-token:1@@",
          "+@@quorate:secret:agent-token:2@@",
        ]);
      }
      assert.match(stderr, /^ {6}-by-hand$/m);
      for (const secret of ["server-token", "agent-token"]) {
        for (const generation of [1, 2])
          assert.ok(!(stdout + stderr).includes(deriveSecret(LAB_ROOT, { secret, generation })));
      }

      assert.equal((await quorate("plan", "--exit-code")).status, 0, "everything is as it was");
    }),
  );

  test(
    "drift, without the cluster's secret: nothing, then everything that a hand has changed, also after the next run; nothing again",
    watch(async (t) => {
      const git = async (...args: readonly string[]) => {
        const { status, stderr } = await command("git", ["-C", home, ...args]);
        assert.equal(status, 0, stderr);
      };
      const secrets = join(home, ".secrets");
      t.after(() => {
        rmSync(join(home, ".git"), { recursive: true, force: true });
        if (existsSync(`${secrets}.away`)) renameSync(`${secrets}.away`, secrets);
      });
      await git("init", "-q");
      const applied = await quorate("apply", "--yes");
      assert.equal(applied.status, 0, applied.stderr + applied.stdout);
      await git("add", "out", "cluster.config.json");
      await git("-c", "user.name=lab", "-c", "user.email=lab@example.org", "commit", "-qm", "as applied");
      renameSync(secrets, `${secrets}.away`);
      const begun = performance.now();
      const nothing = await quorate("drift");
      t.diagnostic(`drift of four machines: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      assert.equal(nothing.status, 0, nothing.stderr + nothing.stdout);
      assert.match(nothing.stdout, /^drift: 4 of 4 machines as recorded$/m);

      const [first, second, third] = servers as readonly [Machine, Machine, Machine];
      await first.must("echo by-hand >>/etc/quorate/authorized_keys && chmod 666 /etc/quorate/node.conf");
      await first.must("quorate-node converge");
      await second.must("systemctl disable k3s quorate-node");
      await third.must(
        "echo x >>/etc/rancher/k3s/server-token && echo by-hand >>/home/ops/.ssh/authorized_keys",
      );
      await balancer.must("sed -i 's/leastconn/roundrobin/' /etc/haproxy/haproxy.cfg");
      const { status, stdout, stderr } = await quorate("drift", "--json");
      assert.equal(status, 2, stderr);
      const { machines: told, differences } = JSON.parse(stdout) as Drift;
      const whats = Object.fromEntries(
        told.map(({ name, differences }) => [name, differences.map(({ what }) => what).toSorted()]),
      );
      assert.deepEqual(whats, {
        "server-1": ["/etc/quorate/authorized_keys", "/etc/quorate/node.conf"],
        "server-2": ["k3s", "quorate-node.service"],
        "server-3": ["/etc/rancher/k3s/server-token", "~ops/.ssh/authorized_keys"],
        "lb-1": ["/etc/haproxy/haproxy.cfg"],
      });
      assert.deepEqual(differences, []);
      assert.match(
        stderr,
        /^ {2}\/etc\/quorate\/authorized_keys\n.*\n.*\n {4}next {6}npx quorate apply puts it back\n(.*\n)+? {6}\+by-hand$/m,
      );
      assert.match(
        stderr,
        /^ {2}k3s\n.*\n {4}seen {6}active, disabled\n {4}next {6}npx quorate ssh server-2 -- sudo systemctl enable k3s$/m,
      );
      assert.match(stderr, /^ {6}-.*leastconn.*\n {6}\+.*roundrobin/m);
      assert.ok(
        !(stdout + stderr).includes(deriveSecret(LAB_ROOT, { secret: "server-token", generation: 1 })),
      );

      // As the text says for each; the live copies by the machine's own program.
      renameSync(`${secrets}.away`, secrets);
      for (const next of ["systemctl enable k3s", "systemctl enable quorate-node.service"]) {
        assert.match(stderr, new RegExp(`npx quorate ssh server-2 -- sudo ${next}$`, "m"));
        const done = await quorate("ssh", "server-2", "--", `sudo ${next}`);
        assert.equal(done.status, 0, done.stderr);
      }
      assert.match(stderr, /npx quorate ssh lb-1 -- sudo quorate-node converge$/m);
      const converged = await quorate("ssh", "lb-1", "--", "sudo quorate-node converge");
      assert.equal(converged.status, 0, converged.stderr);
      const begunAnew = performance.now();
      const back = await quorate("apply", "--yes");
      assert.equal(back.status, 0, back.stderr + back.stdout);
      t.diagnostic(`two servers put back: ${((performance.now() - begunAnew) / 1000).toFixed(1)} s`);
      const again = await quorate("drift");
      assert.match(again.stdout, /^drift: 4 of 4 machines as recorded$/m);
      assert.equal(again.status, 0);
      assert.equal(await api(VIP), "401");
    }),
  );

  test(
    "kubeconfig: what it writes is let in at the registration address, as the administrator",
    watch(async () => {
      const file = join(home, "kubeconfig");
      const { status, stdout, stderr } = await quorate("kubeconfig", file);
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`the cluster lab is in it alone, at https://${VIP}:6443`));
      const { server, question } = readKubeconfig(file);
      assert.equal(server, `https://${VIP}:6443`);
      const uid = await get(`${server}/api/v1/namespaces/kube-system`, question);
      assert.equal(JSON.parse(uid).metadata.uid, await clusterUid(servers[0] as Machine));
      const again = await quorate("kubeconfig", file);
      assert.match(again.stderr, /is there already, and was not overwritten/);
    }),
  );

  test(
    "the load balancer answers on 6443, 80 and 443, and on 6443 also while a server is down",
    watch(async (t) => {
      assert.equal(await api(VIP), "401");
      for (const url of lacking("ingress") === false ? [`http://${VIP}/`, `https://${VIP}/`] : []) {
        assert.equal(await httpStatus(url), "404", url);
      }
      const down = servers[1] as Machine;
      await down.powerOff();
      const answers: string[] = [];
      for (let asked = 0; asked < 20; asked++) {
        answers.push(await api(VIP, 12));
        await sleep(250);
      }
      t.diagnostic(`with ${down.name} off: ${answers.join(" ")}`);
      assert.ok(
        answers.slice(-8).every((answer) => answer === "401"),
        answers.join(" "),
      );
      // A change that only a quorum can take.
      if (lacking("nodes") === false)
        await (servers[0] as Machine).must("k3s kubectl cordon server-3 && k3s kubectl uncordon server-3");
      const on = performance.now();
      await down.powerOn();
      await untilReady(machines, READY_MS);
      t.diagnostic(
        `${down.name} has its vote again ${((performance.now() - on) / 1000).toFixed(1)} s after power-on`,
      );
      assert.equal(new Set(await Promise.all(servers.map(clusterUid))).size, 1);
    }),
  );

  test(
    "converge again: nothing is written, nothing restarts, and it takes less than 2 s of its own",
    watch(async (t) => {
      const before = mirror.requests().length;
      await Promise.all(
        machines.map(async (machine) => {
          const look = "systemctl show -p MainPID -p NRestarts k3s haproxy ssh; pgrep -x haproxy | sort";
          const written =
            "find / -xdev -newer /run/lab-mark -type f ! -path '/var/lib/rancher/*' ! -path '/var/log/*' ! -path '/proc/*' ! -path '/sys/*' ! -path '/run/*' ! -path '/dev/*' ! -path '/tmp/*' ! -path '/var/lib/systemd/*' 2>/dev/null";
          const first = await machine.must(`touch /run/lab-mark; ${look}`);
          const took = Number(
            await machine.must(
              "s=$(date +%s%N); quorate-node converge >/run/lab-out; e=$(date +%s%N); echo $(((e - s) / 1000000))",
            ),
          );
          t.diagnostic(`${machine.name}: ${took} ms`);
          assert.ok(took < 2000 * 2, `${machine.name} took ${took} ms while four machines did it at once`);
          assert.equal(await machine.must(look), first, machine.name);
          assert.equal((await machine.run(written)).stdout, "", `${machine.name} wrote files`);
          assert.equal((await machine.must("cat /run/lab-out")).trim(), "ready");
        }),
      );
      assert.equal(mirror.requests().length, before, "nothing is downloaded again");
    }),
  );

  test(
    "no secret is in a journal, a process list or a log, or readable without being root; the card's are overwritten",
    watch(async () => {
      const tokens = ["server-token", "agent-token"].map((secret) =>
        deriveSecret(LAB_ROOT, { secret, generation: 1 }),
      );
      await Promise.all(
        machines.map(async (machine) => {
          const own = ["ssh-host-key", "peer-key", "node-password"].map((family) =>
            deriveSecret(LAB_ROOT, { secret: `${family}/${machine.name}`, generation: 1 }),
          );
          // A key's middle line stands for it; a token for itself.
          const words = [...tokens, ...own].map(
            (value) => value.split("\n").at(value.includes("\n") ? 2 : 0) ?? "",
          );
          const patterns = `${words.join("\n")}\n`;
          const input = { input: patterns, timeoutMs: 120_000 };
          const seen = async (script: string, user = "root") =>
            (
              await machine.run(
                `cat >/tmp/p.$$; ${script} | grep -aqF -f /tmp/p.$$ && echo SEEN; rm -f /tmp/p.$$`,
                { ...input, user },
              )
            ).stdout;
          assert.match(
            await seen("cat /etc/quorate/ssh_host_ed25519_key"),
            /SEEN/,
            "this search finds what is there",
          );
          assert.equal(await seen("journalctl --no-pager -o export"), "", `${machine.name}: journal`);
          assert.equal(
            await seen("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ"),
            "",
            `${machine.name}: processes`,
          );
          assert.equal(await seen("cat /var/log/cloud-init*.log"), "", `${machine.name}: cloud-init's logs`);
          assert.equal(
            await seen(
              "cat /boot/firmware/* /var/lib/cloud/instance/*.txt* /var/lib/cloud/instances/*/obj.pkl",
            ),
            "",
            `${machine.name}: the card`,
          );
          const everywhere =
            "find / -xdev -type f -readable ! -path '/proc/*' ! -path '/sys/*' ! -path '/usr/*' ! -path '/tmp/p.*' -size -2000k -exec cat {} + 2>/dev/null";
          assert.equal(await seen(everywhere, "nobody"), "", `${machine.name}: an unprivileged user`);
        }),
      );
    }),
  );

  test(
    "a converged machine boots again: same host key, same cluster, ready by itself, from a card without secrets",
    watch(async (t) => {
      const server = servers[2] as Machine;
      const key = await server.must(
        "cat /etc/ssh/ssh_host_ed25519_key.pub; hostname; ip -4 -o addr show eth0 | awk '{ print $4 }'",
      );
      await server.powerOff();
      await server.powerOn();
      await server.booted();
      await untilReady(machines, READY_MS);
      assert.equal(
        await server.must(
          "cat /etc/ssh/ssh_host_ed25519_key.pub; hostname; ip -4 -o addr show eth0 | awk '{ print $4 }'",
        ),
        key,
      );
      const own = await server.must("systemd-analyze blame --no-pager | grep -E 'quorate|k3s' || true");
      t.diagnostic(own.trim().replaceAll(/\s+/g, " "));
      assert.equal((await server.must("cloud-init status")).trim(), "status: done");
    }),
  );

  test(
    "a broken haproxy.cfg is refused and cuts nothing; a good one is taken with a stream held, also with a server down",
    watch(async () => {
      const stream = openStream();
      await stream.says("begun");
      const good = await balancer.must("cat /etc/haproxy/haproxy.cfg");
      const pids = await balancer.must("systemctl show -p MainPID -p NRestarts haproxy");
      const converge = async () => {
        const { status, stdout } = await balancer.run("timeout 25 quorate-node converge", {
          timeoutMs: 40_000,
        });
        assert.equal(status, 0, stdout);
      };

      await balancer.must(
        "sed -i 's/balance leastconn/balance nonsense/' /etc/quorate/haproxy.cfg && timeout 6 quorate-node converge || true",
      );
      const refused = await statusOf(balancer);
      assert.equal(refused?.state, "failed");
      assert.match(
        refused?.error ?? "",
        /HAProxy refuses the new haproxy\.cfg, the old one stays.*haproxy\.cfg:\d+.* balance only supports/,
      );
      assert.equal(await balancer.must("cat /etc/haproxy/haproxy.cfg"), good);
      assert.equal(await api(VIP), "401");

      // Passes `haproxy -c`, and then cannot be loaded: somebody else has the port.
      await balancer.must(
        "systemd-run -q --unit=squatter socat TCP-LISTEN:7777,fork,reuseaddr /dev/null; sleep 0.5; cp /etc/haproxy/haproxy.cfg /etc/quorate/haproxy.cfg; printf '\\nfrontend fe_more\\n    mode tcp\\n    bind :7777\\n    timeout client 5s\\n' >>/etc/quorate/haproxy.cfg; timeout 6 quorate-node converge || true",
      );
      assert.match((await statusOf(balancer))?.error ?? "", /port 7777 is taken by another program/);
      await balancer.must("systemctl stop squatter");
      assert.equal(await balancer.must("cat /etc/haproxy/haproxy.cfg"), good);

      await stream.says("still here");
      stream.close();

      // A stream to the server that is switched off would end with it, so this one begins afterwards.
      const down = servers[1] as Machine;
      await down.powerOff();
      await sleep(8000);
      const held = openStream();
      await held.says("begun");
      await converge();
      assert.match(await balancer.must("cat /etc/haproxy/haproxy.cfg"), /fe_more/);
      const answers = await Promise.all(Array.from({ length: 30 }, () => api(VIP)));
      assert.deepEqual(new Set(answers), new Set(["401"]), "no request meets the server that is down");
      assert.equal(
        await balancer.must("systemctl show -p MainPID -p NRestarts haproxy"),
        pids,
        "a reload, no restart",
      );
      await held.says("still here");
      held.close();

      await balancer.must("sed -i '/fe_more/,$d' /etc/quorate/haproxy.cfg");
      await converge();
      await down.powerOn();
      await untilReady(machines, READY_MS);
    }),
  );
});

/** A connection through the load balancer's port 443, held open; `says` sends a word and waits until it is taken. */
function openStream() {
  const child = spawn("openssl", ["s_client", "-quiet", "-connect", `${VIP}:6443`], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    says: async (word: string) => {
      assert.equal(child.exitCode, null, `the stream ended: ${text}`);
      const before = text.length;
      child.stdin.write(
        `GET /readyz?${encodeURIComponent(word)} HTTP/1.1\r\nHost: kubernetes\r\nConnection: keep-alive\r\n\r\n`,
      );
      for (let looked = 0; looked < 50 && text.length === before; looked++) await sleep(100);
      assert.match(text.slice(before), /^HTTP\/1\.1 401/, `no answer to ${word}`);
    },
    close: () => child.kill(),
  };
}
