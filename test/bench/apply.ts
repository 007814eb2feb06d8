// `npm run bench:apply`: an apply with nothing to do against Ansible comparing the same files on the same machines, in turn, in
// one run on the lab. Needs ansible-core (apt-get install ansible-core); it prints, and keeps nothing.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { deriveSecret } from "../../generator/secrets/derive.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { knownHosts, LAB_ROOT, makeCluster } from "../lab/cluster.ts";
import { command } from "../lab/command.ts";
import { labConfig, readCluster } from "../lab/configs.ts";
import { startLab } from "../lab/lab.ts";
import { untilReady } from "../lab/observe.ts";
import { makePerson } from "../lab/person.ts";
import { openMirror } from "../lab/release.ts";

const ROUNDS = 7;
const AT_LEAST = 5;

const lab = await startLab();
const mirror = await openMirror(lab.id);
const config = labConfig("full", lab.key.publicKey);
const cluster = readCluster(JSON.stringify(config));
const person = makePerson(config, lab.key.file);
const folder = mkdtempSync(join(tmpdir(), "quorate-bench-"));

/**
 * The quickest way that Ansible knows: one copy task over all files of a machine, the machines at once, without facts, over
 * one kept connection each and without files of its own there (pipelining).
 */
function writePlaybook(): void {
  const templates = readTemplates();
  const hosts = cluster.nodes.map((node) => {
    const files = nodeFiles(cluster, node, templates).map(({ path, mode, content }) => {
      const source = join(folder, "files", node.name, path);
      mkdirSync(dirname(source), { recursive: true });
      const text = content.map((part) => (typeof part === "string" ? part : deriveSecret(LAB_ROOT, part)));
      writeFileSync(source, text.join(""), { mode: 0o600 });
      return { src: source, dest: path, mode };
    });
    return [node.name, { ansible_host: node.address, files }] as const;
  });
  writeFileSync(join(folder, "known_hosts"), knownHosts(cluster));
  writeFileSync(
    join(folder, "inventory.json"),
    JSON.stringify({ all: { hosts: Object.fromEntries(hosts) } }),
  );
  const copy = { src: "{{ item.src }}", dest: "{{ item.dest }}", mode: "{{ item.mode }}" };
  const tasks = [
    { "ansible.builtin.copy": copy, loop: "{{ files }}", loop_control: { label: "{{ item.dest }}" } },
  ];
  writeFileSync(
    join(folder, "play.json"),
    JSON.stringify([{ hosts: "all", gather_facts: false, become: true, strategy: "free", tasks }]),
  );
  const ssh = `-o UserKnownHostsFile=${folder}/known_hosts -o ControlMaster=auto -o ControlPersist=60`;
  writeFileSync(
    join(folder, "ansible.cfg"),
    [
      "[defaults]",
      `inventory = ${folder}/inventory.json`,
      `remote_user = ${cluster.access.user}`,
      `private_key_file = ${lab.key.file}`,
      `forks = ${cluster.nodes.length}`,
      "interpreter_python = /usr/bin/python3",
      "[ssh_connection]",
      "pipelining = True",
      `ssh_args = ${ssh}`,
      "",
    ].join("\n"),
  );
}

async function ansible(): Promise<void> {
  const run = ["env", `ANSIBLE_CONFIG=${folder}/ansible.cfg`, "ansible-playbook", `${folder}/play.json`];
  const { status, stdout, stderr } = await command(run[0] ?? "", run.slice(1), { timeoutMs: 300_000 });
  if (status !== 0 || /changed=[1-9]/.test(stdout))
    throw new Error(`${stderr}${stdout}\nnext: apt-get install ansible-core, where it is missing`);
}

async function quorate(): Promise<void> {
  const { status, stdout, stderr } = await person.quorate("apply", "--yes");
  if (status !== 0 || / applied /.test(stdout)) throw new Error(stderr + stdout);
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

const median = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

try {
  const machines = makeCluster(lab, cluster);
  await Promise.all(machines.map(({ powerOn }) => powerOn()));
  await untilReady(machines, 240_000);
  writePlaybook();
  await quorate();
  await ansible();
  const times = { quorate: [] as number[], ansible: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.quorate.push(await seconds(quorate));
    times.ansible.push(await seconds(ansible));
  }
  const [ours, theirs] = [median(times.quorate), median(times.ansible)];
  const ratio = theirs / ours;
  process.stdout.write(
    `nothing to do on ${cluster.nodes.length} machines, median of ${ROUNDS} in turn: quorate ${ours.toFixed(2)} s, ansible ${theirs.toFixed(2)} s, ${ratio.toFixed(1)} times (to reach: ${AT_LEAST})\n`,
  );
  if (ratio < AT_LEAST) process.exitCode = 1;
} finally {
  person.leave();
  rmSync(folder, { recursive: true, force: true });
  await mirror.close();
  await lab.close();
}
