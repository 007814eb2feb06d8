// Arbitrary valid values of cluster.config.json, and the strings that no reader downstream may take for more than text.
import fc from "fast-check";
import { K3S_AGENT_FLAGS, K3S_SERVER_FLAGS } from "../../generator/config/k3s-flags.ts";
import { MANAGED_FLAGS } from "../../generator/config/rules/k3s.ts";
import { isSecretName } from "../../generator/config/secret-like.ts";
import type { Role } from "../../generator/model/cluster.ts";
import { cidrIn, lan, LAN_POOLS, toAddress } from "./networks.ts";

const SHELL =
  "$(id)¦`id`¦${IFS}¦;id¦&&id¦|id¦>/etc/x¦\\¦\\'¦'¦\"¦'\"'\"'¦'; reboot; '¦\"; reboot; \"¦<script>¦../../etc/passwd";
const TEMPLATES = "<%=1%>¦<%= 1 %>¦<%-1%>¦{{x}}¦{{ x }}¦{% x %}¦%{x}¦%[env(HOME)]¦%h¦]]>";
const YAML =
  "-¦?¦:¦#¦!¦&¦*¦@¦%¦,¦[¦]¦{¦}¦|¦>¦~¦=¦<<¦---¦...¦!!python/object x:¦x: y¦&a b¦*a¦#cloud-config¦%TAG¦¦ ¦ a¦a ¦a #b¦- a¦? a¦--- a";
const YAML_WORDS =
  "null¦yes¦No¦on¦OFF¦y¦n¦true¦0640¦0x1F¦1_000¦12:30¦190:20:30¦1e3¦1.5¦.inf¦.NaN¦2024-01-01¦-0¦52:54:00:12:34:56";
const UNICODE = "é¦日本語¦👩‍👩‍👧‍👦¦e\u0301¦\u{10ffff}¦𝔘";

/** What a shell, a template engine, YAML 1.1 or a person's eye could take for more than text. */
export const HOSTILE: readonly string[] = [SHELL, TEMPLATES, YAML, YAML_WORDS, UNICODE]
  .flatMap((texts) => texts.split("¦"))
  .concat("x".repeat(3000), "👾 ".repeat(600));

/** What the config refuses in every string. */
export const REFUSED: readonly string[] =
  "\n¦\r¦\t¦\0¦\u007f¦\u0085¦a\nb: c¦a\r\nid\r\n¦\u2028¦\ufeff¦\ufffe¦\u202e¦\u200b¦\u00ad¦\u00a0¦\u3164¦\ud800¦@@quorate:secret:server-token:1@@".split(
    "¦",
  );

/** Any character, control characters and all planes included. fast-check's own unit of this kind takes a second to set up. */
export const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));

/** One line of any text that a config may hold. */
const freeText = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom(...HOSTILE) },
    { weight: 4, arbitrary: fc.string({ unit: character, maxLength: 40 }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom(...HOSTILE), { maxLength: 4 }).map((parts) => parts.join("")),
    },
  )
  .map((text) =>
    text.replace(
      /[\p{Cc}\p{Zl}\p{Zp}\ufffe\uffff\u00a0\u115f\u1160\u2000-\u200b\u202f\u205f\u3000\u3164\uffa0]|(?![\u200c\u200d])\p{Cf}/gu,
      "",
    ),
  );

// Names that YAML 1.1 reads as something else than text are names like any other.
const label = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(..."null true yes on y no 1e3 0x1f 0640 2024-01-01 12 constructor".split(" ")),
  },
  { weight: 1, arbitrary: fc.constantFrom("n".repeat(63), "a--b", `xn--${"9".repeat(59)}`) },
);
const NOT_FOR_A_MACHINE = /^(localhost|gateway|kubernetes|con|prn|aux|nul|(com|lpt)\d)$/;
const dnsName = fc
  .tuple(label, fc.constantFrom("lan", "home.arpa", "example.org"))
  .map((parts) => parts.join("."));
const interfaceName = fc.oneof(
  fc.constantFrom(..."eth0 end0 enp1s0 enx525400123456 br-lan eth0.10 on no y Null wlan0 e".split(" ")),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,14}$/),
);
const os = fc.constantFrom("raspberry-pi-os", "ubuntu", "debian");
// Public, so neither reserved nor inside one of the private networks.
const dnsServer = fc.integer({ min: 11 << 24, max: 99 << 24 }).map(toAddress);
const ipv4 = fc.integer({ min: 1 << 24, max: 2 ** 31 - 1 }).map(toAddress);

const labelName = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,12}[A-Za-z0-9])?$/);
const labelValue = fc.oneof(fc.constantFrom("", "true", "no", "1e3", "0640", "12"), labelName);
const labelKey = fc.oneof(
  labelName,
  labelName.map((name) => `example.org/${name}`),
  labelName.map((name) => `node.kubernetes.io/${name}`),
  fc.constant("topology.kubernetes.io/zone"),
);
// Taints under which Traefik still runs on a node.
const TOLERATED =
  /^CriticalAddonsOnly\b|:PreferNoSchedule$|^node-role\.kubernetes\.io\/control-plane(=\w*)?:NoSchedule$/;
const taint = fc.oneof(
  fc.constantFrom("CriticalAddonsOnly=true:NoExecute", "node-role.kubernetes.io/control-plane=:NoSchedule"),
  fc
    .tuple(labelKey, fc.option(labelValue), fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute"))
    .map(([key, value, effect]) => `${key}${value === null ? "" : `=${value}`}:${effect}`),
);

function record<T, K extends keyof T>(
  arbitraries: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
  requiredKeys: K[],
) {
  return fc.record(arbitraries, { requiredKeys, noNullPrototype: true });
}

const machine = record(
  {
    disk: fc.constantFrom("sd", "ssd"),
    os,
    interface: interfaceName,
    mac: fc.stringMatching(/^[0-9a-f][02468ace](:[0-9a-fA-F]{2}){4}$/),
    labels: fc.dictionary(labelKey, labelValue, { maxKeys: 3, noNullPrototype: true }),
    taints: fc.uniqueArray(taint, { maxLength: 2, selector: (text) => text.replace(/=[^:]*/, "") }),
    order: fc.nat(),
  },
  ["order"],
);

/** A valid line of an OpenSSH .pub file: RFC 8709, or a security key's form of it. */
const sshKey = fc
  .record({
    bytes: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    security: fc.boolean(),
    comment: freeText,
  })
  .map(({ bytes, security, comment }) => {
    const type = security ? "sk-ssh-ed25519@openssh.com" : "ssh-ed25519";
    const fields = [Buffer.from(type), Buffer.from(bytes), ...(security ? [Buffer.from("ssh:")] : [])];
    const blob = Buffer.concat(fields.flatMap((field) => [Buffer.from([0, 0, 0, field.length]), field]));
    return `${type} ${blob.toString("base64")} ${comment}`.trim();
  });

function flags(known: ReadonlySet<string>, ...more: fc.Arbitrary<string>[]) {
  const free = [...known].filter((flag) => !Object.hasOwn(MANAGED_FLAGS, flag) && !isSecretName(flag));
  const key = fc.tuple(fc.oneof(fc.constantFrom(...free), ...more), fc.constantFrom("", "", "+"));
  const number = fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
  );
  const value = fc.oneof(freeText, number, fc.boolean(), fc.array(freeText, { minLength: 1, maxLength: 3 }));
  return fc.dictionary(
    key.map((parts) => parts.join("")),
    value,
    { maxKeys: 4, noNullPrototype: true },
  );
}
const unknownFlag = fc
  .oneof(fc.constantFrom(..."on no yes null true e1".split(" ")), fc.stringMatching(/^[a-z][a-z0-9-]{1,12}$/))
  .filter((flag) => !Object.hasOwn(MANAGED_FLAGS, flag) && !isSecretName(flag));

function oneOrStep(from: number, to: number) {
  const value = fc.integer({ min: from, max: to });
  const range = fc.tuple(value, value).map((pair) => `${Math.min(...pair)}-${Math.max(...pair)}`);
  return fc.oneof(
    fc.constantFrom("*", "*/5"),
    fc.array(fc.oneof(value, range), { minLength: 1, maxLength: 3 }).map(String),
  );
}
const cron = fc
  .tuple(oneOrStep(0, 59), oneOrStep(0, 23), oneOrStep(1, 31), oneOrStep(1, 12), oneOrStep(0, 6))
  .map((fields) => fields.join(" "));

const url = fc.stringMatching(
  /^https?:\/\/[a-z][a-z0-9]{0,8}(\.example)?(:[1-9][0-9]{0,3})?(\/[A-Za-z0-9._~%+-]{0,6}){0,3}$/,
);

// Apart from each other, from K3s' defaults 10.42.0.0/16 and 10.43.0.0/16, and from the pools of the LAN.
const clusterCidr = cidrIn("172.24.0.0", 13, 13, 20);
const serviceCidr = cidrIn("10.64.0.0", 10, 12, 28);

const MOST_MACHINES = 13;
const userName = fc.oneof(
  fc.constantFrom("ops", "y", "no", "null", "_"),
  fc.stringMatching(/^ops[a-z0-9_-]{0,12}$/),
);
const generation = fc.integer({ min: 1, max: 9999 });
const port = fc
  .integer({ min: 1, max: 65535 })
  .filter((number) => ![22, 80, 443, 6443, 8404].includes(number));
const hosts = { minLength: MOST_MACHINES + 2, maxLength: MOST_MACHINES + 2 };

const parts = fc.record({
  servers: fc.constantFrom(1, 3, 5),
  agents: fc.nat(5),
  loadBalancers: fc.nat(3),
  machines: fc.array(machine, { minLength: MOST_MACHINES, maxLength: MOST_MACHINES }),
  names: fc.uniqueArray(
    label.filter((name) => !NOT_FOR_A_MACHINE.test(name)),
    { minLength: MOST_MACHINES, maxLength: MOST_MACHINES },
  ),
  ingressNode: fc.nat(),
  lan: record(
    { pool: fc.constantFrom(...LAN_POOLS), prefix: fc.integer({ min: 8, max: 30 }), index: fc.nat(2 ** 24) },
    ["pool", "prefix", "index"],
  ),
  hosts: fc.array(fc.nat(2 ** 24), hosts),
  ports: fc.uniqueArray(port, { minLength: 4, maxLength: 4 }),
  ownPorts: fc.record({ api: fc.boolean(), status: fc.boolean(), ingress: fc.boolean() }),
  top: record({ $schema: freeText, os }, []),
  rollout: record({ drain: fc.boolean(), agentBatch: fc.integer({ min: 1, max: 100 }) }, []),
  generations: record({ serverToken: generation, agentToken: generation, sshHostKey: generation }, []),
  cluster: record(
    {
      name: label.map((name) => name.slice(0, 39).replace(/-+$/, "")),
      dnsName,
      vrrpId: fc.integer({ min: 1, max: 255 }),
    },
    ["name"],
  ),
  network: record({ dns: fc.array(dnsServer, { minLength: 1, maxLength: 3 }), interface: interfaceName }, []),
  user: fc.option(userName),
  authorizedKeys: fc.uniqueArray(sshKey, {
    minLength: 1,
    maxLength: 3,
    selector: (line) => line.split(" ")[1],
  }),
  k3s: record(
    {
      version: fc.stringMatching(/^v1\.3[0-6]\.[0-9]{1,2}\+k3s[1-9]$/),
      tlsSans: fc.uniqueArray(fc.oneof(dnsName, ipv4), { maxLength: 3 }),
      disable: fc.subarray(["coredns", "local-storage", "metrics-server", "runtimes"]),
      clusterCidr,
      serviceCidr,
      flannelBackend: fc.constantFrom("vxlan", "host-gw", "wireguard-native", "none"),
      secretsEncryption: fc.boolean(),
      snapshots: record({ schedule: cron, retention: fc.integer({ min: 1, max: 1000 }) }, []),
      serverConfig: flags(K3S_SERVER_FLAGS, unknownFlag),
      agentConfig: flags(K3S_AGENT_FLAGS),
      artifacts: record(
        { installScript: url, installScriptSha256: fc.stringMatching(/^[0-9a-f]{64}$/), mirror: url },
        [],
      ),
    },
    ["version"],
  ),
  state: record(
    {
      branch: fc.oneof(
        fc.constantFrom("state", "quorate/state", "a", "v1.2", "null", "head", "0x1f", "refs-heads"),
        fc
          .stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,9}[a-z0-9])?$/)
          .filter((text) => !/^(main|master)$/.test(text)),
      ),
    },
    [],
  ),
  ingress: record({ kind: fc.constantFrom("traefik", "none") }, []),
  maxConnections: fc.option(fc.integer({ min: 100, max: 100000 })),
});

/** A config without an error, as written in the file: what has a default is sometimes left out. */
export const validConfig = parts.map((given) => {
  const roles: readonly Role[] = [
    ...Array.from({ length: given.servers }, () => "server" as const),
    ...Array.from({ length: given.agents }, () => "agent" as const),
    ...Array.from({ length: given.loadBalancers }, () => "loadbalancer" as const),
  ];
  const { subnet, addresses } = lan(given.lan, given.hosts.slice(0, roles.length + 2));
  const [gateway = "", vip = "", ...own] = addresses;
  const untainted = given.ingressNode % (given.servers + given.agents);
  const nodes = roles.map((role, index) => {
    const { order = 0, mac, labels, taints, ...rest } = given.machines[index] ?? {};
    const kubernetes = {
      ...(labels && { labels }),
      ...(taints && { taints: index === untainted ? taints.filter((text) => TOLERATED.test(text)) : taints }),
    };
    const node = {
      name: given.names[index] ?? "",
      role,
      address: own[index] ?? "",
      ...(mac !== undefined && { mac: `${mac}:${index + 10}`, interface: "eth0" }),
      ...rest,
      ...(role !== "loadbalancer" && kubernetes),
    };
    return { order, node };
  });
  const [api = 0, status = 0, http = 0, https = 0] = given.ports;
  const { ownPorts, maxConnections, k3s, user } = given;
  const config = {
    ...given.top,
    version: 1,
    cluster: { ...given.cluster, ...(given.loadBalancers > 0 && { vip }) },
    network: { ...given.network, subnet, gateway },
    access: { ...(user !== null && { user }), authorizedKeys: given.authorizedKeys },
    k3s: {
      ...k3s,
      // K3s' own ServiceLB may go only where there is no ingress of ours.
      ...(given.ingress.kind === "none" && { disable: ["servicelb", ...(k3s.disable ?? [])] }),
    },
    ingress: { ...given.ingress, ...(ownPorts.ingress && { ports: [http, https] }) },
    loadBalancer: {
      ...(ownPorts.api && { apiPort: api }),
      ...(ownPorts.status && { statusPort: status }),
      ...(maxConnections !== null && { maxConnections }),
    },
    rollout: given.rollout,
    secrets: { generations: given.generations },
    state: given.state,
    nodes: nodes.toSorted((left, right) => left.order - right.order).map(({ node }) => node),
  };
  // What JSON cannot say (-0) is no part of a config.
  return JSON.parse(JSON.stringify(config)) as typeof config;
});

/** A config as `validConfig` makes it. */
export type Draft = typeof validConfig extends fc.Arbitrary<infer Value> ? Value : never;
