// A machine leaves the cluster, in the real shell: once it is retired nothing starts there again, and its uninstallation ends
// wherever it was cut off.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { parseNodeStatus } from "../../generator/status/node-status.ts";
import type { Cut } from "../support/node-place.ts";
import { SIX } from "../support/plan-play.ts";
import {
  type Leaver,
  LEAVERS,
  type RetirePlace,
  retirePlace,
  SECRET,
  secretsIn,
} from "../support/retire-place.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, type Run } from "../support/tools.ts";

const skip =
  requireTool("flock", "apt-get install util-linux") || requireTool("dash", "apt-get install dash");

const PROGRAM = "/usr/local/sbin/quorate-node";
const MARK = "/var/lib/quorate/retired";

const play = (t: TestContext, name: Leaver): RetirePlace => retirePlace(join(scratch(t), "m"), name);

async function retired(t: TestContext, name: Leaver): Promise<RetirePlace> {
  const place = play(t, name);
  ok(await place.run(["retire"]));
  place.forget();
  return place;
}

function ok(run: Run, what = ""): void {
  assert.equal(run.status, 0, `${what}: ${run.stdout}${run.stderr}`);
}

/** Keeps the machine as it is now, and gives back what brings it there again. */
function keep(t: TestContext, place: RetirePlace): () => void {
  const copy = join(scratch(t), "copy");
  const whole = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
  cpSync(place.root, copy, whole);
  return () => {
    rmSync(place.root, { recursive: true });
    cpSync(copy, place.root, whole);
  };
}

/** As whoever uninstalls it calls the program. */
const again = (place: RetirePlace) =>
  existsSync(place.path(PROGRAM)) ? place.run(["uninstall"]) : { status: 0, stdout: "", stderr: "" };

for (const name of LEAVERS) {
  test(
    `${name} retires: what runs goes on and nothing starts again, wherever it is cut off`,
    { skip },
    async (t) => {
      const place = play(t, name);
      const first = keep(t, place);
      const run = await place.run(["retire"]);
      ok(run);
      assert.equal(
        run.stdout,
        `retired: waiting this machine was taken out of the cluster  npx quorate uninstall ${name} on your computer clears it; to use it again write a new card\n`,
      );
      const told = place.told();
      for (const unit of ["quorate-undo.service", "quorate-vip.service", "quorate-node.service"])
        assert.ok(told.includes(`systemctl stop ${unit}`), unit);
      for (const unit of ["k3s", "k3s-agent", "haproxy", "keepalived"])
        assert.ok(!told.includes(`systemctl stop ${unit}`), unit);
      const commands = place.commands();
      const end = place.disk();
      const marked = commands.findIndex(
        (command) => command === `mv ${place.path(MARK)}.quorate-new ${place.path(MARK)}`,
      );
      assert.ok(marked > 0);
      for (let at = 1; at <= commands.length; at += 1) {
        first();
        assert.equal((await place.run(["retire"], { at })).status, "SIGKILL");
        const what = `cut at ${at}: ${commands[at - 1]}`;
        // First the mark, and its folder on the disk.
        if (at <= marked + 2) assert.deepEqual(place.told(), [], what);
        assert.equal(existsSync(place.path(MARK)), at > marked + 1, what);
        ok(await place.run(["retire"]), what);
        assert.deepEqual(place.starts(), ["quorate-node.service", "ssh"], what);
        assert.ok(place.runs().includes(place.unit), what);
        assert.ok(!existsSync(place.path("/var/lib/quorate/armed")), what);
        assert.deepEqual(place.disk(), end, what);
      }
      ok(await place.run(["retire"]), "a second time");
      assert.deepEqual(place.disk(), end);
    },
  );

  test(
    `${name}, retired: converge, an undo and what else was on its way change nothing`,
    { skip },
    async (t) => {
      const place = play(t, name);
      const next = place.set("next", { "/etc/changed": ["two\n", "0644"] });
      ok(await place.send(next, { armed: true }));
      ok(await place.run(["retire"]));
      place.forget();
      const before = place.disk();
      const said = /^retired: waiting this machine was taken out of the cluster {2}npx quorate uninstall /;
      for (const run of [await place.run(["converge"]), await place.boot()]) {
        ok(run);
        assert.match(run.stdout, said);
      }
      for (const words of [
        ["undo", next.digest, "by-itself"],
        ["undo", next.digest],
        ["found", "--alone"],
      ]) {
        const { status, stderr } = await place.run(words);
        assert.equal(status, 1, words.join(" "));
        assert.match(
          stderr,
          /^quorate-node: this machine was taken out of the cluster; npx quorate uninstall /,
        );
      }
      assert.deepEqual(place.told(), []);
      ok(await place.run(["yield", "60"]));
      assert.deepEqual(place.told(), ["systemctl stop keepalived"], "and is not started later");
      assert.deepEqual(place.disk(), before);
    },
  );

  test(
    `${name}, retired, is uninstalled, wherever that is cut off: no secret is left, and it stays reachable`,
    { skip },
    async (t) => {
      const place = await retired(t, name);
      const before = keep(t, place);
      assert.ok(secretsIn(place.root).length >= 3);
      const run = await again(place);
      ok(run);
      assert.match(
        run.stdout,
        name === "lb-1"
          ? /^removed: HAProxy's and keepalived's settings and all of Quorate; kept: the login with its keys, .*\n$/
          : /^removed: K3s with its data and all of Quorate; kept: the login with its keys, .*\n$/,
      );
      const end = gone(place);
      const commands = place.commands();
      const moments = cuts(commands);
      assert.ok(moments.length > 30, `${moments.length} moments`);
      for (const [index, cut] of moments.entries()) {
        // An agent is a server with less.
        if (name === "agent-1" && index % 4 !== 0) continue;
        before();
        const what = `cut at ${cut.at} ${cut.torn ?? ""}: ${commands[cut.at - 1]}`;
        assert.equal((await place.run(["uninstall"], cut)).status, "SIGKILL", what);
        if (index % 2 === 0 && existsSync(place.path(PROGRAM))) {
          place.forget();
          await place.boot();
          assert.deepEqual(place.told(), [], `${what}, and switched on`);
        }
        ok(await again(place), what);
        assert.deepEqual(gone(place), end, what);
      }
    },
  );
}

/** Every moment that the disk can tell from the one before; of what is removed together anything may be left. */
function cuts(commands: readonly string[]): readonly Cut[] {
  return commands.flatMap((command, index): readonly Cut[] => {
    const at = index + 1;
    if (/^(sync|cat|mkdir|chmod)\b/.test(command)) return [];
    if (/^rm -rf .*\/quorate$/.test(command))
      return ["", "node.conf", "files", "retired", "applied"].map((torn) => ({ at, torn }));
    if (command.startsWith("find ")) return ["", "server/db", "agent"].map((torn) => ({ at, torn }));
    return [{ at }];
  });
}

/** Asserts that all is gone that has to be, and tells what is left. */
function gone(place: RetirePlace): Readonly<Record<string, string>> {
  assert.deepEqual(secretsIn(place.root), []);
  for (const short of [
    PROGRAM,
    "/etc/quorate",
    "/etc/rancher",
    "/var/lib/quorate",
    "/var/lib/rancher/k3s",
    "/run/quorate",
    "/users/quorate-peer",
    "/boot/firmware/quorate-status.txt",
  ])
    assert.ok(!existsSync(place.path(short)), short);
  assert.deepEqual(place.starts(), ["ssh"]);
  assert.deepEqual(readdirSync(place.path("/etc/systemd/system")), []);
  const left = place.disk();
  const kept = ["/etc/hostname", "/etc/netplan/50-cloud-init.yaml", "/etc/ssh/ssh_host_ed25519_key"];
  const packages = place.unit === "haproxy" ? ["/etc/haproxy/errors/503.http"] : [];
  const cloudInit = ["/var/lib/cloud/instance/boot-finished"];
  assert.deepEqual(Object.keys(left).toSorted(), [...packages, ...kept, ...cloudInit].toSorted());
  assert.ok(existsSync(place.path("/boot/firmware/user-data")), "without it cloud-init makes new host keys");
  return left;
}

test(
  "a retired server's K3s does not start any more: its member was removed, and it would join again",
  { skip },
  async (t) => {
    const place = play(t, "server-1");
    ok(await place.run(["guard"]));
    ok(await place.run(["retire"]));
    assert.deepEqual(await place.run(["guard"]), {
      status: 1,
      stdout: "",
      stderr:
        "quorate guard: this machine was taken out of the cluster; npx quorate uninstall server-1 on your computer clears it; to use it again write a new card\n",
    });
    rmSync(place.path("/etc/quorate/node.conf"));
    assert.equal((await place.run(["guard"])).status, 1, "in the midst of its uninstallation");
  },
);

test("a retired machine says so, and a server whether it still votes", { skip }, async (t) => {
  for (const name of LEAVERS) {
    const place = await retired(t, name);
    const members = ["server-1", "server-2", "server-3"].map((each, index) => ({
      name: `${each}-0123abcd`,
      peerURLs: [`https://10.0.0.1${index}:2380`],
    }));
    place.write("/members", JSON.stringify({ members }));
    const { stdout } = await place.run(["status", "--json"]);
    const answer = parseNodeStatus(stdout, name, SIX.name);
    assert.ok(answer.ok, stdout);
    const { state, step, waitingFor, error, next, voter } = answer.status;
    assert.deepEqual(
      [state, step, waitingFor, error],
      ["waiting", "retired", "this machine was taken out of the cluster", ""],
    );
    assert.match(next, new RegExp(`^npx quorate uninstall ${name} on your computer clears it; `));
    assert.deepEqual([voter, answer.status.members], name === "server-1" ? [true, 3] : [false, 0]);
    rmSync(place.path("/members"));
    const ended = parseNodeStatus((await place.run(["status", "--json"])).stdout, name, SIX.name);
    assert.deepEqual(ended.ok && [ended.status.state, ended.status.voter], ["waiting", false]);
  }
});

test("a converge that somebody began by hand is not outrun: it could start K3s", { skip }, async (t) => {
  const place = play(t, "agent-1");
  mkdirSync(place.path("/run/quorate"), { recursive: true });
  const holder = spawn("flock", [place.path("/run/quorate/lock"), "sh", "-c", "echo held; read -r _"]);
  t.after(() => holder.stdin.end());
  await once(holder.stdout, "data");
  const { status, stderr } = await place.run(["retire"]);
  assert.equal(status, 1);
  assert.match(stderr, /^quorate-node: somebody runs quorate-node converge by hand here; /);
  assert.ok(existsSync(place.path(MARK)), "what it does not hold up is done");
});

test(
  "nothing is uninstalled that did not retire, and no card that is only half written",
  { skip },
  async (t) => {
    const place = play(t, "server-1");
    const before = place.disk();
    const { status, stderr } = await place.run(["uninstall"]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^quorate-node: this machine has to retire first, .* npx quorate uninstall server-1 /,
    );
    assert.deepEqual([place.disk(), place.told()], [before, []]);
    rmSync(place.path("/etc/quorate/node.conf"));
    const half = place.disk();
    assert.equal((await place.run(["uninstall"])).status, 1);
    assert.deepEqual([place.disk(), place.told()], [half, []]);
  },
);

test("data behind a link are removed too", { skip }, async (t) => {
  const place = await retired(t, "server-1");
  rmSync(place.path("/var/lib/rancher/k3s"), { recursive: true });
  place.write("/mnt/disk/server/token", SECRET);
  symlinkSync(place.path("/mnt/disk"), place.path("/var/lib/rancher/k3s"));
  ok(await again(place));
  gone(place);
});

test("the account of the other servers goes as soon as none of them is asking", { skip }, async (t) => {
  const place = await retired(t, "server-1");
  place.write("/busy", "2\n");
  ok(await again(place));
  gone(place);
  const told = place.told();
  assert.ok(told.includes("systemctl reload ssh"), "its key is refused from then on");
});

test("a service that does not stop keeps its files", { skip }, async (t) => {
  for (const name of LEAVERS) {
    const place = await retired(t, name);
    const program = readFileSync(place.path(PROGRAM), "utf8");
    place.write(
      PROGRAM,
      program.replaceAll('stop) command rm -f "$PLACE/units/$_last" ;;', "stop) ;;"),
      0o755,
    );
    const before = place.disk();
    const { status, stderr } = await place.run(["uninstall"]);
    assert.equal(status, 1);
    assert.match(stderr, /^quorate-node: \S+ does not stop; on this machine: journalctl -u /);
    assert.deepEqual(place.disk(), before);
  }
});
