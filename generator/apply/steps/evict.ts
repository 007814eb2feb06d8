// Step: Kubernetes moves the pods of the machine elsewhere, and sends no new ones; later it takes it back.
import { Failure } from "../../failure.ts";
import type { Node } from "../../model/cluster.ts";
import { APPLY_TIMING } from "../../model/timing.ts";
import { CORDONED } from "../../render/node-paths.ts";
import { ApplyInterrupted, type Job, runOn, TakenOver } from "../job.ts";
import { kubernetesNode, kubernetesServer } from "../kubernetes.ts";

const KUBECTL = "/usr/local/bin/k3s kubectl";

/**
 * Nothing where Kubernetes does not know the machine, or a person has closed it already. Throws a Failure where pods may not
 * be moved.
 */
export async function evict(job: Job, node: Node): Promise<void> {
  const through = await kubernetesServer(job, node);
  const known = await kubernetesNode(job, through, node);
  if (known === null) {
    job.note(node.name, "Kubernetes does not know it");
    return;
  }
  const ours = await isOurs(job, node);
  if (known.unschedulable && !ours) {
    job.note(node.name, "somebody has closed it to new pods already, and it stays so");
    return;
  }
  await runOn(job, node.name, `${job.fence}\n: >${CORDONED} && sync ${CORDONED}\n`);
  const flags = `--ignore-daemonsets --delete-emptydir-data --timeout=${APPLY_TIMING.evictSeconds}s`;
  try {
    await runOn(job, through.name, `${job.fence}\n${KUBECTL} drain ${node.name} ${flags} >/dev/null\n`, {
      limit: APPLY_TIMING.evictSeconds * 1000 + 30_000,
      long: true,
    });
  } catch (error) {
    if (!(error instanceof Failure) || error instanceof ApplyInterrupted || error instanceof TakenOver)
      throw error;
    throw new Failure(
      `the pods of ${node.name} cannot be moved: ${error.message}`,
      `look at the pods that stay (kubectl get pods -A --field-selector spec.nodeName=${node.name}), or set rollout.drain to false; then run apply again`,
      error,
    );
  }
}

/** Open for pods again, where it was us who closed it. */
export async function readmit(job: Job, node: Node): Promise<void> {
  if (!(await isOurs(job, node))) return;
  const through = await kubernetesServer(job, node);
  await runOn(job, through.name, `${KUBECTL} uncordon ${node.name} >/dev/null\n`);
  await runOn(job, node.name, `rm -f ${CORDONED} && sync /var/lib/quorate\n`);
}

async function isOurs(job: Job, node: Node): Promise<boolean> {
  return (await runOn(job, node.name, `[ ! -e ${CORDONED} ] || echo ours\n`)).trim() === "ours";
}
