// PyYAML, inside cloud-init and netplan, reads every YAML text back as the value that it was made from.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { type Cluster, ofRole } from "../../generator/model/cluster.ts";
import { userDataConfig } from "../../generator/render/cloud-init.ts";
import { renderCluster } from "../../generator/render/index.ts";
import { agentConfig, K3S_PATHS, serverConfig } from "../../generator/render/k3s.ts";
import { networkConfig } from "../../generator/render/network.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { toYaml } from "../../generator/render/yaml.ts";
import { character, type Draft, HOSTILE, REFUSED, validConfig } from "../support/arbitrary.ts";
import { clusterOf, fixturePath, TEMPLATES } from "../support/fixtures.ts";
import { readYamlsWithPython, requirePythonModule } from "../support/python.ts";

const needsPyYaml = { skip: requirePythonModule("yaml", "apt-get install python3-yaml") };
// Shrinking would start Python hundreds of times; the document in the message is small enough.
const seed = Date.now() % 2 ** 31;

interface Document {
  readonly where: string;
  readonly text: string;
  readonly value: unknown;
}

/** Fails with the first document that reads otherwise. All at once, because starting Python takes longer than reading. */
function assertReadBack(documents: readonly Document[]): void {
  const read = readYamlsWithPython(documents.map(({ text }) => text));
  assert.equal(read.length, documents.length);
  for (const [index, { where, value, text }] of documents.entries()) {
    assert.deepEqual(read[index], value, `seed ${seed}, ${where}:\n${text}`);
  }
}

/** What the first machine of each role gets; one of a kind, because PyYAML is slow. */
function documentsOf(cluster: Cluster): readonly Document[] {
  const rendered = renderCluster(cluster, TEMPLATES);
  return (["server", "agent", "loadbalancer"] as const).flatMap((role) => {
    const [node] = ofRole(cluster, role);
    if (!node) return [];
    const root = `nodes/${node.name}`;
    const document = (where: string, value: unknown): Document => {
      const text = rendered.get(`${root}/${where}`)?.text ?? assert.fail(`no ${where} for ${node.name}`);
      return { where: `${where} of ${role} ${node.name}`, text, value };
    };
    const files = nodeFiles(cluster, node, TEMPLATES);
    const meant = role === "server" ? serverConfig(cluster, node) : agentConfig(cluster, node);
    const [, digest = ""] = /^instance-id: \S+-([0-9a-f]{12})$/m.exec(document("meta-data", {}).text) ?? [];
    return [
      document("user-data", userDataConfig(cluster, node, files)),
      document("network-config", networkConfig(cluster, node)),
      document("meta-data", { "instance-id": `quorate-${node.name}-${digest}`, "local-hostname": node.name }),
      ...(role === "loadbalancer" ? [] : [document(`files${K3S_PATHS.config}`, meant)]),
    ];
  });
}

test("PyYAML reads what is rendered for any config as the values that were meant", needsPyYaml, () => {
  const configs = fc.sample(validConfig, { seed, numRuns: 25 });
  assertReadBack(configs.flatMap((config) => documentsOf(clusterOf(JSON.stringify(config)))));
});

test("PyYAML reads hostile text of a config as exactly that text", needsPyYaml, () => {
  const base: Draft = JSON.parse(readFileSync(fixturePath("agents-and-two-load-balancers"), "utf8"));
  const [key = ""] = base.access.authorizedKeys;
  const documents = HOSTILE.flatMap((text) => {
    const access = { ...base.access, authorizedKeys: [`${key} ${text}`] };
    const flags = { "pause-image": text, "kubelet-arg": [text, text] };
    const k3s = { ...base.k3s, serverConfig: flags, agentConfig: flags };
    const cluster = clusterOf(JSON.stringify({ ...base, access, k3s }));
    assert.deepEqual(cluster.k3s.serverConfig, flags);
    assert.deepEqual(cluster.access.authorizedKeys, access.authorizedKeys);
    return documentsOf(cluster);
  });
  // One kind of machine in full; the text stands in config.yaml and in user-data.
  assertReadBack(documents.filter(({ where }) => /^user-data of server|config\.yaml/.test(where)));
});

test("PyYAML reads any plain value back", needsPyYaml, () => {
  const text = fc.oneof(
    fc.constantFrom(...HOSTILE, ...REFUSED.filter((each) => each !== "\ud800")),
    fc.string({ unit: character }),
  );
  const several = fc
    .array(fc.oneof(text, fc.constantFrom("", " ", "\t", "# a", "- a")), { maxLength: 4 })
    .map((lines) => lines.join("\n"));
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  const map = { maxKeys: 4, noNullPrototype: true };
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      several,
      fc.oneof(fc.maxSafeInteger(), double, fc.constant(-0)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(text, tie("value"), map),
    ),
  }));
  const values = fc.sample(fc.oneof(fc.array(value), fc.dictionary(text, value, map)), {
    seed,
    numRuns: 1000,
  });
  assertReadBack(values.map((each) => ({ where: JSON.stringify(each), text: toYaml(each), value: each })));
});
