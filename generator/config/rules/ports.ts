// Rules on the ports of a load balancer: one owner each.
import { type Finding, finding, type Path } from "../finding.ts";
import { groupBy, type Rule, type RuleInput } from "./rule.ts";

interface Port {
  readonly port: number;
  /** The schema's default. */
  readonly usual: number;
  readonly use: string;
  readonly path: Path;
}

function distinctPorts({ config }: RuleInput): readonly Finding[] {
  const { apiPort, statusPort } = config.loadBalancer;
  const [http, https] = config.ingress.ports;
  const ports: readonly Port[] = [
    { port: 22, usual: 22, use: "SSH", path: [] },
    { port: apiPort, usual: 6443, use: "loadBalancer.apiPort", path: ["loadBalancer", "apiPort"] },
    { port: statusPort, usual: 8404, use: "loadBalancer.statusPort", path: ["loadBalancer", "statusPort"] },
    ...(config.ingress.kind === "none"
      ? []
      : [
          { port: http, usual: 80, use: "ingress.ports (HTTP)", path: ["ingress", "ports", 0] },
          { port: https, usual: 443, use: "ingress.ports (HTTPS)", path: ["ingress", "ports", 1] },
        ]),
  ];
  return [...groupBy(ports, ({ port }) => String(port)).values()].flatMap((users) => {
    if (users.length < 2) return [];
    // A default is not in the file, so there is no line to point at: name one that was set.
    const set = users.filter(({ port, usual }) => port !== usual);
    return set.slice(users.length === set.length ? 1 : 0).map((user) => {
      const other = users.find((each) => each !== user);
      return finding(
        "port-conflict",
        user.path,
        `port ${user.port} of a load balancer is used twice: by ${other?.use} and by ${user.use}`,
        `choose another port for ${user.use}`,
      );
    });
  });
}

export const PORT_RULES: readonly Rule[] = [{ needs: ["ingress", "loadBalancer"], run: distinctPorts }];
