// verify.sh: asks a running cluster from outside whether it answers where it should.
import { API_PORT_ON_SERVERS, type Cluster, ofRole } from "../model/cluster.ts";
import { printTemplate, type Templates } from "./template.ts";

interface VerifyLocals {
  readonly cluster: string;
  readonly registration: string;
  readonly registrationPort: number;
  readonly servers: readonly { readonly name: string; readonly address: string }[];
  readonly loadBalancers: readonly { readonly name: string; readonly address: string }[];
  readonly apiPortOnServers: number;
  readonly statusPort: number;
  readonly ingress: readonly { readonly port: number; readonly scheme: "http" | "https" }[];
  readonly holder: string;
  /** Empty where there is none. */
  readonly dnsName: string;
}

/** The text of verify.sh: POSIX sh, needs curl, changes nothing. Up to 13 servers and load balancers are all asked at once and it
 * ends within 20 seconds whatever is down; of more, 16 at a time. */
export function verifyScript(cluster: Cluster, templates: Templates): string {
  const { registration, ingress } = cluster;
  return printTemplate<VerifyLocals>(templates, "verify.sh", {
    cluster: cluster.name,
    registration: registration.address,
    registrationPort: registration.port,
    servers: ofRole(cluster, "server"),
    loadBalancers: ofRole(cluster, "loadbalancer"),
    apiPortOnServers: API_PORT_ON_SERVERS,
    statusPort: cluster.loadBalancer.statusPort,
    ingress: ingress ? ingressTargets(cluster) : [],
    dnsName: cluster.dnsName ?? "",
    holder: {
      keepalived: "is keepalived running on the load balancers?",
      loadbalancer: "is the load balancer on?",
      server: "is the first server on?",
    }[registration.holder],
  });
}

/** Without a load balancer the nodes' own 80 and 443 are what people use. */
function ingressTargets(cluster: Cluster): VerifyLocals["ingress"] {
  const direct = cluster.registration.holder === "server";
  return [
    { port: direct ? 80 : (cluster.ingress?.httpPort ?? 80), scheme: "http" },
    { port: direct ? 443 : (cluster.ingress?.httpsPort ?? 443), scheme: "https" },
  ];
}
