// Rules that notice the shipped sample: a key that opens nothing, addresses that were never chosen.
import { type Finding, finding } from "../finding.ts";
import { parseSshKey } from "../ssh-key.ts";
import type { Rule, RuleInput } from "./rule.ts";

/** The public key of the sample. Its private half was thrown away when it was made. */
const SAMPLE_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIHQk4XJiTw2GFsPvUzFIjSpTdx+HE8uHqmGY+iz6+sb1";
const SAMPLE_VIP = "192.168.1.10";
const SAMPLE_NODES = ["192.168.1.11", "192.168.1.12", "192.168.1.13", "192.168.1.5"];

/** True for the sample's own public key line. A card with it would lock everybody out. */
export function isSampleKey(line: string): boolean {
  const key = parseSshKey(line);
  return key.ok && key.blob === SAMPLE_KEY;
}

function sampleKey({ config }: RuleInput): readonly Finding[] {
  return config.access.authorizedKeys.flatMap((line, index) =>
    isSampleKey(line)
      ? [
          finding(
            "sample-ssh-key",
            ["access", "authorizedKeys", index],
            "this is the sample's SSH key, and nobody has its private half: it opens no machine",
            "put your own public key here: cat ~/.ssh/id_ed25519.pub (none there? ssh-keygen -t ed25519)",
          ),
        ]
      : [],
  );
}

function sampleAddresses({ config, nodes }: RuleInput): readonly Finding[] {
  const addresses = nodes.map(({ node }) => node.address);
  const untouched =
    config.cluster.vip === SAMPLE_VIP &&
    addresses.length === SAMPLE_NODES.length &&
    SAMPLE_NODES.every((each) => addresses.includes(each));
  if (!untouched) return [];
  return [
    finding(
      "sample-addresses",
      ["nodes"],
      "the addresses are still the sample's",
      "check them against your LAN: inside the router's subnet, outside its DHCP range, taken by nobody",
    ),
  ];
}

export const SAMPLE_RULES: readonly Rule[] = [
  { needs: ["access"], run: sampleKey },
  { needs: ["cluster", "nodes"], everyNode: true, run: sampleAddresses },
];
