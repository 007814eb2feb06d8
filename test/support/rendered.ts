// A random or changed config on its way to findings or files, and the checks that every one of them passes.
import assert from "node:assert/strict";
import { load } from "js-yaml";
import { hasErrors } from "../../generator/config/finding.ts";
import { type Parsed, parseConfig } from "../../generator/config/parse.ts";
import type { Cluster, Node } from "../../generator/model/cluster.ts";
import type { FileMap } from "../../generator/model/files.ts";
import { userDataConfig } from "../../generator/render/cloud-init.ts";
import { renderCluster } from "../../generator/render/index.ts";
import { agentConfig, K3S_PATHS, serverConfig } from "../../generator/render/k3s.ts";
import { networkConfig } from "../../generator/render/network.ts";
import { nodeFiles } from "../../generator/render/node-files.ts";
import { QUICK_TEMPLATES as TEMPLATES } from "./fixtures.ts";

export interface Rendered {
  readonly cluster: Cluster;
  readonly files: FileMap;
}

const known = new Map<string, Rendered>();

/** The files of a valid config; each config is rendered once. */
export function rendered(config: unknown): Rendered {
  const text = JSON.stringify(config);
  const made = known.get(text) ?? renderText(text);
  known.set(text, made);
  return made;
}

/** The files of a config's text; fails the test where it has an error. */
export function renderText(text: string): Rendered {
  const { cluster, findings } = parseConfig(text);
  assert.ok(cluster, JSON.stringify(findings.filter(({ severity }) => severity === "error")));
  return { cluster, files: renderCluster(cluster, TEMPLATES) };
}

/** Either a Cluster or an error; each finding names a place in the text, what must hold and what to do. */
export function assertWellFormed({ cluster, findings, spanOf }: Parsed, text: string): void {
  assert.equal(cluster === undefined, hasErrors(findings));
  for (const { path, onKey, span: exact, message, hint } of findings) {
    const { offset, length } = exact ?? spanOf(path, onKey);
    assert.ok(
      offset >= 0 && length >= 0 && offset + length <= text.length,
      `no place for ${JSON.stringify(path)}`,
    );
    assert.ok(message.length > 10 && hint.length > 5, `${message}: ${hint}`);
    assert.doesNotMatch(message + hint, /\bundefined\b|\[object /);
  }
}

/** Fails where a file says anything but the value it was made from. The reader here is js-yaml; PyYAML's turn is in contract/. */
export function assertMeant(cluster: Cluster, files: FileMap): void {
  for (const node of cluster.nodes) {
    const root = `nodes/${node.name}`;
    const onDisk = nodeFiles(cluster, node, TEMPLATES);
    assert.deepEqual(
      readYaml(textOf(files, `${root}/user-data`)),
      plain(userDataConfig(cluster, node, onDisk)),
    );
    assert.deepEqual(readYaml(textOf(files, `${root}/network-config`)), plain(networkConfig(cluster, node)));
    if (node.role === "loadbalancer") continue;
    const meant = node.role === "server" ? serverConfig(cluster, node) : agentConfig(cluster, node);
    assert.deepEqual(k3sConfig(files, node), plain(meant));
    const lines = textOf(files, `${root}/files${K3S_PATHS.installEnvironment}`).replace(/^#.*\n/, "");
    assert.match(lines, /^([A-Z0-9_]+='[^'\n]*'\n)+$/);
    const { version, artifacts } = cluster.k3s;
    for (const value of [version, artifacts.installScript, artifacts.mirror])
      assert.ok(lines.includes(`='${value}'\n`));
  }
}

export function textOf(files: FileMap, path: string): string {
  const file = files.get(path);
  assert.ok(file, `${path} is missing`);
  return file.text;
}

const yaml = new Map<string, Readonly<Record<string, unknown>>>();

export function readYaml(text: string): Readonly<Record<string, unknown>> {
  const value = yaml.get(text) ?? (load(text) as Readonly<Record<string, unknown>>);
  yaml.set(text, value);
  return value;
}

export function k3sConfig(files: FileMap, node: Node): Readonly<Record<string, unknown>> {
  return readYaml(textOf(files, `nodes/${node.name}/files${K3S_PATHS.config}`));
}

/** As JSON has it: without frozen or shared parts, which comparing would see. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
