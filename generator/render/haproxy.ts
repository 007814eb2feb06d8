// haproxy.cfg: the same text on every load balancer.
import {
  API_PORT_ON_SERVERS,
  type Cluster,
  INGRESS_PORTS_ON_NODES,
  ingressNodes,
  ofRole,
} from "../model/cluster.ts";
import { API_CHECK, type CheckTiming, INGRESS_CHECK, PROXY_TIMING } from "../model/timing.ts";
import { printTemplate, type Templates } from "./template.ts";

interface Backend {
  readonly name: string;
  readonly address: string;
}

/** How many connections there may be at a time. */
interface Connections {
  readonly all: number;
  readonly api: number;
  readonly http: number;
  readonly https: number;
  readonly status: number;
  readonly local: number;
}

interface HaproxyLocals {
  readonly cluster: string;
  readonly connections: Connections;
  readonly connectTimeout: string;
  readonly checkTimeout: string;
  readonly retries: number;
  readonly serverKeepalive: { readonly idle: string; readonly interval: string; readonly count: number };
  readonly apiPort: number;
  readonly apiPortOnServers: number;
  readonly apiCheck: string;
  readonly servers: readonly Backend[];
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly httpPortOnNodes: number;
  readonly httpsPortOnNodes: number;
  readonly ingressCheck: string;
  readonly ingress: readonly Backend[];
  readonly statusPort: number;
  readonly statusPage: string;
}

/** The text of haproxy.cfg. Accepted without a warning by HAProxy 2.4 to 3.4 (docs/facts.md, HAProxy versions). */
export function haproxyConfig(cluster: Cluster, templates: Templates): string {
  const servers = ofRole(cluster, "server");
  const ingress = ingressBackends(cluster);
  return printTemplate<HaproxyLocals>(templates, "haproxy.cfg", {
    cluster: cluster.name,
    connections: connections(cluster.loadBalancer.maxConnections, ingress.length > 0),
    connectTimeout: duration(PROXY_TIMING.connect),
    checkTimeout: duration(PROXY_TIMING.check),
    retries: PROXY_TIMING.retries,
    serverKeepalive: {
      idle: duration(PROXY_TIMING.serverKeepalive.idle),
      interval: duration(PROXY_TIMING.serverKeepalive.interval),
      count: PROXY_TIMING.serverKeepalive.count,
    },
    apiPort: cluster.loadBalancer.apiPort,
    apiPortOnServers: API_PORT_ON_SERVERS,
    apiCheck: checkOptions(API_CHECK),
    servers,
    httpPort: cluster.ingress?.httpPort ?? INGRESS_PORTS_ON_NODES.http,
    httpsPort: cluster.ingress?.httpsPort ?? INGRESS_PORTS_ON_NODES.https,
    httpPortOnNodes: INGRESS_PORTS_ON_NODES.http,
    httpsPortOnNodes: INGRESS_PORTS_ON_NODES.https,
    ingressCheck: checkOptions(INGRESS_CHECK),
    ingress,
    statusPort: cluster.loadBalancer.statusPort,
    statusPage: statusPage(servers, ingress),
  });
}

function ingressBackends(cluster: Cluster): readonly Backend[] {
  const names = new Set(ingressNodes(cluster));
  return cluster.nodes.filter(({ name }) => names.has(name));
}

/**
 * The config's number, shared out: 443 gets half, 80 and the API a quarter each, all of it the API without an ingress;
 * the status page has its own on top. Under one common limit a crowd on 443 takes the API away too, and keepalived's
 * question gets no answer either, so that the vip wanders from one full load balancer to the next.
 */
function connections(most: number, hasIngress: boolean): Connections {
  const quarter = Math.floor(most / 4);
  const parts = hasIngress
    ? { api: quarter, http: quarter, https: most - 2 * quarter }
    : { api: most, http: 0, https: 0 };
  const page = { status: 40, local: 20 };
  return { all: most + page.status + page.local, ...parts, ...page };
}

function checkOptions({ inter, fastInter, downInter, fall, rise }: CheckTiming): string {
  return `inter ${duration(inter)} fastinter ${duration(fastInter)} downinter ${duration(downInter)} fall ${fall} rise ${rise}`;
}

/** `http-request return` answers from one buffer of 16 kB; beyond this many lines the ingress is counted, not listed. */
export const LISTED_INGRESS_NODES = 100;

/** A log-format string: one line per server, `be_api/server-1 UP`. Escapes are HAProxy's own. */
function statusPage(servers: readonly Backend[], ingress: readonly Backend[]): string {
  const state = (backend: string, name: string) =>
    `${backend}/${name} %[srv_is_up(${backend}/${name}),iif(UP,DOWN)]\\n`;
  const ingressLines =
    ingress.length > LISTED_INGRESS_NODES
      ? [`be_http %[nbsrv(be_http)] of ${ingress.length} UP\\n`]
      : ingress.map(({ name }) => state("be_http", name));
  return [
    "load balancer %[hostname]\\n",
    ...servers.map(({ name }) => state("be_api", name)),
    ...ingressLines,
  ].join("");
}

/** Milliseconds as HAProxy writes them: whole seconds where possible. */
function duration(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}
