// The table of contents of out/: a Cluster in, every file out. Pure: the same cluster gives the same bytes anywhere.
import { createHash } from "node:crypto";
import { type Cluster, type Node, ofRole } from "../model/cluster.ts";
import { type FileMap, type OutputFile, publicText } from "../model/files.ts";
import { metaData, userData } from "./cloud-init.ts";
import { haproxyConfig } from "./haproxy.ts";
import { nodeFiles } from "./node-files.ts";
import { NODE_PATHS } from "./node-paths.ts";
import { overview } from "./overview.ts";
import type { Templates } from "./template.ts";
import { verifyScript } from "./verify.ts";

/** All files of out/ except the record, keyed by path relative to it, in code-unit order. */
export function renderCluster(cluster: Cluster, templates: Templates): FileMap {
  const files = new Map<string, OutputFile>();
  const add = (path: string, text: string, executable = false) => {
    if (files.has(path)) throw new Error(`two files would be written to ${path}`);
    files.set(path, { text, executable });
  };
  for (const node of cluster.nodes) addNode(cluster, node, templates, add);
  if (ofRole(cluster, "loadbalancer").length > 0) add("haproxy.cfg", haproxyConfig(cluster, templates));
  add("verify.sh", verifyScript(cluster, templates), true);
  add("README.md", overview(cluster, templates));
  add("cluster.json", manifest(cluster, inOrder(files)));
  return new Map(inOrder(files));
}

function inOrder(files: FileMap): readonly (readonly [string, OutputFile])[] {
  return [...files].toSorted(([left], [right]) => (left < right ? -1 : 1));
}

type Add = (path: string, text: string, executable?: boolean) => void;

function addNode(cluster: Cluster, node: Node, templates: Templates, add: Add): void {
  const root = `nodes/${node.name}`;
  const files = nodeFiles(cluster, node, templates);
  const user = userData(cluster, node, files);
  const network = publicText(files.find(({ path }) => path === NODE_PATHS.networkConfig)?.content ?? []);
  add(`${root}/user-data`, user);
  add(`${root}/network-config`, network);
  // A new instance-id makes cloud-init take the card's files again, so it changes exactly when they do.
  add(`${root}/meta-data`, metaData(node, sha256(user + network)));
  for (const { path, content } of files) add(`${root}/files${path}`, publicText(content));
}

/** out/cluster.json, for tools: the resolved model, and the SHA-256 of every other file. */
function manifest(cluster: Cluster, files: readonly (readonly [string, OutputFile])[]): string {
  // The same text on many machines is hashed once.
  const known = new Map<string, string>();
  const digestOf = (text: string) => {
    const digest = known.get(text) ?? sha256(text);
    known.set(text, digest);
    return digest;
  };
  const digests = files.map(([path, { text, executable }]) => [
    path,
    { sha256: digestOf(text), ...(executable && { executable }) },
  ]);
  return `${JSON.stringify({ generatedBy: "quorate", format: 1, cluster, files: Object.fromEntries(digests) }, null, 2)}\n`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
