// What machines tell against the record: each difference with what should be, what is, and what to do; as text and JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Drift, makeDrift, type MachineDrift } from "../generator/drift/drift.ts";
import { formatDrift } from "../generator/drift/format.ts";
import type { Asked, SeenCluster, SeenFile, SeenMachine } from "../generator/drift/seen.ts";
import { publicText } from "../generator/model/files.ts";
import type { ClusterRecord } from "../generator/model/record.ts";
import { recordedFiles } from "../generator/plan/recorded.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { digestOf } from "../generator/render/node-program.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import type { NodeStatus } from "../generator/status/node-status.ts";
import { filesOf, nodeOf, recordOf, SIX } from "./support/plan-play.ts";
import { recordedMachine } from "./support/record.ts";

const VERSION = SIX.k3s.version;
const UID = "11111111-2222-3333-4444-555555555555";
const CA = "c".repeat(64);
const APPLIED = recordOf(SIX);
const RECORD: ClusterRecord = {
  cluster: { ...APPLIED.cluster, uid: UID },
  machines: new Map(
    [...APPLIED.machines].map(([name, machine]) => [
      name,
      {
        ...machine,
        digest: digestOf(filesOf(name)),
        k3s: machine.role === "loadbalancer" ? "" : VERSION,
      },
    ]),
  ),
};
const FILES = new Map(
  SIX.nodes.map(({ name }) => {
    const texts = filesOf(name).map(({ path, content }) => [path as string, publicText(content)] as const);
    const files = recordedFiles(new Map(texts));
    assert.ok(files);
    return [name, files];
  }),
);
const KUBERNETES = SIX.nodes.filter(({ role }) => role !== "loadbalancer");
const CLUSTER: SeenCluster = {
  caHash: CA,
  uid: UID,
  members: SIX.nodes
    .filter(({ role }) => role === "server")
    .map(({ name, address }) => ({ name: `${name}-0a1b2c3d`, address, learner: false })),
  nodes: KUBERNETES.map(({ name }) => ({ name, ready: true, unschedulable: false, version: VERSION })),
};

/** A machine that is as recorded, but for that. */
function seen(name: string, more: Partial<SeenMachine> = {}, status: Partial<NodeStatus> = {}): SeenMachine {
  const { role } = nodeOf(name);
  const digest = digestOf(filesOf(name));
  const units = { server: ["k3s"], agent: ["k3s-agent"], loadbalancer: ["haproxy", "keepalived"] }[role];
  return {
    digest,
    files: [],
    copies: [],
    units: [NODE_PATHS.unit, ...units].map((unit) => ({
      name: unit,
      load: "loaded",
      active: unit === NODE_PATHS.unit ? "inactive" : "active",
      file: "enabled",
    })),
    status: {
      ok: true,
      status: {
        state: "ready",
        step: "ready",
        seconds: 1,
        waitingFor: "",
        error: "",
        next: "",
        k3s: VERSION,
        applied: digest,
        voter: role === "server",
        members: 3,
        vip: false,
        ...status,
      },
    },
    pending: false,
    cordoned: false,
    apply: null,
    k3s: role === "loadbalancer" ? null : VERSION,
    drained: [],
    cluster: role === "server" ? CLUSTER : null,
    ...more,
  };
}

const told = (machine: SeenMachine): Asked => ({ seen: machine, problem: null });
const silent: Asked = { seen: null, problem: { message: "10.0.0.12 does not answer", next: "is it on?" } };

/** All machines are as recorded but those; `more`: another record or config. */
function driftWith(
  machines: Readonly<Record<string, Asked>> = {},
  more: Partial<Parameters<typeof makeDrift>[0]> = {},
): Drift {
  const asked = new Map(SIX.nodes.map(({ name }) => [name, machines[name] ?? told(seen(name))]));
  return makeDrift({ record: RECORD, config: SIX, asked, files: FILES, notes: [], ...more });
}

function machineIn(drift: Drift, name: string): MachineDrift {
  const found = drift.machines.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

/** The differences of one machine: `WHAT: EXPECTED -> SEEN; NEXT`. */
function lines(drift: Drift, name: string): readonly string[] {
  return machineIn(drift, name).differences.map(
    ({ what, expected, seen: is, next }) => `${what}: ${expected} -> ${is}; ${next}`,
  );
}

const all = (cluster: SeenCluster) =>
  Object.fromEntries(
    ["server-1", "server-2", "server-3"].map((name) => [name, told(seen(name, { cluster }))]),
  );

test("machines as recorded: nothing is told", () => {
  const drift = driftWith();
  assert.ok(drift.machines.every(({ state }) => state === "as recorded"));
  assert.deepEqual([drift.differences, drift.notes], [[], []]);
  assert.match(formatDrift(drift), /^lb-1 +load balancer +10\.0\.0\.21 +as recorded$/m);
  assert.match(formatDrift(drift), /\ndrift: 6 of 6 machines as recorded\n$/);
});

const file = (path: string, more: Partial<SeenFile>): SeenFile => ({
  path,
  is: "changed",
  mode: "0644",
  given: "0644",
  text: null,
  ...more,
});
const unit = (name: string, active: string, enabled: string, load = "loaded") => ({
  units: [{ name, load, active, file: enabled }],
});
const BACK = "npx quorate apply puts it back";
const on = (name: string, command: string) => `npx quorate ssh ${name} -- sudo ${command}`;

interface Row {
  readonly title: string;
  readonly name: string;
  readonly more?: Partial<SeenMachine>;
  readonly status?: Partial<NodeStatus>;
  readonly says: readonly string[];
}

const OWN: readonly Row[] = [
  {
    title: "a file without its content, one without its mode, one that is gone, one that is a link",
    name: "server-1",
    more: {
      files: [
        file(K3S_PATHS.serverToken, { mode: "0644", given: "0600" }),
        file(NODE_PATHS.settings, { is: "mode", mode: "0666" }),
        file(NODE_PATHS.hostname, { is: "missing", mode: null, given: null }),
        file(NODE_PATHS.program, { is: "linked", mode: null, given: null }),
      ],
    },
    says: [
      `${K3S_PATHS.serverToken}: the content that was put there and mode 0600 -> another content and mode 0644, changed by hand; ${BACK}`,
      `${NODE_PATHS.settings}: mode 0644 -> mode 0666; ${BACK}`,
      `${NODE_PATHS.hostname}: a file, as it was put there -> nothing; ${BACK}`,
      `${NODE_PATHS.program}: a file, as it was put there -> a link to something else; ${BACK}`,
    ],
  },
  {
    title: "the note of how files were given is gone",
    name: "agent-1",
    more: {
      files: [file("/a", { is: "unknown", given: null }), file("/b", { is: "unknown", given: null })],
    },
    says: [
      `${NODE_PATHS.given}: how each file was put there -> nothing about /a, /b; npx quorate plan compares the files with the config; where they are right: ${on("agent-1", `sh -c 'rm -f ${NODE_PATHS.given} && quorate-node converge'`)}`,
    ],
  },
  {
    title: "a live copy: put back by the machine, or, where the staged file is wrong too, by an apply",
    name: "lb-1",
    more: {
      files: [file(NODE_PATHS.keepalived, {})],
      copies: [
        { staged: NODE_PATHS.haproxy, live: "/etc/haproxy/haproxy.cfg", is: "different", text: null },
        {
          staged: NODE_PATHS.keepalived,
          live: "/etc/keepalived/keepalived.conf",
          is: "different",
          text: null,
        },
        { staged: NODE_PATHS.hostKey, live: "/etc/ssh/ssh_host_ed25519_key", is: "missing", text: null },
      ],
    },
    says: [
      `${NODE_PATHS.keepalived}: the content that was put there -> another content, changed by hand; ${BACK}`,
      `/etc/haproxy/haproxy.cfg: the same as ${NODE_PATHS.haproxy} -> another content, changed by hand; ${on("lb-1", "quorate-node converge")}`,
      `/etc/keepalived/keepalived.conf: the same as ${NODE_PATHS.keepalived} -> another content, changed by hand; ${BACK}`,
      `/etc/ssh/ssh_host_ed25519_key: a copy of ${NODE_PATHS.hostKey} -> nothing; ${on("lb-1", "quorate-node converge")}`,
    ],
  },
  {
    title: "a manifest of our name that is staged nowhere; a staged file that is gone is told once",
    name: "server-2",
    more: {
      files: [file(`${NODE_PATHS.manifests}/quorate-a.yaml`, { is: "missing", mode: null, given: null })],
      copies: ["a", "b"].map((name) => ({
        staged: `${NODE_PATHS.manifests}/quorate-${name}.yaml`,
        live: `${K3S_PATHS.manifests}/quorate-${name}.yaml`,
        is: "unstaged",
        text: null,
      })),
    },
    says: [
      `${NODE_PATHS.manifests}/quorate-a.yaml: a file, as it was put there -> nothing; ${BACK}`,
      `${K3S_PATHS.manifests}/quorate-b.yaml: no such manifest -> one of our names; ${on("server-2", "quorate-node converge")}`,
    ],
  },
  {
    title: "another set of files than the recorded one",
    name: "server-3",
    more: { digest: "a".repeat(64) },
    status: { applied: "a".repeat(64) },
    says: [
      `set of files: the recorded one (digest ${digestOf(filesOf("server-3")).slice(0, 12)}) -> another one (digest aaaaaaaaaaaa), of a card or an apply that was not recorded; npx quorate apply`,
    ],
  },
  {
    title: "a list that was edited is a file",
    name: "server-3",
    more: { digest: null, files: [file(NODE_PATHS.fileList, {})] },
    says: [
      `${NODE_PATHS.fileList}: the content that was put there -> another content, changed by hand; ${BACK}`,
    ],
  },
  {
    title: "a unit that is disabled",
    name: "server-1",
    more: unit("k3s", "active", "disabled"),
    says: ["k3s: active and enabled -> active, disabled; " + on("server-1", "systemctl enable k3s")],
  },
  {
    title: "a unit that is stopped and disabled",
    name: "agent-1",
    more: unit("k3s-agent", "inactive", "disabled"),
    says: [
      "k3s-agent: active and enabled -> inactive, disabled; " +
        on("agent-1", "systemctl enable --now k3s-agent"),
    ],
  },
  {
    title: "a unit that is stopped, and the machine's own word for it is not a second difference",
    name: "server-1",
    more: unit("k3s", "failed", "enabled"),
    status: { state: "failed", error: "k3s does not run any more", next: "on this machine: journalctl" },
    says: [
      `k3s: active and enabled -> failed, enabled; ${on("server-1", "journalctl -u k3s -n 50")} says why; then ${on("server-1", "systemctl start k3s")}`,
    ],
  },
  {
    title: "a unit that is masked, one that is gone",
    name: "lb-2",
    more: {
      units: [
        { name: "haproxy", load: "masked", active: "inactive", file: "masked" },
        { name: "keepalived", load: "not-found", active: "inactive", file: "" },
      ],
    },
    says: [
      "haproxy: active and enabled -> inactive, masked; " +
        on("lb-2", "sh -c 'systemctl unmask haproxy && systemctl enable --now haproxy'"),
      `keepalived: active and enabled -> no such unit; ${on("lb-2", "quorate-node converge")}`,
    ],
  },
  {
    title: "a load balancer without keepalived.conf needs no keepalived",
    name: "lb-2",
    more: {
      ...unit("keepalived", "inactive", "disabled"),
      copies: [
        {
          staged: NODE_PATHS.keepalived,
          live: "/etc/keepalived/keepalived.conf",
          is: "unstaged",
          text: null,
        },
      ],
    },
    says: [],
  },
  {
    title: "the machine's program: disabled, failed, and what it says",
    name: "lb-1",
    more: { ...unit(NODE_PATHS.unit, "failed", "disabled"), pending: true },
    status: { state: "failed", step: "haproxy", error: "port 80 is taken", next: "stop that program" },
    says: [
      `${NODE_PATHS.unit}: enabled -> failed, disabled; ${on("lb-1", `systemctl enable --now ${NODE_PATHS.unit}`)}`,
      "quorate-node: ready -> failed: haproxy: port 80 is taken; stop that program",
      "quorate-node: has taken what was sent last -> it waits to be taken; npx quorate apply",
    ],
  },
  {
    title: "the machine's program is not started at the next boot; that it does not run is as it should be",
    name: "lb-1",
    more: unit(NODE_PATHS.unit, "inactive", "disabled"),
    says: [`${NODE_PATHS.unit}: enabled -> disabled; ${on("lb-1", `systemctl enable ${NODE_PATHS.unit}`)}`],
  },
  {
    title: "a step that goes on by itself",
    name: "server-2",
    status: { state: "waiting", step: "server", waitingFor: "a vote in etcd", next: "nothing; by itself" },
    says: ["quorate-node: ready -> waiting: server: a vote in etcd; npx quorate status --watch"],
  },
  {
    title: "files that are not in force",
    name: "lb-1",
    status: { applied: "b".repeat(64) },
    says: ["quorate-node: its files are in force -> they are not in force yet; npx quorate apply"],
  },
  {
    title: "no answer of the program",
    name: "lb-1",
    more: { status: { ok: false, message: "the answer is no JSON", next: "look" } },
    says: ["quorate-node: an answer -> the answer is no JSON; look"],
  },
  {
    title: "another K3s",
    name: "server-1",
    more: { k3s: "v1.35.0+k3s1" },
    says: [
      `K3s, installed: ${VERSION} -> v1.35.0+k3s1; ${on("server-1", "quorate-node converge")} installs the recorded one and restarts K3s: one machine at a time`,
    ],
  },
  {
    title: "a newer K3s, which is not put back",
    name: "server-1",
    more: { k3s: "v1.37.0+k3s1" },
    says: [
      `K3s, installed: ${VERSION} -> v1.37.0+k3s1; K3s does not go back: put "v1.37.0+k3s1" into k3s.version, then npx quorate apply`,
    ],
  },
  {
    title: "a machine that is drained",
    name: "lb-1",
    more: { drained: ["server-2"] },
    says: [
      "HAProxy, server-2: gets its share of connections -> drained: no new connection is sent there; " +
        on("lb-1", "quorate-node undrain server-2"),
    ],
  },
];

for (const { title, name, more, status, says } of OWN) {
  test(`of one machine: ${title}`, () => {
    const drift = driftWith({ [name]: told(seen(name, more, status)) });
    assert.deepEqual(lines(drift, name), says);
    assert.equal(machineIn(drift, name).state, says.length > 0 ? "drifted" : "as recorded");
    const others = drift.machines.filter((each) => each.name !== name);
    assert.ok(others.every(({ state }) => state === "as recorded"));
    assert.deepEqual(drift.differences, []);
  });
}

test("a diff goes from what is recorded to what is there; none where another set is there or git knows nothing", () => {
  const text = `${FILES.get("lb-1")?.get(NODE_PATHS.haproxy)?.text}# by hand\n`;
  const copy = { staged: NODE_PATHS.haproxy, live: "/etc/haproxy/haproxy.cfg", text } as const;
  const more = {
    files: [file(NODE_PATHS.haproxy, { text })],
    copies: [{ ...copy, is: "different" as const }],
  };
  const diffs = (drift: Drift) => machineIn(drift, "lb-1").differences.map(({ diff }) => diff?.at(-1));
  const drifted = { "lb-1": told(seen("lb-1", more)) };
  assert.deepEqual(diffs(driftWith(drifted)), ["+# by hand", "+# by hand"]);
  assert.deepEqual(diffs(driftWith(drifted, { files: new Map() })), [undefined, undefined]);
  const other = { "lb-1": told(seen("lb-1", { ...more, digest: "a".repeat(64) })) };
  assert.deepEqual(new Set(diffs(driftWith(other))), new Set([undefined]));
});

const STOP =
  "change nothing; find out which machine has that address, and look at npx quorate status --bundle FILE";
const node = (name: string, more: object) =>
  (CLUSTER.nodes ?? []).map((each) => (each.name === name ? { ...each, ...more } : each));

test("which cluster: another certificate, another kube-system, none that answers", () => {
  const ca = driftWith({
    "server-2": told(seen("server-2", { cluster: { ...CLUSTER, caHash: "d".repeat(64), members: [] } })),
  });
  assert.deepEqual(lines(ca, "server-2"), [
    `cluster, by its certificate: the recorded one (cccccccccccc) -> another one (dddddddddddd); ${STOP}`,
  ]);
  const other = "99999999-2222-3333-4444-555555555555";
  const second = { ...CLUSTER, uid: other, nodes: [], members: [] };
  const uid = driftWith({ "server-1": told(seen("server-1", { cluster: second })) });
  assert.deepEqual(lines(uid, "server-1"), [
    `cluster, by its kube-system: ${UID} -> ${other}: a second cluster; ${STOP}`,
  ]);
  assert.deepEqual(lines(uid, "server-3"), [], "members are counted by a server of the recorded cluster");
  const nobody = { caHash: null, uid: null, members: null, nodes: null };
  assert.deepEqual(lines(driftWith(all(nobody)), "server-1"), [
    `Kubernetes API: an answer to this server itself -> none; ${on("server-1", "journalctl -u k3s -n 50")}`,
  ]);
  const stopped = seen("server-1", { ...unit("k3s", "failed", "enabled"), cluster: nobody });
  assert.equal(lines(driftWith({ "server-1": told(stopped) }), "server-1").length, 1);
});

test("two clusters are told where the record knows no UID", () => {
  const record = { ...RECORD, cluster: { ...RECORD.cluster, uid: null } };
  assert.deepEqual(driftWith({}, { record }).differences, []);
  const cluster = { ...CLUSTER, uid: "99999999-2222-3333-4444-555555555555" };
  const { differences } = driftWith({ "server-3": told(seen("server-3", { cluster })) }, { record });
  assert.deepEqual(
    differences.map(({ what, seen: is }) => `${what}: ${is}`),
    [
      `kube-system: two clusters: server-1 ${UID}, server-2 ${UID} and server-3 99999999-2222-3333-4444-555555555555`,
    ],
  );
});

test("members of etcd: strange ones, one that never started, a learner, one that is gone, one at another address", () => {
  const [first, second] = CLUSTER.members ?? [];
  assert.ok(first && second);
  const members = [
    first,
    { ...second, learner: true },
    { name: "old-server-ffffffff", address: "10.0.0.77", learner: false },
    { name: "agent-1-ffffffff", address: "10.0.0.101", learner: true },
    { name: "", address: "10.0.0.99", learner: true },
  ];
  const drift = driftWith(all({ ...CLUSTER, members }));
  assert.deepEqual(
    drift.differences.map(({ what, seen: is, next }) => [what, is, next]),
    [
      [
        "etcd member old-server-ffffffff",
        "a member with a vote, at 10.0.0.77",
        `it counts for the majority: find out what has that address; if it is gone for good, ${on("server-1", "k3s kubectl delete node old-server")}`,
      ],
      [
        "etcd member agent-1-ffffffff",
        "a member without a vote, at 10.0.0.101",
        `find out what has that address; if it is gone for good, ${on("server-1", "k3s kubectl delete node agent-1")}`,
      ],
      [
        "etcd member at 10.0.0.99",
        "a member without a vote, at 10.0.0.99",
        "it never started: it is dropped after five minutes; if it stays, find out which machine has that address",
      ],
    ],
  );
  assert.deepEqual(lines(drift, "server-2"), [
    "etcd member: a vote -> a member without a vote; npx quorate status --watch",
  ]);
  assert.match(lines(drift, "server-3").join(), /^etcd member: a vote -> no member any more; is it on\?/);
  const moved = driftWith(all({ ...CLUSTER, members: [{ ...first, address: "10.0.0.50" }, second] }));
  assert.deepEqual(lines(moved, "server-1"), [`etcd member: at 10.0.0.11 -> at 10.0.0.50; ${STOP}`]);
});

test("nodes of Kubernetes: not Ready, closed by a person and by an apply, another version, unknown, strange", () => {
  const says = (name: string, more: object, machines: Readonly<Record<string, Asked>> = {}) =>
    lines(driftWith({ ...all({ ...CLUSTER, nodes: node(name, more) }), ...machines }), name);
  assert.deepEqual(says("agent-1", { ready: false }), [
    `Kubernetes node: Ready -> not Ready; ${on("agent-1", "journalctl -u k3s-agent -n 50")}`,
  ]);
  const closed = "Kubernetes node: takes new pods -> closed to new pods (cordoned); ";
  assert.deepEqual(says("agent-1", { unschedulable: true }), [
    closed + on("server-1", "k3s kubectl uncordon agent-1"),
  ]);
  assert.deepEqual(
    says("agent-1", { unschedulable: true }, { "agent-1": told(seen("agent-1", { cordoned: true })) }),
    [`${closed}an apply closed it and ended early: npx quorate apply opens it again`],
  );
  assert.deepEqual(says("server-2", { version: "v1.35.0+k3s1" }), [
    `K3s, running: ${VERSION} -> v1.35.0+k3s1; ${on("server-2", "systemctl restart k3s")}: one machine at a time`,
  ]);
  const nodes = [...(CLUSTER.nodes ?? []).slice(1), ...node("agent-1", { name: "stranger" }).slice(-1)];
  const drift = driftWith(all({ ...CLUSTER, nodes }));
  assert.match(lines(drift, "server-1").join(), /^Kubernetes node: known to the cluster -> unknown to it; /);
  assert.deepEqual(
    drift.differences.map(({ what, seen: is }) => `${what}: ${is}`),
    ["Kubernetes node stranger: Ready"],
  );
  const bare = { ...SIX, k3s: { ...SIX.k3s, serverConfig: { "disable-agent": true } } };
  const none = all({ ...CLUSTER, nodes: node("agent-1", {}).slice(-1) });
  assert.deepEqual(lines(driftWith(none, { config: bare }), "server-1"), [], "a server without a kubelet");
});

test("a machine that is silent is unknown, and the others tell what they know of it", () => {
  const drift = driftWith({
    ...all({ ...CLUSTER, nodes: node("server-2", { ready: false }) }),
    "server-2": silent,
  });
  const { state, problem, differences } = machineIn(drift, "server-2");
  assert.deepEqual([state, problem, differences.length], ["unknown", silent.problem, 1]);
  assert.match(
    formatDrift(drift),
    /^server-2 .* could not be asked: 10\.0\.0\.12 does not answer\n {2}next: is it on\?\n {2}Kubernetes node\n/m,
  );
});

test("the config and the record name other machines, or other addresses: each is said, and asked where it was", () => {
  const config = {
    ...SIX,
    nodes: SIX.nodes
      .filter(({ name }) => name !== "lb-2")
      .map((each) => (each.name === "agent-1" ? { ...each, address: "10.0.0.150" } : each))
      .concat({ ...nodeOf("agent-1"), name: "agent-2", address: "10.0.0.102" }),
  };
  const broken = told(seen("lb-2", { files: [file(NODE_PATHS.haproxy, {})] }));
  const drift = driftWith({ "lb-2": broken }, { config });
  const text = formatDrift(drift);
  assert.match(
    text,
    /^agent-2 .* 10\.0\.0\.102 +not applied yet\n {2}next: npx quorate card agent-2, then npx quorate apply$/m,
  );
  assert.match(
    text,
    /^agent-1 .* 10\.0\.0\.101 +as recorded \(in the config at 10\.0\.0\.150, which was not applied yet\)$/m,
  );
  assert.match(text, /^lb-2 .* drifted \(not in the config any more\)$/m);
  assert.match(lines(drift, "lb-2").join(), /; no apply reaches it: put it back into the config, or switch/);
  assert.deepEqual(drift.differences, []);
});

test("a server that is recorded and not in the config any more is no stranger to etcd and Kubernetes", () => {
  const config = { ...SIX, nodes: SIX.nodes.filter(({ name }) => name !== "server-3") };
  const drift = driftWith({}, { config });
  assert.deepEqual([lines(drift, "server-3"), drift.differences], [[], []]);
});

test("an apply that failed, and one that is at work, are noted", () => {
  const machines = new Map(RECORD.machines).set(
    "lb-1",
    recordedMachine({ ...RECORD.machines.get("lb-1"), result: "failed" }),
  );
  const { notes } = driftWith(
    { "server-1": told(seen("server-1", { apply: "me@here" })) },
    { record: { ...RECORD, machines }, notes: ["said before"] },
  );
  assert.deepEqual(notes, [
    "said before",
    "the last apply to lb-1 failed, as the record says: npx quorate apply tries again",
    "an apply works on server-1 now (me@here), and may be what was seen there: ask again when it has ended",
  ]);
});

test("the whole text, as an issue is made from it", () => {
  const keys = FILES.get("lb-1")?.get(NODE_PATHS.authorizedKeys)?.text ?? "";
  const drift = driftWith(
    {
      ...all({
        ...CLUSTER,
        members: [...(CLUSTER.members ?? []), { name: "old-ffffffff", address: "10.0.0.77", learner: false }],
      }),
      "server-2": silent,
      "agent-1": told(seen("agent-1", unit("k3s-agent", "active", "disabled"))),
      "lb-1": told(
        seen("lb-1", {
          copies: [
            {
              staged: NODE_PATHS.authorizedKeys,
              live: "~ops/.ssh/authorized_keys",
              is: "different",
              text: `${keys}ssh-ed25519 AAAAB by-hand\n`,
            },
          ],
        }),
      ),
    },
    { notes: ["the record on the shared branch could not be looked at (no network); the one here counts"] },
  );
  assert.equal(
    formatDrift(drift),
    `server-1  server         10.0.0.11   as recorded
server-2  server         10.0.0.12   could not be asked: 10.0.0.12 does not answer
  next: is it on?
server-3  server         10.0.0.13   as recorded
agent-1   agent          10.0.0.101  drifted
  k3s-agent
    expected  active and enabled
    seen      active, disabled
    next      npx quorate ssh agent-1 -- sudo systemctl enable k3s-agent
lb-1      load balancer  10.0.0.21   drifted
  ~ops/.ssh/authorized_keys
    expected  the same as /etc/quorate/authorized_keys
    seen      another content, changed by hand
    next      npx quorate ssh lb-1 -- sudo quorate-node converge
      --- as recorded
      +++ on the machine
      @@ -1,1 +1,2 @@
       ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA test
      +ssh-ed25519 AAAAB by-hand
lb-2      load balancer  10.0.0.22   as recorded
cluster test
  etcd member old-ffffffff
    expected  no such member: it is neither recorded nor in the config
    seen      a member with a vote, at 10.0.0.77
    next      it counts for the majority: find out what has that address; if it is gone for good, npx quorate ssh server-1 -- sudo k3s kubectl delete node old
note: the record on the shared branch could not be looked at (no network); the one here counts

drift: 3 differences, 1 machine could not be asked, 3 of 6 machines as recorded
`,
  );
});
