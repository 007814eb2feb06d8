// Step: the machine starts anew, where a file asks for it.
import { Failure } from "../../failure.ts";
import type { Node } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { shellQuote } from "../../render/k3s.ts";
import { type Job, pause, runOn } from "../job.ts";

const BOOT_ID = "cat /proc/sys/kernel/random/boot_id\n";

/** Resolves when it answers after a new start. Throws a Failure where it does not come back. */
export async function reboot(job: Job, node: Node): Promise<void> {
  const before = (await runOn(job, node.name, BOOT_ID)).trim();
  // The answer comes before the connection ends with the machine.
  const unless = `[ "$(${BOOT_ID.trim()})" = ${shellQuote(before)} ] || exit 0`;
  const command = "systemd-run --quiet --collect --on-active=1 systemctl reboot";
  await runOn(job, node.name, `${job.fence}\n${unless}\n${command}\n`);
  const end = job.clock.now() + APPLY_TIMING.health.reboot;
  while (job.clock.now() < end) {
    await pause(job);
    const result = await job.remote.run(node.name, BOOT_ID, { limit: 10_000 });
    if (result.finished && result.exit === 0 && result.stdout.trim() !== before) return;
    if (!result.finished) job.note(node.name, result.message);
  }
  throw new Failure(
    `${node.name} was told to start anew and did not come back`,
    "look at its screen; when it is back, run apply again",
  );
}
