// docs/actions.md tells the truth: every field is edited, and the plan is held against its row.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fieldsOf } from "../generator/config/schema-node.ts";
import { type ActionClass, mostFelt } from "../generator/model/action.ts";
import { type Cluster, type Role } from "../generator/model/cluster.ts";
import { publicText } from "../generator/model/files.ts";
import { FIELD_ACTIONS } from "../generator/plan/field-actions.ts";
import { makePlan, type MachinePlan } from "../generator/plan/plan.ts";
import { asObserved, recordedFiles } from "../generator/plan/recorded.ts";
import { nodeFiles } from "../generator/render/node-files.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import type { Draft } from "./support/arbitrary.ts";
import { drop, put, toPath } from "./support/edit.ts";
import { clusterOf, fixturePath, TEMPLATES } from "./support/fixtures.ts";
import { knowing, machine, recordOf } from "./support/plan-play.ts";

const BASE = JSON.parse(readFileSync(fixturePath("everything-set"), "utf8")) as Draft;
const BEFORE = clusterOf(JSON.stringify(BASE));
const KNOWN = knowing(recordOf(BEFORE), { offline: true });
const [SERVER, AGENT, BALANCER] = ["nodes.1", "nodes.4", "nodes.6"] as const;

/** One edit: values by path; undefined takes the field away. */
type Edit = Readonly<Record<string, unknown>>;

/** Valid edits of each field of the fixture; of a field of `nodes[]`, of a machine of each role. */
const EDITS: Readonly<Record<string, readonly Edit[]>> = {
  $schema: [{ $schema: "./other.json" }],
  // It has one value.
  version: [],
  "cluster.name": [{ "cluster.name": "lab" }],
  "cluster.dnsName": [{ "cluster.dnsName": "other.home.arpa" }, { "cluster.dnsName": undefined }],
  "cluster.vip": [{ "cluster.vip": "192.168.1.9" }],
  "cluster.vrrpId": [{ "cluster.vrrpId": 75 }],
  "network.subnet": [{ "network.subnet": "192.168.0.0/16" }],
  "network.gateway": [{ "network.gateway": "192.168.1.254" }],
  "network.dns": [{ "network.dns": ["192.168.1.1"] }],
  "network.interface": [{ "network.interface": "eth1" }],
  os: [{ os: "debian" }, { os: "ubuntu" }],
  "access.user": [{ "access.user": "other" }],
  "access.authorizedKeys": [{ "access.authorizedKeys": BASE.access.authorizedKeys.slice(0, 1) }],
  "k3s.version": [{ "k3s.version": "v1.36.5+k3s1" }],
  "k3s.tlsSans": [{ "k3s.tlsSans": ["other.example.org"] }],
  "k3s.disable": [{ "k3s.disable": [] }],
  "k3s.clusterCidr": [{ "k3s.clusterCidr": "10.54.0.0/16" }],
  "k3s.serviceCidr": [{ "k3s.serviceCidr": "10.55.0.0/16" }],
  "k3s.flannelBackend": [{ "k3s.flannelBackend": "vxlan" }, { "k3s.flannelBackend": "none" }],
  "k3s.secretsEncryption": [{ "k3s.secretsEncryption": true }],
  "k3s.snapshots.schedule": [{ "k3s.snapshots.schedule": "1 1 * * *" }],
  "k3s.snapshots.retention": [{ "k3s.snapshots.retention": 3 }],
  "k3s.serverConfig": [{ "k3s.serverConfig": {} }],
  "k3s.agentConfig": [{ "k3s.agentConfig": {} }],
  "k3s.artifacts.installScript": [{ "k3s.artifacts.installScript": "http://mirror.example/install.sh" }],
  "k3s.artifacts.installScriptSha256": [
    { "k3s.artifacts.installScriptSha256": "ab".repeat(32) },
    { "k3s.artifacts.installScriptSha256": undefined },
  ],
  "k3s.artifacts.mirror": [{ "k3s.artifacts.mirror": "http://mirror.example/k3s" }],
  "ingress.kind": [{ "ingress.kind": "none" }],
  "ingress.ports": [{ "ingress.ports": [8081, 8444] }],
  "loadBalancer.apiPort": [{ "loadBalancer.apiPort": 7444 }],
  "loadBalancer.statusPort": [{ "loadBalancer.statusPort": 9405 }],
  "loadBalancer.maxConnections": [{ "loadBalancer.maxConnections": 3000 }],
  "rollout.drain": [{ "rollout.drain": true }],
  "rollout.agentBatch": [{ "rollout.agentBatch": 3 }],
  "secrets.generations.serverToken": [{ "secrets.generations.serverToken": 2 }],
  "secrets.generations.agentToken": [{ "secrets.generations.agentToken": 3 }],
  "secrets.generations.sshHostKey": [{ "secrets.generations.sshHostKey": 4 }],
  "state.branch": [{ "state.branch": "other" }, { "state.branch": undefined }],
  "nodes[].name": [SERVER, AGENT, BALANCER].map((node) => ({ [`${node}.name`]: "renamed" })),
  "nodes[].role": [
    // The number of servers stays odd.
    { "nodes.0.role": "agent", "nodes.1.role": "agent" },
    { [`${AGENT}.role`]: "loadbalancer", [`${AGENT}.taints`]: undefined },
    { [`${BALANCER}.role`]: "agent" },
  ],
  "nodes[].address": [SERVER, AGENT, BALANCER].map((node) => ({ [`${node}.address`]: "192.168.1.99" })),
  "nodes[].mac": ["nodes.2", "nodes.3", BALANCER].map((node) => ({ [`${node}.mac`]: "52:54:00:12:34:cd" })),
  "nodes[].disk": [
    { [`${SERVER}.disk`]: "sd" },
    { [`${AGENT}.disk`]: "ssd" },
    { [`${BALANCER}.disk`]: "ssd" },
  ],
  "nodes[].os": [SERVER, AGENT, BALANCER].map((node) => ({ [`${node}.os`]: "debian" })),
  "nodes[].interface": [SERVER, AGENT, BALANCER].map((node) => ({ [`${node}.interface`]: "enp9s0" })),
  "nodes[].labels": [SERVER, AGENT].map((node) => ({ [`${node}.labels`]: { zone: "c" } })),
  "nodes[].taints": [SERVER, AGENT].map((node) => ({ [`${node}.taints`]: undefined })),
};

test("every field of the config has a row, in the order of the schema, and every row a field", () => {
  assert.deepEqual(
    FIELD_ACTIONS.map(({ field }) => field),
    fieldsOf(),
  );
  assert.ok(fieldsOf().length >= 45, `${fieldsOf().length} fields`);
});

function edited(edit: Edit): Cluster {
  const config = Object.entries(edit).reduce(
    (draft, [path, value]) =>
      value === undefined ? drop(draft, toPath(path)) : put(draft, toPath(path), value),
    BASE,
  );
  return clusterOf(JSON.stringify(config));
}

function planAfter(cluster: Cluster): readonly MachinePlan[] {
  const observed = BEFORE.nodes.flatMap((old) => {
    const node = cluster.nodes.find(({ name }) => name === old.name);
    const texts = nodeFiles(BEFORE, old, TEMPLATES).map(
      ({ path, content }) => [path, publicText(content)] as const,
    );
    const recorded = recordedFiles(new Map(texts));
    if (!node || !recorded) return [];
    const files = asObserved(nodeFiles(cluster, node, TEMPLATES), recorded, (text) => text);
    return [machine(node.name, files, { voter: old.role === "server", vip: null }, cluster)];
  });
  return makePlan(cluster, TEMPLATES, observed, KNOWN).machines;
}

/** The most felt action by role, of those that change. Machines that only leave the config are their other half's. */
function byRole(machines: readonly MachinePlan[], roleOf: (name: string) => Role | undefined) {
  const found = new Map<Role, ActionClass>();
  for (const { name, role, state, action } of machines) {
    const key = roleOf(name) ?? role;
    if (state === "changes") found.set(key, mostFelt([found.get(key) ?? "none", action]));
  }
  return Object.fromEntries(found);
}

for (const { field, files, actions, others } of FIELD_ACTIONS) {
  const edits = EDITS[field] ?? [];
  test(`${field}: an edit brings what docs/actions.md says`, () => {
    assert.equal(edits.length === 0, field === "version", "it has edits");
    const results = edits.map((edit) => {
      const after = edited(edit);
      const inNodes = field.startsWith("nodes[]");
      const touched = new Set(
        Object.keys(edit).flatMap((path) => {
          const index = /^nodes\.(\d+)\./.exec(path)?.[1];
          return index === undefined ? [] : [after.nodes[Number(index)]?.name ?? ""];
        }),
      );
      const names = new Set(after.nodes.map(({ name }) => name));
      const all = planAfter(after).filter(({ name }) => names.has(name));
      return {
        own: inNodes ? all.filter(({ name }) => touched.has(name)) : all,
        rest: inNodes ? all.filter(({ name }) => !touched.has(name)) : [],
      };
    });
    const before = (name: string) => BEFORE.nodes.find((node) => node.name === name)?.role;
    const own = results.flatMap((result) => result.own);
    const rest = results.flatMap((result) => result.rest);
    assert.deepEqual(byRole(own, before), actions);
    assert.deepEqual(byRole(rest, before), others ?? {});
    if (files === "all") return;
    const paths = new Set([...own, ...rest].flatMap((machine) => machine.files.map(({ path }) => path)));
    paths.delete(NODE_PATHS.fileList);
    assert.deepEqual([...paths].toSorted(), [...files].toSorted());
  });
}
