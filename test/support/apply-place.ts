// A git repository with a config, its secret and record, and an ssh that plays the machines from files: for the verb apply.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { NO_SESSION, run } from "../../generator/verbs.ts";
import type { Result, Session } from "../../generator/commands/command.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import type { ClusterRecord } from "../../generator/model/record.ts";
import { digestOf } from "../../generator/render/node-program.ts";
import { rootCheck } from "../../generator/secrets/derive.ts";
import { clusterOf } from "./fixtures.ts";
import { type PlanPlace, planPlace } from "./plan-place.ts";
import { filesOf } from "./plan-play.ts";
import { statusText } from "./says.ts";
import { snapshotList } from "./snapshot-list.ts";
import { scratch } from "./scratch.ts";

export const CA_HASH = "d".repeat(64);
export const UID = "0b1c2d3e-0000-1111-2222-333344445555";
/** The cluster's secret, where a test gives no other. */
export const ROOT = new Uint8Array(32).fill(3);

export interface ApplyPlace extends PlanPlace {
  readonly cluster: () => Cluster;
  /** What a machine answers to the look at its files, before a start and after one; null: it is off. */
  readonly machine: (name: string, before: readonly string[] | null, after?: readonly string[]) => void;
  /** Another apply holds all machines. */
  readonly taken: () => void;
  /** `MACHINE WHAT`, as ssh was asked. */
  readonly log: () => readonly string[];
  readonly apply: (args?: readonly string[], session?: Partial<Session>) => Promise<Result>;
  /** Another verb, on the same machines. */
  readonly verb: (name: string, args: readonly string[], session?: Partial<Session>) => Promise<Result>;
  /** Writes the record that belongs to the secret. */
  readonly recordIt: (change?: (record: ClusterRecord) => ClusterRecord) => void;
  /**
   * A file that the ssh looks at. Pieces of shell: `on-take` as a hold is taken, `on-send` as files arrive, `on-forget` as a node
   * is deleted. `MACHINE.verify` and `MACHINE.drift`: what it answers to these questions; `MACHINE.data`: it has those of etcd.
   */
  readonly playFile: (name: string) => string;
  /** For programs: where the ssh is found, and what it looks at. */
  readonly environment: Readonly<Record<string, string>>;
}

// The command names how many bytes of the input are the script (generator/apply/ssh.ts, onStandardInput).
const SSH = `#!/bin/sh
if [ "$1" = -V ]; then echo 'OpenSSH_9.2p1, OpenSSL 3.0.19' >&2; exit 0; fi
case " $* " in *" -O exit "*) exit 0 ;; esac
command='' machine=''
for word; do machine=$command; command=$word; done
count=\${command#*head -c }
script=$(head -c "\${count%%)*}")
cat >/dev/null
say() { echo "$machine $1" >>"$PLAY/log"; }
if [ -e "$PLAY/$machine.off" ]; then
  say off
  echo "ssh: connect to host 192.0.2.1 port 22: No route to host" >&2
  exit 255
fi
case $script in
  *timedatectl*)
    say verify
    if [ -e "$PLAY/$machine.verify" ]; then cat "$PLAY/$machine.verify"; exit 0; fi
    printf 'clock %s yes\\nk3s v1.36.4+k3s1\\netcd {"health":"true"}\\n' "$(date +%s)"
    case $machine in
      lb-1) sed 's/"vip":false/"vip":true/' "$PLAY/$machine.status" ;;
      *) cat "$PLAY/$machine.status" ;;
    esac ;;
  *' given='*) say inspect; cat "$PLAY/$machine.drift" ;;
  *'wanted=$(cat)'*) say look; cat "$PLAY/$machine.look" ;;
  *'status --json'*) say status; cat "$PLAY/$machine.status" ;;
  *'/db/info'*) cat "$PLAY/members" ;;
  *'kubectl delete node '*)
    node=\${script#*delete node }
    node=\${node%% *}
    say "forget $node"
    : >"$PLAY/$node.forgotten"
    sed -i "s/{[^{}]*$node-0badcafe[^{}]*},*//; s/,]/]/" "$PLAY/members"
    [ ! -e "$PLAY/on-forget" ] || . "$PLAY/on-forget" ;;
  *'echo data'*) [ ! -e "$PLAY/$machine.data" ] || echo data ;;
  *'echo lives'*) ;;
  */cacerts*) say facts; printf '%s  -\\n{"metadata": {"uid": "%s"}}\\n' ${CA_HASH} ${UID} ;;
  *'tar -x'*)
    say send
    [ ! -e "$PLAY/on-send" ] || . "$PLAY/on-send" ;;
  *'start --no-block quorate-node'*)
    say start
    for part in look status; do
      [ ! -e "$PLAY/$machine.$part.after" ] || mv "$PLAY/$machine.$part.after" "$PLAY/$machine.$part"
    done ;;
  *'kubectl get node '*)
    node=\${script#*get node }
    [ -e "$PLAY/\${node%% *}.forgotten" ] || echo '{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"EtcdIsVoter","status":"True"}]}}' ;;
  *'|| echo ours'*) ;;
  *' retire ||'*) say retire ;;
  *' uninstall'*)
    say uninstall
    [ ! -e "$PLAY/$machine.stuck" ] || { echo 'rm: cannot remove: Device or resource busy' >&2; exit 1; } ;;
  *'kubectl drain '*) say evict ;;
  *' backends'*) printf 'be_api/%s up -\\n' server-1 server-2 server-3 ;;
  *' confirm '*) say confirm ;;
  */run/quorate/accessible*) ;;
  *' undrain '*) say undrain ;;
  *' drain '*) say drain ;;
  *'>/var/lib/quorate/cordoned'*) say close ;;
  *'etcd-snapshot save'*)
    say snapshot
    [ ! -e "$PLAY/$machine.full" ] || { echo 'level=fatal msg="Error: no space left on device"' >&2; exit 1; }
    base=\${script#*--name }
    saved=\${base%% *}-$machine-1764147600
    echo "begun 1764147600"
    printf 'snapshots %s\\n' "$(sed "s/NAME/$saved/g" "$PLAY/snapshot" | base64 -w 0)" ;;
  *'etcd-snapshot ls'*)
    say snapshots
    [ ! -e "$PLAY/$machine.snapshots" ] || printf 'snapshots %s\\n' "$(base64 -w 0 <"$PLAY/$machine.snapshots")"
    echo end ;;
  *'lease drop'*) say drop ;;
  *'lease take'*)
    say take
    [ ! -e "$PLAY/taken" ] || { echo '50 ann@laptop'; exit 75; }
    [ ! -e "$PLAY/on-take" ] || . "$PLAY/on-take" ;;
  *) echo "a script that nobody knows: $script" >>"$PLAY/log"; exit 9 ;;
esac
`;

/** Nothing is recorded; every machine is as it should be. */
export async function applyPlace(
  t: TestContext,
  fixture = "sample",
  root: Uint8Array = ROOT,
): Promise<ApplyPlace> {
  const place = await planPlace(t, fixture);
  const play = scratch(t);
  mkdirSync(join(play, "bin"));
  writeFileSync(join(play, "bin/ssh"), SSH, { mode: 0o755 });
  mkdirSync(join(place.folder, ".secrets"), { mode: 0o700 });
  writeFileSync(join(place.folder, ".secrets/cluster-secret"), `${Buffer.from(root).toString("hex")}\n`, {
    mode: 0o600,
  });
  chmodSync(join(place.folder, ".secrets"), 0o700);
  const cluster = () => clusterOf(readFileSync(place.config, "utf8"));
  const environment = {
    PATH: `${join(play, "bin")}:${process.env["PATH"]}`,
    PLAY: play,
    HOME: play,
    USER: "me",
  };
  const verb: ApplyPlace["verb"] = (name, args, session = {}) =>
    run([name, "--config", place.config, ...args], environment, false, { ...NO_SESSION, ...session });
  const write = (name: string, lines: readonly string[], suffix: string) => {
    const applied = digestOf(filesOf(name, cluster()));
    const count = cluster().nodes.filter(({ role }) => role === "server").length;
    const members = name.startsWith("server") ? count : 0;
    const status = statusText(name, { cluster: cluster().name, applied, members, voters: members });
    const look = [...lines, `status ${Buffer.from(status).toString("base64")}`, "end", ""].join("\n");
    writeFileSync(join(play, `${name}.look${suffix}`), look);
    writeFileSync(join(play, `${name}.status${suffix}`), status);
  };
  const machine: ApplyPlace["machine"] = (name, before, after) => {
    for (const each of ["off", "look.after", "status.after"])
      rmSync(join(play, `${name}.${each}`), { force: true });
    if (before === null) writeFileSync(join(play, `${name}.off`), "");
    else write(name, before, "");
    if (after) write(name, after, ".after");
  };
  for (const { name } of cluster().nodes) machine(name, []);
  const members = cluster()
    .nodes.filter(({ role }) => role === "server")
    .map(({ name, address }) => ({ name: `${name}-0badcafe`, peerURLs: [`https://${address}:2380`] }));
  writeFileSync(join(play, "members"), JSON.stringify({ members }));
  writeFileSync(join(play, "snapshot"), snapshotList([{ name: "NAME" }]));
  return {
    ...place,
    cluster,
    machine,
    taken: () => writeFileSync(join(play, "taken"), ""),
    log: () => {
      const log = join(play, "log");
      return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
    },
    apply: (args = [], session = {}) => verb("apply", args, session),
    verb,
    recordIt: (change = (each) => each) =>
      place.record((each) =>
        change({
          ...each,
          cluster: { ...each.cluster, secretCheck: rootCheck(root), caHash: CA_HASH, uid: UID },
        }),
      ),
    playFile: (name) => join(play, name),
    environment,
  };
}
