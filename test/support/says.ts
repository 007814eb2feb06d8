// What `quorate-node status --json` says on a machine of the tests' clusters (generator/templates/quorate-node.sh.ejs,
// status_document).

/** A machine that is ready, a server a voter of three, where nothing else is given. Its role is in its name. */
export function statusText(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  const role = name.startsWith("server") ? "server" : name.startsWith("lb") ? "loadbalancer" : "agent";
  const isServer = role === "server";
  const status = {
    format: 1,
    name,
    role,
    cluster: "test",
    state: "ready",
    step: "done",
    since: 1_763_840_000,
    waitingFor: "",
    error: "",
    next: "",
    now: 1_763_840_100,
    boot: "3f2c",
    k3s: "v1.36.4+k3s1",
    applied: "ab".repeat(32),
    voter: isServer,
    voters: isServer ? 3 : 0,
    members: isServer ? 3 : 0,
    vip: false,
    ...changes,
  };
  return `${JSON.stringify(status)}\n`;
}
