// The plan of this moment: machines are asked, and git says why they differ.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Remote } from "../generator/apply/remote.ts";
import { planOfMachines } from "../generator/commands/planned.ts";
import { parseRecord } from "../generator/model/record.ts";
import { formatPlan } from "../generator/plan/format.ts";
import type { Plan } from "../generator/plan/plan.ts";
import { programs } from "../generator/program.ts";
import { digestOf } from "../generator/render/node-program.ts";
import { clusterOf, TEMPLATES } from "./support/fixtures.ts";
import { type PlanPlace, planPlace } from "./support/plan-place.ts";
import { filesOf } from "./support/plan-play.ts";
import { statusText } from "./support/says.ts";

const ROOT = new Uint8Array(32).fill(3);
const KEYS = "/etc/quorate/authorized_keys";
const CONFIG = "/etc/rancher/k3s/config.yaml";

/** The plan where each machine answers with these lines, all others that nothing differs. */
async function planned(place: PlanPlace, lines: Readonly<Record<string, string>>): Promise<Plan> {
  const cluster = clusterOf(readFileSync(place.config, "utf8"));
  const read = parseRecord(readFileSync(join(place.folder, "out/applied.json"), "utf8"));
  assert.ok(read.ok);
  const status = (name: string) => {
    const applied = digestOf(filesOf(name, cluster));
    return Buffer.from(statusText(name, { cluster: cluster.name, applied })).toString("base64");
  };
  const remote: Remote = {
    run: async (name) => ({
      finished: true,
      exit: 0,
      stdout: `${lines[name] ?? ""}status ${status(name)}\nend\n`,
      stderr: "",
    }),
    close: async () => {},
  };
  return planOfMachines(cluster, remote, ROOT, {
    config: place.config,
    run: programs({ PATH: process.env["PATH"] }),
    templates: TEMPLATES,
    record: read.record,
    notes: ["said before"],
  });
}

function different(place: PlanPlace, name: string, path: string, change: (text: string) => string): string {
  const text = change(place.git("show", `HEAD:./out/nodes/${name}/files${path}`).concat("\n"));
  return `different 0600 ${Buffer.from(text).toString("base64")} ${path}\n`;
}

async function recordedPlace(t: TestContext): Promise<PlanPlace> {
  const place = await planPlace(t);
  place.record();
  return place;
}

test("a hand on one machine, an edit of the config on another: each says its own", async (t) => {
  const place = await recordedPlace(t);
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "snapshots": { "retention": 20 },');
  const plan = await planned(place, {
    "server-1": different(place, "server-1", CONFIG, (text) => text),
    "lb-1": different(place, "lb-1", KEYS, (text) => `${text}by-hand\n`),
  });
  const why = Object.fromEntries(plan.machines.map((machine) => [machine.name, machine.why]));
  assert.deepEqual(why, {
    "lb-1": "a change by hand on the machine",
    "server-1": "the config",
    "server-2": null,
    "server-3": null,
  });
  assert.equal(plan.offline, false);
  assert.deepEqual(plan.notes, ["said before"]);
});

test("another Quorate applied last: its work is told from a hand's", async (t) => {
  const place = await planPlace(t);
  place.edit(`out/nodes/server-1/files${CONFIG}`, "server:", "# older\nserver:");
  place.git("commit", "-qam", "as an older Quorate rendered it");
  place.record();
  const older = (text: string) => text;
  const plan = await planned(place, { "server-1": different(place, "server-1", CONFIG, older) });
  assert.match(formatPlan(plan), /^server-1 .*\n {2}felt .*\n {2}why +a newer Quorate$/m);
  const spoilt = (text: string) => `${text}# by hand\n`;
  const other = await planned(place, { "server-1": different(place, "server-1", CONFIG, spoilt) });
  assert.match(formatPlan(other), /^ {2}why +a change by hand on the machine$/m);
});
