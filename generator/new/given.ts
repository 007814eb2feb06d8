// The answers that flags give. Whether they are right is for the rules to say; here they only get their form.
import { secretKind } from "../config/secret-like.ts";
import type { KeyLine } from "./public-keys.ts";
import { Unanswered } from "./unanswered.ts";

export interface Machines {
  readonly count: number;
  /** Absent where they are still to be found. */
  readonly addresses?: readonly string[];
}

/** What is known so far. */
export interface Given {
  readonly name?: string;
  readonly dnsName?: string;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly dns?: readonly string[];
  readonly servers?: Machines;
  readonly loadBalancers?: Machines;
  readonly agents?: Machines;
  readonly vip?: string;
  readonly os?: string;
  readonly disk?: string;
  readonly user?: string;
  readonly keys?: readonly string[];
  readonly k3sVersion?: string;
}

/** A verb's flags by name, as the command line gives them. */
type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Throws Unanswered for a number or key that is none. */
export function givenBy(flags: Flags, readKey: (answer: string) => KeyLine): Given {
  const text = (flag: string) => flags[flag] as string | undefined;
  const list = (flag: string) => flags[flag] as readonly string[] | undefined;
  const given: { readonly [K in keyof Given]: Given[K] | undefined } = {
    name: text("name"),
    dnsName: text("dns-name"),
    subnet: text("subnet"),
    gateway: text("gateway"),
    dns: list("dns")?.flatMap(addressesIn),
    servers: machines("servers", text("servers")),
    loadBalancers: machines("load-balancers", text("load-balancers")),
    agents: machines("agents", text("agents")),
    vip: text("vip"),
    os: text("os"),
    disk: text("disk"),
    user: text("user"),
    keys: list("key")?.map((answer) => keyGiven(answer, readKey)),
    k3sVersion: text("k3s"),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Addresses, or what stands for some, between commas or blanks. */
export function addressesIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

/** Machines beyond this have names that mean something; their config is not made by a dialogue. */
export const MOST_MACHINES = 500;

function machines(flag: string, text: string | undefined): Machines | undefined {
  if (text === undefined) return undefined;
  const addresses = addressesIn(text);
  if (!/^[-+]?\d+$/.test(text.trim())) return { count: addresses.length, addresses };
  const count = Number(text);
  if (count < 0 || count > MOST_MACHINES) {
    throw new Unanswered(
      `--${flag} must be a number up to ${MOST_MACHINES} or addresses with commas between, not "${text}"`,
      `npx quorate new --${flag} ${flag === "servers" ? 3 : 1}`,
    );
  }
  return { count };
}

function keyGiven(answer: string, readKey: (answer: string) => KeyLine): string {
  const key = readKey(answer);
  if (key.ok) return key.line;
  // A private key pasted by mistake must not be said again.
  const shown = secretKind(answer) === undefined && answer.length <= SHOWN ? ` "${answer}"` : "";
  throw new Unanswered(`--key${shown} ${key.reason}`, key.hint);
}

const SHOWN = 100;
