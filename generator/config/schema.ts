// The one definition of cluster.config.json: TypeBox gives the static type, `npm run generate` the JSON Schema for editors and Ajv.
// Only types of this file are imported at run time; the JSON beside it is what runs (TypeBox costs a quarter of a second to load).
import { type Static, Type } from "typebox";

const strict = { additionalProperties: false } as const;

const address = (description: string, example: string) =>
  Type.String({ description, format: "ipv4-text", examples: [example] });

const OS = ["raspberry-pi-os", "ubuntu", "debian"] as const;

const os = Type.Enum(OS, {
  description:
    "Operating system on the cards: raspberry-pi-os (Trixie or newer, with cloud-init), ubuntu (Server for Raspberry Pi or PC) or debian.",
  default: "raspberry-pi-os",
  examples: ["ubuntu"],
});

/** A value that K3s' own config file can hold for a flag. */
const flagValue = Type.Unsafe<string | number | boolean | string[]>({
  type: ["string", "number", "boolean", "array"],
  items: { type: "string" },
  minItems: 1,
});

const passThrough = (what: string, example: Record<string, unknown>) =>
  Type.Record(Type.String({ pattern: "^(v|[a-z][a-z0-9-]+)\\+?$" }), flagValue, {
    description: `${what} Keys are K3s' long flag names without dashes. A key that Quorate manages is refused, with the field that sets it.`,
    default: {},
    examples: [example],
    ...strict,
  });

const node = Type.Object(
  {
    name: Type.String({
      description:
        "Host name and Kubernetes node name: lower-case letters, digits and dashes (RFC 1123), at most 63.",
      format: "rfc1123-label",
      examples: ["server-1"],
    }),
    role: Type.Enum(["server", "agent", "loadbalancer"], {
      description:
        "server: control plane and etcd voter, also runs workloads. agent: runs workloads only. loadbalancer: HAProxy on a machine of its own, no K3s. The first server in the list founds the cluster.",
      examples: ["server"],
    }),
    address: address("Static IPv4 address inside network.subnet, free of leading zeros.", "192.168.1.11"),
    mac: Type.Optional(
      Type.String({
        description:
          "MAC address of the wired network card, for machines with more than one. Not needed on a Raspberry Pi.",
        format: "mac-text",
        examples: ["52:54:00:12:34:56"],
      }),
    ),
    disk: Type.Enum(["sd", "ssd"], {
      description:
        "What the system runs from: sd (card or eMMC) or ssd (USB, SATA or NVMe). etcd writes constantly; a server on an SD card is slow and wears it out.",
      default: "sd",
      examples: ["ssd"],
    }),
    os: Type.Optional(
      Type.Enum(OS, {
        description: "Operating system of this machine where it differs. Default: the value of os.",
        examples: ["ubuntu"],
      }),
    ),
    interface: Type.Optional(
      Type.String({
        description:
          "Kernel name of this machine's wired interface where it differs. Default: network.interface.",
        format: "interface-name",
        examples: ["end0"],
      }),
    ),
    labels: Type.Record(Type.String(), Type.String(), {
      description: "Kubernetes node labels. K3s sets them when the node first joins.",
      default: {},
      examples: [{ disk: "nvme" }],
    }),
    taints: Type.Array(Type.String(), {
      description:
        "Kubernetes node taints as key=value:Effect or key:Effect, Effect one of NoSchedule, PreferNoSchedule, NoExecute. K3s sets them when the node first joins.",
      default: [],
      examples: [["dedicated=database:NoSchedule"]],
    }),
  },
  { ...strict, description: "One machine of the cluster." },
);

export const clusterConfig = Type.Object(
  {
    $schema: Type.Optional(
      Type.String({
        description: "Where an editor finds this schema.",
        examples: ["./generator/config/cluster.schema.json"],
      }),
    ),
    version: Type.Literal(1, { description: "Version of this file's format.", examples: [1] }),
    cluster: Type.Object(
      {
        name: Type.String({
          description: "Name of the cluster: lower-case letters, digits and dashes (RFC 1123).",
          format: "rfc1123-label",
          maxLength: 40,
          examples: ["home"],
        }),
        dnsName: Type.Optional(
          Type.String({
            description:
              "DNS name that points at the registration address; goes into the API certificate. You create the DNS record.",
            format: "rfc1123-name",
            examples: ["k3s.home.arpa"],
          }),
        ),
        vip: Type.Optional(
          address(
            "Registration address: a free address that the load balancers hold. Needed as soon as there is a load balancer; must not be any machine's own.",
            "192.168.1.10",
          ),
        ),
        vrrpId: Type.Optional(
          Type.Integer({
            description:
              "VRRP virtual router id, unique on the LAN; used where there are two or more load balancers. Default: the last number of the vip.",
            minimum: 1,
            maximum: 255,
            examples: [74],
          }),
        ),
      },
      { ...strict, description: "What the cluster is called and where it answers." },
    ),
    network: Type.Object(
      {
        subnet: Type.String({
          description: "The LAN of the machines, in CIDR form without host bits.",
          format: "cidr-text",
          examples: ["192.168.1.0/24"],
        }),
        gateway: address("The router's address in that subnet.", "192.168.1.1"),
        dns: Type.Optional(
          Type.Array(address("Address of a DNS server.", "192.168.1.1"), {
            description: "DNS servers of the machines. Default: the gateway.",
            minItems: 1,
            maxItems: 3,
            examples: [["192.168.1.1", "9.9.9.9"]],
          }),
        ),
        interface: Type.String({
          description: "Kernel name of the wired interface.",
          format: "interface-name",
          default: "eth0",
          examples: ["end0"],
        }),
      },
      { ...strict, description: "The LAN. Every machine gets a static address." },
    ),
    os,
    access: Type.Object(
      {
        user: Type.String({
          description: "Login that is made on every machine, with sudo and no password.",
          format: "linux-user",
          default: "ops",
          examples: ["ops"],
        }),
        authorizedKeys: Type.Array(Type.String({ description: "One line of an OpenSSH .pub file." }), {
          description: "SSH public keys that may log in. Never a private key.",
          minItems: 1,
          examples: [["ssh-ed25519 AAAA… me@laptop"]],
        }),
      },
      { ...strict, description: "Who may log in to the machines." },
    ),
    k3s: Type.Object(
      {
        version: Type.String({
          description:
            "Exact K3s release. A channel such as stable is refused: machines installed on different days would differ.",
          format: "k3s-version",
          examples: ["v1.36.4+k3s1"],
        }),
        tlsSans: Type.Array(Type.String({ description: "DNS name or IPv4 address.", format: "host-text" }), {
          description:
            "More names and addresses for the API certificate. The registration address, cluster.dnsName and every server and load balancer are always in it.",
          default: [],
          uniqueItems: true,
          examples: [["api.example.org"]],
        }),
        disable: Type.Array(
          // With the type said, Ajv compares entries as strings and needs no deep comparison.
          Type.Enum(["coredns", "servicelb", "traefik", "local-storage", "metrics-server", "runtimes"], {
            type: "string",
          }),
          {
            description: "Packaged components to leave out. For traefik write ingress.kind: none instead.",
            default: [],
            uniqueItems: true,
            examples: [["metrics-server"]],
          },
        ),
        clusterCidr: Type.String({
          description:
            "Pod network. Each node takes a /24 of it, so a /16 is enough for 256 nodes. Cannot change later.",
          format: "cidr-text",
          default: "10.42.0.0/16",
          examples: ["10.42.0.0/16"],
        }),
        serviceCidr: Type.String({
          description: "Service network. Cannot change later.",
          format: "cidr-text",
          default: "10.43.0.0/16",
          examples: ["10.43.0.0/16"],
        }),
        flannelBackend: Type.Enum(["vxlan", "host-gw", "wireguard-native", "none"], {
          description:
            "Pod network between machines; none means that you install your own. Cannot change later.",
          default: "vxlan",
          examples: ["wireguard-native"],
        }),
        secretsEncryption: Type.Boolean({
          description: "Encrypt Secrets in etcd. Cannot change later.",
          default: true,
          examples: [true],
        }),
        snapshots: Type.Object(
          {
            schedule: Type.String({
              description:
                "When every server snapshots etcd: a cron line of five fields, in the machine's time zone.",
              default: "0 */6 * * *",
              examples: ["0 */6 * * *"],
            }),
            retention: Type.Integer({
              description: "How many snapshots each server keeps.",
              minimum: 1,
              maximum: 1000,
              default: 12,
              examples: [12],
            }),
          },
          { ...strict, description: "etcd snapshots. They stay on the server's own disk.", default: {} },
        ),
        serverConfig: passThrough("Passed through to every server's K3s config.", {
          "kube-apiserver-arg": ["audit-log-maxage=7"],
        }),
        agentConfig: passThrough(
          "Passed through to every agent's K3s config. A key that K3s does not know stops an agent.",
          {
            "kubelet-arg": ["max-pods=50"],
          },
        ),
        artifacts: Type.Object(
          {
            installScript: Type.String({
              description: "Where machines get K3s' install script.",
              format: "http-url",
              default: "https://get.k3s.io",
              examples: ["https://get.k3s.io"],
            }),
            installScriptSha256: Type.Optional(
              Type.String({
                description:
                  "SHA-256 of that script, 64 lower-case hex digits; a different script is refused.",
                format: "sha256-hex",
                examples: ["0f1e…"],
              }),
            ),
            mirror: Type.String({
              description:
                "Base URL of the K3s releases (INSTALL_K3S_ARTIFACT_URL). Binaries are checked against the release's own checksum file.",
              format: "http-url",
              default: "https://github.com/k3s-io/k3s/releases/download",
              examples: ["http://192.168.1.2:8080/k3s"],
            }),
          },
          { ...strict, description: "Where K3s comes from.", default: {} },
        ),
      },
      { ...strict, description: "K3s: version, networks, settings." },
    ),
    ingress: Type.Object(
      {
        kind: Type.Enum(["traefik", "none"], {
          description:
            "traefik: K3s' packaged Traefik, run on every node that takes workloads. none: leave it out; the load balancers then forward the API only.",
          default: "traefik",
          examples: ["traefik"],
        }),
        ports: Type.Tuple(
          [Type.Integer({ minimum: 1, maximum: 65535 }), Type.Integer({ minimum: 1, maximum: 65535 })],
          {
            description:
              "Ports on which the load balancers take HTTP and HTTPS. The nodes themselves always serve 80 and 443.",
            default: [80, 443],
            examples: [[80, 443]],
          },
        ),
      },
      { ...strict, description: "How traffic for your applications gets in.", default: {} },
    ),
    loadBalancer: Type.Object(
      {
        apiPort: Type.Integer({
          description:
            "Port of the Kubernetes API on the registration address. The servers themselves always use 6443.",
          minimum: 1,
          maximum: 65535,
          default: 6443,
          examples: [6443],
        }),
        statusPort: Type.Integer({
          description:
            "Port of the read-only page /backends; statistics and metrics are on it for the machine itself only.",
          minimum: 1,
          maximum: 65535,
          default: 8404,
          examples: [8404],
        }),
        maxConnections: Type.Integer({
          description:
            "Most connections at a time for each load balancer: a quarter of them for the API, a quarter for HTTP, half for HTTPS. At worst 33 kB of memory each.",
          minimum: 100,
          maximum: 100000,
          default: 4000,
          examples: [4000],
        }),
      },
      { ...strict, description: "HAProxy on the load balancers.", default: {} },
    ),
    rollout: Type.Object(
      {
        drain: Type.Boolean({
          description: "Move workloads away before a machine is worked on.",
          default: true,
          examples: [true],
        }),
        agentBatch: Type.Integer({
          description:
            "How many agents are worked on at a time. Servers and load balancers always go one by one.",
          minimum: 1,
          maximum: 100,
          default: 1,
          examples: [2],
        }),
      },
      {
        ...strict,
        description:
          "How changes reach running machines. It is recorded for apply; it changes no rendered file of a machine.",
        default: {},
      },
    ),
    secrets: Type.Object(
      {
        generations: Type.Object(
          {
            serverToken: generation("server token"),
            agentToken: generation("agent token"),
            sshHostKey: generation("SSH host keys"),
          },
          { ...strict, description: "Raise a number to derive a new secret.", default: {} },
        ),
      },
      { ...strict, description: "Secrets themselves are never in this file.", default: {} },
    ),
    state: Type.Object(
      {
        branch: Type.Optional(
          Type.String({
            description:
              "Git branch that holds out/ and the record of what was applied, where a rule forbids the workflow to write to the branch of the config. It holds nothing else and is made by the first apply. Default: the branch of the config.",
            format: "git-branch",
            examples: ["state"],
          }),
        ),
      },
      {
        ...strict,
        description: "Where the pipeline keeps what it renders and records; it changes no file of a machine.",
        default: {},
      },
    ),
    nodes: Type.Array(node, {
      description: "The machines: an odd number of servers, any number of agents, and load balancers.",
      minItems: 1,
      maxItems: 5000,
      examples: [[{ name: "server-1", role: "server", address: "192.168.1.11" }]],
    }),
  },
  { ...strict, description: "One highly available K3s cluster, described for Quorate." },
);

function generation(what: string) {
  return Type.Integer({
    description: `Generation of the ${what}.`,
    minimum: 1,
    maximum: 9999,
    default: 1,
    examples: [2],
  });
}

/** cluster.config.json after the defaults of the schema were filled in. */
export type Config = Static<typeof clusterConfig>;
export type NodeConfig = Config["nodes"][number];
