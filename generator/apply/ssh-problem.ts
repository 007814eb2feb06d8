// From what ssh says to what is wrong and what to do about it.
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import type { Lost, Problem, RemoteMachine } from "./remote.ts";

interface Sign {
  readonly problem: Problem;
  readonly pattern: RegExp;
}

// "No route to host" is what a machine that is off gives on its own network, where nobody tells its hardware address.
/** OpenSSH's own words: sshconnect.c, kex.c, misc.c and strerror; the first that fits counts. Nothing has run with any of them. */
const BEFORE_LOGIN: readonly Sign[] = [
  { problem: "host-key", pattern: /^Host key verification failed\.|no matching host key type found/m },
  {
    problem: "denied",
    pattern: /: Permission denied \(|^Received disconnect .*Too many authentication failures/m,
  },
  { problem: "refused", pattern: /^ssh: connect to host .*: Connection refused/m },
  {
    problem: "no-answer",
    pattern:
      /^ssh: connect to host .*(timed out|No route to host|Host is down)|^Connection timed out during banner exchange/m,
  },
  { problem: "unreachable", pattern: /^ssh: connect to host |^ssh: Could not resolve hostname/m },
  {
    problem: "no-ssh-server",
    pattern: /^kex_exchange_identification: |^Bad remote protocol version|^banner exchange: /m,
  },
];

/** sh says it where the program after exec is not there. */
const NO_CLIENT = /^[\w/.-]*sh: .*\bssh: (command )?not found/m;
/** sudo's own words, and those of the shell that does not find it. */
const NO_SUDO = /^sudo: |\bsudo: (command )?not found/m;

/** What went wrong where ssh ended with 255, or undefined where the words say nothing: then the script may have run. */
export function problemBeforeLogin(stderr: string): Problem | undefined {
  return BEFORE_LOGIN.find(({ pattern }) => pattern.test(stderr))?.problem;
}

/** The problem behind another exit than 255, where it was not the script's own. */
export function problemOfShell(exit: number, stderr: string): Problem | undefined {
  if (exit === 127 && NO_CLIENT.test(stderr)) return "no-ssh-client";
  if ((exit === 1 || exit === 127) && NO_SUDO.test(stderr)) return "sudo";
  return undefined;
}

/** The keys that ssh offered, from the words of `ssh -v`: `~/.ssh/id_ed25519 SHA256:...`. */
export function offeredKeys(verbose: string): readonly string[] {
  const lines = verbose.matchAll(/^debug1: Offering public key: (.+?) (?:[A-Z0-9-]+) (SHA256:\S+)/gm);
  return [...new Set([...lines].map(([, path = "", fingerprint = ""]) => `${path} ${fingerprint}`))];
}

/** The words for a problem. `detail`: offered keys, or what ssh said last. */
export function lost(problem: Problem, machine: RemoteMachine, detail = ""): Lost {
  const { message, next, mayHaveRun = false } = WORDS[problem](machine, printable(maskSecrets(detail)));
  return { finished: false, problem, mayHaveRun, message, next };
}

interface Words {
  readonly message: string;
  readonly next: string;
  readonly mayHaveRun?: boolean;
}

const WORDS: Readonly<Record<Problem, (machine: RemoteMachine, detail: string) => Words>> = {
  refused: ({ address, port }) => ({
    message: `connection refused by ${address} port ${port}`,
    next: "it is on, but its ssh server is not: wait a minute; if it stays so, look at its screen",
  }),
  "no-answer": ({ address }) => ({
    message: `${address} does not answer`,
    next: `is it on, is its cable in, is it at ${address}? a first boot takes some minutes`,
  }),
  unreachable: ({ address }, detail) => ({
    message: `${address} cannot be reached (${detail})`,
    next: "is the machine on, and is this computer in the same network?",
  }),
  "no-ssh-server": ({ address, port }, detail) => ({
    message: `no ssh server answers at ${address} port ${port} (${detail})`,
    next: `wait a minute if it is just starting; if it stays so, find out which machine has ${address}`,
  }),
  "host-key": ({ name, address }) => ({
    message: "this machine has another host key than this cluster's secret gives",
    next: `it is another machine at ${address}, or the card of ${name} was written with another .secrets/: write its card again with this one`,
  }),
  denied: ({ user, address }, offered) => ({
    message: `permission denied: ${address} takes none of your keys for the user ${user} (offered: ${offered || "none"})`,
    next: "name the right key with --identity FILE or load it (ssh-add); the public halves that it takes are access.authorizedKeys of the config it was written with",
  }),
  sudo: ({ user }, detail) => ({
    message: `${user} is not root through sudo there (${detail})`,
    next: "sudo without a password comes with the card: wait for the first boot to end, or write its card again",
  }),
  "no-ssh-client": () => ({
    message: "there is no program ssh on this computer",
    next: "install it: apt-get install openssh-client",
  }),
  "too-long": ({ name }, detail) => ({
    message: `no result within ${detail}`,
    next: `try again; if it stays so: npx quorate ssh ${name}`,
    mayHaveRun: true,
  }),
  "too-much": ({ name }, detail) => ({
    message: `it sent more than ${detail}`,
    next: `find out what it sends: npx quorate ssh ${name}`,
    mayHaveRun: true,
  }),
  interrupted: () => ({
    message: "interrupted",
    next: "run the same command again",
    mayHaveRun: true,
  }),
  cut: ({ name }, detail) => ({
    message: `the connection ended early${detail && ` (${detail})`}`,
    next: `try again; if it stays so: npx quorate ssh ${name}`,
    mayHaveRun: true,
  }),
};
