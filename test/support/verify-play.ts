// A LAN for verify.sh: machines that answer as they should or as a test says, and the script run among them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { newKubeconfig } from "../../generator/kubeconfig/merged.ts";
import { type Cluster, ingressNodes, ofRole } from "../../generator/model/cluster.ts";
import { verifyScript } from "../../generator/render/verify.ts";
import { type Authority, makeAuthority } from "./authority.ts";
import { TEMPLATES } from "./fixtures.ts";
import {
  namespaceAnswer,
  type NodeAnswer,
  nodesAnswer,
  podsAnswer,
  type SnapshotAnswer,
  snapshotsAnswer,
} from "./kubernetes-answers.ts";
import { type Machine, openLan, type Program } from "./namespace.ts";
import { type RunningStandIn, startStandIn } from "./programs.ts";
import type { Behaviour, StandIn } from "./stand-in.ts";

interface Cast {
  /** Instead of what a healthy machine answers. */
  readonly at?: StandIn["at"];
  /** Milliseconds until an answer. */
  readonly delay?: number;
}

export interface Verdict {
  readonly status: number | string;
  readonly lines: readonly string[];
  readonly stderr: string;
  /** Temporary files that are still there. */
  readonly left: readonly string[];
  /** Milliseconds. */
  readonly took: number;
}

interface RunOptions {
  readonly shell?: string;
  /** Arguments of `shell`, where it is another program that starts one. */
  readonly before?: readonly string[];
  /** NAME=VALUE. */
  readonly environment?: readonly string[];
}

export interface Play {
  readonly t: TestContext;
  readonly lan: Machine;
  readonly ca: Authority;
  readonly clientCa: Authority;
  /** Names and life of a server's certificate, unless said otherwise. */
  readonly certificate: (wish?: Partial<Parameters<Authority["issue"]>[0]>) => string;
  readonly change: RunningStandIn["change"];
  /** Everything that is healthy, to be put back. */
  readonly healthy: StandIn["at"];
  /** A kubeconfig for this cluster, as the script sees its path. */
  readonly kubeconfig: string;
  /** Files as the script sees them. */
  readonly write: (path: string, text: string) => void;
  readonly read: (path: string) => string;
  /** Runs verify.sh to its end. */
  readonly verify: (args?: readonly string[], options?: RunOptions) => Promise<Verdict>;
  /** Starts verify.sh. */
  readonly start: (shell: string, args?: readonly string[]) => Promise<Program>;
  /** Its temporary files. */
  readonly temporary: () => readonly string[];
}

/** What a healthy API answers beyond /readyz, for those with a certificate. */
export interface Kubernetes {
  readonly uid?: string;
  readonly nodes?: readonly NodeAnswer[];
  readonly traefik?: readonly string[];
  readonly coredns?: readonly string[];
  readonly snapshots?: readonly SnapshotAnswer[];
}

export const PATHS = {
  nodes: "/api/v1/nodes",
  identity: "/api/v1/namespaces/kube-system",
  traefik: "/api/v1/namespaces/kube-system/pods?labelSelector=app.kubernetes.io%2Fname%3Dtraefik",
  coredns: "/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns",
  snapshots: "/apis/k3s.cattle.io/v1/etcdsnapshotfiles",
} as const;

/** A server that is up, with this CA. */
export function server(
  cluster: Cluster,
  ca: string,
  kubernetes: Kubernetes = {},
  delay = 0,
): Exclude<Behaviour, string> {
  const nodes = cluster.nodes.filter(({ role }) => role !== "loadbalancer").map(({ name }) => name);
  const servers = ofRole(cluster, "server").map(({ name }) => name);
  const {
    uid = "11111111-2222-3333-4444-555555555555",
    nodes: said = nodes.map((name) => nodeAnswer(cluster, name)),
    traefik = ingressNodes(cluster),
    coredns = nodes.slice(0, 2),
    snapshots = servers.map((node) => ({ node, age: 3 })),
  } = kubernetes;
  const certified = (body: string) => ({ status: 200, body, delay, certified: true });
  return {
    "/readyz": { status: 401, delay },
    "/ping": { status: 200, body: "pong", delay },
    "/cacerts": { status: 200, body: ca, delay },
    [PATHS.nodes]: certified(nodesAnswer(said)),
    [PATHS.identity]: certified(namespaceAnswer(uid)),
    [PATHS.traefik]: certified(podsAnswer(traefik)),
    [PATHS.coredns]: certified(podsAnswer(coredns)),
    [PATHS.snapshots]: certified(snapshotsAnswer(snapshots)),
  };
}

/** A node that is as it should be. */
export function nodeAnswer(cluster: Cluster, name: string): NodeAnswer {
  const isServer = ofRole(cluster, "server").some((node) => node.name === name);
  return { name, version: cluster.k3s.version, ...(!isServer && { voter: null }) };
}

/** HAProxy's status page on a load balancer of this name. */
export function page(cluster: Cluster, name: string, down: readonly string[] = [], delay = 0): Behaviour {
  const api = ofRole(cluster, "server").map((node) => `be_api/${node.name}`);
  const lines = [...api, ...ingressNodes(cluster).map((node) => `be_http/${node}`)];
  const body = lines.map((line) => `${line} ${down.includes(line) ? "DOWN" : "UP"}\n`).join("");
  return { "/backends": { status: 200, body: `load balancer ${name}\n${body}`, delay } };
}

/** Every place that verify.sh asks, as ADDRESS:PORT, with what a healthy machine answers there. */
export function healthyPlaces(cluster: Cluster, ca: string, delay = 0): StandIn["at"] {
  const { address } = cluster.registration;
  const up = server(cluster, ca, {}, delay);
  const balancers = ofRole(cluster, "loadbalancer");
  const web: Behaviour = { "/": { status: 404, delay } };
  const names = ingressNodes(cluster);
  const ingress = [
    ...(balancers.length > 0 && names.length > 0 ? [address, ...balancers.map((node) => node.address)] : []),
    ...cluster.nodes.filter(({ name }) => names.includes(name)).map((node) => node.address),
  ];
  const [holder] = balancers;
  return Object.fromEntries([
    [`${address}:6443`, up],
    ...ofRole(cluster, "server").map((node) => [`${node.address}:6443`, up]),
    ...(holder ? [[`${address}:8404`, page(cluster, holder.name, [], delay)]] : []),
    ...balancers.map((node) => [`${node.address}:8404`, page(cluster, node.name, [], delay)]),
    ...ingress.flatMap((host) => [80, 443].map((port) => [`${host}:${port}`, web])),
  ]) as StandIn["at"];
}

/** A LAN in which everything answers as it should, apart from what is said. */
export async function play(t: TestContext, cluster: Cluster, cast: Cast = {}): Promise<Play> {
  const { at = {}, delay = 0 } = cast;
  const ca = makeAuthority(t);
  const healthy = healthyPlaces(cluster, ca.certificate, delay);
  const hosts = new Set(Object.keys(healthy).map((place) => `${place.split(":")[0]}/32`));
  // An address of its own on the LAN, so that a machine that is off is looked for, and not found.
  const lan = await openLan(t, ["10.0.0.200/16", ...hosts]);
  const names = [
    ...new Set([cluster.registration.address, ...ofRole(cluster, "server").map((node) => node.address)]),
  ];
  const sans = [
    ...(cluster.dnsName === null ? [] : [`DNS:${cluster.dnsName}`]),
    ...names.map((name) => `IP:${name}`),
  ];
  const certificate: Play["certificate"] = (wish = {}) => ca.issue({ name: "k3s", sans, ...wish });
  const clientCa = makeAuthority(t, "k3s-client-ca");
  const all = { ...healthy, ...at };
  const { change } = await startStandIn(lan, { pem: certificate(), clientCa: clientCa.file, at: all });

  const [folder, script, kubeconfig] = ["/run/tmp", "/run/verify.sh", "/run/kubeconfig"];
  const write: Play["write"] = (path, text) => writeFileSync(join(lan.root, path), text, { mode: 0o600 });
  const read: Play["read"] = (path) => readFileSync(join(lan.root, path), "utf8");
  mkdirSync(join(lan.root, folder));
  write(script, verifyScript(cluster, TEMPLATES));
  write(kubeconfig, clientConfig(cluster, ca, clientCa));
  if (cluster.dnsName !== null) {
    write("/run/hosts", `127.0.0.1 localhost\n${cluster.registration.address} ${cluster.dnsName}\n`);
    await lan.must(["mount", "--bind", "/run/hosts", "/etc/hosts"]);
  }
  const command = (args: readonly string[], { shell = "sh", before, environment = [] }: RunOptions) => {
    const start = ["env", "-u", "KUBECONFIG", `TMPDIR=${folder}`, ...environment, shell];
    return [...start, ...(before ? [...before, "sh"] : []), script, ...args];
  };
  const temporary = () => readdirSync(join(lan.root, folder));
  const verify: Play["verify"] = async (args = [], options = {}) => {
    const begin = performance.now();
    const { status, stdout, stderr } = await lan.run(command(args, options));
    const took = Math.round(performance.now() - begin);
    return { status, lines: stdout.trimEnd().split("\n"), stderr, left: temporary(), took };
  };
  const start: Play["start"] = (shell, args = []) => lan.start(command(args, { shell }));
  return {
    t,
    lan,
    ca,
    clientCa,
    certificate,
    change,
    healthy,
    kubeconfig,
    write,
    read,
    verify,
    start,
    temporary,
  };
}

/** A kubeconfig of the administrator. `ends`: days until its certificate does. */
export function clientConfig(cluster: Cluster, ca: Authority, clientCa: Authority, ends = 364.5): string {
  const pem = readFileSync(
    clientCa.issue({ name: "system:admin", organization: "system:masters", ends }),
    "utf8",
  );
  const [key = "", certificate = ""] = pem.split(/(?<=-----END PRIVATE KEY-----\n)/);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return newKubeconfig({
    name: cluster.name,
    cluster: { "certificate-authority-data": base64(ca.certificate), server: cluster.registration.url },
    user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
  });
}
