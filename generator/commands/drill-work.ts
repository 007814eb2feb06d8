// What the drill is made with: whom its client asks, how it tells what it does, and who switches the power.
import type { Remote } from "../apply/remote.ts";
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import type { Target } from "../drill/client.ts";
import type { Drill } from "../drill/drill.ts";
import { Failure } from "../failure.ts";
import type { Cluster } from "../model/cluster.ts";
import { programs } from "../program.ts";
import type { Invocation } from "./command.ts";

/** Milliseconds for the command of --power. */
export const SWITCH_MS = 120_000;
/** So many of the last lines stay on a screen. */
const LINES = 16;

/** `fence`: see Drill. */
export function drillOf(
  cluster: Cluster,
  remote: Remote,
  fence: string,
  { flags, environment, session }: Invocation,
): Drill {
  const { address, port } = cluster.registration;
  const behind = cluster.ingress;
  const targets: readonly Target[] = [
    // Without credentials an API server that is up says 401 (docs/facts.md, K3s endpoints).
    {
      name: "api",
      url: `https://${address}:${port}/readyz`,
      good: (status) => status === 200 || status === 401,
    },
    ...(behind
      ? [
          // Whatever Traefik says, it says something; 404 where it knows no such host.
          {
            name: "http",
            url: `http://${address}:${behind.httpPort}/`,
            good: (status: number) => status < 500,
          },
          {
            name: "https",
            url: `https://${address}:${behind.httpsPort}/`,
            good: (status: number) => status < 500,
          },
        ]
      : []),
  ];
  const run = programs(environment);
  const command = flags["power"];
  const said: string[] = [];
  return {
    cluster,
    remote,
    targets,
    fence,
    say: (text) => {
      said.push(text);
      // On a screen what is shown takes the place of what was.
      session.show(`${session.screen ? said.slice(-LINES).join("\n") : text}\n`);
    },
    interrupted: session.interrupted,
    power: async (machine, to) => {
      if (typeof command === "string") {
        const { status, stderr } = await run("sh", ["-c", `${command} "$@"`, "sh", machine, to], {
          limit: SWITCH_MS,
        });
        if (status === 0) return;
        const how = status === null ? `has not ended after ${SWITCH_MS / 1000} s` : `ended with ${status}`;
        const last = printable(maskSecrets(stderr.trim().split("\n").at(-1) ?? ""));
        throw new Failure(
          `the command of --power ${how} for ${machine} ${to}${last && `: ${last}`}`,
          `try it by hand with the words ${machine} ${to}, and see that ${machine} has power`,
        );
      }
      const message =
        to === "off"
          ? `Pull the plug of ${machine} now. Is it out? (Escape ends the drill)`
          : `Put the plug of ${machine} back. Is it in?`;
      while (!(await session.dialogue.confirm({ message, flag: "--power CMD" })));
    },
  };
}
