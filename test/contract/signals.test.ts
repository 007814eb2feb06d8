// Ctrl-C, and again: what a person sees who does not wait for what is being put back.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { applyPlace } from "../support/apply-place.ts";
import { scratch } from "../support/scratch.ts";

const CLI = fileURLToPath(new URL("../../generator/cli.ts", import.meta.url));

/** apply, while its first question to a machine is not answered: it does not end that by itself. */
async function waiting(t: TestContext) {
  const place = await applyPlace(t);
  const bin = join(scratch(t), "bin");
  mkdirSync(bin);
  const asked = join(bin, "asked");
  writeFileSync(
    join(bin, "ssh"),
    `#!/bin/sh\n[ "$1" = -V ] && { echo OpenSSH_9.2p1 >&2; exit 0; }\ntouch ${asked}\nexec sleep 20\n`,
    { mode: 0o755 },
  );
  const child = spawn(
    process.execPath,
    ["--import", "tsx", CLI, "apply", "--yes", "--config", place.config],
    {
      env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: bin },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  for (let look = 0; look < 300 && !existsSync(asked); look++) await sleep(100);
  return { child, ended, said: () => said };
}

test("a second Ctrl-C ends it at once, and says that nothing more was put back", async (t) => {
  const { child, ended, said } = await waiting(t);
  child.kill("SIGINT");
  await sleep(300);
  assert.equal(child.exitCode, null, "it puts back what it can");
  child.kill("SIGINT");
  assert.equal(await ended, 130);
  assert.match(said(), /^interrupted again: ended at once, .*\n {2}next: run the same command again$/m);
});
