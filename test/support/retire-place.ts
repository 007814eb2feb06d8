// A machine that leaves: all that Quorate and K3s have put on it, in a folder, with accounts and what starts by itself played.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type NodePlace, nodePlace, PLAYED } from "./node-place.ts";
import { filesOf } from "./plan-play.ts";

/** In every text that nobody may read any more, and in nothing else. */
export const SECRET = "hush-hush";

const ROLES = {
  "server-1": { unit: "k3s", starts: ["k3s"] },
  "agent-1": { unit: "k3s-agent", starts: ["k3s-agent"] },
  "lb-1": { unit: "haproxy", starts: ["haproxy", "keepalived"] },
} as const;

export type Leaver = keyof typeof ROLES;
export const LEAVERS = Object.keys(ROLES) as readonly Leaver[];

export interface RetirePlace extends NodePlace {
  readonly unit: string;
  /** What starts with the machine. */
  readonly starts: () => readonly string[];
  readonly runs: () => readonly string[];
  /** The machine is on, with all its services. */
  readonly powered: () => void;
  /** Writes a file of the machine. */
  readonly write: (short: string, text: string, mode?: number) => void;
}

// As in node-place.ts; `find` is cut as `rm` is. A user that is busy cannot be removed so many times.
const MORE = `
find() {
    case " $* " in *' -delete '*) ;; *) command find "$@"; return ;; esac
    if out find "$@"; then
        [ -z "\${TORN:-}" ] || command rm -rf "$1"/$TORN
        off; return
    fi
    command find "$@"
}
getent() { [ -e "$PLACE/users/$2" ]; }
userdel() {
    if out userdel "$@"; then off; return; fi
    busy=0; [ ! -e "$PLACE/busy" ] || read -r busy <"$PLACE/busy"
    [ "$busy" -gt 0 ] || { command rm "$PLACE/users/$1"; return; }
    echo "$((busy - 1))" >"$PLACE/busy"
    echo "userdel: user $1 is currently used by process 1" >&2; return 8
}
curl() {
    for _word; do
        [ "\${_before:-}" != -o ] || ! [ -e "$PLACE/members" ] || { command cat "$PLACE/members" >"$_word"; echo 200; }
        _before=$_word
    done
}
systemctl() {
    for _last; do :; done
    case $1 in
        is-active) [ -e "$PLACE/units/$_last" ]; return ;;
        is-enabled) [ -e "$PLACE/starts/$_last" ]; return ;;
        show) [ ! -e "$PLACE/units/$_last" ] || echo active; return ;;
        disable) if out systemctl "$@"; then off; return; fi; command rm -f "$PLACE/starts/$_last" ;;
        stop) command rm -f "$PLACE/units/$_last" ;;
    esac
    echo "systemctl $*" >>"$PLACE/told"
}
`;

// Like K3s' own (its install.sh, create_uninstall): /etc/rancher/node stays, and a link instead of the data goes alone.
const KILLALL = "echo killall >>$PLACE/told\n";
const UNINSTALL = (unit: string) => `/usr/local/bin/k3s-killall.sh
systemctl disable ${unit}
rm -f /etc/systemd/system/${unit}.service /etc/systemd/system/${unit}.service.env
rm -f /usr/local/bin/kubectl
rm -rf /etc/rancher/k3s
rm -rf /var/lib/rancher/k3s
rm -f /usr/local/bin/k3s /usr/local/bin/k3s-killall.sh
rm -f /usr/local/bin/${unit}-uninstall.sh
`;

/** A machine of the cluster SIX in `root`, an empty folder; it was ready, and its last change could still be undone. */
export function retirePlace(root: string, name: Leaver): RetirePlace {
  const place = nodePlace(root, "dash");
  const { unit, starts } = ROLES[name];
  const program = place.path("/usr/local/sbin/quorate-node");
  const write: RetirePlace["write"] = (short, text, mode = 0o644) => {
    mkdirSync(dirname(place.path(short)), { recursive: true });
    writeFileSync(place.path(short), text, { mode });
  };
  const script = (short: string, body: string) =>
    write(
      short,
      `#!/bin/dash\n${PLAYED}${MORE}${body.replaceAll(/\/(?:etc|usr|var)\//g, `${root}$&`)}`,
      0o755,
    );
  const own = filesOf(name).filter(
    ({ path }) => path !== "/usr/local/sbin/quorate-node" && path !== "/etc/quorate/files",
  );
  const texts = own.map(({ path, mode, content }) => {
    const text = content.map((part) => (typeof part === "string" ? part : SECRET)).join("");
    return [path, [text, mode]] as const;
  });
  place.install(place.set(name, Object.fromEntries(texts)));
  const shown = readFileSync(program, "utf8")
    .replace(/^systemd_run\(\) \{$/m, (line) => `${MORE}${line}`)
    .replace("flock -w 30 ", "flock -w 0.2 ");
  write("/usr/local/sbin/quorate-node", shown, 0o755);

  // What comes of the set, and of an apply.
  write("/var/lib/quorate/seeded", "id\n");
  write("/var/lib/quorate/armed", `${"0".repeat(64)} 60\n`);
  write(`/var/lib/quorate/previous/tree${root}/etc/quorate/peer_key`, `${SECRET}\n`);
  write("/var/lib/quorate/owned", `${place.path("/etc/quorate/old")}\n`);
  write("/etc/quorate/old", `${SECRET}\n`);
  write("/etc/systemd/system/quorate-node.service", "[Service]\n");
  write("/etc/issue.d/quorate.issue", "quorate\n");
  write("/boot/firmware/meta-data", "instance-id: id\n");
  write("/boot/firmware/user-data", `#cloud-config\n# ${place.path("/etc/quorate/node.conf")} ${SECRET}\n`);
  write("/boot/firmware/quorate-status.txt", "ready\n");
  write("/var/lib/cloud/instance/boot-finished", "");
  write("/users/quorate-peer", "");
  if (name === "server-1") write("/etc/sudoers.d/quorate-peer.quorate-new", "half a file\n");
  // What stays.
  write("/etc/hostname", `${name}\n`);
  write("/etc/ssh/ssh_host_ed25519_key", "its own\n", 0o600);
  write("/etc/netplan/50-cloud-init.yaml", "network: {}\n");
  if (name === "lb-1") {
    write("/etc/haproxy/haproxy.cfg", "global\n");
    write("/etc/haproxy/errors/503.http", "of the package\n");
    write("/etc/keepalived/keepalived.conf", "vrrp_instance quorate {}\n");
  } else {
    write(`/etc/systemd/system/${unit}.service`, "[Service]\n");
    write(`/etc/systemd/system/${unit}.service.env`, `K3S_TOKEN=${SECRET}\n`, 0o600);
    write(`/run/systemd/system/${unit}.service.d/quorate-runtime.conf`, "[Service]\n");
    write("/var/lib/rancher/k3s/server/db/etcd/member/wal/0.wal", SECRET);
    write("/var/lib/rancher/k3s/server/db/snapshots/etcd-snapshot-1", SECRET);
    write("/var/lib/rancher/k3s/agent/client-kubelet.key", SECRET);
    write("/usr/local/bin/.k3s.quorate-part", "half of a K3s\n");
    write("/usr/local/bin/k3s", "#!/bin/sh\necho 'k3s version v1.36.4+k3s1 (abc)'\n", 0o755);
    script("/usr/local/bin/k3s-killall.sh", KILLALL);
    script(`/usr/local/bin/${unit}-uninstall.sh`, UNINSTALL(unit));
  }
  const named = (folder: string) => readdirSync(place.path(folder)).toSorted();
  const powered = () => {
    for (const each of [...starts, "ssh", "quorate-node.service"]) write(`/starts/${each}`, "");
    for (const each of [...starts, "ssh"]) write(`/units/${each}`, "");
  };
  powered();
  return { ...place, unit, write, powered, starts: () => named("/starts"), runs: () => named("/units") };
}

/** Files below `folder` that hold the secret. */
export function secretsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file, "latin1").includes(SECRET));
}
