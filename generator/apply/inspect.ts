// Asks a machine what drift wants to know, and reads what it tells without trust.
import { presentable } from "../config/presentable.ts";
import { printable } from "../config/printable.ts";
import { maskSecrets } from "../config/secret-like.ts";
import type { Questions } from "../drift/questions.ts";
import type { Asked, SeenCluster, SeenCopy, SeenFile, SeenMachine, SeenUnit } from "../drift/seen.ts";
import { textSum } from "../plan/cause.ts";
import type { RecordedFiles } from "../plan/recorded.ts";
import { parseNodeStatus } from "../status/node-status.ts";
import { parseBackends } from "./backends.ts";
import { parseMembers, parseNodes, uidOf } from "./cluster-answers.ts";
import { inputOf, INSPECT_SCRIPT } from "./inspect-script.ts";
import type { Remote } from "./remote.ts";

/** A Pi needs a second for each question to Kubernetes. */
const LIMIT_MS = 90_000;

/** Never rejects for what a machine does. `cluster`: the name that it should give. */
export async function inspect(
  remote: Remote,
  { name, cluster, address }: { readonly name: string; readonly cluster: string; readonly address: string },
  questions: Questions,
  recorded: RecordedFiles | undefined,
): Promise<Asked> {
  const result = await remote.run(name, INSPECT_SCRIPT, { limit: LIMIT_MS, input: inputOf(questions) });
  if (!result.finished) {
    if (result.problem === "host-key") return { seen: null, problem: otherKey(name, address) };
    return { seen: null, problem: { message: result.message, next: result.next } };
  }
  const lines = result.stdout.split("\n");
  if (result.exit !== 0 || lines.at(-2) !== "end") {
    const next = `look at it: npx quorate ssh ${name}`;
    return { seen: null, problem: { message: "it did not answer to the end", next } };
  }
  return { seen: seenMachine(lines, name, cluster, questions, recorded), problem: null };
}

function otherKey(name: string, address: string) {
  return {
    message: `the machine at ${address} has another ssh host key than the recorded one of ${name}: it may be another machine`,
    next: `find out which machine has that address, and log in to it no more before that; if ${name} got a new card: npx quorate apply records its key`,
  };
}

function seenMachine(
  lines: readonly string[],
  name: string,
  cluster: string,
  questions: Questions,
  recorded: RecordedFiles | undefined,
): SeenMachine {
  const all = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []));
  const one = (kind: string) => all(kind)[0] ?? "";
  const digest = one("digest");
  const k3s = /\bversion (v[\w.+-]+)/.exec(one("k3s"))?.[1] ?? null;
  const drained = parseBackends(all("backend").join("\n")).filter((backend) => backend.drained);
  const apply = all("apply")[0];
  return {
    digest: HEX_64.test(digest) ? digest : null,
    files: all("file").flatMap((line) => seenFile(line, recorded)),
    copies: all("copy").flatMap((line) => seenCopy(line, recorded)),
    units: all("unit").map(seenUnit),
    status: parseNodeStatus(decode(one("status")), name, cluster),
    pending: lines.includes("pending"),
    cordoned: lines.includes("cordoned"),
    apply: apply === undefined ? null : clean(apply),
    k3s,
    drained: [...new Set(drained.map(({ server }) => clean(server)))],
    cluster: questions.cluster ? seenCluster(one) : null,
  };
}

const HEX_64 = /^[0-9a-f]{64}$/;
/** What a command prints that printed nothing. */
const OF_NOTHING = textSum("");

function seenFile(line: string, recorded: RecordedFiles | undefined): readonly SeenFile[] {
  const [kind, mode = "-", given = "-", content = "-", ...rest] = line.split(" ");
  const is = (["missing", "linked", "changed", "mode", "unknown"] as const).find((each) => each === kind);
  const path = rest.join(" ");
  if (is === undefined || path === "") return [];
  const known = (text: string) => (/^0\d{3,4}$/.test(text) ? text : null);
  const text = textOf(content, recorded?.get(path)?.text);
  return [{ path: clean(path), is, mode: known(mode), given: known(given), text }];
}

function seenCopy(line: string, recorded: RecordedFiles | undefined): readonly SeenCopy[] {
  const [kind, content = "-", staged = "", live = ""] = line.split(" ");
  const is = (["missing", "different", "unstaged"] as const).find((each) => each === kind);
  if (is === undefined) return [];
  const text = textOf(content, recorded?.get(staged)?.text);
  return [{ staged: clean(staged), live: clean(live), is, text }];
}

function textOf(base64: string, wanted: string | undefined): string | null {
  if (base64 === "-" || wanted === undefined) return null;
  const text = decode(base64);
  return text.includes("\u0000") ? null : presentable(text, wanted);
}

/** `NAME KEY=VALUE...` as `systemctl show` has them. */
function seenUnit(line: string): SeenUnit {
  const [name = "", ...pairs] = line.trim().split(" ");
  const value = (key: string) =>
    clean(pairs.find((pair) => pair.startsWith(`${key}=`)) ?? "").slice(key.length + 1);
  return { name, load: value("LoadState"), active: value("ActiveState"), file: value("UnitFileState") };
}

function seenCluster(one: (kind: string) => string): SeenCluster {
  const ca = one("ca");
  return {
    caHash: HEX_64.test(ca) && ca !== OF_NOTHING ? ca : null,
    uid: uidOf(decode(one("namespace"))),
    members: parseMembers(decode(one("members")), clean),
    nodes: parseNodes(decode(one("nodes")), clean),
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function clean(text: string): string {
  return printable(maskSecrets(text)).slice(0, 300);
}
