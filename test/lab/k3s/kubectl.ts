// `k3s kubectl`: get, delete, cordon and uncordon of nodes, get of namespaces, and get --raw, by the kubeconfig.
// Left out: every other command and resource, -l, -w, -n (accepted), output other than json, name, wide and the table.
import { ask, type Answer } from "./ask.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { reason } from "./log.ts";
import type { Node } from "./objects.ts";

const PLURALS: Readonly<Record<string, string>> = {
  no: "nodes",
  node: "nodes",
  nodes: "nodes",
  ns: "namespaces",
  namespace: "namespaces",
  namespaces: "namespaces",
  po: "pods",
  pod: "pods",
  pods: "pods",
};

/** The exit code, 0 or 1, after kubectl's own words on either output. */
export async function runKubectl(args: readonly string[]): Promise<number> {
  try {
    process.stdout.write(await answer(args));
    return 0;
  } catch (error) {
    process.stderr.write(`${reason(error)}\n`);
    return 1;
  }
}

async function answer(args: readonly string[]): Promise<string> {
  const { words, options } = parse(args);
  const path = options.get("kubeconfig") || process.env["KUBECONFIG"] || "/etc/rancher/k3s/k3s.yaml";
  const { server, question } = readKubeconfig(path);
  const call = async (path: string, method = "GET", body = ""): Promise<string> => {
    const asked = { ...question, method, ...(body && { body }), limit: 30_000 };
    const answer = await ask(`${server}${path}`, asked).catch((error: unknown) => {
      if (!/ECONNREFUSED/.test(reason(error)))
        throw new Error(`Unable to connect to the server: ${reason(error)}`);
      const host = server.replace("https://", "");
      throw new Error(
        `The connection to the server ${host} was refused - did you specify the right host or port?`,
      );
    });
    return answer.status < 300 ? answer.body : fail(answer);
  };

  const [verb = "", type = "", ...names] = words;
  const raw = options.get("raw");
  if (verb === "get" && raw !== undefined) return call(raw);
  const isNode = verb === "cordon" || verb === "uncordon" || verb === "drain";
  const [kind, given = ""] = isNode ? ["node", type] : type.split("/");
  const plural = PLURALS[kind ?? ""];
  if (!plural) throw new Error(`error: the server doesn't have a resource type "${kind}"`);
  const all = [given, ...names].filter(Boolean);
  if (verb === "get") {
    const path = `/api/v1/${plural}${all[0] ? `/${all[0]}` : ""}`;
    return print(await call(path), options.get("output") ?? "", plural);
  }
  if (all.length === 0) throw new Error("error: resource(s) were provided, but no name was specified");
  const said: string[] = [];
  for (const name of all) {
    if (verb === "delete" && plural === "nodes") {
      await call(`/api/v1/nodes/${name}`, "DELETE");
      said.push(`node "${name}" deleted\n`);
    } else if (isNode && verb !== "drain") {
      const patch = { spec: { unschedulable: verb === "cordon" ? true : null } };
      await call(`/api/v1/nodes/${name}`, "PATCH", JSON.stringify(patch));
      said.push(`node/${name} ${verb}ed\n`);
    } else throw new Error(`error: unknown command "${verb}" for the stand-in`);
  }
  return said.join("");
}

function fail({ status, body }: Answer): never {
  let value: { readonly reason?: string; readonly message?: string } = {};
  try {
    value = JSON.parse(body);
  } catch {
    // Health paths answer in plain text.
  }
  throw new Error(`Error from server (${value.reason ?? status}): ${value.message ?? body}`);
}

function parse(args: readonly string[]): { words: readonly string[]; options: ReadonlyMap<string, string> } {
  const words: string[] = [];
  const options = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name = "", value] = /^--?([^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    if (name === "") words.push(word);
    else if (/^o./.test(name) && name !== "output") options.set("output", name.slice(1));
    else {
      const long = { o: "output", n: "namespace" }[name] ?? name;
      const single =
        value === undefined && ["output", "namespace", "kubeconfig", "raw", "request-timeout"].includes(long);
      options.set(long, value ?? (single ? (rest.shift() ?? "") : "true"));
    }
  }
  return { words, options };
}

function print(text: string, output: string, plural: string): string {
  if (output === "json") return `${JSON.stringify(JSON.parse(text), null, 4)}\n`;
  const value = JSON.parse(text);
  const items: readonly Node[] = value.items ?? [value];
  const single = plural.slice(0, -1);
  if (output === "name") return items.map(({ metadata }) => `${single}/${metadata.name}\n`).join("");
  if (items.length === 0) return "No resources found\n";
  const rows = items.map((item) =>
    plural === "nodes" ? nodeRow(item) : [item.metadata.name, "Active", age(item)],
  );
  const head = plural === "nodes" ? ["NAME", "STATUS", "ROLES", "AGE", "VERSION"] : ["NAME", "STATUS", "AGE"];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

function nodeRow(node: Node): readonly string[] {
  const ready = node.status.conditions.find(({ type }) => type === "Ready")?.status === "True";
  const roles = Object.keys(node.metadata.labels).flatMap(
    (key) => /^node-role\.kubernetes\.io\/(.+)$/.exec(key)?.[1] ?? [],
  );
  const status = `${ready ? "Ready" : "NotReady"}${node.spec.unschedulable ? ",SchedulingDisabled" : ""}`;
  return [
    node.metadata.name,
    status,
    roles.sort().join(",") || "<none>",
    age(node),
    node.status.nodeInfo["kubeletVersion"] ?? "",
  ];
}

function age({ metadata }: Node): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(metadata.creationTimestamp)) / 1000));
  return seconds < 120 ? `${seconds}s` : `${Math.floor(seconds / 60)}m`;
}
