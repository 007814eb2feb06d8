// network-config version 2 (netplan's format), cut down to wired, static IPv4.

/** An address with its prefix length. */
export type Cidr = `${string}/${number}`;

/**
 * Where netplan is installed cloud-init passes this through unread, elsewhere its own renderers read a subset. Only keys
 * that both understand. Rendered for a new instance-id only.
 */
export interface NetworkConfigV2 {
  /** @since before 22.4 */
  readonly version: 2;
  /** By kernel name, or by any id where `match` selects the card. @since before 22.4 */
  readonly ethernets: Readonly<Record<string, Ethernet>>;
}

export interface Ethernet {
  /**
   * Selects the card by its MAC address.
   * Gotcha: compared in lower case, and unquoted YAML 1.1 reads some as a number. There is no `set-name` here: with it a
   * missing card stops cloud-init's first stage.
   * @since before 22.4
   */
  readonly match?: { readonly macaddress: string };
  /** @since before 22.4 */
  readonly dhcp4: false;
  /** @since before 22.4 */
  readonly dhcp6: false;
  /** Whether router advertisements give the machine IPv6 addresses. @since before 22.4 */
  readonly "accept-ra": false;
  /** Gotcha: cloud-init's own networkd renderer sorts them. @since before 22.4 */
  readonly addresses: readonly [Cidr, ...Cidr[]];
  /** `gateway4` is deprecated in netplan. @since before 22.4 */
  readonly routes: readonly [Route, ...Route[]];
  /** @since before 22.4 */
  readonly nameservers: { readonly addresses: readonly string[] };
}

export interface Route {
  /**
   * Destination network.
   * Gotcha: netplan's word `default` stops cloud-init's networkd, NetworkManager and eni renderers up to 25.2.
   * @since before 22.4
   */
  readonly to: Cidr;
  /** @since before 22.4 */
  readonly via: string;
}
