// Asks one machine over ssh from whatever network this process is in: the machine as JSON in, the result as JSON out.
import type { RemoteMachine } from "../../generator/apply/remote.ts";
import { openSsh } from "../../generator/apply/ssh.ts";

const machine = JSON.parse(process.argv[2] ?? "") as RemoteMachine;

async function main(): Promise<void> {
  const remote = openSsh({ machines: [machine], environment: process.env });
  const started = performance.now();
  const result = await remote.run(machine.name, "true", { limit: 8000 });
  await remote.close();
  process.stdout.write(`${JSON.stringify({ ...result, milliseconds: performance.now() - started })}\n`);
}

void main();
