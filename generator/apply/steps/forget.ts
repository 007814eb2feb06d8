// Step: the cluster forgets a machine: Kubernetes its node, etcd its member, and that is seen.
import { printable } from "../../config/printable.ts";
import { maskSecrets } from "../../config/secret-like.ts";
import type { SeenMember } from "../../drift/seen.ts";
import { Failure } from "../../failure.ts";
import { API_PORT_ON_SERVERS, type Node } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { parseMembers } from "../cluster-answers.ts";
import { type Job, pause, runOn } from "../job.ts";
import { kubernetesServer } from "../kubernetes.ts";

const KUBECTL = "/usr/local/bin/k3s kubectl";
const MEMBERS = `curl -sfk --noproxy '*' --max-time 10 https://127.0.0.1:${API_PORT_ON_SERVERS}/db/info`;

/**
 * Nothing for a load balancer. K3s removes the member of a deleted node by itself, on the server that leads
 * (k3s-io/k3s:pkg/etcd/member_controller.go). Throws a Failure where Kubernetes or etcd still knows the machine.
 */
export async function forget(job: Job, node: Node): Promise<void> {
  if (node.role === "loadbalancer") return;
  const through = await kubernetesServer(job, node);
  const { name } = node;
  await runOn(job, through.name, `${job.fence}\n${deletion(name)}`, { limit: APPLY_TIMING.forget + 30_000 });
  if (node.role !== "server") return;
  const end = job.clock.now() + APPLY_TIMING.forget;
  for (;;) {
    const members = await membersOn(job, through);
    const own = members?.find((member) => isOf(member, node));
    if (members && !own) return;
    if (job.clock.now() >= end) throw still(node, through, own);
    job.note(
      name,
      own ? `etcd still counts ${own.name || own.address}` : `${through.name} does not list its members`,
    );
    await pause(job);
  }
}

/** It ends when K3s has dealt with the member, which holds the node back until then. */
function deletion(name: string): string {
  return `there() { ${KUBECTL} get node ${name} --ignore-not-found -o name; }
left=$(there) || exit
[ -n "$left" ] || exit 0
said=$(${KUBECTL} delete node ${name} --timeout=${APPLY_TIMING.forget / 1000}s 2>&1) && exit 0
left=$(there) && [ -z "$left" ] || { printf '%s\\n' "$said" >&2; exit 1; }
`;
}

/** What etcd counts, by a server's own word; null where it does not say. */
export async function membersOn(job: Job, server: Node): Promise<readonly SeenMember[] | null> {
  const text = await runOn(job, server.name, `${MEMBERS} || true\n`);
  return parseMembers(text, (each) => printable(maskSecrets(each)).slice(0, 100));
}

/** K3s names a member after its node, with a hyphen and 8 hex digits; one that never started has only an address. */
export function isOf(member: SeenMember, { name, address }: Pick<Node, "name" | "address">): boolean {
  return member.name.replace(/-[0-9a-f]{8}$/, "") === name || member.address === address;
}

function still({ name }: Node, through: Node, own: SeenMember | undefined): Failure {
  if (!own)
    return new Failure(
      `${through.name} does not say whether etcd still counts ${name}`,
      "npx quorate status; then run the same command again",
    );
  return new Failure(
    `etcd still counts ${own.name || own.address}, though ${name} is no node of Kubernetes any more`,
    `look at K3s there: npx quorate ssh ${through.name} -- sudo journalctl -u k3s -n 50; then run the same command again`,
  );
}
