// `npm run lab`: the door to the lab, for the suite and for a person.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureImage, imagePath } from "./image.ts";
import { enter, inside } from "./inside.ts";
import { missingForLab } from "./requirements.ts";
import { ensureCardImage } from "./qemu/image.ts";
import { runSuite } from "./suite.ts";
import { sweep } from "./sweep.ts";

const USAGE = `usage: npm run lab -- [VERB]
  [--only PART]... [--repeat N]        run the tests, all or those of files named like PART; N rounds with new seeds
  up [--keep] [--full | --config FILE]  boot the sample cluster, or another; --keep leaves it in the background
  ssh NAME [COMMAND]...                enter a machine of it
  down                                 take it away
  exec COMMAND...                      run a command inside a new, empty lab
`;

// Everything after these verbs is somebody else's options.
const [verb = "", ...words] = process.argv.slice(2);
process.exitCode = await main();

async function main(): Promise<number> {
  if (verb === "hold") {
    const { hold } = await import("./hold.ts");
    await hold(words[0] ?? "sample");
    return 0;
  }
  if (verb === "ssh" && words[0] !== undefined)
    return (await import("./held.ts")).ssh(words[0], words.slice(1));
  const missing = missingForLab();
  if (missing.length > 0) {
    for (const line of missing) process.stderr.write(`LAB SKIPPED, NOTHING WAS TESTED: ${line}\n`);
    return process.env["CI"] ? 1 : 0;
  }
  sweep();
  if (verb === "exec") {
    buildImage();
    return enter(inside(words));
  }
  return withOptions();
}

async function withOptions(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true, default: [] },
      repeat: { type: "string", default: "1" },
      keep: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      config: { type: "string" },
    },
  });
  const repeat = Number(values.repeat);
  const [verb = "test", ...more] = positionals;
  if (more.length > 0 || !["test", "up", "down"].includes(verb) || !(repeat >= 1)) {
    process.stderr.write(USAGE);
    return 3;
  }
  if (verb === "down") return (await import("./held.ts")).down();
  buildImage();
  if (verb === "test") {
    // Inside a lab there is no mirror to build from.
    ensureCardImage();
    return runSuite({ repeat, only: values.only });
  }
  const { up } = await import("./held.ts");
  return up(
    values.config === undefined ? (values.full ? "full" : "sample") : resolve(values.config),
    values.keep,
  );
}

function buildImage(): void {
  const started = performance.now();
  const cached = existsSync(imagePath());
  const image = ensureImage();
  const how = cached ? "cached" : `built in ${Math.round((performance.now() - started) / 1000)} s`;
  process.stdout.write(`lab: image ${image}, ${how}\n`);
}
