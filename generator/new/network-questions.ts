// The questions about the LAN: what the cluster is called there, the subnet, the gateway, the DNS servers.
import { parseCidr } from "../config/network.ts";
import { listed } from "../model/words.ts";
import { addressesIn, type Given } from "./given.ts";
import { dnsIn, gatewayIn, lans, likelyGateway } from "./lan.ts";
import { roomIn } from "./layout.ts";
import { complaint, type Surroundings } from "./surroundings.ts";

export async function askName({ dialogue }: Surroundings): Promise<string> {
  return dialogue.text({
    flag: "--name NAME",
    message: "What is the cluster called?",
    initial: "home",
    check: (name) => complaint({ name }, "name"),
  });
}

export async function askSubnet({ dialogue, observed }: Surroundings): Promise<string> {
  const found = lans(observed);
  const others = found.length > 1 ? ` (this computer is in ${listed(found)})` : "";
  return dialogue.text({
    flag: "--subnet CIDR",
    message: `Which network are the machines in?${others}`,
    initial: found[0] ?? "",
    check: (subnet) => complaint({ subnet }, "subnet") ?? tooSmall(subnet),
  });
}

export async function askGateway(subnet: string, around: Surroundings): Promise<string> {
  const { dialogue, observed, isPerson } = around;
  const guess = isPerson ? likelyGateway(subnet, observed) : undefined;
  return dialogue.text({
    flag: "--gateway ADDRESS",
    message: `What is the router's address in ${subnet}?`,
    initial: gatewayIn(subnet, observed) ?? guess ?? "",
    check: (gateway) => complaint({ subnet, gateway }, "gateway"),
  });
}

export async function askDns(known: Given, subnet: string, gateway: string, around: Surroundings) {
  const answer = await around.dialogue.text({
    flag: "--dns ADDRESS",
    message: "Which DNS servers do the machines ask?",
    initial: dnsIn(subnet, gateway, around.observed).join(", "),
    check: (text) => complaint({ ...known, subnet, gateway, dns: addressesIn(text) }, "dns"),
  });
  return addressesIn(answer);
}

/** A server and nothing else is the least. */
function tooSmall(subnet: string): string | undefined {
  const network = parseCidr(subnet);
  return network && roomIn(network) < 1 ? `${subnet} has no room for a machine beside the router` : undefined;
}
