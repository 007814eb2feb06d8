// `npm run bench:drill`: the whole drill on the lab's six machines, with a power switch; it draws docs/failover.svg and prints the
// table of docs/failover.md. What follows `--` goes to the drill: `npm run bench:drill -- --only hung`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeCluster } from "../lab/cluster.ts";
import { labCluster, labConfig } from "../lab/configs.ts";
import { startLab } from "../lab/lab.ts";
import { untilReady } from "../lab/observe.ts";
import { PROJECT } from "../lab/paths.ts";
import { makePerson } from "../lab/person.ts";
import { openPowerSwitch } from "../lab/power-switch.ts";
import { openMirror } from "../lab/release.ts";

const SVG = join(PROJECT, "docs/failover.svg");

const lab = await startLab();
const mirror = await openMirror(lab.id);
const machines = makeCluster(lab, labCluster("full", lab.key.publicKey));
const person = makePerson(labConfig("full", lab.key.publicKey), lab.key.file);
const power = openPowerSwitch(machines);
try {
  await Promise.all(machines.map((machine) => machine.powerOn()));
  await untilReady(machines, 240_000);
  const drill = person.begin(
    "drill",
    "--yes",
    "--power",
    power.command,
    "--svg",
    SVG,
    ...process.argv.slice(2),
  );
  drill.stdout?.pipe(process.stdout);
  drill.stderr?.pipe(process.stderr);
  process.exitCode = await new Promise<number>((ended) => drill.once("exit", (code) => ended(code ?? 1)));
  process.stdout.write(`${SVG}: ${readFileSync(SVG).length} bytes\n`);
} finally {
  power.close();
  person.leave();
  await mirror.close();
  await lab.close();
}
