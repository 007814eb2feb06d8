// A real sshd on a port of the loopback, with a derived host key, gone when the test ends.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RemoteMachine } from "../../generator/apply/remote.ts";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { scratch } from "./scratch.ts";
import { missing, requireTool, runTool } from "./tools.ts";

export interface Sshd {
  readonly machine: RemoteMachine;
  /** A private key that it takes. */
  readonly identity: string;
  readonly process: ChildProcess;
  readonly folder: string;
}

const ROOT = Buffer.alloc(32, 0x42);

/** For the `skip` option of a test: false where sshd can be started here. Throws where CI is set, as `requireTool` does. */
export function requireSshd(): string | false {
  return (
    requireTool("ssh", "apt-get install openssh-client") ||
    requireTool("sshd", "apt-get install openssh-server") ||
    requireTool("sudo", "apt-get install sudo") ||
    (userInfo().uid === 0
      ? false
      : missing("the right to start sshd", "nothing; run the contract tests as root"))
  );
}

/** The public host key of a machine of the tests' cluster. */
export function hostKeyOf(name: string, generation = 1): string {
  return deriveSecret(ROOT, { secret: `ssh-host-key-public/${name}`, generation });
}

/** A new key pair; returns the path of the private one. */
export function makeKey(folder: string, name: string): string {
  const file = join(folder, name);
  const { status, stderr } = runTool("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  if (status !== 0) throw new Error(stderr);
  return file;
}

/** Starts it and waits until it listens. It lets the user of the test in, with one key. */
export async function startSshd(t: TestContext, name = "server-1"): Promise<Sshd> {
  const folder = scratch(t);
  const hostKey = join(folder, "host_key");
  const secret = `ssh-host-key/${name}`;
  writeFileSync(hostKey, `${deriveSecret(ROOT, { secret, generation: 1 })}\n`, { mode: 0o600 });
  const identity = makeKey(folder, "id");
  const port = await freePort();
  const config = join(folder, "sshd_config");
  writeFileSync(
    config,
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${identity}.pub`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "MaxStartups 100",
      "",
    ].join("\n"),
  );
  mkdirSync("/run/sshd", { recursive: true });
  const path = runTool("sh", ["-c", "PATH=$PATH:/usr/sbin command -v sshd"]).stdout.trim();
  const server = spawn(path, ["-D", "-e", "-f", config], { stdio: "ignore" });
  t.after(async () => {
    const gone = once(server, "exit");
    server.kill("SIGCONT");
    if (server.exitCode === null && server.kill("SIGKILL")) await gone;
  });
  await listening(port);
  const machine = { name, address: "127.0.0.1", port, user: userInfo().username, hostKey: hostKeyOf(name) };
  return { machine, identity, process: server, folder };
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await sleep(25);
  }
  throw new Error(`sshd does not listen on ${port}`);
}
