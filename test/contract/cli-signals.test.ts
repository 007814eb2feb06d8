// The process itself: what it does when it is told to end, by a person or by GitHub's runner.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { applyPlace } from "../support/apply-place.ts";
import { scratch } from "../support/scratch.ts";

const here = { skip: process.platform === "linux" ? false : "a shell script stands for ssh" };

for (const signals of [["SIGTERM"], ["SIGINT", "SIGTERM"]] as const) {
  test(`${signals.join(", then ")}: it clears up and exits with 130`, here, async (t) => {
    const place = await applyPlace(t);
    const [bin, temporary] = [scratch(t), scratch(t)];
    mkdirSync(join(bin, "bin"));
    // A machine that takes its time.
    const ssh = `#!/bin/sh\n[ "$1" != -V ] || exit 0\necho >"$STARTED"\nexec sleep 30\n`;
    writeFileSync(join(bin, "bin/ssh"), ssh, { mode: 0o755 });
    const started = join(bin, "started");
    const [node = "", ...args] = place.command;
    const at = args.indexOf("plan");
    const child = spawn(node, [...args.slice(0, at), "status", "--config", place.config, "--watch"], {
      env: {
        ...place.environment,
        PATH: `${bin}/bin:${process.env["PATH"]}`,
        TMPDIR: temporary,
        STARTED: started,
      },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve([code, signal])));
    while (!existsSync(started) && child.exitCode === null) await sleep(20);
    for (const signal of signals) child.kill(signal);
    assert.deepEqual(await ended, [130, null]);
    assert.deepEqual(
      readdirSync(temporary).filter((name) => name.startsWith("quorate")),
      [],
    );
  });
}
