// `k3s kubectl`: get, delete, cordon, uncordon, drain and annotate of nodes, get and annotate of namespaces, and get --raw,
// by the kubeconfig. Left out: every other command, resource and flag, all of which fail; -n is taken and means nothing.
import { annotate, readChanges } from "./kubectl/annotate.ts";
import { type Call, connect, Refusal } from "./kubectl/connection.ts";
import { cordon } from "./kubectl/cordon.ts";
import { readLine } from "./kubectl/flags.ts";
import { print } from "./kubectl/print.ts";
import { reason } from "./log.ts";

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
    await run(args);
    return 0;
  } catch (error) {
    process.stderr.write(`${reason(error)}\n`);
    return 1;
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { verb, words, flags } = readLine(args);
  const path = flags.get("kubeconfig") || process.env["KUBECONFIG"] || "/etc/rancher/k3s/k3s.yaml";
  switch (verb) {
    case "get":
      return get(connect(path), words, flags);
    case "delete":
      return remove(connect(path), words);
    case "cordon":
    case "uncordon":
    case "drain":
      return cordon(connect(path), verb, words);
    case "annotate": {
      const { words: resource, changes } = readChanges(words);
      const { plural, names } = named(resource);
      return annotate(connect(path), plural, names, changes, flags.get("overwrite") === "true");
    }
  }
}

async function get(call: Call, words: readonly string[], flags: ReadonlyMap<string, string>): Promise<void> {
  const raw = flags.get("raw");
  if (raw !== undefined) return void process.stdout.write(await call(raw));
  const { plural, names } = resources(words);
  const asked = call(`/api/v1/${plural}${names[0] ? `/${names[0]}` : ""}`);
  // Then kubectl prints nothing and is content (kubectl get --help).
  const text = await asked.catch((error: unknown) => {
    if (flags.get("ignore-not-found") === "true" && error instanceof Refusal && error.status === 404)
      return null;
    throw error;
  });
  if (text === null) return;
  process.stdout.write(print(text, flags.get("output") ?? "", plural));
}

async function remove(call: Call, words: readonly string[]): Promise<void> {
  const { plural, names } = named(words);
  if (plural !== "nodes") throw new Error("error: the stand-in deletes nodes only");
  for (const name of names) {
    await call(`/api/v1/nodes/${name}`, "DELETE");
    process.stdout.write(`node "${name}" deleted\n`);
  }
}

/** TYPE NAME... or TYPE/NAME. */
function resources([type = "", ...more]: readonly string[]): {
  readonly plural: string;
  readonly names: readonly string[];
} {
  const [kind = "", given = ""] = type.split("/");
  const plural = PLURALS[kind];
  if (!plural) throw new Error(`error: the server doesn't have a resource type "${kind}"`);
  return { plural, names: [given, ...more].filter(Boolean) };
}

function named(words: readonly string[]): ReturnType<typeof resources> {
  const found = resources(words);
  if (found.names.length === 0)
    throw new Error("error: resource(s) were provided, but no name was specified");
  return found;
}
