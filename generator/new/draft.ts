// What the rules say about one answer, before the others are there: a config of what is known, and of harmless fillings.
import { type Finding, type Path } from "../config/finding.ts";
import { parseCidr } from "../config/network.ts";
import { parseConfig } from "../config/parse.ts";
import { addressAt } from "./address.ts";
import { type Answers, USUAL } from "./answers.ts";
import { configText } from "./config-text.ts";
import type { Given } from "./given.ts";
import { layOut } from "./layout.ts";
import { ANY_KEY } from "./sentences.ts";

/** Where in the config an answer shows. */
export const PLACES = {
  name: [["cluster", "name"]],
  dnsName: [["cluster", "dnsName"]],
  subnet: [
    ["network", "subnet"],
    ["k3s", "clusterCidr"],
    ["k3s", "serviceCidr"],
  ],
  gateway: [["network", "gateway"]],
  dns: [["network", "dns"]],
  servers: [["nodes"]],
  agents: [["nodes"]],
  loadBalancers: [["nodes"]],
  vip: [["cluster", "vip"]],
  os: [["os"]],
  disk: [["nodes"]],
  user: [["access", "user"]],
  keys: [["access", "authorizedKeys"]],
  k3sVersion: [["k3s", "version"]],
} as const satisfies Record<keyof Given, readonly Path[]>;

/** Errors about those answers among what is known. */
export function problemsOf(known: Given, fields: readonly (keyof Given)[]): readonly Finding[] {
  const places = fields.flatMap((field): readonly Path[] => PLACES[field]);
  return parseConfig(configText(filled(known), "")).findings.filter(
    ({ severity, path }) => severity === "error" && places.some((place) => isWithin(path, place)),
  );
}

export function isWithin(path: Path, place: Path): boolean {
  return place.every((step, index) => path[index] === step);
}

// A network with room for as many machines as anybody names.
const FILLING = {
  subnet: "172.16.0.0/12",
  name: "home",
  os: "raspberry-pi-os",
  disk: "sd",
  keys: [ANY_KEY],
};

function filled(known: Given): Answers {
  const { subnet = FILLING.subnet, servers, loadBalancers, agents } = known;
  const network = parseCidr(subnet);
  const gateway = known.gateway ?? (network ? addressAt(network.first, 1) : "");
  const wanted = {
    servers: servers?.count ?? 1,
    loadBalancers: loadBalancers?.count ?? 1,
    agents: agents?.count ?? 0,
    vip: (loadBalancers?.count ?? 1) > 0,
  };
  const own = [servers, loadBalancers, agents].flatMap((machines) => machines?.addresses ?? []);
  const isFree = (address: string) => address !== known.vip && !own.includes(address);
  const found = network && layOut(network, gateway, wanted, isFree);
  const vip = known.vip ?? found?.vip;
  return {
    ...USUAL,
    ...FILLING,
    ...known,
    gateway,
    dns: known.dns ?? [gateway],
    layout: {
      servers: servers?.addresses ?? found?.servers ?? [],
      loadBalancers: loadBalancers?.addresses ?? found?.loadBalancers ?? [],
      agents: agents?.addresses ?? found?.agents ?? [],
      ...(vip !== undefined && { vip }),
    },
  };
}
