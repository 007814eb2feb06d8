// One mistake in a valid config gives its finding: for every code, a mistake that must lead to it, tried on random configs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { CODES, type Code } from "../generator/config/finding.ts";
import { parseConfig } from "../generator/config/parse.ts";
import { MANAGED_FLAGS } from "../generator/config/rules/k3s.ts";
import type { Role } from "../generator/model/cluster.ts";
import { type Draft, validConfig } from "./support/arbitrary.ts";
import { drop, put, toPath } from "./support/edit.ts";
import { fixturePath } from "./support/fixtures.ts";
import { assertWellFormed } from "./support/rendered.ts";

fc.configureGlobal({ includeErrorInReport: true });

const sample: Draft = JSON.parse(readFileSync(fixturePath("sample"), "utf8"));

type Any = <T>(items: readonly T[]) => T;
/** What to do to a valid config, or to its text; `any` picks one of a list. */
type Mistake = (config: Draft, any: Any) => unknown;
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
  "mac-invalid": [
    "nodes.0.mac",
    "|00:00:00:00:00:00|01:00:5e:00:00:01|52-54-00-12-34-56|52:54:00:12:34|gg:54:00:12:34:56|525400123456",
  ],
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
  "branch-invalid": [
    "state.branch",
    "|main|master|HEAD|-d|a b|a..b|.a|a/.b|a/|/a|a//b|a.|a.lock/b|@{u}|a~1|a:b|$(id)|refs/heads/a|é|0123456789abcdef0123456789abcdef01234567",
  ],
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
  "interface-missing": (config) =>
    withTwin(withTwin(config, { role: "loadbalancer" }), {
      name: "another-twin",
      role: "loadbalancer",
      mac: "52:54:00:12:34:56",
    }),
  "mirror-unverified": (config) => put(config, ["k3s", "artifacts"], { mirror: "http://mirror.lan/k3s" }),
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
