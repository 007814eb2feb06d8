// The members of etcd, as one server of the recorded cluster counts them, against the record.
import type { Context, OfMachine } from "./context.ts";
import { type Difference, difference, onMachine, STOP } from "./difference.ts";
import type { SeenMember } from "./seen.ts";

/** K3s names a member after its node, with a hyphen and 8 hex digits (k3s-io/k3s:pkg/etcd/etcd.go). */
function machineOf({ name }: SeenMember): string {
  return name.replace(/-[0-9a-f]{8}$/, "");
}

/** Whether every recorded server votes. `speaker`: the server that told the members. */
export function votes(
  { record }: Context,
  speaker: string,
  members: readonly SeenMember[],
): readonly OfMachine[] {
  return [...record.machines].flatMap(([name, { role, address }]) => {
    if (role !== "server") return [];
    const own = members.find(
      (member) => machineOf(member) === name || (member.name === "" && member.address === address),
    );
    const what = "etcd member";
    const watch = "npx quorate status --watch";
    if (!own) {
      const next = `is it on? ${watch}; what etcd counts: ${onMachine(speaker, "curl -sk https://127.0.0.1:6443/db/info")}`;
      return [[name, difference(what, "a vote", "no member any more", next)] as const];
    }
    if (own.address !== address && own.address !== "")
      return [[name, difference(what, `at ${address}`, `at ${own.address}`, STOP)] as const];
    return own.learner ? [[name, difference(what, "a vote", "a member without a vote", watch)] as const] : [];
  });
}

/** Members that no machine of the record or the config is. */
export function strangeMembers(
  { known }: Context,
  speaker: string,
  members: readonly SeenMember[],
): readonly Difference[] {
  const addresses = new Set([...known.values()].map(({ address }) => address));
  return members
    .filter((member) =>
      member.name === "" ? !addresses.has(member.address) : known.get(machineOf(member))?.role !== "server",
    )
    .map((member) => {
      const shown = member.name === "" ? `at ${member.address}` : member.name;
      const name = machineOf(member);
      return difference(
        `etcd member ${shown}`,
        "no such member: it is neither recorded nor in the config",
        `${member.learner ? "a member without a vote" : "a member with a vote"}, at ${member.address || "no address"}`,
        name === ""
          ? "it never started: it is dropped after five minutes; if it stays, find out which machine has that address"
          : `${member.learner ? "" : "it counts for the majority: "}find out what has that address; if it is gone for good, ${onMachine(speaker, `k3s kubectl delete node ${name}`)}`,
      );
    });
}
