// From answers to the text of a config: the shape, the order and the line breaks of the shipped sample.
import type { Answers } from "./answers.ts";
import { jsonText } from "./json-text.ts";
import { podNetworks } from "./pod-networks.ts";

/** The file that an editor reads for the schema, seen from the config's folder: `./generator/config/cluster.schema.json`. */
export function configText(answers: Answers, schema: string): string {
  const { name, dnsName, subnet, gateway, dns, layout, os, disk, user, keys, k3sVersion } = answers;
  const { servers, agents, loadBalancers, vip } = layout;
  const isDefaultDns = dns.length === 1 && dns[0] === gateway;
  const machines = (prefix: string, role: string, addresses: readonly string[]) =>
    addresses.map((address, index) => ({
      name: `${prefix}-${index + 1}`,
      role,
      address,
      ...(role === "server" && disk !== "sd" && { disk }),
    }));
  return jsonText({
    $schema: schema,
    version: 1,
    cluster: { name, ...(dnsName !== undefined && { dnsName }), ...(vip !== undefined && { vip }) },
    network: { subnet, gateway, ...(!isDefaultDns && { dns }) },
    os,
    access: { user, authorizedKeys: keys },
    k3s: { version: k3sVersion, ...podNetworks(subnet, dns) },
    nodes: [
      ...machines("server", "server", servers),
      ...machines("agent", "agent", agents),
      ...machines("lb", "loadbalancer", loadBalancers),
    ],
  });
}
