// What a person reads while apply works, and at its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatResults, openProgress } from "../generator/apply/progress.ts";
import type { MachineResult } from "../generator/apply/rollout.ts";
import { Failure } from "../generator/failure.ts";
import { playIntervals } from "./support/intervals.ts";

const MACHINES = [
  { name: "lb-1", role: "loadbalancer" },
  { name: "server-1", role: "server" },
] as const;

const result = (name: string, more: Partial<MachineResult> = {}): MachineResult => ({
  name,
  role: "server",
  action: "restart",
  outcome: "applied",
  seconds: 0,
  message: "",
  next: "",
  ...more,
});

/** A progress, what it shows, and its clock in seconds. */
function opened(screen: boolean) {
  const shown: string[] = [];
  const clock = { at: 0 };
  const progress = openProgress({
    machines: MACHINES,
    screen,
    show: (text) => void shown.push(text),
    now: () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + clock.at * 1000),
  });
  return { progress, shown, clock };
}

test("not on a screen: a line with the time for each step, and what is waited for", () => {
  const { progress, shown, clock } = opened(false);
  progress.begin("server-1", "gate");
  clock.at = 0.4;
  progress.end("server-1", "gate");
  progress.begin("server-1", "health");
  clock.at = 10;
  progress.note("server-1", "working: server");
  progress.note("server-1", "working: server");
  clock.at = 31.2;
  progress.end("server-1", "health");
  progress.result(result("server-1", { outcome: "applied", seconds: 31.2 }));
  progress.begin("lb-1", "send");
  progress.end("lb-1", "send", new Failure("lb-1: its disk is full", "free some space"));
  progress.result(result("lb-1", { outcome: "failed" }));
  progress.close();
  assert.equal(
    shown.join(""),
    `2026-01-02T03:04:05Z server-1  check the others
2026-01-02T03:04:05Z server-1  wait until healthy
2026-01-02T03:04:15Z server-1    working: server
2026-01-02T03:04:36Z server-1  wait until healthy: done in 30.8 s
2026-01-02T03:04:36Z server-1  applied
2026-01-02T03:04:36Z lb-1      send the files
2026-01-02T03:04:36Z lb-1      send the files: failed after 0.0 s, lb-1: its disk is full
2026-01-02T03:04:36Z lb-1      failed
`,
  );
});

test("on a screen: a row for each machine, in place", (t) => {
  const { running, tick } = playIntervals(t);
  const { progress, shown, clock } = opened(true);
  progress.begin("lb-1", "send");
  assert.equal(shown.at(-1), "lb-1      send the files, 0 s\nserver-1  waits for its turn\n");
  progress.end("lb-1", "send");
  progress.begin("lb-1", "health");
  progress.note("lb-1", "working: haproxy");
  clock.at = 7;
  assert.deepEqual(running(), [1000]);
  tick();
  assert.equal(
    shown.at(-1),
    "lb-1      wait until healthy, 7 s: working: haproxy\nserver-1  waits for its turn\n",
  );
  progress.result(result("lb-1", { seconds: 7.1 }));
  progress.begin("server-1", "drain");
  assert.equal(shown.at(-1), "lb-1      applied (7.1 s)\nserver-1  drain in HAProxy, 0 s\n");
  const before = shown.length;
  progress.close();
  assert.deepEqual(running(), [], "it is not drawn any more");
  assert.equal(shown.length, before + 1);
  assert.equal(shown.at(-1), "");
});

test("the table at the end, and below it what is not as it should be", () => {
  const text = formatResults([
    result("lb-1", { role: "loadbalancer", action: "none", outcome: "unchanged" }),
    result("server-1", { seconds: 61.4 }),
    result("server-2", {
      outcome: "rolled back",
      seconds: 120,
      message: "server-2 is not healthy: k3s does not start",
      next: "look at it: npx quorate ssh server-2",
    }),
    result("agent-1", { role: "agent", outcome: "not begun" }),
    result("agent-2", {
      role: "agent",
      action: "remove",
      outcome: "left alone",
      message: "agent-2: it is recorded and not in the config any more",
      next: "leave it so",
    }),
  ]);
  assert.equal(
    text,
    `lb-1      unchanged
server-1  applied      restart  61.4 s
server-2  rolled back  restart  120 s
agent-1   not begun    restart
agent-2   left alone   remove

error: server-2 is not healthy: k3s does not start
  next: look at it: npx quorate ssh server-2

note: agent-2: it is recorded and not in the config any more
  next: leave it so
`,
  );
});
