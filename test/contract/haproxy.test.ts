// The real HAProxy judges haproxy.cfg, and a table of rules speaks for the versions that are not installed here.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Cluster, ingressNodes, ofRole } from "../../generator/model/cluster.ts";
import { haproxyConfig } from "../../generator/render/haproxy.ts";
import {
  clusterOf,
  FIXTURES,
  fixtureCluster,
  fixturePath,
  renderFixture,
  TEMPLATES,
} from "../support/fixtures.ts";
import { parseHaproxy, sectionOf, serversOf } from "../support/haproxy-config.ts";
import { RULES, smallConfig, VERSIONS } from "../support/haproxy-rules.ts";
import { LONG_NAMES, MANY_NODES } from "../support/many-nodes.ts";
import { scratch } from "../support/scratch.ts";
import { missing, requireTool, type Run, runTool } from "../support/tools.ts";

const noHaproxy = requireTool("haproxy", "apt-get install haproxy");
const needsHaproxy = { skip: noHaproxy };
const fixtures = FIXTURES.map((name) => ({ name, cluster: fixtureCluster(name) })).filter(
  ({ cluster }) => ofRole(cluster, "loadbalancer").length > 0,
);
const config = (cluster: Cluster) => haproxyConfig(cluster, TEMPLATES);
const withoutIngress = clusterOf(
  readFileSync(fixturePath("sample"), "utf8").replace(
    '"nodes": [',
    '"ingress": { "kind": "none" },\n  "nodes": [',
  ),
);
const configs = [
  ...fixtures,
  { name: "no ingress", cluster: withoutIngress },
  { name: "300 ingress nodes", cluster: MANY_NODES },
  { name: "100 long names", cluster: LONG_NAMES },
].map(({ name, cluster }) => ({ name, text: config(cluster) }));

test("haproxy -c accepts every config, and warnings count as errors", needsHaproxy, (t) => {
  assert.ok(fixtures.length >= 4);
  const state = join(scratch(t), "server-state");
  writeFileSync(state, "1\n");
  for (const { name, text } of configs) {
    const [before, after, ...more] = text.split("/run/haproxy/server-state");
    assert.ok(before !== undefined && after !== undefined && more.length === 0, name);
    const { status, stdout, stderr } = judge(t, before + state + after);
    assert.deepEqual(
      { status, stderr, stdout },
      { status: 0, stderr: "", stdout: "Configuration file is valid\n" },
      name,
    );
  }
});

test("every load balancer carries the same haproxy.cfg, which is also in out/", () => {
  for (const { name, cluster } of fixtures) {
    const files = renderFixture(name);
    const top = files.get("haproxy.cfg")?.text;
    assert.equal(top, config(cluster), name);
    for (const balancer of ofRole(cluster, "loadbalancer")) {
      assert.equal(
        files.get(`nodes/${balancer.name}/files/etc/quorate/haproxy.cfg`)?.text,
        top,
        `${name}: ${balancer.name}`,
      );
    }
  }
});

test("each server is once in be_api, each ingress node once in be_http and be_https, tracked by its own name", () => {
  for (const { name, cluster } of [...fixtures, { name: "crowded", cluster: MANY_NODES }]) {
    const sections = parseHaproxy(config(cluster));
    const nodes = cluster.nodes.filter((node) => ingressNodes(cluster).includes(node.name));
    assert.ok(nodes.length > 0, name);
    const lines = (backend: string) => serversOf(sectionOf(sections, backend));
    assert.deepEqual(
      lines("be_api"),
      ofRole(cluster, "server").map((node) => `${node.name} ${node.address}:6443`),
      name,
    );
    assert.deepEqual(
      lines("be_http"),
      nodes.map((node) => `${node.name} ${node.address}:80`),
      name,
    );
    const tracked = nodes.map((node) => `${node.name} ${node.address}:443 track be_http/${node.name}`);
    assert.deepEqual(lines("be_https"), tracked, name);
  }
});

test("without an ingress there is no section of it", () => {
  const names = parseHaproxy(config(withoutIngress)).map(({ kind, name }) => `${kind} ${name}`.trim());
  assert.deepEqual(names, [
    "global",
    "defaults l4",
    "frontend fe_api",
    "backend be_api",
    "defaults l7",
    "frontend fe_status",
  ]);
});

test("the frontends' parts never add up to more than HAProxy takes at a time", () => {
  for (const { name, text } of configs) {
    const limits = parseHaproxy(text).flatMap(({ kind, lines }) =>
      lines.flatMap(
        (line) =>
          /^(?:bind .*)?maxconn (\d+)$/
            .exec(line)
            ?.slice(1)
            .map((limit) => ({ kind, limit: Number(limit) })) ?? [],
      ),
    );
    const sum = (wanted: (kind: string) => boolean) =>
      limits.filter(({ kind }) => wanted(kind)).reduce((total, { limit }) => total + limit, 0);
    assert.equal(
      sum((kind) => kind === "frontend"),
      sum((kind) => kind === "global"),
      name,
    );
    assert.ok(
      limits.every(({ limit }) => limit > 0),
      name,
    );
  }
});

test("nothing that any HAProxy from 2.4 to 3.4 refuses or warns about", () => {
  for (const { name, text } of configs) {
    const sections = parseHaproxy(text);
    for (const rule of RULES) assert.deepEqual(rule.offences(sections), [], `${name}: ${rule.name}`);
  }
});

test("each rule fires on its own example and on no other", () => {
  for (const { example } of [{ example: smallConfig({}) }, ...RULES]) {
    const sections = parseHaproxy(example);
    const fired = RULES.filter((rule) => rule.offences(sections).length > 0);
    assert.deepEqual(
      fired,
      RULES.filter((rule) => rule.example === example),
      example,
    );
  }
});

const installed = noHaproxy ? "" : /version (\d+\.\d+)/.exec(runTool("haproxy", ["-v"]).stdout)?.[1];
const position = VERSIONS.findIndex((version) => version === installed);
const unknown =
  position < 0 && missing(`HAProxy ${installed} in the table of rules`, `one of ${VERSIONS.join(", ")}`);

test(
  "the installed HAProxy refuses exactly the examples that the table says",
  { skip: noHaproxy || unknown },
  (t) => {
    assert.equal(judge(t, smallConfig({})).status, 0);
    for (const { name, from, to, example } of RULES) {
      const refused = VERSIONS.indexOf(from) <= position && position <= VERSIONS.indexOf(to);
      const { status, stderr } = judge(t, example);
      assert.equal(status !== 0, refused, `${name}: ${stderr}`);
    }
  },
);

/** What `haproxy -c` says of a text, warnings being fatal. */
function judge(t: TestContext, text: string): Run {
  const file = join(scratch(t), "haproxy.cfg");
  writeFileSync(file, text);
  return runTool("haproxy", ["-dW", "-c", "-f", file]);
}
