// user-data and meta-data of one machine: make it reachable, drop its files, start nothing that may fail and not be retried.
import type { Command, HostKeys, MetaData, User, UserData, WriteFile } from "cloud-init-types";
import type { Cluster, Node } from "../model/cluster.ts";
import { type Content, type NodeFile, publicText } from "../model/files.ts";
import { GENERATED } from "./generated.ts";
import { NODE_PATHS } from "./node-paths.ts";
import { toYaml } from "./yaml.ts";

// cloud-init knows the kind of file by its first line: with a comment or a BOM above it the whole file is ignored.
const FIRST_LINE = "#cloud-config\n";

// Without the colon of a real placeholder, so that whoever looks for one finds none here.
const PLACEHOLDERS =
  "# Where it says @@quorate...@@ this is a public copy: the value, a secret, is only on the card.\n";

/** How content becomes text: by placeholders for out/, by the secrets themselves on a card. */
export type Print = (content: Content) => string;

/** user-data in its public form, secrets as placeholders. `files` are all files of the node, in the order to write them. */
export function userData(cluster: Cluster, node: Node, files: readonly NodeFile[]): string {
  return FIRST_LINE + GENERATED + PLACEHOLDERS + yamlOf(userDataConfig(cluster, node, []), files, publicText);
}

/** user-data as it goes onto a card: the same value, printed with secrets in it. */
export function userDataWithSecrets(
  cluster: Cluster,
  node: Node,
  files: readonly NodeFile[],
  print: Print,
): string {
  return FIRST_LINE + GENERATED + yamlOf(userDataConfig(cluster, node, [], print), files, print);
}

/** The files come last, each printed by itself: those that all machines share are printed once. */
function yamlOf(config: UserData, files: readonly NodeFile[], print: Print): string {
  if (files.length === 0) return toYaml(config);
  const entries = files.map((file) => {
    const known = print === publicText ? publicEntries.get(file) : undefined;
    const entry = known ?? indented(toYaml([writeFile(file, print)]));
    if (print === publicText) publicEntries.set(file, entry);
    return entry;
  });
  return `${toYaml(config)}write_files:\n${entries.join("")}`;
}

const publicEntries = new WeakMap<NodeFile, string>();

/** As an entry of a list below a key. A text that ends with empty lines is closed by `...`, which is no entry's. */
function indented(yaml: string): string {
  return yaml.replace(/^\.\.\.\n$/m, "").replaceAll(/^(?=.)/gm, "  ");
}

/**
 * The value that `userData` prints. Left out on purpose: `packages` (tried once, never again), `locale` (the images have
 * one, and `false` is valid from 24.4 on only), `timezone`, `growpart` and `apt` (the images' defaults are right),
 * `phone_home` (warns about every type of host key that is not seeded).
 */
export function userDataConfig(
  cluster: Cluster,
  node: Node,
  files: readonly NodeFile[],
  print: Print = publicText,
): UserData {
  const [firstFile, ...otherFiles] = files.map((file) => writeFile(file, print));
  const pi = node.os === "raspberry-pi-os";
  return {
    // K3s names the node after the host name: no domain in it, whatever the image's default is.
    hostname: node.name,
    prefer_fqdn_over_hostname: false,
    preserve_hostname: false,
    // `true` would rewrite /etc/hosts from a template at every boot.
    manage_etc_hosts: "localhost",
    // No entry `default`, so the image's own login (pi, ubuntu, debian) is never made.
    users: [operator(cluster)],
    ssh_pwauth: false,
    disable_root: true,
    // Raspberry Pi OS ships false and would keep the image's keys beside ours.
    ssh_deletekeys: true,
    ssh_keys: hostKeys(cluster, node, print),
    no_ssh_fingerprints: true,
    ssh: { emit_keys_to_console: false },
    bootcmd: [TAKE_SEED_AGAIN, ...(pi ? [KEEP_HOST_KEYS] : [])],
    // No `owner`: one that does not exist yet stops all later files. No `defer`: that is after packages have started.
    ...(firstFile && { write_files: [firstFile, ...otherFiles] as const }),
    runcmd: pi ? [START_SSHD, ...START_NODE_PROGRAM] : START_NODE_PROGRAM,
  };
}

/**
 * NoCloud meta-data. `digest` is the SHA-256, in hex, of the public user-data and network-config: a card with other
 * content is a new instance, so cloud-init runs everything again; the same card read again is not.
 */
export function metaData(node: Node, digest: string): string {
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw new TypeError("the digest of meta-data is a SHA-256 in lower-case hex");
  const value: MetaData = {
    "instance-id": `quorate-${node.name}-${digest.slice(0, 12)}`,
    "local-hostname": node.name,
  };
  return GENERATED + toYaml(value);
}

// bootcmd runs at every boot, possibly before the network is up: it may neither wait nor start a unit. On its first
// boot Raspberry Pi OS deletes /etc/ssh/ssh_host_* and generates new keys, in a race with cloud-init's.
const KEEP_HOST_KEYS: Command = ["systemctl", "mask", "regenerate_ssh_host_keys.service"];

// sshd is disabled on Raspberry Pi OS. cloud-final runs within the boot transaction, so nothing here waits for a job.
const START_SSHD: Command = ["systemctl", "enable", "--now", "--no-block", "ssh"];

// cloud-init notes a module as done before it runs it: after a power cut in the middle of write_files it would never
// write the rest. So all that has run once runs again, until the node program has seen every file and synced the disk.
const TAKE_SEED_AGAIN: Command = [
  "sh",
  "-c",
  `cmp -s ${NODE_PATHS.seeded} ${NODE_PATHS.instance} || rm -f /var/lib/cloud/instance/sem/config_*`,
];

// Started, not waited for: it may have to wait for other machines, and cloud-final is part of the boot's transaction.
const START_NODE_PROGRAM: readonly [Command, Command] = [
  ["systemctl", "daemon-reload"],
  ["systemctl", "enable", "--now", "--no-block", NODE_PATHS.unit],
];

function operator(cluster: Cluster): User {
  const [firstKey, ...otherKeys] = cluster.access.authorizedKeys;
  if (firstKey === undefined) throw new Error("a cluster without authorized keys got past validation");
  return {
    name: cluster.access.user,
    gecos: "Cluster administrator",
    // Groups that Debian's base system has, and so all three systems. No Docker-like group that means root by a back door.
    groups: ["adm", "sudo", "systemd-journal"],
    shell: "/bin/bash",
    lock_passwd: true,
    // One string: a list is accepted only from cloud-init 24.2 on.
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    ssh_authorized_keys: [firstKey, ...otherKeys],
  };
}

// With `ssh_keys` cloud-init generates no key of its own, so the machine has exactly the key that we know beforehand.
function hostKeys(cluster: Cluster, node: Node, print: Print): HostKeys {
  const generation = cluster.generations["ssh-host-key"];
  return {
    ed25519_private: print([{ secret: `ssh-host-key/${node.name}`, generation }, "\n"]),
    ed25519_public: print([{ secret: `ssh-host-key-public/${node.name}`, generation }, "\n"]),
  };
}

function writeFile(file: NodeFile, print: Print): WriteFile {
  return { path: file.path, permissions: file.mode, content: print(file.content) };
}
