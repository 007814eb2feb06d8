// Where Quorate's own things are on a machine: the node program, what it reads and what it keeps.

export const NODE_PATHS = {
  program: "/usr/local/sbin/quorate-node",
  unit: "quorate-node.service",
  unitFile: "/etc/systemd/system/quorate-node.service",
  /** What this machine is, as lines of a POSIX shell. */
  settings: "/etc/quorate/node.conf",
  /** The list of the machine's files, written last: where it is, all others are. */
  fileList: "/etc/quorate/files",
  /** Made by a card of the first server while no cluster is recorded; in no rendered file. */
  mayFound: "/etc/quorate/may-found",
  /** Staged: put in force by a procedure, not by a copy. */
  hostname: "/etc/quorate/hostname",
  authorizedKeys: "/etc/quorate/authorized_keys",
  networkConfig: "/etc/quorate/network-config",
  hostKey: "/etc/quorate/ssh_host_ed25519_key",
  haproxy: "/etc/quorate/haproxy.cfg",
  keepalived: "/etc/quorate/keepalived.conf",
  manifests: "/etc/quorate/manifests",
  /** How servers ask each other before one founds the cluster. */
  peerKey: "/etc/quorate/peer_key",
  peerAuthorizedKeys: "/etc/quorate/peer_authorized_keys",
  peerKnownHosts: "/etc/quorate/peer_known_hosts",
  peerUser: "quorate-peer",
  /** Which card cloud-init has read: its instance-id. */
  instance: "/var/lib/cloud/data/instance-id",
  /** The instance-id of the card whose files were all seen and synced to the disk. */
  seeded: "/var/lib/quorate/seeded",
  /** The files as a card or an apply put them there: `MODE SHA256 PATH` each. A change by hand does not change it. */
  given: "/var/lib/quorate/given",
  /** This machine leaves the cluster: nothing starts here any more, and it may be uninstalled. */
  retired: "/var/lib/quorate/retired",
} as const;

/** On a machine that an apply has closed to new pods: it was us, so that we may open it again, also after a runner died. */
export const CORDONED = "/var/lib/quorate/cordoned";

/** On a machine that undoes its last change by itself, unless that is confirmed. */
export const ARMED = "/var/lib/quorate/armed";

/** Exit status of `quorate-node confirm` while the change is not in force yet. */
export const NOT_YET = 3;
