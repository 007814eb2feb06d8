// The dialogue: what no flag answers is asked, one question after the other, until a config without errors comes out.
import type { Finding } from "../config/finding.ts";
import { parseCidr } from "../config/network.ts";
import { type Parsed, parseConfig } from "../config/parse.ts";
import { askAddresses, type Counted } from "./address-question.ts";
import { type Answers, USUAL } from "./answers.ts";
import { configText } from "./config-text.ts";
import { isWithin, PLACES, problemsOf } from "./draft.ts";
import { findingLines } from "../config/finding-lines.ts";
import type { Given, Machines } from "./given.ts";
import { askKeys } from "./key-question.ts";
import { roomIn } from "./layout.ts";
import { askAgents, askLoadBalancers, askServers } from "./machine-questions.ts";
import { askDns, askGateway, askName, askSubnet } from "./network-questions.ts";
import type { Surroundings } from "./surroundings.ts";
import { askDisk, askOs } from "./system-questions.ts";
import { Refused, Unanswered } from "./unanswered.ts";

/** A config without errors: its findings are warnings and infos. */
export interface Outcome extends Required<Parsed> {
  readonly answers: Answers;
  readonly text: string;
}

/** Rejects with Refused where the flags make no valid config, and as the dialogue does. `schema` is for `configText`. */
export async function interview(flags: Given, schema: string, around: Surroundings): Promise<Outcome> {
  refuseTooMany(flags);
  refuseWrong(flags);
  for (let known = flags; ;) {
    const replies = await complete(known, around);
    const answers = answersIn(replies);
    const text = configText(answers, schema);
    const { cluster, findings, spanOf } = parseConfig(text);
    if (cluster) return { answers, text, cluster, findings, spanOf };
    const errors = findings.filter(({ severity }) => severity === "error");
    const rest = around.isPerson ? withoutWrong(replies, errors) : undefined;
    if (!rest) throw new Refused(errors);
    await around.dialogue.note(findingLines(errors).join("\n"));
    known = rest;
  }
}

type Replies = Counted & Required<Pick<Given, "name" | "os" | "disk" | "keys">>;

/** Asks what is not known yet. */
async function complete(known: Given, around: Surroundings): Promise<Replies> {
  const name = known.name ?? (await askName(around));
  const subnet = known.subnet ?? (await askSubnet(around));
  const gateway = known.gateway ?? (await askGateway(subnet, around));
  const dns = known.dns ?? (await askDns(known, subnet, gateway, around));
  const servers = known.servers ?? (await askServers(subnet, known.agents, around));
  const loadBalancers =
    known.loadBalancers ?? (await askLoadBalancers(subnet, servers, known.agents, around));
  const taken = servers.count + loadBalancers.count + (loadBalancers.count > 0 ? 1 : 0);
  const agents = known.agents ?? (await askAgents(subnet, taken, around));
  const counted = { ...known, name, subnet, gateway, dns, servers, loadBalancers, agents };
  const layout = await askAddresses(counted, around);
  const os = known.os ?? (await askOs(around));
  const disk = known.disk ?? (await askDisk(around));
  const keys = known.keys ?? (await askKeys(around));
  const at = (addresses: readonly string[]): Machines => ({ count: addresses.length, addresses });
  return {
    ...counted,
    servers: at(layout.servers),
    loadBalancers: at(layout.loadBalancers),
    agents: at(layout.agents),
    ...(layout.vip !== undefined && { vip: layout.vip }),
    os,
    disk,
    keys,
  };
}

function answersIn({ servers, loadBalancers, agents, vip, ...rest }: Replies): Answers {
  const layout = {
    servers: servers.addresses ?? [],
    loadBalancers: loadBalancers.addresses ?? [],
    agents: agents.addresses ?? [],
    ...(vip !== undefined && { vip }),
  };
  return { ...USUAL, ...rest, layout };
}

/** Rules that compare answers: what a flag says is only wrong beside answers that are still to come. */
const COMPARING: readonly string[] = ["address-outside-subnet", "address-not-usable", "address-duplicate"];

/** Before the first question: nobody answers ten of them to hear that a flag was wrong. */
function refuseWrong(flags: Given): void {
  const fields = Object.keys(flags) as (keyof Given)[];
  const wrong = problemsOf(flags, fields).filter(
    ({ code }) => flags.subnet !== undefined || !COMPARING.includes(code),
  );
  if (wrong.length > 0) throw new Refused(wrong);
}

function refuseTooMany({ subnet = "", servers, loadBalancers, agents }: Given): void {
  const network = parseCidr(subnet);
  const count = (machines: Machines | undefined) => machines?.count ?? 0;
  const size = count(servers) + count(loadBalancers) + count(agents) + (count(loadBalancers) > 0 ? 1 : 0);
  if (!network || size <= roomIn(network)) return;
  throw new Unanswered(
    `${subnet} has room for ${roomIn(network)} machines, the vip among them, and not for ${size}`,
    "name fewer machines or a larger network: --subnet CIDR",
  );
}

const PLACED = ["servers", "loadBalancers", "agents"] as const;

/** The replies that the errors are not about, to be asked for the others again; undefined where all are about none. */
function withoutWrong(replies: Replies, errors: readonly Finding[]): Given | undefined {
  // A disk is one of two choices: where a machine is wrong, its address is.
  const fields = (Object.keys(PLACES) as (keyof Given)[]).filter((field) => field !== "disk");
  const isWrong = (field: keyof Given) =>
    errors.some(({ path }) => PLACES[field].some((place) => isWithin(path, place)));
  const wrong = new Set(fields.filter(isWrong));
  if (wrong.size === 0) return undefined;
  if (wrong.has("subnet"))
    for (const field of ["gateway", "dns", ...PLACED, "vip"] as const) wrong.add(field);
  const kept = Object.entries(replies).filter(([field]) => ![...wrong].some((each) => each === field));
  return Object.fromEntries(kept);
}
