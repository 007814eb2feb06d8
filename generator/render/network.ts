// network-config of one machine: one wired card, one static address, and the vip where a single load balancer holds it.
import type { Cidr, Ethernet, NetworkConfigV2 } from "cloud-init-types";
import type { Cluster, Node } from "../model/cluster.ts";
import { GENERATED } from "./generated.ts";
import { toYaml } from "./yaml.ts";

// The vip gets a prefix of its own. With the subnet's, the address that the kernel saw first becomes the source of all
// outgoing traffic, and the order is not ours: cloud-init's networkd renderer sorts addresses as text (.10 before .21), and
// when the machine's own address changes live, the vip is the one that was there first. A /32 is never chosen, in any order.
const VIP_PREFIX = 32;

/** network-config in the bare shape (no `network:` around it), which every cloud-init reads. */
export function networkConfigText(cluster: Cluster, node: Node): string {
  return GENERATED + toYaml(networkConfig(cluster, node));
}

/**
 * No `renderer`: the image knows whether networkd or NetworkManager runs. rpi-imager#1013 (a static address on Ubuntu
 * came up by DHCP until `renderer: networkd` was written) is no reason: netplan's default is networkd, both forms
 * generate the same unit, and Imager has since stopped writing the key (rpi-imager#1270). On Raspberry Pi OS it would
 * take the card away from NetworkManager. No `optional`: the one card is required, so that network-online.target means
 * something.
 */
export function networkConfig(cluster: Cluster, node: Node): NetworkConfigV2 {
  const { network } = cluster;
  const ethernet: Ethernet = {
    // No `set-name`: with it cloud-init's first stage fails when no card has the address.
    ...(node.mac !== null && { match: { macaddress: node.mac.toLowerCase() } }),
    dhcp4: false,
    dhcp6: false,
    "accept-ra": false,
    addresses: [`${node.address}/${network.subnet.prefix}`, ...vip(cluster, node)],
    // Not netplan's word `default`: where there is no netplan, cloud-init up to 25.2 stops at it.
    routes: [{ to: "0.0.0.0/0", via: network.gateway }],
    nameservers: { addresses: network.dns },
  };
  return { version: 2, ethernets: { [node.interface]: ethernet } };
}

function vip(cluster: Cluster, node: Node): readonly Cidr[] {
  const { holder, address } = cluster.registration;
  return holder === "loadbalancer" && node.role === "loadbalancer" ? [`${address}/${VIP_PREFIX}`] : [];
}
