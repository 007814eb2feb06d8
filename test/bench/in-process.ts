// One measurement in a process of its own: parse and render N machines R times; prints JSON.
import { parseConfig } from "../../generator/config/parse.ts";
import { renderCluster } from "../../generator/render/index.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { bigConfig } from "../support/big-config.ts";

const machines = Number(process.argv[2]);
const runs = Number(process.argv[3]);
const text = bigConfig(machines);
const templates = readTemplates();
const milliseconds: number[] = [];
let files = 0;
for (let run = 0; run < runs; run++) {
  const start = performance.now();
  const { cluster, findings } = parseConfig(text);
  if (!cluster) throw new Error(JSON.stringify(findings));
  files = renderCluster(cluster, templates).size;
  milliseconds.push(performance.now() - start);
}
const [first = 0] = milliseconds;
const sorted = milliseconds.toSorted((left, right) => left - right);
const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
const megabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ machines, files, first, median, megabytes }));
