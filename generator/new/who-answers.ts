// Which addresses answer: a connection to a few ports, and after that whom the kernel has heard of. Nothing is said to anybody.
import { connect } from "node:net";

/** ssh, and what a router, a server or a node of a cluster has open. */
const PORTS = [22, 80, 443, 6443];
/** Milliseconds. ARP and a SYN are answered in a few; a telephone that sleeps takes most of a second. */
const LIMIT_MS = 900;
/** Connections at a time are four times that: below the 1024 files that a process may have open, and a neighbour table's 1024. */
const AT_A_TIME = 64;

export interface AskOptions {
  readonly neighbours: () => Promise<readonly string[]>;
  readonly signal: AbortSignal;
}

/** Takes at most 0.9 s for every 64 addresses; ends when the signal comes. A machine that is off is not among them. */
export async function whoAnswers(
  addresses: readonly string[],
  { neighbours, signal }: AskOptions,
): Promise<ReadonlySet<string>> {
  const answered: string[] = [];
  for (let at = 0; at < addresses.length && !signal.aborted; at += AT_A_TIME) {
    const some = addresses.slice(at, at + AT_A_TIME);
    answered.push(...(await answersAmong(some, signal)));
  }
  const heard = await neighbours();
  return new Set(addresses.filter((address) => answered.includes(address) || heard.includes(address)));
}

/** Those at which a port is open or refuses, all asked at once. */
function answersAmong(addresses: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const answered = new Set<string>();
    const calls = addresses.flatMap((address) => PORTS.map((port) => connect({ host: address, port })));
    let open = calls.length;
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      for (const call of calls) call.destroy();
      resolve([...answered]);
    };
    const timer = setTimeout(end, LIMIT_MS);
    signal.addEventListener("abort", end);
    calls.forEach((call, index) => {
      const address = addresses[Math.floor(index / PORTS.length)] ?? "";
      call.on("connect", () => {
        answered.add(address);
        call.destroy();
      });
      // A refusal comes from the machine itself; "no route to host" is what the kernel says when nobody answers ARP.
      call.on("error", ({ code }: NodeJS.ErrnoException) => {
        if (code === "ECONNREFUSED" || code === "ECONNRESET") answered.add(address);
      });
      call.on("close", () => {
        open -= 1;
        if (open === 0) end();
      });
    });
  });
}
