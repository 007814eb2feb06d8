// The three files that cloud-init reads on one machine's card: the rendered ones with the secrets put in.
import { createHash } from "node:crypto";
import type { Cluster, Node } from "../model/cluster.ts";
import { type NodeFile, publicText, type SecretRef } from "../model/files.ts";
import { metaData, userDataWithSecrets } from "../render/cloud-init.ts";
import { nodeFiles } from "../render/node-files.ts";
import { NODE_PATHS } from "../render/node-paths.ts";
import type { Templates } from "../render/template.ts";

export interface Seed {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

export interface SeedOptions {
  /** This card may found the cluster: only the first server's, and only while no cluster is recorded. */
  readonly mayFound: boolean;
}

/**
 * A card's files. `reveal` gives the value of a secret, without a final newline. The set is the rendered one; only
 * `mayFound` adds a file, which out/ never holds.
 */
export function nodeSeed(
  cluster: Cluster,
  node: Node,
  templates: Templates,
  reveal: (ref: SecretRef) => string,
  { mayFound }: SeedOptions,
): Seed {
  const rendered = nodeFiles(cluster, node, templates);
  const network = publicText(rendered.find(({ path }) => path === NODE_PATHS.networkConfig)?.content ?? []);
  // First in the list, so that the list of files stays the last.
  const files = mayFound ? [MAY_FOUND, ...rendered] : rendered;
  const user = userDataWithSecrets(cluster, node, files, (content) =>
    content.map((part) => (typeof part === "string" ? part : reveal(part))).join(""),
  );
  // Over the secrets too: a card with another secret is another instance, which cloud-init takes anew. They have 128 bits
  // and more, so a digest gives nothing away.
  const digest = createHash("sha256")
    .update(user + network)
    .digest("hex");
  return { userData: user, metaData: metaData(node, digest), networkConfig: network };
}

const MAY_FOUND: NodeFile = {
  path: NODE_PATHS.mayFound,
  mode: "0644",
  content: ["majority\n"],
  onChange: "none",
};
