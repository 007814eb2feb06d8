// The question where the machines go: a proposal of addresses that answer nobody, taken as it is or typed.
import { isIpv4 } from "../config/formats.ts";
import { parseCidr } from "../config/network.ts";
import { addressesIn, type Given, type Machines } from "./given.ts";
import { ownAddresses } from "./lan.ts";
import { candidates, layOut, type Layout, sizeOf, type Wanted } from "./layout.ts";
import { complaint, type Surroundings } from "./surroundings.ts";
import { Unanswered } from "./unanswered.ts";

/** The answers that come before. */
export interface Counted extends Given {
  readonly subnet: string;
  readonly gateway: string;
  readonly dns: readonly string[];
  readonly servers: Machines;
  readonly loadBalancers: Machines;
  readonly agents: Machines;
}

/** An address for everything; those that flags gave are only looked at. */
export async function askAddresses(known: Counted, around: Surroundings): Promise<Layout> {
  const { dialogue, addresses, isPerson } = around;
  const wanted = stillWanted(known);
  const network = parseCidr(known.subnet);
  const isReserved = reserved(known, around);
  const asked = network && sizeOf(wanted) > 0 ? candidates(network, known.gateway, wanted) : [];
  await dialogue.note(`Asking who is there in ${known.subnet}; that takes a second or two`);
  await addresses.look([...given(known), ...asked.filter((address) => !isReserved(address))]);
  const taken = addresses.taken([...given(known), ...asked]);
  if (taken.length > 0) await dialogue.note(`somebody answers at ${firsts(taken)}`);
  if (sizeOf(wanted) === 0) return merged(known);
  const isFree = (address: string) => !isReserved(address) && addresses.isFree(address);
  const found = network && layOut(network, known.gateway, wanted, isFree);
  if (!found) {
    if (!isPerson)
      throw new Unanswered(tooFew(known, wanted), "name them: --servers A,B,C --load-balancers D --vip E");
    await dialogue.note(`${tooFew(known, wanted)}: type them`);
    return typed(known, undefined, around);
  }
  const answer = await dialogue.choose({
    flag: "--servers, --load-balancers and --vip with addresses",
    message: "Which addresses do the machines get?",
    options: [
      { value: "these", label: placesIn(found) },
      { value: "others", label: "others, which I type" },
    ],
    initial: "these",
  });
  return answer === "these" ? merged(known, found) : typed(known, found, around);
}

/** In the order of the addresses, as a router shows them. */
function placesIn({ loadBalancers, vip, servers, agents }: Layout): string {
  const parts = [
    { what: "load balancer", addresses: loadBalancers },
    { what: "vip", addresses: vip === undefined ? [] : [vip] },
    { what: "server", addresses: servers },
    { what: "agent", addresses: agents },
  ].filter(({ addresses }) => addresses.length > 0);
  return parts
    .map(({ what, addresses }) => `${addresses.length > 1 ? `${what}s` : what} ${range(addresses)}`)
    .join("; ");
}

function range(addresses: readonly string[]): string {
  return addresses.length > SHOWN ? `${addresses[0]} to ${addresses.at(-1)}` : addresses.join(", ");
}

function firsts(addresses: readonly string[]): string {
  const rest = addresses.length - SHOWN;
  return rest > 0 ? `${addresses.slice(0, SHOWN).join(", ")} and ${rest} more` : addresses.join(", ");
}

/** Of more not every one is said. */
const SHOWN = 5;

/** One question for each role that is still without addresses. */
async function typed(known: Counted, found: Layout | undefined, around: Surroundings): Promise<Layout> {
  const { dialogue, addresses } = around;
  let now: Counted = known;
  for (const [role, words] of ROLES) {
    const { count, addresses: have } = now[role];
    if (have || count === 0) continue;
    const answer = await dialogue.text({
      message: `The ${count === 1 ? `address of the ${words}` : `addresses of the ${count} ${words}s`}?`,
      initial: (found?.[role] ?? []).join(", "),
      check: (text) => {
        const list = addressesIn(text);
        if (list.length !== count)
          return `must be ${count === 1 ? "one address" : `${count} addresses`}, not ${list.length}`;
        return complaint({ ...now, [role]: { count, addresses: list } }, role);
      },
    });
    now = { ...now, [role]: { count, addresses: addressesIn(answer) } };
  }
  if (now.loadBalancers.count > 0 && now.vip === undefined) {
    const vip = await dialogue.text({
      message: "The vip, the address that the load balancers hold beside their own?",
      initial: found?.vip ?? "",
      check: (text) => complaint({ ...now, vip: text }, "vip", "servers"),
    });
    now = { ...now, vip };
  }
  await addresses.look(given(now));
  const taken = addresses.taken(given(now));
  if (taken.length > 0) await dialogue.note(`somebody answers at ${firsts(taken)}`);
  return merged(now);
}

const ROLES = [
  ["loadBalancers", "load balancer"],
  ["servers", "server"],
  ["agents", "agent"],
] as const;

function stillWanted({ servers, loadBalancers, agents, vip }: Counted): Wanted {
  const open = ({ count, addresses }: Machines) => (addresses ? 0 : count);
  return {
    servers: open(servers),
    loadBalancers: open(loadBalancers),
    agents: open(agents),
    vip: loadBalancers.count > 0 && vip === undefined,
  };
}

function given({ servers, loadBalancers, agents, vip }: Counted): readonly string[] {
  const machines = [loadBalancers, servers, agents].flatMap(({ addresses }) => addresses ?? []);
  return [...machines, ...(vip === undefined ? [] : [vip])].filter(isIpv4);
}

function merged({ servers, loadBalancers, agents, vip: own }: Counted, found?: Layout): Layout {
  const vip = own ?? found?.vip;
  return {
    servers: servers.addresses ?? found?.servers ?? [],
    loadBalancers: loadBalancers.addresses ?? found?.loadBalancers ?? [],
    agents: agents.addresses ?? found?.agents ?? [],
    ...(vip !== undefined && { vip }),
  };
}

/** Somebody else's: the router's, the resolvers', this computer's, and what flags gave away. */
function reserved(known: Counted, { observed }: Surroundings): (address: string) => boolean {
  const taken = new Set([known.gateway, ...known.dns, ...ownAddresses(observed), ...given(known)]);
  return (address) => taken.has(address);
}

function tooFew({ subnet }: Counted, wanted: Wanted): string {
  return `${subnet} has not ${sizeOf(wanted)} addresses that answer nobody, where they were looked for`;
}
