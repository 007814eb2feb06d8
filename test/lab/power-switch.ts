// A power switch that obeys a program, as one in a rack does: a script that is given NAME and off or on, and ends when it is done.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machine } from "./machine.ts";

export interface PowerSwitch {
  /** To be called with NAME and off or on. */
  readonly command: string;
  /** What it was asked for, in order. */
  readonly asked: readonly string[];
  readonly close: () => void;
}

const LOOK_MS = 50;

/** A switch for these machines. A machine without power keeps its disk, and forgets what was not on it. */
export function openPowerSwitch(machines: readonly Machine[]): PowerSwitch {
  const folder = mkdtempSync(join(tmpdir(), "quorate-switch-"));
  const script = join(folder, "switch");
  const wait = `until [ -e "$0.$$.done" ]; do sleep 0.05; done; exit "$(cat "$0.$$.done")"`;
  writeFileSync(
    script,
    `#!/bin/sh\necho "$1 $2" >"$0.$$.new" && mv "$0.$$.new" "$0.$$.ask" || exit 1\n${wait}\n`,
    {
      mode: 0o755,
    },
  );
  const asked: string[] = [];
  const obey = async (file: string) => {
    const path = join(folder, file);
    const words = readFileSync(path, "utf8").trim();
    rmSync(path);
    asked.push(words);
    const [name, to] = words.split(" ");
    const machine = machines.find((each) => each.name === name);
    const status = await (to === "on" ? machine?.powerOn() : machine?.powerOff())?.then(
      () => 0,
      () => 1,
    );
    const done = path.replace(/\.ask$/, ".done");
    writeFileSync(`${done}.new`, String(status ?? 1));
    renameSync(`${done}.new`, done);
  };
  const timer = setInterval(() => {
    for (const file of readdirSync(folder)) if (file.endsWith(".ask")) void obey(file);
  }, LOOK_MS);
  return {
    command: script,
    asked,
    close: () => {
      clearInterval(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
