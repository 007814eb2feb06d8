// Starts the programs of the contract tests in a machine: stand-ins, load, and the real HAProxy.
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { transformSync } from "esbuild";
import type { Cluster } from "../../generator/model/cluster.ts";
import { haproxyConfig } from "../../generator/render/haproxy.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { publicText } from "../../generator/model/files.ts";
import { VIP } from "./clusters.ts";
import { TEMPLATES } from "./fixtures.ts";
import type { Load, LoadReport } from "./load.ts";
import { type Machine, openLan, openMachine, type Program, until } from "./namespace.ts";
import { type Keeper, scratch } from "./scratch.ts";
import type { StandIn, StandInChange, StandInReport } from "./stand-in.ts";
import { runTool } from "./tools.ts";

export interface OpenCluster {
  readonly lan: Machine;
  readonly balancer: Machine;
  /** For stand-ins that speak TLS. */
  readonly pem: string;
}

/**
 * The LAN with the addresses of all servers and agents of a cluster from `makeCluster`, and its first load balancer with
 * its own address and the vip.
 */
export async function openCluster(t: Keeper, cluster: Cluster): Promise<OpenCluster> {
  const nodes = cluster.nodes.filter(({ role }) => role !== "loadbalancer");
  const lan = await openLan(t, ["10.0.0.200/16", ...nodes.map(({ address }) => `${address}/32`)]);
  const balancer = await openMachine(t, "lb-1");
  await balancer.plug(lan, "eth0", ["10.0.0.21/16", `${VIP}/32`]);
  return { lan, balancer, pem: makeCertificate(t) };
}

/** A file with a new key and a certificate that it signed itself. */
export function makeCertificate(t: Keeper): string {
  const pem = join(scratch(t), "server.pem");
  // One file for both: the certificate is written behind the key.
  const options =
    "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=kubernetes -keyout";
  const { status, stdout, stderr } = runTool("openssl", ["req", ...options.split(" "), pem]);
  if (status !== 0) throw new Error(stderr);
  appendFileSync(pem, stdout);
  return pem;
}

export interface RunningStandIn {
  readonly program: Program;
  /** `pems`: other certificates, by ADDRESS:PORT. */
  readonly change: (at: StandIn["at"], pems?: StandInChange["pems"]) => Promise<StandInReport>;
}

/** Returns when every address listens. */
export async function startStandIn(machine: Machine, standIn: StandIn): Promise<RunningStandIn> {
  const program = await startScript(machine, "stand-in", standIn);
  const change: RunningStandIn["change"] = async (at, pems = {}) => {
    program.write(JSON.stringify({ at, pems } satisfies StandInChange));
    return JSON.parse(await program.nextLine());
  };
  return { program, change };
}

export interface RunningLoad {
  /** So many of its streams have heard nothing for a second. */
  readonly silent: () => Promise<number>;
  readonly stop: () => Promise<LoadReport>;
}

/** Returns when its streams stand. `stop` waits for the requests under way. */
export async function startLoad(machine: Machine, load: Load): Promise<RunningLoad> {
  const program = await startScript(machine, "load", load);
  const silent = async (): Promise<number> => {
    program.write("?");
    return Number(await program.nextLine());
  };
  const stop = async (): Promise<LoadReport> => {
    program.end();
    // The last request may have begun just now, and its client waits as long as that.
    return JSON.parse(await program.nextLine(20_000));
  };
  return { silent, stop };
}

/** Several of one name may run on one machine. */
let scripts = 0;

/** Stripped of its types once and run by plain node: five of these start in the time of one through a loader. */
async function startScript(machine: Machine, name: string, argument: unknown): Promise<Program> {
  const source = readFileSync(new URL(`${name}.ts`, import.meta.url), "utf8");
  const { code } = transformSync(source, { loader: "ts" });
  writeFileSync(join(machine.root, "run", `${name}.mjs`), code);
  // Longer than an argument may be, where there are many machines.
  const file = `/run/${name}-${++scripts}.json`;
  writeFileSync(join(machine.root, file), JSON.stringify(argument));
  const program = await machine.start([process.execPath, `/run/${name}.mjs`, file]);
  const line = await program.nextLine();
  if (line !== "ready") throw new Error(`${name}: ${program.output()}`);
  return program;
}

export interface RunningHaproxy {
  readonly program: Program;
  /** Master and worker at once; both would otherwise be looked after by the other. */
  readonly kill: () => Promise<void>;
  /** One command of the runtime socket. */
  readonly ask: (command: string) => Promise<string>;
  /** The state of each server by BACKEND/NAME, in HAProxy's words, such as "UP" or "DOWN (via be_http/agent-1)". */
  readonly states: () => Promise<ReadonlyMap<string, string>>;
}

export interface ProxyStart {
  /** The text of haproxy.cfg. */
  readonly config: string;
  /** A line of shell before each start, as ExecStartPre has it. */
  readonly before?: string;
  /** The program that starts HAProxy, such as taskset. */
  readonly through?: readonly string[];
  /** As Restart=always of Debian's unit has it: started again 100 ms after its end (systemd.service, RestartSec). */
  readonly restarted?: boolean;
}

/** The real HAProxy as Debian's unit and our drop-in start it: master and worker, its state folder fresh. */
export async function startHaproxy(machine: Machine, cluster: Cluster): Promise<RunningHaproxy> {
  return startProxy(machine, {
    config: haproxyConfig(cluster, TEMPLATES),
    before: startCondition(cluster),
  });
}

/** HAProxy with any config that has `stats socket /run/haproxy/admin.sock`. Returns when that answers. */
export async function startProxy(machine: Machine, start: ProxyStart): Promise<RunningHaproxy> {
  const { config, before = ":", through = [], restarted = false } = start;
  const folder = join(machine.root, "run", "haproxy");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(machine.root, "run", "haproxy.cfg"), config);
  // -Ws as the unit has it: unlike -W it stays in the foreground even where the config says `daemon`, as Debian's does.
  const command = [...through, "haproxy", "-Ws", "-f", "/run/haproxy.cfg", "-p", "/run/haproxy.pid"];
  const script = restarted ? `while :; do ${before}; "$@"; sleep 0.1; done` : `${before}; exec "$@"`;
  const program = await machine.start(["sh", "-c", script, "sh", ...command]);
  const ask = (command: string) => askSocket(join(folder, "admin.sock"), command);
  await until(`HAProxy: ${program.output()}`, 5000, () => ask("show info").catch(() => undefined));
  const states = async () => {
    const rows = (await ask("show stat")).split("\n").map((row) => row.split(","));
    const servers = rows.filter(([backend, name]) => backend?.startsWith("be_") && name !== "BACKEND");
    return new Map(servers.map((row) => [`${row[0]}/${row[1]}`, row[17] ?? ""]));
  };
  const kill = async () => {
    const worker = /^Pid: (\d+)$/m.exec(await ask("show info"))?.[1];
    await machine.must(["sh", "-c", 'kill -9 "$(cat /run/haproxy.pid)" "$1"', "sh", String(worker)]);
    if (!restarted) await program.exited;
  };
  return { program, kill, ask, states };
}

/** What the drop-in of haproxy.service does before each start. */
export function startCondition(cluster: Cluster): string {
  const balancer = cluster.nodes.find(({ role }) => role === "loadbalancer");
  const files = balancer ? nodeFiles(cluster, balancer, TEMPLATES) : [];
  const unit = files.find(({ path }) => path.startsWith("/etc/systemd/system/haproxy.service.d/"));
  const command = /^ExecStartPre=\/bin\/sh -c '(.*)'$/m.exec(publicText(unit?.content ?? []))?.[1];
  if (command === undefined) throw new Error("no drop-in of haproxy.service");
  return command;
}

async function askSocket(path: string, command: string): Promise<string> {
  const socket = connect(path);
  socket.end(`${command}\n`);
  return text(socket);
}
