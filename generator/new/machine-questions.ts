// The questions about how many machines there are; beside each choice stands what it survives.
import { contains, parseCidr } from "../config/network.ts";
import { MOST_MACHINES, type Machines } from "./given.ts";
import { ownAddresses } from "./lan.ts";
import { roomIn } from "./layout.ts";
import { sentenceOf } from "./sentences.ts";
import type { Surroundings } from "./surroundings.ts";

const SERVERS = [1, 3, 5];
const LOAD_BALANCERS = [0, 1, 2];
/** The sample's: three servers, and a load balancer that a second one can join any day. */
const PROPOSED = { servers: 3, loadBalancers: 1 };

/** With load balancers enough, so that the sentence speaks of the servers. */
export async function askServers(subnet: string, agents: Machines | undefined, around: Surroundings) {
  const room = roomOf(subnet, around);
  return ask(around, {
    flag: "--servers NUMBER",
    message: "How many servers? (what each survives, behind two load balancers)",
    counts: SERVERS.filter((count) => count <= room),
    proposed: PROPOSED.servers,
    sentence: (servers) => sentenceOf({ servers, loadBalancers: 2, agents: agents?.count ?? 0 }),
  });
}

export async function askLoadBalancers(
  subnet: string,
  servers: Machines,
  agents: Machines | undefined,
  around: Surroundings,
): Promise<Machines> {
  const room = roomOf(subnet, around) - servers.count;
  return ask(around, {
    flag: "--load-balancers NUMBER",
    message: "How many load balancers, each on a machine of its own?",
    // The vip takes an address too.
    counts: LOAD_BALANCERS.filter((count) => count === 0 || count + 1 <= room),
    proposed: PROPOSED.loadBalancers,
    sentence: (loadBalancers) =>
      sentenceOf({ servers: servers.count, loadBalancers, agents: agents?.count ?? 0 }),
  });
}

export async function askAgents(subnet: string, taken: number, around: Surroundings): Promise<Machines> {
  const most = Math.max(0, Math.min(MOST_MACHINES, roomOf(subnet, around) - taken));
  const answer = await around.dialogue.text({
    flag: "--agents NUMBER",
    message: "How many agents, machines that only run workloads?",
    initial: "0",
    check: (text) =>
      /^\d+$/.test(text) && Number(text) <= most
        ? undefined
        : `must be a number from 0 to ${most}, for which ${subnet} has room`,
  });
  return { count: Number(answer) };
}

interface CountQuestion {
  readonly flag: string;
  readonly message: string;
  readonly counts: readonly number[];
  readonly proposed: number;
  readonly sentence: (count: number) => string | undefined;
}

async function ask({ dialogue }: Surroundings, question: CountQuestion): Promise<Machines> {
  const { flag, message, counts, proposed, sentence } = question;
  const best = counts.filter((count) => count <= proposed).at(-1) ?? 0;
  const answer = await dialogue.choose({
    flag,
    message,
    options: counts.map((count) => {
      const text = sentence(count);
      return { value: String(count), label: text === undefined ? String(count) : `${count}: ${text}` };
    }),
    initial: String(best),
  });
  return { count: Number(answer) };
}

/** This computer keeps its address. */
function roomOf(subnet: string, { observed }: Surroundings): number {
  const network = parseCidr(subnet);
  if (!network) return 0;
  return roomIn(network) - ownAddresses(observed).filter((address) => contains(network, address)).length;
}
