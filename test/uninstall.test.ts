// The verb uninstall, on machines that ssh plays: what is refused, what is told, and what becomes of the record.
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { parseRecord } from "../generator/model/record.ts";
import { type ApplyPlace, applyPlace } from "./support/apply-place.ts";
import { statusText } from "./support/says.ts";

// What leaves; all else is asked as an apply asks it. The command names how many bytes of the input are the script.
const SSH = `#!/bin/sh
case " $* " in *" -V "* | *" -O exit "*) exec "$0.others" "$@" ;; esac
command='' machine='' config=''
for word; do [ "$command" != -F ] || config=$word; command=$word; done
for word; do machine=$command; command=$word; done
cat >"$PLAY/input.$$"
count=\${command#*head -c }
script=$(head -c "\${count%%)*}" "$PLAY/input.$$")
say() { echo "$machine $1" >>"$PLAY/log"; }
if [ ! -e "$PLAY/$machine.off" ]; then
  case $script in
    *'status --json'*'exit 82'*)
      # What is cleared has no program any more.
      if [ -e "$PLAY/$machine.cleared" ]; then rm "$PLAY/input.$$"; exit 82; fi ;;
  esac
  case $script in
    *'quorate-node retire'*) say retire
      say "is at $(awk -v name="$machine" '$1 == "Host" { host = $2 } $1 == "HostName" && host == name { print $2 }' "$config")"
      rm "$PLAY/input.$$"; exit 0 ;;
    *'quorate-node uninstall'*) say uninstall; : >"$PLAY/$machine.cleared"; rm "$PLAY/input.$$"; exit 0 ;;
    *'kubectl delete node '*) say delete; rm "$PLAY/input.$$"; exit 0 ;;
    *'kubectl drain '*) say evict; rm "$PLAY/input.$$"; exit 0 ;;
    */db/info*'|| true'*)
      echo '{"members":[{"name":"server-1-0badcafe","peerURLs":["https://192.168.1.11:2380"]}]}'
      rm "$PLAY/input.$$"; exit 0 ;;
  esac
fi
"$0.others" "$@" <"$PLAY/input.$$"
code=$?
rm "$PLAY/input.$$"
exit $code
`;

async function place(t: TestContext, fixture = "sample"): Promise<ApplyPlace> {
  const made = await applyPlace(t, fixture);
  const ssh = made.playFile("bin/ssh");
  renameSync(ssh, `${ssh}.others`);
  writeFileSync(ssh, SSH, { mode: 0o755 });
  made.recordIt();
  return made;
}

const uninstall = (at: ApplyPlace, ...args: readonly string[]) => at.verb("uninstall", args);
const recordPath = ({ folder }: ApplyPlace) => `${folder}/out/applied.json`;
const recorded = (at: ApplyPlace): readonly string[] => {
  const read = parseRecord(readFileSync(recordPath(at), "utf8"));
  assert.ok(read.ok);
  return [...read.record.machines.keys()].toSorted();
};
/** What was done to machines, and nothing that only asks or holds. */
const done = (at: ApplyPlace) =>
  at.log().filter((line) => /(retire|uninstall|delete|evict|send|start|drain)$/.test(line));
const failing = async (made: ReturnType<typeof uninstall>) => {
  const error = await made.then(
    ({ exit, stdout, stderr }) => ({ exit, text: `${stdout}${stderr}` }),
    (thrown: unknown) => thrown,
  );
  return error as { readonly exit: number; readonly text: string; readonly stderr: string };
};

test("words that are none: said, and nothing is asked of any machine", async (t) => {
  const at = await place(t);
  for (const args of [[], ["--all", "server-1"], ["server-1", "server-2"]]) {
    const { exit, stderr } = await uninstall(at, ...args);
    assert.equal(exit, 3, args.join(" "));
    assert.match(stderr, /^error: uninstall: .*\n {2}next: npx quorate uninstall --help\n$/);
  }
  for (const name of ["server-9", "__proto__", "server-1 ", "../server-1", "\u001b[31mserver-1"]) {
    const { exit, text } = await failing(uninstall(at, name, "--confirm", name));
    assert.equal(exit, 1, JSON.stringify(name));
    assert.match(text, /is recorded, so nobody knows what to remove/);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /\u001b/);
  }
  for (const args of [
    ["server-3"],
    ["server-3", "--confirm", "server-2"],
    ["--all"],
    ["--all", "--confirm", "server-1"],
  ]) {
    const { exit, text } = await failing(uninstall(at, ...args));
    assert.equal(exit, 1, args.join(" "));
    assert.match(text, /nothing was changed/);
  }
  assert.deepEqual(done(at), []);
});

test("one machine goes; the record lacks it, and says nothing else than before", async (t) => {
  const at = await place(t);
  const before = recorded(at);
  const { exit, text } = await failing(uninstall(at, "server-3", "--confirm", "server-3"));
  assert.equal(exit, 0, text);
  assert.match(text, /^uninstall: server-3 is out of the cluster, and still in the config/m);
  assert.deepEqual(
    recorded(at),
    before.filter((name) => name !== "server-3"),
  );
  assert.ok(done(at).includes("server-3 uninstall"));
  // By name, whatever the config's order: two applies with other configs shall not each hold a part.
  const [first] = at.log().filter((line) => line.endsWith(" take"));
  assert.equal(first, `${[...before].toSorted()[0]} take`);
  assert.notEqual(at.cluster().nodes[0]?.name, before.toSorted()[0]);
  assert.ok(done(at).every((line) => !/^server-[12] (retire|uninstall)/.test(line)));
});

test("no other machine is worked on, and this one where it was recorded, whatever the config says by now", async (t) => {
  const at = await place(t);
  at.machine("server-1", ["missing /etc/quorate/hostname"]);
  at.recordIt((record) => {
    const server = record.machines.get("server-3");
    assert.ok(server);
    const moved = { ...server, address: "192.168.1.99" };
    return { ...record, machines: new Map([...record.machines, ["server-3", moved]]) };
  });
  const { exit, text } = await failing(uninstall(at, "server-3", "--confirm", "server-3"));
  assert.equal(exit, 0, text);
  assert.ok(at.log().includes("server-3 is at 192.168.1.99"), at.log().join("\n"));
  assert.ok(done(at).every((line) => !/^server-1 (send|start)$/.test(line)));
});

test("the only server is not uninstalled alone, and the last one that votes is not either: the command that works is said", async (t) => {
  const single = await place(t, "single-server");
  const [only] = single.cluster().nodes;
  const name = only?.name ?? "";
  const last = await failing(uninstall(single, name, "--confirm", name));
  assert.match(last.text, /is the only server: without it there is no cluster; nothing was changed/);
  assert.match(last.text, /npx quorate uninstall --all/);
  const at = await place(t);
  at.machine("server-2", null);
  const { exit, text } = await failing(uninstall(at, "server-3", "--confirm", "server-3"));
  assert.equal(exit, 1);
  assert.match(text, /server-3 cannot be taken out now: 1 voter of 2 would be left/);
  assert.match(text, /bring the other servers back first .*or uninstall one that is dead before this one/);
  assert.doesNotMatch(text, /back into the config/);
  assert.deepEqual([...done(single), ...done(at)], []);
});

test("the only load balancer: its name is typed after the outage was shown, and no flag is asked for that there is not", async (t) => {
  const at = await place(t);
  const lb = at.cluster().nodes.find(({ role }) => role === "loadbalancer")?.name ?? "";
  const { exit, text } = await failing(uninstall(at, lb, "--confirm", lb));
  assert.equal(exit, 0, text);
  assert.ok(!recorded(at).includes(lb));
});

test("all of it: every machine is cleared, and a new cluster can be founded", async (t) => {
  const at = await place(t);
  const { name, nodes } = at.cluster();
  const { exit, text } = await failing(uninstall(at, "--all", "--confirm", name));
  assert.equal(exit, 0, text);
  assert.match(
    text,
    new RegExp(`^uninstall: cluster ${name} is gone; .*out/applied.json is removed: commit that`, "m"),
  );
  assert.ok(!existsSync(recordPath(at)));
  assert.deepEqual(
    done(at).toSorted(),
    nodes.flatMap((node) => [`${node.name} retire`, `${node.name} uninstall`]).toSorted(),
  );
});

test("all of it, and one is silent: it stays in the record, and the next time the rest is not asked to go again", async (t) => {
  const at = await place(t);
  const { name } = at.cluster();
  at.machine("server-2", null);
  const first = await failing(uninstall(at, "--all", "--confirm", name));
  assert.equal(first.exit, 1);
  assert.match(
    first.text,
    /^error: server-2 does not answer: .*\n {2}next: switch it on, .*remove out\/applied\.json/m,
  );
  assert.deepEqual(recorded(at), ["server-2"]);
  const before = done(at).length;
  const again = await failing(uninstall(at, "--all", "--confirm", name));
  assert.equal(again.exit, 1);
  assert.equal(done(at).length, before);
  at.machine("server-2", []);
  const last = await failing(uninstall(at, "--all", "--confirm", name));
  assert.equal(last.exit, 0, last.text);
  assert.deepEqual(done(at).slice(before), ["server-2 retire", "server-2 uninstall"]);
  assert.ok(!existsSync(recordPath(at)));
});

test("a record of another cluster: its machines are not this one's to remove", async (t) => {
  const at = await place(t);
  at.recordIt((record) => ({ ...record, cluster: { ...record.cluster, name: "another" } }));
  const { name } = at.cluster();
  const { exit, text } = await failing(uninstall(at, "--all", "--confirm", name));
  assert.equal(exit, 1);
  assert.match(text, /the cluster another is recorded, and the config describes \S+; nothing was changed/);
  assert.deepEqual(done(at), []);
  assert.ok(existsSync(recordPath(at)));
});

test("a machine that calls itself one of another cluster is left alone", async (t) => {
  const at = await place(t);
  const { name } = at.cluster();
  writeFileSync(at.playFile("server-3.status"), statusText("server-3", { cluster: "another" }));
  rmSync(recordPath(at));
  const { exit, text } = await failing(uninstall(at, "--all", "--confirm", name));
  assert.equal(exit, 1);
  assert.match(text, /^error: server-3: it says that it is server-3 of cluster another$/m);
  assert.ok(done(at).every((line) => !line.startsWith("server-3 ")));
});

test("minutes to wait that are none are refused before any machine is asked", async (t) => {
  const at = await place(t);
  for (const minutes of ["", "-1", "1.5", "1441", "ten", "1e2", "99999"]) {
    const { exit, text } = await failing(at.apply([`--wait=${minutes}`]));
    assert.equal(exit, minutes === "" ? 3 : 1, minutes);
    assert.match(
      text,
      /^error: (--wait ".*" is no number of minutes|apply: --wait needs a MINUTES)\n {2}next: /,
    );
  }
  assert.deepEqual(at.log(), []);
});
