// A valid config of any size, for measurements.

/** The text of a config with three servers, two load balancers and as many agents as make up the number (at least 5; 4 gives the sample's shape). */
export function bigConfig(machines: number): string {
  const node = (name: string, role: string, index: number) => ({
    name,
    role,
    address: `10.0.${Math.floor(index / 250)}.${(index % 250) + 2}`,
    disk: "ssd",
  });
  const balancers = machines > 4 ? 2 : 1;
  const nodes = Array.from({ length: machines }, (_, index) => {
    if (index < 3) return node(`server-${index + 1}`, "server", index);
    if (index < 3 + balancers) return node(`lb-${index - 2}`, "loadbalancer", index);
    return node(`agent-${index - 2 - balancers}`, "agent", index);
  });
  const key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9n5dSwTRO5g09X97X/1RPimEXvxJU7w2jrrhK973a8 bench@quorate";
  return JSON.stringify(
    {
      version: 1,
      cluster: { name: "bench", vip: "10.0.200.1" },
      network: { subnet: "10.0.0.0/16", gateway: "10.0.0.1" },
      access: { authorizedKeys: [key] },
      k3s: { version: "v1.36.4+k3s1", clusterCidr: "10.64.0.0/10" },
      nodes,
    },
    null,
    2,
  );
}
