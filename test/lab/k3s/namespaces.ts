// The namespaces that every cluster has.
import { randomUUID } from "node:crypto";
import { NAMESPACES } from "./objects.ts";
import type { Store } from "./store.ts";

/** The namespaces of a new cluster. The uid of kube-system is what names the cluster (k3s.md section 4). */
export async function makeNamespaces(store: Store): Promise<void> {
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    const metadata = {
      name,
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString().replace(/\.\d+/, ""),
      labels: { "kubernetes.io/metadata.name": name },
    };
    const namespace = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata,
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    };
    await store.write(`${NAMESPACES}${name}`, JSON.stringify(namespace), "0");
  }
}
