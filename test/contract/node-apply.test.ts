// What an apply asks of a machine's program, in the real shell: what was sent arrives whole or not at all, a change that
// could cut everybody off is undone unless somebody comes back, and one apply holds a machine at a time.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { NOT_YET } from "../../generator/render/node-paths.ts";
import { TAKEN } from "../../generator/apply/job.ts";
import { type FileSet, type NodePlace, nodePlace } from "../support/node-place.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool, runTool } from "../support/tools.ts";

const skip =
  requireTool("flock", "apt-get install util-linux") || requireTool("dash", "apt-get install dash");

/** A machine that has a set in force, and another set for it. */
async function play(t: TestContext): Promise<{ readonly place: NodePlace; readonly after: FileSet }> {
  const place = nodePlace(join(scratch(t), "m"));
  place.install(place.set("before", { "/etc/changed": ["one\n", "0644"] }));
  assert.equal((await place.boot()).status, 0);
  place.forget();
  return {
    place,
    after: place.set("after", { "/etc/changed": ["two\n", "0644"], "/etc/new": ["new\n", "0600"] }),
  };
}

const keptIn = (place: NodePlace) => readdirSync(place.path("/var/lib/quorate")).toSorted();
const textOf = (place: NodePlace, short: string) => readFileSync(place.path(short), "utf8");

test(
  "what is sent lies there whole, with its modes, readable by root only; an older one that was not taken is gone",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    const older = place.set("older", { "/etc/older": ["older\n", "0644"] });
    assert.equal((await place.send(older)).status, 0);
    assert.deepEqual(await place.send(after), { status: 0, stdout: "", stderr: "" });
    const tree = `/var/lib/quorate/incoming.next/tree${place.root}`;
    const sent = place.disk("/var/lib/quorate/incoming.next");
    assert.equal(sent[`${tree}/etc/changed`], "0644 two\n");
    const mode = (short: string) => statSync(place.path(short)).mode & 0o777;
    assert.equal(mode("/var/lib/quorate/incoming.next"), 0o700);
    assert.equal(sent[`${tree}/etc/new`], "0600 new\n");
    assert.equal(Object.keys(sent).length, 4, "with the program and the list");
    assert.deepEqual(keptIn(place), ["applied", "incoming.next", "sums"]);
  },
);

test(
  "a tar that is cut off anywhere, or has a wrong byte, stages nothing and leaves nothing behind",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    const disk = place.disk();
    const size = 512 * 180;
    const lengths = [0, 1, 511, 512, 513, 1024, 1536, 2000, 4096, 30_000, 60_000, size - 30_000];
    for (const bytes of lengths) {
      const { status, stderr } = await place.send(after, { bytes });
      assert.notEqual(status, 0, `${bytes} bytes`);
      assert.notEqual(stderr, "", `${bytes} bytes`);
      assert.deepEqual(place.disk(), disk, `${bytes} bytes`);
      assert.deepEqual(keptIn(place), ["applied", "sums"], `${bytes} bytes`);
    }
    const { status, stderr } = await place.send(after, { spoil: true });
    assert.notEqual(status, 0);
    assert.match(stderr, /what arrived is not what was sent: /);
    assert.deepEqual(place.disk(), disk);
  },
);

test(
  "the power fails while a set is sent: the machine is as it was, or has it; sent again, it has it",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    const older = place.set("older", { "/etc/older": ["older\n", "0644"] });
    await place.send(older);
    assert.equal((await place.send(after)).status, 0);
    const commands = place.commands();
    const whole = place.disk("/var/lib/quorate/incoming.next");
    assert.ok(commands.length >= 8, commands.join("\n"));
    for (const [index, command] of commands.entries()) {
      rmSync(place.path("/var/lib/quorate/incoming.next"), { recursive: true });
      await place.send(older);
      const olderWhole = place.disk("/var/lib/quorate/incoming.next");
      for (const torn of command.startsWith("rm -rf") ? ["", "tree/*/*/*/etc/quorate/files"] : [""]) {
        assert.equal((await place.send(after, { cut: { at: index + 1, torn } })).status, "SIGKILL", command);
        const now = JSON.stringify(place.disk("/var/lib/quorate/incoming.next"));
        assert.ok(
          [JSON.stringify(whole), JSON.stringify(olderWhole), "{}"].includes(now),
          `${command}: ${now.slice(0, 200)}`,
        );
      }
      assert.equal((await place.send(after)).status, 0, command);
      assert.deepEqual(place.disk("/var/lib/quorate/incoming.next"), whole, command);
      assert.deepEqual(keptIn(place), ["applied", "incoming.next", "sums"], command);
    }
  },
);

test("a set without its list is not taken: nothing is removed", { skip }, async (t) => {
  const { place, after } = await play(t);
  await place.send(after);
  rmSync(join(place.path("/var/lib/quorate/incoming.next/tree"), place.path("/etc/quorate/files")));
  const before = place.disk("/etc");
  const { status, stdout } = await place.run(["converge"]);
  assert.notEqual(status, 0);
  assert.match(stdout, /^files: failed .*the new files cannot be taken: .*No such file/m);
  assert.deepEqual(place.disk("/etc"), before);
  assert.ok(existsSync(place.path("/usr/local/sbin/quorate-node")));
});

test(
  "an armed change: the undo is set before the first file changes, again at every start, and only once",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    await place.send(after, { armed: true });
    await place.run(["converge"]);
    const commands = place.commands();
    const first = commands.findIndex((command) => command.endsWith("/usr/local/sbin/quorate-node")) + 1;
    assert.ok(first > 0);
    const undo = new RegExp(
      `^systemd-run --quiet --collect --unit=quorate-undo .* 120 \\S+/quorate-node undo ${after.digest} by-itself$`,
    );
    assert.equal(place.told().filter((line) => undo.test(line)).length, 1);
    assert.equal(textOf(place, "/var/lib/quorate/armed"), `${after.digest} 120\n`);
    place.forget();
    await place.run(["converge"]);
    assert.deepEqual(
      place.told().filter((line) => undo.test(line)),
      [],
      "it runs already",
    );
    await place.boot();
    assert.equal(place.told().filter((line) => undo.test(line)).length, 1, "after a power cut");
  },
);

test(
  "the power fails while an armed change is taken: it can be undone wherever it had come to",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    const old = place.disk("/etc");
    await place.send(after, { armed: true });
    await place.run(["converge"]);
    const moves = place
      .commands()
      .flatMap((command, index) => (/^mv (?!.*\/run\/)/.test(command) ? [index + 1] : []));
    assert.ok(moves.length > 6);
    for (const at of moves) {
      const again = nodePlace(join(scratch(t), "m"));
      again.install(again.set("before", { "/etc/changed": ["one\n", "0644"] }));
      await again.boot();
      const set = again.set("after", { "/etc/changed": ["two\n", "0644"], "/etc/new": ["new\n", "0600"] });
      await again.send(set, { armed: true });
      await again.run(["converge"], { at });
      if (again.disk("/etc")["/etc/changed"] !== "0644 one\n") {
        assert.ok(existsSync(again.path("/var/lib/quorate/armed")), `command ${at}`);
      }
      assert.equal((await again.boot()).status, 0);
      assert.equal((await again.run(["undo", set.digest, "by-itself"])).status, 0);
      await again.boot();
      assert.deepEqual(
        Object.keys(again.disk("/etc")).map((path) => [path, again.disk("/etc")[path]?.includes("two")]),
        Object.keys(old).map((path) => [path, false]),
        `command ${at}`,
      );
      assert.ok(!existsSync(again.path("/var/lib/quorate/armed")), `command ${at}`);
    }
  },
);

test("confirm: not before the change is in force, then the undo is off for good", { skip }, async (t) => {
  const { place, after } = await play(t);
  await place.send(after, { armed: true });
  assert.equal((await place.run(["confirm", after.digest])).status, NOT_YET);
  await place.run(["converge"]);
  assert.equal((await place.run(["confirm", "0".repeat(64)])).status, NOT_YET, "of another set");
  assert.ok(existsSync(place.path("/var/lib/quorate/armed")));
  assert.ok(existsSync(place.path("/units/quorate-undo.service")));
  assert.equal((await place.run(["confirm", after.digest])).status, 0);
  assert.ok(!existsSync(place.path("/var/lib/quorate/armed")));
  assert.ok(!existsSync(place.path("/units/quorate-undo.service")));
  assert.equal((await place.run(["confirm", after.digest])).status, 0, "a second time");
  const now = place.disk();
  assert.equal((await place.run(["undo", after.digest, "by-itself"])).status, 0);
  await place.boot();
  assert.deepEqual(place.disk(), now, "an undo that was on its way");
});

test(
  "nobody comes back: the change is undone, and whoever comes later is told that it is not in force",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    const old = place.disk("/etc");
    await place.send(after, { armed: true });
    await place.run(["converge"]);
    assert.equal((await place.run(["undo", after.digest, "by-itself"])).status, 0);
    assert.equal((await place.run(["confirm", after.digest])).status, NOT_YET);
    assert.ok(place.told().some((line) => line === "systemctl start --no-block quorate-node.service"));
    await place.run(["converge"]);
    assert.deepEqual(place.disk("/etc"), old);
    assert.equal((await place.run(["confirm", after.digest])).status, NOT_YET);
  },
);

test(
  "who comes back while the undo is at work waits for its end, and does not stop it",
  { skip },
  async (t) => {
    const { place, after } = await play(t);
    await place.send(after, { armed: true });
    await place.run(["converge"]);
    // As the undo does it: the lock first.
    const script = `exec 8>"$1/undo.lock"; flock 8
"$2" confirm "$3" 8>&- & waiting=$!
sleep 0.4; kill -0 "$waiting" || echo "it did not wait"; rm "$1/accessible"; exec 8>&-; wait "$waiting"; echo "exit $?"`;
    const [lock, program] = [place.path("/run/quorate"), place.path("/usr/local/sbin/quorate-node")];
    const { stdout } = runTool("env", [
      `PLACE=${place.root}`,
      "sh",
      "-c",
      script,
      "sh",
      lock,
      program,
      after.digest,
    ]);
    assert.equal(stdout, `exit ${NOT_YET}\n`);
    assert.ok(existsSync(place.path("/units/quorate-undo.service")));
  },
);

test("lease: one at a time, taken anew by its owner, given back, and over by itself", { skip }, async (t) => {
  const { place } = await play(t);
  const lease = (...words: readonly string[]) => place.run(["lease", ...words]);
  const [mine, other] = [
    ["take", "aa11", "90", "me@here"],
    ["take", "bb22", "90", "other@there"],
  ] as const;
  assert.deepEqual(await lease(...mine), { status: 0, stdout: "", stderr: "" });
  assert.equal((await lease(...mine)).status, 0, "again");
  const refused = await lease(...other);
  assert.equal(refused.status, TAKEN);
  assert.match(refused.stdout, /^(8\d|90) me@here\n$/);
  assert.equal((await lease("drop", "bb22")).status, TAKEN, "not the other's to give back");
  assert.equal((await lease(...other)).status, TAKEN);
  assert.equal((await lease("drop", "aa11")).status, 0);
  assert.equal((await lease("drop", "aa11")).status, 0, "again");
  assert.equal((await lease(...other)).status, 0);
  const uptime = Math.floor(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]));
  writeFileSync(place.path("/run/quorate/lease"), `${uptime - 1} bb22 other@there\n`);
  assert.equal((await lease("take", "cc33", "90", "third@here")).status, 0, "its computer died with it");
  await place.boot();
  assert.equal((await lease(...other)).status, 0, "a machine that starts anew is nobody's");
});

test(
  "lease: what an apply has sent that has ended, or lost its hold, counts no more when it arrives",
  { skip },
  async (t) => {
    const { place } = await play(t);
    const take = (id: string) => place.run(["lease", "take", id, "90", `${id}@x`]);
    const dead = async (id: string, why: string) => {
      const { status, stdout } = await take(id);
      assert.deepEqual([status, stdout], [TAKEN, "0 an apply that has ended\n"], why);
    };
    await take("aa11");
    await place.run(["lease", "drop", "aa11"]);
    await dead("aa11", "it gave its hold back");
    await take("bb22");
    const uptime = Math.floor(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]));
    writeFileSync(place.path("/run/quorate/lease"), `${uptime - 1} bb22 bb22@x\n`);
    assert.equal((await take("bb22")).status, 0, "its own hold that ran out is still its own");
    writeFileSync(place.path("/run/quorate/lease"), `${uptime - 1} bb22 bb22@x\n`);
    assert.equal((await take("cc33")).status, 0);
    await place.run(["lease", "drop", "cc33"]);
    await dead("bb22", "another one has been here since");
  },
);

test("a tar that arrives when another apply has been there is not taken", { skip }, async (t) => {
  const { place, after } = await play(t);
  const before = place.disk();
  const asked = join(scratch(t), "asked");
  const late = await place.send(after, { fence: `[ ! -e ${asked} ] && : >${asked} || exit ${TAKEN}` });
  assert.equal(late.status, TAKEN, late.stderr);
  assert.deepEqual(place.disk(), before, "neither staged nor left lying about");
});

test("lease: who comes while another one takes it waits, and is then refused", { skip }, async (t) => {
  const { place } = await play(t);
  // As the other one does it: the lock, then the file.
  const script = `exec 7>"$1/lease.lock"; flock 7
"$2" lease take aa11 90 me@here 7>&- & waiting=$!
sleep 0.4; read -r now _ </proc/uptime; echo "$((\${now%.*} + 90)) bb22 other@there" >"$1/lease"
exec 7>&-; wait "$waiting"; echo "exit $?"`;
  const program = place.path("/usr/local/sbin/quorate-node");
  const args = [`PLACE=${place.root}`, "sh", "-c", script, "sh", place.path("/run/quorate"), program];
  assert.match(runTool("env", args).stdout, new RegExp(`^\\d+ other@there\\nexit ${TAKEN}\\n$`));
});

test("lease: of many that come at once, one gets it", { skip }, async (t) => {
  const { place } = await play(t);
  const ids = Array.from({ length: 12 }, (_, index) => `id${index}`);
  const runs = await Promise.all(ids.map((id) => place.run(["lease", "take", id, "90", `${id}@x`])));
  assert.deepEqual(runs.map(({ status }) => status).toSorted(), [
    0,
    ...Array.from({ length: 11 }, () => TAKEN),
  ]);
  const winner = ids[runs.findIndex(({ status }) => status === 0)];
  assert.ok(
    runs.filter(({ status }) => status === TAKEN).every(({ stdout }) => stdout.endsWith(` ${winner}@x\n`)),
  );
});
