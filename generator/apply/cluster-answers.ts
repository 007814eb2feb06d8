// What K3s and Kubernetes answer about a cluster, read without trust: null where it is not what they say.
import type { SeenMember, SeenNode } from "../drift/seen.ts";

type Clean = (text: string) => string;

/** The UID of a namespace's JSON. */
export function uidOf(text: string): string | null {
  return /"uid": *"([0-9a-f-]{36})"/.exec(text)?.[1] ?? null;
}

/** The members of etcd as `/db/info` gives them (k3s-io/k3s:pkg/etcd/etcd.go); a part that is empty is not there. */
export function parseMembers(text: string, clean: Clean): readonly SeenMember[] | null {
  const { members } = parseObject(text);
  if (!Array.isArray(members) || members.length === 0) return null;
  return members.map(objectOf).map(({ name, peerURLs, isLearner }) => ({
    name: typeof name === "string" ? clean(name) : "",
    address: /^https?:\/\/([0-9.]+):/.exec(String([peerURLs].flat()[0]))?.[1] ?? "",
    learner: isLearner === true,
  }));
}

/** A list of Node objects as the API gives it. */
export function parseNodes(text: string, clean: Clean): readonly SeenNode[] | null {
  const { items } = parseObject(text);
  if (!Array.isArray(items)) return null;
  return items.map(objectOf).map(({ metadata, spec, status }) => {
    const { conditions, nodeInfo } = objectOf(status);
    const ready = [conditions]
      .flat()
      .map(objectOf)
      .find(({ type }) => type === "Ready");
    return {
      name: clean(textIn(metadata, "name")),
      ready: textIn(ready, "status") === "True",
      unschedulable: objectOf(spec)["unschedulable"] === true,
      version: clean(textIn(nodeInfo, "kubeletVersion")),
    };
  });
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textIn(value: unknown, key: string): string {
  const found = objectOf(value)[key];
  return typeof found === "string" ? found : "";
}
