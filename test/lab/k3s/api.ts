// The little of kube-apiserver that the tests need: nodes, namespaces, health and version, for client certificates only.
// Left out: every other resource (of pods only K3s' own, by their labels; of snapshots an empty list), watches, field validation, tokens, RBAC beyond
// system:masters, the node's own node and system:monitoring on the health paths.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "./identity.ts";
import { forgetNodePassword } from "./node-password.ts";
import {
  heartbeat,
  listNodes,
  NAMESPACES,
  type NewNode,
  type Node,
  NODES,
  registerNode,
  withVersion,
} from "./objects.ts";
import { podsOf } from "./pods.ts";
import { readBody, sendApiError, sendJson } from "./reply.ts";
import type { Store } from "./store.ts";
import { VERSION } from "./version.ts";

export interface Api {
  readonly store: Store;
  /** The packaged components that this server's config takes out. */
  readonly disabled: readonly string[];
  /** Called with a node that has been deleted. */
  readonly removed: (node: Node) => void;
}

const KINDS: Readonly<Record<string, { readonly kind: string; readonly prefix: string }>> = {
  nodes: { kind: "Node", prefix: NODES },
  namespaces: { kind: "Namespace", prefix: NAMESPACES },
};

/** `anonymous-auth=false` is K3s' default: without a certificate every path is 401 (k3s.md section 4). */
export async function answerApi(
  api: Api,
  who: Identity,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const method = request.method ?? "GET";
  const fail = (code: number, message: string) => sendApiError(response, code, message);
  if (!who.certified) return fail(401, "Unauthorized");

  const [, health] = /^\/(livez|readyz|healthz)(?:\/.*)?$/.exec(path) ?? [];
  const [, plural = "", name = "", rest = ""] =
    /^\/api\/v1\/(\w+)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(path) ?? [];
  if (!isAllowed(who, method, health, plural, name)) {
    return fail(403, `forbidden: User "${who.name}" cannot ${method.toLowerCase()} path "${path}"`);
  }
  if (health !== undefined) return answerHealth(api, health, response);
  if (path === "/version") return sendJson(response, versionInfo());
  if (plural === "pods" || (plural === "namespaces" && rest === "pods")) {
    const selector = new URL(request.url ?? "/", "https://k3s").searchParams.get("labelSelector");
    const items = podsOf(selector, await listNodes(api.store), api.disabled);
    return sendList(response, "PodList", "v1", items);
  }
  if (path === "/apis/k3s.cattle.io/v1/etcdsnapshotfiles")
    return sendList(response, "ETCDSnapshotFileList", "k3s.cattle.io/v1", []);
  const resource = KINDS[plural];
  if (plural === "nodes" && method === "PUT" && (rest === "register" || rest === "heartbeat")) {
    await answerKubelet(api, name, rest, request);
    return sendJson(response, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
  }
  if (!resource || (rest !== "" && rest !== "status")) {
    return fail(404, "the server could not find the requested resource");
  }
  const { kind, prefix } = resource;
  if (name === "" && method === "GET") {
    const entries = await api.store.range(prefix, true);
    const items = entries.map(({ value, revision }) => withVersion<object>(value, revision));
    return sendList(response, `${kind}List`, "v1", items);
  }
  const [entry] = await api.store.range(`${prefix}${name}`);
  if (name === "" || !entry) {
    return name === ""
      ? fail(405, "the server does not allow this method")
      : fail(404, `${plural} "${name}" not found`);
  }
  if (method === "GET") return sendJson(response, withVersion(entry.value, entry.revision));
  if (method === "PATCH") {
    const patch: unknown = JSON.parse(await readBody(request));
    const patched = await patchObject(api.store, `${prefix}${name}`, patch);
    return patched
      ? sendJson(response, patched)
      : fail(409, "the object has been modified; please apply your changes again");
  }
  if (method === "DELETE" && kind === "Node") {
    await api.store.remove(`${prefix}${name}`);
    await forgetNodePassword(api.store, name);
    api.removed(JSON.parse(entry.value));
    return sendJson(response, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
  }
  return fail(405, "the server does not allow this method on the requested resource");
}

function sendList(
  response: ServerResponse,
  kind: string,
  apiVersion: string,
  items: readonly object[],
): void {
  sendJson(response, { kind, apiVersion, metadata: { resourceVersion: "1" }, items });
}

/**
 * A strategic merge patch and a JSON merge patch are the same for maps; lists are replaced whole. A patch names no version, so
 * kube-apiserver makes it again on what somebody else has written meanwhile, such as a heartbeat, and not just once
 * (kubernetes/apiserver:pkg/endpoints/handlers/patch.go, MaxRetryWhenPatchConflicts).
 */
async function patchObject(store: Store, key: string, patch: unknown): Promise<object | undefined> {
  for (let tries = 0; tries <= 5; tries++) {
    const [entry] = await store.range(key);
    if (!entry) return undefined;
    const text = JSON.stringify(merge(JSON.parse(entry.value), patch));
    if (await store.write(key, text, entry.revision)) return JSON.parse(text);
  }
  return undefined;
}

/**
 * Two paths that Kubernetes has not: what an agent's kubelet does in several requests. A node that was deleted answers
 * heartbeats with success and stays deleted: only a restart of its agent registers it again.
 */
async function answerKubelet(
  api: Api,
  name: string,
  what: "register" | "heartbeat",
  request: IncomingMessage,
): Promise<void> {
  if (what === "heartbeat") return heartbeat(api.store, name);
  const { address, labels, taints }: NewNode = JSON.parse(await readBody(request));
  return registerNode(api.store, { name, address, labels, taints, server: false });
}

function isAllowed(
  who: Identity,
  method: string,
  health: string | undefined,
  plural: string,
  name: string,
): boolean {
  if (who.groups.includes("system:masters")) return true;
  if (health !== undefined) return who.groups.includes("system:monitoring");
  const own = who.name === `system:node:${name}`;
  return who.groups.includes("system:nodes") && plural === "nodes" && (method === "GET" || own);
}

async function answerHealth(api: Api, name: string, response: ServerResponse): Promise<void> {
  const ok =
    name === "livez" || (await api.store.range(`${NAMESPACES}kube-system`).then(Boolean, () => false));
  const text = ok ? "ok" : `[+]ping ok\n[-]etcd failed: reason withheld\n${name} check failed\n`;
  response.writeHead(ok ? 200 : 500, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
}

function versionInfo(): object {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(VERSION) ?? [];
  return { major, minor, gitVersion: VERSION, gitTreeState: "clean", platform: "linux/amd64" };
}

/** RFC 7386: null removes. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
