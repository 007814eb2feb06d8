// The ssh_config and known_hosts of one cluster: nothing in them depends on the person's own files.
import { Failure } from "../failure.ts";
import type { RemoteMachine } from "./remote.ts";

/** Seconds to wait for a connection, and for the greeting of the server behind it. */
export const CONNECT_SECONDS = 5;
/** A connection that is not used ends after so many seconds, also where nobody was left to close it. */
const PERSIST_SECONDS = 20;
/** sun_path holds 104 bytes on macOS and BSD (108 on Linux), one of them a zero; ssh adds a dot and 16 letters while it makes one. */
const SOCKET_PATH_BYTES = 104 - 1 - 17;

export interface SshFiles {
  /** The private folder that they lie in. */
  readonly folder: string;
  /** A private key to use instead of the usual ones: an absolute path. */
  readonly identity?: string;
}

/** Where ssh keeps the connection to the machine of that number. */
export function socketPath(folder: string, index: number): string {
  return `${folder}/${index}`;
}

/**
 * The text for `ssh -F`. ssh then reads neither ~/.ssh/config nor the system's, but looks for the usual identities and the
 * agent all the same (ssh_config(5), IdentityFile and IdentityAgent). Throws a Failure for a path that it cannot hold.
 */
export function sshConfig(machines: readonly RemoteMachine[], files: SshFiles): string {
  return [
    ...machines.flatMap((machine, index) => [
      `Host ${machine.name}`,
      `  HostName ${machine.address}`,
      `  Port ${machine.port}`,
      `  User ${machine.user}`,
      `  HostKeyAlias ${machine.name}`,
      ...shared(socketPath(files.folder, index)),
    ]),
    "Host *",
    `  UserKnownHostsFile ${quoted(`${files.folder}/known_hosts`)}`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
    "  HostKeyAlgorithms ssh-ed25519",
    "  UpdateHostKeys no",
    "  VerifyHostKeyDNS no",
    "  BatchMode yes",
    "  PasswordAuthentication no",
    "  KbdInteractiveAuthentication no",
    `  ConnectTimeout ${CONNECT_SECONDS}`,
    "  ConnectionAttempts 1",
    "  ServerAliveInterval 5",
    "  ServerAliveCountMax 2",
    "  ForwardAgent no",
    "  ForwardX11 no",
    "  ClearAllForwardings yes",
    "  PermitLocalCommand no",
    "  LogLevel ERROR",
    ...(files.identity === undefined
      ? []
      : [`  IdentityFile ${quoted(files.identity)}`, "  IdentitiesOnly yes"]),
    "",
  ].join("\n");
}

/** The only host keys that are known: a machine's name, then a key. */
export function knownHosts(machines: readonly RemoteMachine[]): string {
  return machines
    .flatMap(({ name, hostKey, earlierHostKeys = [] }) =>
      [hostKey, ...earlierHostKeys].map((key) => `${name} ${key}\n`),
    )
    .join("");
}

/** Several calls share one connection, where the socket's path is short enough. */
function shared(socket: string): readonly string[] {
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) return ["  ControlPath none"];
  return ["  ControlMaster auto", `  ControlPath ${quoted(socket)}`, `  ControlPersist ${PERSIST_SECONDS}`];
}

/** ssh expands % and ${...} in paths, and knows no way to write a quote or a newline. */
function quoted(path: string): string {
  if (/["\\\n\r]|\$\{/.test(path)) {
    throw new Failure(
      `ssh cannot take the path ${JSON.stringify(path)}`,
      'use a path without ", \\, ${ and line breaks',
    );
  }
  return `"${path.replaceAll("%", "%%")}"`;
}
