// What a machine of the sample config answers to drift's question where all is as it was recorded.
import type { Role } from "../../generator/model/cluster.ts";
import { NODE_PATHS } from "../../generator/render/node-paths.ts";

export interface Answering {
  readonly cluster: string;
  readonly name: string;
  readonly role: Role;
  /** As records of tests have them, where nothing else is said. */
  readonly digest?: string;
  readonly caHash?: string;
  readonly uid?: string;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

export function driftAnswer({
  cluster,
  name,
  role,
  digest = "2".repeat(64),
  caHash = "c".repeat(64),
  uid = "11111111-2222-3333-4444-555555555555",
}: Answering): string {
  const status = {
    format: 1,
    name,
    role,
    cluster,
    state: "ready",
    step: "ready",
    since: 1,
    waitingFor: "",
    error: "",
    next: "",
    now: 2,
    boot: "b",
    k3s: "",
    applied: digest,
    voter: true,
    voters: 3,
    members: 3,
    vip: false,
  };
  const unit = (each: string) => `unit ${each} LoadState=loaded ActiveState=active UnitFileState=enabled \n`;
  const servers = ["server-1", "server-2", "server-3"];
  const members = servers.map((each, index) => ({
    name: `${each}-0a1b2c3d`,
    peerURLs: [`https://192.168.1.${11 + index}:2380`],
  }));
  const items = servers.map((each) => ({
    metadata: { name: each },
    status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1.36.4+k3s1" } },
  }));
  return [
    `digest ${digest}\n`,
    unit(NODE_PATHS.unit),
    unit(role === "server" ? "k3s" : "haproxy"),
    `status ${base64(JSON.stringify(status))}\n`,
    ...(role === "server"
      ? [
          "k3s k3s version v1.36.4+k3s1 (abc)\n",
          `ca ${caHash}\n`,
          `members ${base64(JSON.stringify({ members }))}\n`,
          `namespace ${base64(JSON.stringify({ metadata: { uid } }))}\n`,
          `nodes ${base64(JSON.stringify({ items }))}\n`,
        ]
      : []),
    "end\n",
  ].join("");
}
