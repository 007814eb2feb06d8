// An apply, or another verb of its kind, that a person has begun: what it says while it works, and its end.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Person } from "./person.ts";

export interface UnderWay {
  readonly process: ChildProcess;
  /** Resolves when it begins a step on a machine. */
  readonly begins: (machine: string, step: string) => Promise<void>;
  readonly ended: Promise<{ readonly status: number | null; readonly said: string }>;
}

/** `apply --yes`, with more arguments. */
export function beginApply(person: Person, ...args: readonly string[]): UnderWay {
  return beginVerb(person, "apply", "--yes", ...args);
}

/** A verb that tells its steps as an apply does. */
export function beginVerb(person: Person, verb: string, ...args: readonly string[]): UnderWay {
  const child = person.begin(verb, ...args);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream)
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        for (const look of waiting) look();
      });
  }
  const closed = once(child, "close");
  const ended = closed.then(([status]) => ({ status: status as number | null, said: lines.join("\n") }));
  const begins = (machine: string, step: string) =>
    new Promise<void>((resolve, reject) => {
      const wanted = new RegExp(`^\\S+Z ${machine} +${step}$`);
      const look = () => {
        if (!lines.some((line) => wanted.test(line))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      void closed.then(() => reject(new Error(`it ended before ${machine}: ${step}\n${lines.join("\n")}`)));
    });
  return { process: child, begins, ended };
}
