// What must hold in the files rendered for every valid config, tried on random ones. A failure prints the seed and the smallest config that shows it.
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type Cluster, firstServer, ofRole } from "../generator/model/cluster.ts";
import { publicText } from "../generator/model/files.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { nodeFiles } from "../generator/render/node-files.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { type Draft, validConfig } from "./support/arbitrary.ts";
import { QUICK_TEMPLATES as TEMPLATES } from "./support/fixtures.ts";
import {
  assertMeant,
  k3sConfig,
  readYaml,
  type Rendered,
  rendered,
  renderText,
  textOf,
} from "./support/rendered.ts";

fc.configureGlobal({ includeErrorInReport: true });

// One seed for all properties that take a config and nothing else, so that each config is rendered once.
const seed = Date.now() % 2 ** 31;

/** A test that the property holds for a hundred valid configs. */
function always(name: string, check: (made: Rendered, config: Draft) => void): void {
  test(name, () =>
    fc.assert(
      fc.property(validConfig, (config) => check(rendered(config), config)),
      { seed },
    ),
  );
}

always("a valid config has no error, and everything is rendered", ({ cluster, files }, config) => {
  assert.deepEqual(
    cluster.nodes.map(({ name, role, address }) => [name, role, address]),
    config.nodes.map(({ name, role, address }) => [name, role, address]),
  );
  const topLevel = ["README.md", "cluster.json", "verify.sh", ...(config.cluster.vip ? ["haproxy.cfg"] : [])];
  const paths = [...files.keys()];
  assert.deepEqual(paths.filter((path) => !path.includes("/")).toSorted(), topLevel.toSorted());
  for (const { name } of config.nodes) {
    for (const file of ["user-data", "meta-data", "network-config"]) {
      assert.ok(files.has(`nodes/${name}/${file}`), `${name} has no ${file}`);
    }
  }
});

test("Deterministic: the order of keys, white space and escapes in the file change no byte", () => {
  fc.assert(
    fc.property(validConfig, fc.gen(), fc.constantFrom(0, 2, "\t"), (config, gen, indent) => {
      const shuffle = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(shuffle);
        if (typeof value !== "object" || value === null) return value;
        const entries = Object.entries(value);
        const size = { minLength: entries.length, maxLength: entries.length };
        return Object.fromEntries(
          gen(fc.shuffledSubarray<[string, unknown]>, entries, size).map(([key, item]) => [
            key,
            shuffle(item),
          ]),
        );
      };
      const text = JSON.stringify(shuffle(config), null, indent).replace(/[^\t\n -~]/g, escaped);
      assert.deepEqual([...renderText(text).files], [...rendered(config).files]);
    }),
    { numRuns: 30 },
  );
});

always("Deterministic: the files come in code-unit order", ({ files }) => {
  const paths = [...files.keys()];
  assert.deepEqual(paths, paths.toSorted());
});

always(
  "Never two quorate clusters: one first server, and no rendered file founds a cluster",
  (made, config) => {
    const { cluster, files } = made;
    assert.equal(firstServer(cluster).name, config.nodes.find(({ role }) => role === "server")?.name);
    for (const node of cluster.nodes.filter(({ role }) => role !== "loadbalancer")) {
      const flags = k3sConfig(files, node);
      assert.equal(flags["server"], cluster.registration.url);
      assert.ok(!Object.keys(flags).some((key) => /^cluster-(init|reset)/.test(key)));
    }
  },
);

always(
  "every server is once in be_api, and the API certificate names each way to it once",
  (made, config) => {
    const { cluster, files } = made;
    const servers = ofRole(cluster, "server");
    if (config.cluster.vip !== undefined) {
      const text = textOf(files, "haproxy.cfg");
      const section = /^backend be_api\n((?:[ \t].*\n)*)/m.exec(text)?.[1] ?? "";
      const backends = [...section.matchAll(/^ +server (\S+) (\S+)$/gm)].map(([, name, address]) => [
        name,
        address,
      ]);
      assert.deepEqual(
        backends,
        servers.map(({ name, address }) => [name, `${address}:6443`]),
      );
      for (const { name } of ofRole(cluster, "loadbalancer")) {
        assert.equal(textOf(files, `nodes/${name}/files${NODE_PATHS.haproxy}`), text);
      }
    }
    const registration = config.cluster.vip ?? servers[0]?.address;
    assert.equal(cluster.registration.address, registration);
    const balancers = ofRole(cluster, "loadbalancer");
    const wanted = [...servers, ...balancers].map(({ address }) => address);
    for (const server of servers) {
      const names = k3sConfig(files, server)["tls-san"];
      assert.ok(Array.isArray(names));
      assert.equal(new Set(names).size, names.length, "a name is there twice");
      const { tlsSans = [] } = config.k3s;
      const { dnsName = [] } = config.cluster;
      const missing = [registration, wanted, tlsSans, dnsName].flat().filter((name) => !names.includes(name));
      assert.deepEqual(missing, []);
    }
  },
);

always("Secret-free: secrets are placeholders, and only a machine's own", ({ cluster, files }, config) => {
  const generations = cluster.generations;
  for (const [path, { text }] of files) {
    const marks = [...text.matchAll(/@@quorate:(?:secret:([a-z-]+(?:\/[a-z0-9-]+)?):([1-9]\d*)@@)?/g)];
    const allowed = allowedSecrets(cluster, /^nodes\/([^/]+)\//.exec(path)?.[1], generations);
    for (const [mark, name = "", generation] of marks) {
      if (path === "README.md") assert.equal(mark, "@@quorate:secret:agent-token:1@@");
      else assert.equal(Number(generation), allowed.get(name), `${path} holds ${mark}`);
    }
    const digests =
      path === "cluster.json"
        ? [...text.matchAll(/"sha256": "([0-9a-f]{64})"/g)].map(([, hex]) => hex)
        : [...text.matchAll(/^ *digest ([0-9a-f]{64})$/gm)].map(([, hex]) => hex);
    const published = new Set([...digests, config.k3s.artifacts?.installScriptSha256]);
    const tokens = text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi) ?? [];
    assert.deepEqual(
      tokens.filter((hex) => !published.has(hex)),
      [],
      path,
    );
    assert.doesNotMatch(text, /PRIVATE KEY|K10[0-9a-f]{64}/);
  }
});

/** Names of the secrets that a machine may hold, with their generations. Nothing outside of a machine's folder holds any. */
function allowedSecrets(cluster: Cluster, name: string | undefined, given: Cluster["generations"]) {
  const node = cluster.nodes.find((each) => each.name === name);
  if (!node) return new Map<string, number>();
  const others = ofRole(cluster, "server").filter((server) => node.role === "server" && server !== node);
  return new Map<string, number>([
    ...others.flatMap(
      (other) =>
        [
          [`peer-key/${node.name}`, given["ssh-host-key"]],
          [`peer-key-public/${other.name}`, given["ssh-host-key"]],
          [`ssh-host-key-public/${other.name}`, given["ssh-host-key"]],
        ] as const,
    ),
    [`ssh-host-key/${node.name}`, given["ssh-host-key"]],
    [`ssh-host-key-public/${node.name}`, given["ssh-host-key"]],
    ...(node.role === "loadbalancer" ? [] : ([[`node-password/${node.name}`, 1]] as const)),
    ...(node.role === "loadbalancer" ? [] : ([["agent-token", given["agent-token"]]] as const)),
    ...(node.role === "server" ? ([["server-token", given["server-token"]]] as const) : []),
  ]);
}

always("One truth: user-data, the node's files and the files/ tree say the same", ({ cluster, files }) => {
  const seen = new Set<string>();
  for (const node of cluster.nodes) {
    const root = `nodes/${node.name}/files`;
    const meant = nodeFiles(cluster, node, TEMPLATES).map(({ path, mode, content }) => {
      return { path, permissions: mode, content: publicText(content) };
    });
    const { write_files } = readYaml(textOf(files, `nodes/${node.name}/user-data`));
    assert.deepEqual(write_files, meant);
    const tree = [...files].filter(([path]) => path.startsWith(`${root}/`));
    assert.deepEqual(
      new Map(tree.map(([path, { text }]) => [path.slice(root.length), text])),
      new Map(meant.map(({ path, content }) => [path, content])),
    );
    for (const [path] of tree) seen.add(path);
  }
  assert.deepEqual(
    [...files.keys()].filter((path) => path.includes("/files/") && !seen.has(path)),
    [],
  );
});

always("every text is whole lines of printable text, and YAML has no blank at a line's end", ({ files }) => {
  for (const [path, { text }] of files) {
    assert.match(text, /[^\n]\n$/, `${path} must end with one line feed`);
    assert.doesNotMatch(text, /[^\P{Cc}\n]|[\ufeff\u2028\u2029]/u, path);
    assert.doesNotMatch(text, /[ \t]\n/, path);
  }
});

always("no path of a file leaves out/, and each is one on every system", ({ files }) => {
  const paths = [...files.keys()];
  assert.equal(new Set(paths.map((path) => path.toLowerCase())).size, paths.length);
  const folders = new Set(
    paths.flatMap((path) =>
      path
        .split("/")
        .slice(0, -1)
        .map((_, end, parts) => parts.slice(0, end + 1).join("/")),
    ),
  );
  for (const path of paths) {
    assert.match(path, /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/);
    assert.ok(!folders.has(path), `${path} is a file and a folder`);
    for (const part of path.split("/"))
      assert.doesNotMatch(part, /^(con|prn|aux|nul|(com|lpt)\d)(\.|$)|\.$/i, path);
  }
});

always("YAML, read again, and lines for a shell hold what the config says", ({ cluster, files }, config) => {
  assertMeant(cluster, files);
  for (const { name, role, address, labels = {}, taints = [] } of config.nodes) {
    if (role === "loadbalancer") continue;
    const flags = readYaml(textOf(files, `nodes/${name}/files${K3S_PATHS.config}`));
    const own = (role === "server" ? config.k3s.serverConfig : config.k3s.agentConfig) ?? {};
    assert.deepEqual(pick(flags, Object.keys(own)), own);
    assert.deepEqual([flags["node-name"], flags["node-ip"]], [name, address]);
    const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    assert.deepEqual(new Set((flags["node-label"] ?? []) as readonly string[]), new Set(pairs));
    assert.deepEqual(flags["node-taint"] ?? [], taints);
    const { users } = readYaml(textOf(files, `nodes/${name}/user-data`)) as { users: readonly object[] };
    assert.deepEqual(
      users.map((user) => pick(user, ["name", "ssh_authorized_keys"])),
      [{ name: config.access.user ?? "ops", ssh_authorized_keys: config.access.authorizedKeys }],
    );
  }
});

function pick(value: object, keys: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
