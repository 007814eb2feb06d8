// The valid configs under test/fixtures, read and rendered.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "../../generator/config/parse.ts";
import type { Cluster } from "../../generator/model/cluster.ts";
import type { FileMap } from "../../generator/model/files.ts";
import { renderCluster } from "../../generator/render/index.ts";
import type { Templates } from "../../generator/render/template.ts";
import { readTemplates } from "../../generator/templates/read.ts";
import { TEST_FOLDER } from "./golden.ts";

/** Names of the fixtures, each a folder with a cluster.config.json: what else is needed by a test may lie beside them. */
export const FIXTURES: readonly string[] = readdirSync(join(TEST_FOLDER, "fixtures"))
  .filter((name) => existsSync(fixturePath(name)))
  .toSorted();

/** The path of a fixture's config. */
export function fixturePath(name: string): string {
  return join(TEST_FOLDER, "fixtures", name, "cluster.config.json");
}

/** The fixture as a Cluster; fails the test where it has an error. */
export function fixtureCluster(name: string): Cluster {
  return clusterOf(readFileSync(fixturePath(name), "utf8"));
}

/** A config's text as a Cluster; fails the test where it has an error. */
export function clusterOf(text: string): Cluster {
  const { cluster, findings } = parseConfig(text);
  assert.ok(cluster, JSON.stringify(findings));
  return cluster;
}

export const TEMPLATES = readTemplates();

/**
 * The same with a node program of one line: for tests that render thousands of clusters. The real one is in every fixture,
 * golden and contract test.
 */
export const QUICK_TEMPLATES: Templates = {
  ...TEMPLATES,
  "quorate-node.sh": "#!/bin/sh\nexit <%= it.keys.length %>\n",
};

/** Every file of out/ for a fixture. */
export function renderFixture(name: string): FileMap {
  return renderCluster(fixtureCluster(name), TEMPLATES);
}
