// What must hold for every config, tried on random ones. A failure prints the seed and the smallest config that shows it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import { load } from "js-yaml";
import { CODES, type Code, hasErrors } from "../generator/config/finding.ts";
import { type Parsed, parseConfig } from "../generator/config/parse.ts";
import { MANAGED_FLAGS } from "../generator/config/rules/k3s.ts";
import { type Cluster, firstServer, type Node, ofRole, type Role } from "../generator/model/cluster.ts";
import { type FileMap, publicText } from "../generator/model/files.ts";
import { userDataConfig } from "../generator/render/cloud-init.ts";
import { renderCluster } from "../generator/render/index.ts";
import { agentConfig, K3S_PATHS, serverConfig } from "../generator/render/k3s.ts";
import { networkConfig } from "../generator/render/network.ts";
import { nodeFiles } from "../generator/render/node-files.ts";
import { character, type Draft, HOSTILE, REFUSED, validConfig } from "./support/arbitrary.ts";
import { fixturePath, TEMPLATES } from "./support/fixtures.ts";
import { TEST_FOLDER } from "./support/golden.ts";

fc.configureGlobal({ includeErrorInReport: true });

interface Rendered {
  readonly cluster: Cluster;
  readonly files: FileMap;
}

// One seed for all properties that take a config and nothing else, so that each config is rendered once.
const seed = Date.now() % 2 ** 31;
const known = new Map<string, Rendered>();

function rendered(config: unknown): Rendered {
  const text = JSON.stringify(config);
  const made = known.get(text) ?? renderText(text);
  known.set(text, made);
  return made;
}

function renderText(text: string): Rendered {
  const { cluster, findings } = parseConfig(text);
  assert.ok(cluster, JSON.stringify(findings.filter(({ severity }) => severity === "error")));
  return { cluster, files: renderCluster(cluster, TEMPLATES) };
}

/** A test that the property holds for a hundred valid configs. */
function always(name: string, check: (made: Rendered, config: Draft) => void): void {
  test(name, () =>
    fc.assert(
      fc.property(validConfig, (config) => check(rendered(config), config)),
      { seed },
    ),
  );
}

// --- rendering ---

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
        assert.equal(textOf(files, `nodes/${name}/files/etc/haproxy/haproxy.cfg`), text);
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
      path === "cluster.json" ? [...text.matchAll(/"sha256": "([0-9a-f]{64})"/g)].map(([, hex]) => hex) : [];
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
  return new Map<string, number>([
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

/** Fails where a file says anything but the value it was made from. The reader here is js-yaml; PyYAML's turn is in contract/. */
function assertMeant(cluster: Cluster, files: FileMap): void {
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

// --- one mistake in a valid config gives its finding ---

type Any = <T>(items: readonly T[]) => T;
/** What to do to a valid config, or to its text; `any` picks one of a list. */
type Mistake = (config: Draft, any: Any) => unknown;
type Path = readonly (string | number)[];
/** Codes of what is wrong with the file before it is text: read, not parsed. */
type FileCode = Extract<Code, `config-${string}`>;

/** Where a string stands, and strings that are wrong there, apart by a bar. */
const WRONG_TEXTS = {
  "name-invalid": ["nodes.0.name cluster.name", "Server|a_b|-a|a-|a.b||é|a b"],
  "name-reserved": ["nodes.0.name", "localhost|gateway|kubernetes|con|nul|com1|lpt9"],
  "address-invalid": [
    "nodes.0.address network.gateway network.dns.0 cluster.vip",
    "192.168.001.1|fe80::1|256.1.1.1|10.0.0.1/24|10.1|0x7f.0.0.1|| 10.0.0.1|k3s.lan",
  ],
  "address-outside-subnet": ["nodes.0.address network.gateway", "8.8.8.8|223.255.255.1"],
  "mac-invalid": ["nodes.0.mac", "|52-54-00-12-34-56|52:54:00:12:34|gg:54:00:12:34:56|525400123456"],
  "interface-invalid": ["nodes.0.interface network.interface", "|eth 0|0eth|e234567890123456|eth0;id|../e|é"],
  "cidr-invalid": [
    "network.subnet k3s.clusterCidr k3s.serviceCidr",
    "10.9.0.0|10.9.0.0/33|fd00::/64|10.9.0.0/016|10.9.0/24||10.9.0.0/16/1",
  ],
  "dns-name-invalid": [
    "cluster.dnsName k3s.tlsSans.0",
    "K3s.lan|https://k3s.lan|k3s_.lan|k3s..lan|k3s.lan:6443|.lan||*.lan",
  ],
  "user-invalid": ["access.user", "root|sudo|Ops|1ops|o ps||é|-ops|a12345678901234567890123456789012"],
  "ssh-key-invalid": [
    "access.authorizedKeys.0",
    "|x|ssh-ed25519|ssh-ed25519 AAAA|ssh-dss AAAA|restrict ssh-rsa AAAA| ssh-ed25519 AAAA|ssh-rsa A",
  ],
  "label-invalid": ["nodes.0.labels.a", "a b|-|a-|é|a/b|$(id)"],
  "taint-invalid": [
    "nodes.0.taints.0",
    "|a|a=b|a:noschedule|=b:NoSchedule|a:NoExecute |a=b=c:NoExecute|a b:NoExecute",
  ],
  "k3s-version": ["k3s.version", "stable|latest|v1.36|1.36.4+k3s1|v1.36.4|v1.36.4+rke2r1|v1.36.4+k3s1'|"],
  "cron-invalid": [
    "k3s.snapshots.schedule",
    "@daily|* * * *|60 * * * *|* * * * * *|* * * * mon|5-1 * * * *|*/0 * * * *||$(id)",
  ],
  "url-invalid": [
    "k3s.artifacts.installScript k3s.artifacts.mirror",
    "|ftp://host/x|https://host/$(id)|https://host/a b|https://host/?a=b|host/x|https://'|https://host:99999",
  ],
  "sha256-invalid": ["k3s.artifacts.installScriptSha256", "|abc|ABCDEF|sha256:abc"],
  "wrong-value": [
    "os nodes.0.role nodes.0.disk k3s.flannelBackend k3s.disable.0 ingress.kind",
    "|SSD|Traefik|pi",
  ],
  "wrong-type": [
    "version network nodes.0 k3s.secretsEncryption rollout.drain ingress.ports secrets",
    "|1|true|x",
  ],
} as const satisfies Partial<Record<Code, readonly [places: string, texts: string]>>;

const MISTAKES: Readonly<Record<Exclude<Code, FileCode | keyof typeof WRONG_TEXTS>, Mistake>> = {
  "json-syntax": (config, any) => {
    const text = JSON.stringify(config);
    return any([
      text.slice(0, -1),
      `${text},`,
      text.replace(":", "="),
      `//\n${text}`,
      `${text.slice(0, -1)},}`,
    ]);
  },
  "json-depth": (config) => `{"deep":${"[".repeat(200)}${"]".repeat(200)},${JSON.stringify(config).slice(1)}`,
  "json-duplicate-key": (config) => `{"version":1,${JSON.stringify(config).slice(1)}`,
  "unknown-key": (config, any) => {
    const place = any([[], ["cluster"], ["network"], ["access"], ["k3s"], ["ingress"], ["nodes", 0]]);
    return put(
      config,
      [...place, any(["colour", "Name", "vips", "__proto__", "a.b/c~d", ""])],
      any([1, "x", {}]),
    );
  },
  "missing-key": (config, any) => {
    const sections = "version cluster network access k3s nodes cluster.name network.subnet network.gateway";
    const inside = "access.authorizedKeys k3s.version nodes.0.name nodes.0.role nodes.0.address";
    return drop(config, toPath(any(`${sections} ${inside}`.split(" "))));
  },
  "wrong-length": (config, any) => {
    const place = any(["nodes", "access.authorizedKeys", "network.dns", "k3s.serverConfig.debug"]);
    return any([put(config, toPath(place), []), put(config, ["cluster", "name"], "a".repeat(41))]);
  },
  "control-character": (config, any) =>
    withComment(config, any(["a\nb", "\t", "\0", "\u007f", "\u0085", "\r"])),
  "unsafe-text": (config, any) =>
    withComment(config, any(["\u2028", "\ufeff", "\u202e", "\ud800", "\udc00x", "@@quorate:x"])),
  "secret-in-config": (config, any) => {
    const tokens = [
      `K10${"a".repeat(64)}::server:x`,
      "b".repeat(64),
      `ghp_${"c".repeat(36)}`,
      `abcdef.${"0".repeat(16)}`,
    ];
    const secret = any([...tokens, "-----BEGIN OPENSSH PRIVATE KEY-----", "https://user:word@host"]);
    return any([withComment(config, secret), put(config, ["k3s", "serverConfig", "pause-image"], secret)]);
  },
  "name-duplicate": (config) => withTwin(config, { name: config.nodes[0]?.name }),
  "address-duplicate": (config, any) =>
    withTwin(config, { address: any([config.network.gateway, config.nodes[0]?.address]) }),
  "address-not-usable": (config) => withTwin(config, { address: config.network.subnet.split("/")[0] }),
  "mac-duplicate": (config) =>
    withTwin(put(config, ["nodes", 0, "mac"], "52:54:00:ab:cd:ef"), { mac: "52:54:00:AB:cd:ef" }),
  "cidr-host-bits": (config) =>
    put(config, ["network", "subnet"], `${config.network.gateway}/${config.network.subnet.split("/")[1]}`),
  "cidr-overlap": (config, any) =>
    put(config, ["k3s", any(["clusterCidr", "serviceCidr"])], config.network.subnet),
  "cidr-too-small": (config, any) =>
    any([
      put(config, ["k3s", "clusterCidr"], "172.31.255.0/25"),
      put(config, ["k3s", "serviceCidr"], any(["10.127.255.0/29", "10.0.0.0/11"])),
    ]),
  "ssh-key-duplicate": (config) => {
    const { authorizedKeys } = config.access;
    const again = `${authorizedKeys[0]?.split(" ").slice(0, 2).join(" ")} another comment`;
    return put(config, ["access", "authorizedKeys"], [...authorizedKeys, again]);
  },
  "no-server": (config) => withTwin(without(config, "server"), { role: "agent" }),
  "server-count-even": (config) => withTwin(config, { role: "server" }),
  "vip-missing": (config) => withTwin(drop(config, ["cluster", "vip"]), { role: "loadbalancer" }),
  "vip-without-load-balancer": (config) =>
    put(without(config, "loadbalancer"), ["cluster", "vip"], config.cluster.vip ?? config.network.gateway),
  "ingress-unplaced": (config, any) => {
    const taints = [
      any(["a=x:NoExecute", "a:NoSchedule", "node-role.kubernetes.io/control-plane:NoExecute"]),
    ];
    const nodes = config.nodes.map((each) => (each.role === "loadbalancer" ? each : { ...each, taints }));
    return put(put(config, ["nodes"], nodes), ["ingress", "kind"], "traefik");
  },
  "ingress-needs-servicelb": (config) =>
    put(put(config, ["k3s", "disable"], ["servicelb"]), ["ingress", "kind"], "traefik"),
  "agent-field-on-load-balancer": (config, any) =>
    withTwin(config, {
      role: "loadbalancer",
      ...any([{ labels: { a: "b" } }, { taints: ["a:NoSchedule"] }]),
    }),
  "label-reserved": (config, any) => {
    const keys = "node-role.kubernetes.io/worker kubernetes.io/x x.k8s.io/y topology.kubernetes.io/rack";
    return put(config, ["nodes", 0, "labels", any(keys.split(" "))], "x");
  },
  "taint-duplicate": (config, any) =>
    put(config, ["nodes", 0, "taints"], ["a=b:NoSchedule", any(["a:NoSchedule", "a=c:NoSchedule"])]),
  "managed-key": (config, any) => {
    const flag = `${any(Object.keys(MANAGED_FLAGS))}${any(["", "+"])}`;
    return put(config, ["k3s", any(["serverConfig", "agentConfig"]), flag], any(["x", true, ["x"]]));
  },
  "unknown-agent-flag": (config, any) => {
    const flags = "no-such-flag kubelet-args kube-apiserver-arg constructor y";
    return put(config, ["k3s", "agentConfig", any(flags.split(" "))], "x");
  },
  "traefik-disabled": (config) => put(config, ["k3s", "disable"], ["traefik"]),
  "port-conflict": (config, any) =>
    put(config, ["loadBalancer", "statusPort"], any([22, config.loadBalancer.apiPort ?? 6443])),
  "unknown-server-flag": (config, any) => {
    const flags = "no-such-flag constructor y disable-apiserver-lb";
    return put(config, ["k3s", "serverConfig", any(flags.split(" "))], "x");
  },
  "single-server": (config) => withTwin(without(config, "server"), { role: "server" }),
  "no-load-balancer": (config) => drop(without(config, "loadbalancer"), ["cluster", "vip"]),
  "single-load-balancer": (config) => withTwin(without(config, "loadbalancer"), { role: "loadbalancer" }),
  "server-on-sd": (config) => withTwin(config, { role: "server", disk: "sd" }),
  "sample-ssh-key": (config) => put(config, ["access", "authorizedKeys", 0], sample.access.authorizedKeys[0]),
  "install-script-unpinned": (config) =>
    put(config, ["k3s", "artifacts"], { installScript: "http://mirror.lan/install.sh" }),
  "sample-addresses": (config) =>
    put(put(config, ["nodes"], sample.nodes), ["cluster", "vip"], sample.cluster.vip),
  "snapshots-stay-on-node": (config) => config,
};

const wrongTexts = Object.entries(WRONG_TEXTS).map(([code, [places, texts]]) => {
  const mistake: Mistake = (config, any) =>
    put(config, toPath(any(places.split(" "))), any(texts.split("|")));
  return [code, mistake] as const;
});

for (const [code, mistake] of [...wrongTexts, ...Object.entries(MISTAKES)]) {
  test(`one mistake gives ${code}`, () => {
    const check = (config: Draft, choices: readonly number[]) => {
      let choice = 0;
      const any: Any = (items) =>
        items[(choices[choice++] ?? 0) % items.length] ?? assert.fail("an empty list");
      const made = mistake(config, any);
      const text = typeof made === "string" ? made : JSON.stringify(made);
      const parsed = parseConfig(text);
      assertWellFormed(parsed, text);
      const found = parsed.findings.map((each) => each.code as string);
      assert.ok(found.includes(code), `found instead of ${code}: ${found.join(", ")} in ${text}`);
      if (CODES[code as Code] === "error") assert.equal(parsed.cluster, undefined);
    };
    fc.assert(fc.property(validConfig, fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), check), {
      numRuns: 10,
    });
  });
}

/** Either a Cluster or an error; each finding names a place in the text, what must hold and what to do. */
function assertWellFormed({ cluster, findings, spanOf }: Parsed, text: string): void {
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

function toPath(text: string): Path {
  return text.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** A copy with another value at a path, which is made where it is not there. */
function put(config: Draft, path: Path, value: unknown): Draft {
  return putAll(config, [path], () => value);
}

/** A copy with other values at all of the paths. */
function putAll(config: Draft, paths: readonly Path[], valueOf: (path: Path) => unknown): Draft {
  const copy = structuredClone(config);
  for (const path of paths) {
    let place = copy as unknown as Record<string | number, unknown>;
    for (const [index, step] of path.slice(0, -1).entries()) {
      place[step] ??= typeof path[index + 1] === "number" ? [] : {};
      place = place[step] as Record<string | number, unknown>;
    }
    // Not by assignment, which takes __proto__ for something else than a key.
    const property = { value: valueOf(path), enumerable: true, configurable: true, writable: true };
    Object.defineProperty(place, path.at(-1) ?? "", property);
  }
  return copy;
}

function drop(config: Draft, path: Path): Draft {
  const copy = structuredClone(config);
  Reflect.deleteProperty(valueAt(copy, path.slice(0, -1)) as object, path.at(-1) ?? "");
  return copy;
}

/** A copy with one more machine, an agent if the fields do not say otherwise. */
function withTwin(config: Draft, fields: object): Draft {
  const twin = { name: "a-twin", role: "agent", address: "8.8.8.8", ...fields };
  return put(config, ["nodes", config.nodes.length], twin);
}

/** A copy with no machine of that role. */
function without(config: Draft, role: Role): Draft {
  return put(
    config,
    ["nodes"],
    config.nodes.filter((each) => each.role !== role),
  );
}

/** A copy with a text at the end of the first SSH key's comment. */
function withComment(config: Draft, text: string): Draft {
  return put(config, ["access", "authorizedKeys", 0], `${config.access.authorizedKeys[0]} ${text}`);
}

// --- text that is hostile stays text ---

const sample: Draft = JSON.parse(readFileSync(fixturePath("sample"), "utf8"));

const full: Draft = JSON.parse(readFileSync(fixturePath("everything-set"), "utf8"));
const few = full.nodes.filter(({ name }) => /^(server-3|agent-2|lb-.)$/.test(name));
const base = put(
  put(put(full, ["nodes"], few), ["nodes", 0, "disk"], "ssd"),
  ["k3s", "agentConfig", "pause-image"],
  "example.org/pause:3",
);
const positions = stringsOf(base);

test("the config of the tests below has every string position and every object of the schema", () => {
  const schema: SchemaNode = JSON.parse(
    readFileSync(join(TEST_FOLDER, "..", "generator", "config", "cluster.schema.json"), "utf8"),
  );
  const wanted = schemaStrings(schema, "");
  assert.ok(wanted.length > 30, wanted.join(" "));
  const there = new Set(positions.map(generic));
  assert.deepEqual(
    wanted.filter((path) => !there.has(path)),
    [],
  );
});

// Any text may stand here; behind the key in an SSH key's line.
const FREE = /^(\$schema|access\.authorizedKeys\[\]|k3s\.(server|agent)Config\.\*(\[\])?)$/;
// A wrong value here keeps the rules from looking at the rest, so these have a turn of their own.
const CHOICE = /(^|\.)(os|role|disk|kind|flannelBackend|disable\[\])$/;
const places = [...new Map(positions.map((path) => [generic(path), path]))];
const unchanged = scripts(renderText(JSON.stringify(base)).files);

test("hostile text where any text may stand is exactly that text in what is written, and nowhere else", () => {
  const free = places.filter(([where]) => FREE.test(where));
  assert.equal(free.length, 6);
  for (const hostile of HOSTILE) {
    const given = free.map(([where, path]) => {
      return { path, text: where.startsWith("access") ? `${valueAt(base, path)} ${hostile}` : hostile };
    });
    const { cluster, files } = renderText(
      JSON.stringify(given.reduce((draft, { path, text }) => put(draft, path, text), base)),
    );
    for (const { path, text } of given) {
      if (path[0] !== "$schema") assert.equal(valueAt(cluster, path), text);
    }
    assertMeant(cluster, files);
    assert.deepEqual(scripts(files), unchanged, hostile);
  }
});

test("hostile text in any other string is refused, or means nothing to any reader", () => {
  let count = 0;
  for (const hostile of [...HOSTILE, ...REFUSED]) {
    for (const append of [false, true]) {
      const textAt = (path: Path) => `${append ? valueAt(base, path) : ""}${hostile}`;
      const refused = (some: typeof places) => {
        const { findings } = parsedWith(some, textAt).parsed;
        const errors = findings.filter(({ code }) => CODES[code] === "error" && !code.endsWith("-duplicate"));
        return errors.map(({ path }) => JSON.stringify(path));
      };
      const others = places.filter(([where]) => REFUSED.includes(hostile) || !FREE.test(where));
      const together = new Set([
        ...refused(others.filter(([where]) => CHOICE.test(where))),
        ...refused(others.filter(([where]) => !CHOICE.test(where))),
      ]);
      const accepted = others
        .filter(([, path]) => textAt(path) !== valueAt(base, path) && !together.has(JSON.stringify(path)))
        .filter((place) => parsedWith([place], textAt).parsed.cluster);
      if (accepted.length === 0) continue;
      count += accepted.length;
      const { source } = parsedWith(accepted, textAt);
      assert.ok(!REFUSED.includes(hostile), source);
      const { cluster, files } = renderText(source);
      assertMeant(cluster, files);
      // Characters that mean nothing to a shell, HAProxy or Markdown. In a URL % and ~ too: it stands in single quotes.
      const inUrl = accepted.every(([where]) => where.startsWith("k3s.artifacts"));
      if (!(inUrl ? /^[\w./:%~-]*$/ : /^[\w./:-]*$/).test(hostile))
        assert.deepEqual(scripts(files), unchanged, source);
    }
  }
  assert.ok(count > 50, `only ${count} texts were accepted`);
});

function parsedWith(some: typeof places, textAt: (path: Path) => string) {
  const paths = some.map(([, path]) => path);
  const source = JSON.stringify(putAll(base, paths, textAt));
  const parsed = parseConfig(source);
  assertWellFormed(parsed, source);
  return { parsed, source };
}

test("a hostile key is refused, or stays exactly that key", () => {
  const keys = [...HOSTILE, ...REFUSED, "__proto__", "toString", `x${"-y".repeat(1000)}`];
  const sections =
    "cluster network access k3s k3s.snapshots k3s.artifacts ingress secrets.generations nodes.0";
  const maps = "k3s.serverConfig k3s.agentConfig nodes.0.labels";
  const accepted = [[], ...`${sections} ${maps}`.split(" ").map(toPath)].flatMap((place) => {
    const withKeys = (some: readonly string[]) => {
      const paths = some.map((key) => [...place, key]);
      return JSON.stringify(putAll(base, paths, () => "x"));
    };
    const source = withKeys(keys);
    const parsed = parseConfig(source);
    assertWellFormed(parsed, source);
    const errors = parsed.findings.filter(({ severity }) => severity === "error");
    const refused = new Set(errors.map(({ path }) => path.at(-1)));
    const left = keys.filter((key) => !refused.has(key));
    const { cluster, files } = renderText(withKeys(left));
    assertMeant(cluster, files);
    if (left.length > 0) assert.ok(left.every((key) => valueAt(cluster, [...place, key]) === "x"));
    return left;
  });
  assert.ok(accepted.length > 10, `only ${accepted.length} keys were accepted`);
  assert.deepEqual(
    accepted.filter((key) => REFUSED.includes(key)),
    [],
  );
});

/** The files in which text is more than text. */
function scripts(files: FileMap): readonly (readonly [string, string])[] {
  return [...files]
    .filter(([path]) =>
      /(verify\.sh|README\.md|haproxy\.cfg|keepalived\.conf|k3s-install\.env|haproxy\.service\.d\/.*)$/.test(
        path,
      ),
    )
    .map(([path, { text }]) => [path, text]);
}

interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode | readonly SchemaNode[];
}

/** Paths at which the schema takes a string: `nodes[].name`, `k3s.serverConfig.*`. */
function schemaStrings(schema: SchemaNode, path: string): readonly string[] {
  const below = (step: string) => (path === "" ? step : `${path}.${step}`);
  const own =
    [schema.type ?? []].flat().includes("string") || schema.enum?.some((value) => typeof value === "string");
  const more = [...Object.values(schema.patternProperties ?? {}), schema.additionalProperties];
  return [
    ...(own ? [path] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, child]) => schemaStrings(child, below(key))),
    ...more.flatMap((child) => (typeof child === "object" ? schemaStrings(child, below("*")) : [])),
    ...[schema.items ?? []].flat().flatMap((child) => schemaStrings(child, `${path}[]`)),
  ];
}

/** Where the strings of a value are. */
function stringsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  const entries: (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([key, item]) => stringsOf(item, [...path, key]));
}

function generic(path: Path): string {
  const free = (index: number) => /^(serverConfig|agentConfig|labels)$/.test(String(path[index - 1]));
  const steps = path.map((step, index) =>
    typeof step === "number" ? "[]" : free(index) ? ".*" : `.${step}`,
  );
  return steps.join("").replace(/^\./, "");
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], value);
}

// --- any input at all ---

test("any JSON value gives findings", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.object({ key: fc.constantFrom(...Object.keys(full), "__proto__") })),
      (value) => {
        const text = JSON.stringify(value);
        const parsed = parseConfig(text);
        assertWellFormed(parsed, text);
        assert.equal(parsed.cluster, undefined);
      },
    ),
    { numRuns: 300 },
  );
});

test("a config with any JSON value at any place gives findings, or a cluster that can be rendered", () => {
  const replacement = fc.tuple(fc.nat(), fc.nat(3), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.constantFrom(base, sample),
      fc.array(replacement, { minLength: 1, maxLength: 3 }),
      (config, all) => {
        const changed = all.reduce((draft, [at, up, value]) => {
          const places = stringsOf(draft);
          const path = places[at % Math.max(1, places.length)] ?? [];
          return put(draft, path.length > up ? path.slice(0, path.length - up) : path.slice(0, 1), value);
        }, config);
        const text = JSON.stringify(changed);
        const parsed = parseConfig(text);
        assertWellFormed(parsed, text);
        if (parsed.cluster) assertMeant(parsed.cluster, renderCluster(parsed.cluster, TEMPLATES));
      },
    ),
    { numRuns: 500 },
  );
});

test("any text, and a config cut or changed at any place, gives findings or a cluster", () => {
  const text = JSON.stringify(base, null, 2);
  const pieces = [
    "",
    "\t",
    "\r",
    "\n",
    ",",
    "}",
    "]",
    '"',
    "'",
    "\\",
    "//",
    "#",
    "-",
    "01",
    "1.",
    "NaN",
    "\u00a0",
    "\ufeff",
    "\\u12",
  ];
  const changed = fc
    .tuple(
      fc.nat(text.length),
      fc.nat(5),
      fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: character, maxLength: 3 })),
    )
    .map(([at, gap, inserted]) => text.slice(0, at) + inserted + text.slice(at + gap));
  const cut = fc.nat(text.length).map((at) => text.slice(0, at));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: character }), fc.string(), changed, cut), (any) => {
      const parsed = parseConfig(any);
      assertWellFormed(parsed, any);
      const refused = parsed.findings.some(({ code }) => code === "json-syntax" || code === "json-depth");
      assert.equal(refused, !isJson(any));
    }),
    { numRuns: 1000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// --- reading what was rendered ---

function textOf(files: FileMap, path: string): string {
  const file = files.get(path);
  assert.ok(file, `${path} is missing`);
  return file.text;
}

const yaml = new Map<string, Readonly<Record<string, unknown>>>();

function readYaml(text: string): Readonly<Record<string, unknown>> {
  const value = yaml.get(text) ?? (load(text) as Readonly<Record<string, unknown>>);
  yaml.set(text, value);
  return value;
}

function k3sConfig(files: FileMap, node: Node): Readonly<Record<string, unknown>> {
  return readYaml(textOf(files, `nodes/${node.name}/files${K3S_PATHS.config}`));
}

/** As JSON has it: without frozen or shared parts, which comparing would see. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
