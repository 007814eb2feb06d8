// What a test needs of the K3s that the lab runs, and whether this one has it.

/** A folder with install.sh, k3s and sha256sum-amd64.txt of a real release; without it the stand-in runs. */
export const REAL_ARTIFACTS = process.env["K3S_ARTIFACTS"];

/** nodes: Node objects and what follows from them. ingress: something behind 80 and 443. agent: machines that are agents. */
type Need = "nodes" | "ingress" | "agent";

/** For the `skip` option of a test: false, or what a real K3s without kubelets lacks. */
export function lacking(...needs: readonly Need[]): string | false {
  return (
    REAL_ARTIFACTS !== undefined &&
    needs.length > 0 &&
    `real K3s without kubelets has no ${needs.join(", no ")}`
  );
}
