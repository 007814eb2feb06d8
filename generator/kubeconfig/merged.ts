// Puts one cluster into a kubeconfig that may hold others: everything else in it stays, comments too.
import { type Document, isMap, isSeq, parseDocument, YAMLMap, YAMLSeq } from "yaml";
import { Failure } from "../failure.ts";
import type { ClusterAccess } from "./fetched.ts";

const LISTS = { clusters: "cluster", users: "user", contexts: "context" } as const;

/** A kubeconfig with this cluster alone. */
export function newKubeconfig(access: ClusterAccess): string {
  return mergedKubeconfig("apiVersion: v1\nkind: Config\n", access);
}

/**
 * The text with the cluster's three entries, in place of those that it has of the same name. The current context is set only
 * where there is none. Throws a Failure for what is no kubeconfig, and where that name belongs to another cluster.
 */
export function mergedKubeconfig(text: string, access: ClusterAccess): string {
  // As kubectl reads it: go-yaml speaks YAML 1.1, in which 012 is another number than 12.
  const document = parseDocument(text, { version: "1.1" });
  const [error] = document.errors;
  if (error || !(document.contents === null || isMap(document.contents))) {
    throw new Failure(
      `it is no kubeconfig: ${error ? (error.message.split("\n")[0] ?? "") : "no mapping at its top"}`,
      "repair or move it, or write this cluster into a file of its own: npx quorate kubeconfig FILE",
    );
  }
  const { name } = access;
  const known = serverOf(document, name);
  if (known !== undefined && known !== access.cluster["server"]) {
    throw new Failure(
      `there is another cluster named ${name} in it (${String(known)})`,
      `give this one another name: --as NAME`,
    );
  }
  const values = { cluster: access.cluster, user: access.user, context: { cluster: name, user: name } };
  for (const [list, key] of Object.entries(LISTS)) put(document, list, key, name, values[key]);
  if (!document.get("current-context")) document.set("current-context", name);
  return document.toString({ lineWidth: 0 });
}

function put(document: Document, list: string, key: string, name: string, value: unknown): void {
  let entries = document.get(list);
  if (!isSeq(entries)) {
    entries = new YAMLSeq();
    document.set(list, entries);
  }
  const all = entries as YAMLSeq;
  const there = all.items.find((item) => isMap(item) && item.get("name") === name);
  const inner = isMap(there) ? there.get(key) : undefined;
  // A person may have given the context a namespace; certificates are all of ours.
  if (key === "context" && isMap(inner)) {
    for (const [field, text] of Object.entries(value as Readonly<Record<string, unknown>>))
      inner.set(field, text);
  } else if (isMap(there)) there.set(key, document.createNode(value));
  else all.items.push(document.createNode({ name, [key]: value }) as YAMLMap);
}

function serverOf(document: Document, name: string): unknown {
  const clusters = document.get("clusters");
  const there = isSeq(clusters)
    ? clusters.items.find((item) => isMap(item) && item.get("name") === name)
    : undefined;
  return isMap(there) ? there.getIn(["cluster", "server"]) : undefined;
}
