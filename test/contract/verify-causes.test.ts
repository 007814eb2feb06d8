// Every check of verify.sh, made to fail for its own cause: that one line, what it says is the cause, and what to do.
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { Cluster } from "../../generator/model/cluster.ts";
import { makeAuthority } from "../support/authority.ts";
import { makeCluster } from "../support/clusters.ts";
import type { Condition } from "../support/kubernetes-answers.ts";
import { requireNamespaces } from "../support/namespace.ts";
import type { Behaviour, StandIn } from "../support/stand-in.ts";
import { requireTool } from "../support/tools.ts";
import {
  clientConfig,
  type Kubernetes,
  nodeAnswer,
  page,
  PATHS,
  type Play,
  play,
  server,
} from "../support/verify-play.ts";

const needsLan = {
  skip:
    requireTool("curl", "apt-get install curl") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireNamespaces(),
};

/** A line that fails, as it is printed: its id, what is seen, the likely cause, the next command. */
type Line = readonly [id: string, seen: string, cause: string, next: string];

interface Case {
  readonly what: string;
  /** Makes it so; what is not put back by `change` is put back by what it returns. */
  readonly make: (play: Play) => Promise<void | (() => Promise<unknown>)>;
  /** The arguments of the script; default: the kubeconfig. */
  readonly args?: readonly string[];
  readonly lines: readonly Line[];
}

const ssh = (name: string, command: string) => `npx quorate ssh ${name} -- ${command}`;
const journal = (name: string) => ssh(name, "sudo journalctl -u k3s -n 50");
const restart = (name: string) => `one server after the other: ${ssh(name, "sudo systemctl restart k3s")}`;
const said = (at: StandIn["at"]) => async (play: Play) => void (await play.change(at));

/** Takes an address off the LAN, as a machine that is switched off. */
const off =
  (...addresses: readonly string[]) =>
  async ({ lan }: Play) => {
    const each = (verb: string) =>
      lan.must(["sh", "-ec", addresses.map((one) => `ip address ${verb} ${one}/32 dev br0`).join("; ")]);
    await each("del");
    return () => each("add");
  };

/** Runs the cases one after the other on one LAN, and everything is well again in between. */
async function provoke(t: TestContext, cluster: Cluster, cases: readonly Case[]): Promise<void> {
  const lan = await play(t, cluster);
  const pems = Object.fromEntries(
    Object.keys(lan.healthy)
      .filter((place) => /:6?443$/.test(place))
      .map((place) => [place, lan.certificate()]),
  );
  await lan.change({}, pems);
  const run = async (args: readonly string[]) => {
    const { status, lines, stderr } = await lan.verify(["--json", ...args]);
    assert.equal(stderr, "");
    const { checks } = JSON.parse(lines.join("\n")) as {
      readonly checks: readonly Readonly<Record<string, string>>[];
    };
    const failed = checks.filter(({ result }) => result === "fail");
    for (const { id = "", expected = "" } of failed) assert.notEqual(expected, "", id);
    // A second goes by between a Date and its answer.
    const whole = (text = "") => text.replace(/ 360\d s /, " 3600 s ");
    return { status, lines: failed.map(({ id, seen, cause, next }) => [id, whole(seen), cause, next]) };
  };
  assert.deepEqual(await run([lan.kubeconfig]), { status: 0, lines: [] });
  for (const { what, make, args = [lan.kubeconfig], lines } of cases) {
    await t.test(what, async () => {
      const heal = await make(lan);
      try {
        assert.deepEqual(await run(args), { status: 1, lines });
      } finally {
        await heal?.();
        await lan.change(lan.healthy, pems);
      }
    });
  }
  assert.deepEqual(await run([lan.kubeconfig]), { status: 0, lines: [] });
}

const pair = { ...makeCluster({ servers: 3, loadBalancers: 2, agents: 1 }), dnsName: "k3s.lan" };
const alone = makeCluster({ servers: 3, loadBalancers: 0, ingress: false });
const VIP = "10.0.0.10";
const pods = (label: string) => `kubectl -n kube-system get pods -o wide -l ${label}`;
const traefikPods = pods("app.kubernetes.io/name=traefik");

const hosts =
  (text: string) =>
  async ({ write }: Play) => {
    write("/run/hosts", `127.0.0.1 localhost\n${text}\n`);
    return async () => write("/run/hosts", `${VIP} k3s.lan\n`);
  };
const LAN_CASES: readonly Case[] = [
  {
    what: "nobody holds the vip",
    make: off(VIP),
    lines: [
      [
        "address",
        `${VIP}:6443 does not answer`,
        `no load balancer holds ${VIP}`,
        ssh("lb-1", "sudo journalctl -u keepalived -n 50"),
      ],
    ],
  },
  {
    what: "every load balancer is off",
    make: off(VIP, "10.0.0.21", "10.0.0.22"),
    lines: [
      [
        "address",
        `${VIP}:6443 does not answer`,
        "no load balancer is there: see their lines",
        "switch them on; npx quorate status",
      ],
      ...["1", "2"].map((number): Line => [
        `backends/lb-${number}`,
        `10.0.0.2${number}:8404 does not answer`,
        "it is off, or not at that address",
        `switch it on; ping 10.0.0.2${number}`,
      ]),
    ],
  },
  {
    what: "the holder of the vip does not listen on 6443",
    make: said({ [`${VIP}:6443`]: "refused" }),
    lines: [
      [
        "address",
        `${VIP}:6443 refuses connections`,
        "HAProxy does not listen on 6443 there",
        ssh("lb-1", "sudo systemctl status haproxy"),
      ],
    ],
  },
  {
    what: "HAProxy has no server for the API",
    make: said({ [`${VIP}:6443`]: "cut" }),
    lines: [
      [
        "address",
        `${VIP}:6443 cuts connections`,
        "HAProxy has no server that is up: see the lines of the servers",
        "npx quorate status",
      ],
    ],
  },
  {
    what: "the server behind the vip starts",
    make: async ({ change, ca }) =>
      void (await change({
        [`${VIP}:6443`]: { ...server(pair, ca.certificate), "/readyz": { status: 503 } },
      })),
    lines: [
      [
        "address",
        `${VIP}:6443 answers 503`,
        "a server behind it starts or hangs",
        "npx quorate status; run this again in a minute",
      ],
    ],
  },
  {
    what: "another machine has the vip for its status page",
    make: said({ [`${VIP}:8404`]: page(pair, "stranger") }),
    lines: [
      [
        "holder",
        `stranger answers at ${VIP}`,
        "another machine has this address",
        `look whose it is: ip neigh show ${VIP}`,
      ],
    ],
  },
  {
    what: "what has the vip has no status page",
    make: said({ [`${VIP}:8404`]: { "/backends": { status: 404 } } }),
    lines: [
      [
        "holder",
        `${VIP}:8404/backends answers 404`,
        `what answers at ${VIP} is no load balancer of this cluster, or has an old haproxy.cfg`,
        "npx quorate plan",
      ],
    ],
  },
  {
    what: "the DNS name is not known",
    make: hosts(""),
    lines: [
      [
        "name",
        "there is no such name",
        "no name server that this computer asks has a record for it",
        `make an A record k3s.lan -> ${VIP} on your name server`,
      ],
    ],
  },
  {
    what: "the DNS name is another machine's",
    make: hosts("10.0.0.11 k3s.lan"),
    lines: [
      [
        "name",
        "it leads to 10.0.0.11",
        "its record names another address",
        `make the A record of k3s.lan say ${VIP}`,
      ],
    ],
  },
  {
    what: "the DNS name leads where nobody is",
    make: hosts("10.0.0.99 k3s.lan"),
    lines: [
      [
        "name",
        "k3s.lan:6443 does not answer",
        "its record names another address",
        `make the A record of k3s.lan say ${VIP}`,
      ],
    ],
  },
  {
    what: "HAProxy does not run on a load balancer",
    make: said({ "10.0.0.21:8404": "refused", "10.0.0.21:80": "refused", "10.0.0.21:443": "refused" }),
    lines: [
      [
        "backends/lb-1",
        "10.0.0.21:8404 refuses connections",
        "HAProxy does not run there",
        ssh("lb-1", "sudo journalctl -u haproxy -n 50"),
      ],
    ],
  },
  {
    what: "a load balancer does not know its status page",
    make: said({ "10.0.0.21:8404": { "/backends": { status: 403 } } }),
    lines: [
      [
        "backends/lb-1",
        "10.0.0.21:8404 answers 403",
        "HAProxy there hangs, or has another haproxy.cfg",
        ssh("lb-1", "sudo systemctl status haproxy"),
      ],
    ],
  },
  {
    what: "another machine has a load balancer's address",
    make: said({ "10.0.0.21:8404": page(pair, "lb-2") }),
    lines: [
      [
        "backends/lb-1",
        "lb-2 answers at 10.0.0.21:8404",
        "another machine has its address, or it has not taken its host name",
        ssh("lb-1", "hostname"),
      ],
    ],
  },
  {
    what: "a load balancer has the haproxy.cfg of an older config",
    make: said({ "10.0.0.21:8404": page(makeCluster({ servers: 3, loadBalancers: 2 }), "lb-1") }),
    lines: [
      [
        "backends/lb-1",
        "it does not know be_http/agent-1",
        "its haproxy.cfg is older than the config",
        "npx quorate plan",
      ],
    ],
  },
  {
    what: "a load balancer does not reach a server that answers everybody else",
    make: said({ "10.0.0.22:8404": page(pair, "lb-2", ["be_api/server-3", "be_http/server-3"]) }),
    lines: [
      [
        "backends/lb-2",
        "not up: be_api/server-3,be_http/server-3",
        "lb-2 does not reach server-3, which answers here",
        `${ssh("lb-2", "ping -c 3 server-3")}; look at cables, switches and firewalls between the two`,
      ],
    ],
  },
  {
    what: "a server is off, and the load balancers see it",
    make: async (play) => {
      const down = ["be_api/server-2", "be_http/server-2"];
      await play.change({
        "10.0.0.21:8404": page(pair, "lb-1", down),
        "10.0.0.22:8404": page(pair, "lb-2", down),
      });
      return off("10.0.0.12")(play);
    },
    lines: [
      [
        "server/server-2",
        "10.0.0.12 does not answer",
        "it is off, unplugged, or not at that address",
        "switch it on; ping 10.0.0.12",
      ],
      ...["lb-1", "lb-2"].map((name): Line => [
        `backends/${name}`,
        "not up: be_api/server-2,be_http/server-2",
        "they do not answer here either: see their lines",
        "npx quorate status",
      ]),
    ],
  },
  ...[
    [`${VIP}:80`, "http"],
    [`${VIP}:443`, "https"],
    ["10.0.0.21:80", "http/lb-1"],
    ["10.0.0.22:443", "https/lb-2"],
  ].flatMap(([place = "", id = ""]): readonly Case[] => [
    {
      what: `HAProxy does not listen on ${place}`,
      make: said({ [place]: "refused" }),
      lines: [
        [id, `${place} refuses connections`, "HAProxy does not listen on that port", "npx quorate plan"],
      ],
    },
    {
      what: `HAProxy has no ingress node for ${place}`,
      make: said({ [place]: "cut" }),
      lines: [
        [
          id,
          `${place} cuts connections`,
          `HAProxy has no ingress node that is up: see the lines ${id.split("/")[0]}/NODE`,
          traefikPods,
        ],
      ],
    },
  ]),
  {
    what: "a certificate that does not name the DNS name",
    make: async ({ change, certificate }) => {
      const pem = certificate({ sans: [`IP:${VIP}`, "IP:10.0.0.13"] });
      await change({}, { "10.0.0.13:6443": pem });
    },
    lines: [
      [
        "certificate/server-3",
        "it does not name k3s.lan",
        "it was made before the config (tls-san) had that",
        `npx quorate plan; then ${restart("server-3")}`,
      ],
    ],
  },
  {
    what: "Traefik is not well",
    make: said({ "10.0.0.11:80": { "/": { status: 502 } } }),
    lines: [
      [
        "http/server-1",
        "10.0.0.11:80 answers 502",
        "Traefik runs and is not well",
        "kubectl -n kube-system logs -l app.kubernetes.io/name=traefik --tail 50",
      ],
    ],
  },
  {
    what: "Traefik does not run on a node",
    make: said({ "10.0.0.12:443": "refused" }),
    lines: [
      [
        "https/server-2",
        "10.0.0.12:443 refuses connections",
        "Traefik does not run on server-2",
        traefikPods,
      ],
    ],
  },
  {
    what: "an agent is off",
    make: off("10.0.0.101"),
    lines: [
      [
        "http/agent-1",
        "10.0.0.101:80 does not answer",
        "agent-1 is off, unplugged, or not at that address",
        "switch it on; ping 10.0.0.101",
      ],
    ],
  },
];

const SECOND = "10.0.0.12:6443";
const EXPIRED = "K3s renews it only when it starts, and has not been started for long";
const DATA =
  "write no card and delete nothing; find out which of them has your data: npx quorate status --bundle FILE";
/** A server that answers so on some paths, and is well otherwise. */
const second = (changes: Exclude<Behaviour, string>) => async (play: Play) =>
  void (await play.change({ [SECOND]: { ...server(alone, play.ca.certificate), ...changes } }));
const certified =
  (wish: Parameters<Play["certificate"]>[0]) =>
  async ({ change, certificate }: Play) =>
    void (await change({}, { [SECOND]: certificate(wish) }));
/** As HTTP writes it. */
const httpDate = (seconds: number) => new Date(Date.now() + 1000 * seconds).toUTCString();
const dated = (seconds: number) => ({ "/readyz": { status: 401, headers: { date: httpDate(seconds) } } });

const SERVER_CASES: readonly Case[] = [
  {
    what: "K3s is not started",
    make: said({ [SECOND]: "refused" }),
    lines: [
      [
        "server/server-2",
        `closed: ${SECOND} refuses connections`,
        "K3s does not run there",
        journal("server-2"),
      ],
    ],
  },
  {
    what: "a server hangs",
    make: said({ [SECOND]: "silent" }),
    lines: [
      [
        "server/server-2",
        `${SECOND} takes connections and says nothing`,
        "K3s hangs there, or another program has its port",
        journal("server-2"),
      ],
    ],
  },
  {
    what: "K3s starts",
    make: second({ "/readyz": { status: 503 }, "/ping": { status: 503 }, "/cacerts": { status: 503 } }),
    lines: [
      [
        "server/server-2",
        `starting: ${SECOND} answers 503`,
        "K3s was started seconds ago",
        `run this again in a minute; then: ${journal("server-2")}`,
      ],
    ],
  },
  {
    what: "etcd has not joined",
    make: second({ "/readyz": { status: 503 } }),
    lines: [
      [
        "server/server-2",
        "not joined: K3s runs, and etcd has no majority yet",
        "it waits for the other servers, or joins at this moment",
        ssh("server-2", "sudo quorate-node status"),
      ],
    ],
  },
  {
    what: "the API server is not well",
    make: second({ "/readyz": { status: 500 } }),
    lines: [
      [
        "server/server-2",
        `${SECOND} answers 500`,
        "its API server runs and is not well",
        journal("server-2"),
      ],
    ],
  },
  {
    what: "another program answers on 6443",
    make: second({ "/cacerts": { status: 404 } }),
    lines: [
      [
        "certificate/server-2",
        "/cacerts gives nothing",
        "what answers there is not K3s",
        ssh("server-2", "sudo ss -ltnp"),
      ],
    ],
  },
  {
    what: "two clusters, each with a CA of its own",
    make: async ({ change, t }) => {
      const other = makeAuthority(t);
      const pem = other.issue({ name: "k3s", sans: ["10.0.0.11", "10.0.0.12"].map((name) => `IP:${name}`) });
      await change({ [SECOND]: server(alone, other.certificate) }, { [SECOND]: pem });
    },
    lines: [
      [
        "ca",
        "different ones: server-1 server-3 / server-2",
        "there are two clusters, or a machine of another cluster has one of these addresses",
        DATA,
      ],
    ],
  },
  {
    what: "two clusters that share a CA",
    make: second({
      [PATHS.identity]: { status: 200, body: '{"metadata": {"uid": "other"}}', certified: true },
    }),
    lines: [
      [
        "identity",
        "different ones: server-1 server-3 (11111111-2222-3333-4444-555555555555) / server-2 (other)",
        "there are two clusters with the same names",
        DATA,
      ],
    ],
  },
  {
    what: "a server does not let in whom the others let in",
    make: second({ [PATHS.identity]: { status: 401 } }),
    lines: [
      [
        "identity",
        "different ones: server-1 server-3 (11111111-2222-3333-4444-555555555555) / server-2 (does-not-know-us)",
        "there are two clusters with the same names",
        DATA,
      ],
    ],
  },
  {
    what: "a certificate that does not name the registration address",
    make: certified({ sans: ["IP:10.0.0.12", "DNS:kubernetes"] }),
    lines: [
      [
        "certificate/server-2",
        "it does not name 10.0.0.11",
        "it was made before the config (tls-san) had that",
        `npx quorate plan; then ${restart("server-2")}`,
      ],
    ],
  },
  {
    what: "a certificate made by a clock that was ahead",
    make: certified({ begins: 2 }),
    lines: [
      [
        "certificate/server-2",
        "it begins in the future",
        "the clock was wrong when it was made, or is wrong here",
        `compare the clocks: date; ${ssh("server-2", "date")}`,
      ],
    ],
  },
  {
    what: "a certificate of a CA that was exchanged",
    make: async ({ change, t }) => {
      const pem = makeAuthority(t).issue({ name: "k3s", sans: ["IP:10.0.0.11", "IP:10.0.0.12"] });
      await change({}, { [SECOND]: pem });
    },
    lines: [
      [
        "certificate/server-2",
        "it is signed by another CA than /cacerts gives",
        "the CA was exchanged, and K3s has not been started since",
        restart("server-2"),
      ],
    ],
  },
  {
    what: "a certificate that ends soon",
    make: certified({ ends: 12.5 }),
    lines: [["expiry/server-2", "12 days left", EXPIRED, restart("server-2")]],
  },
  {
    what: "a certificate that has ended",
    make: certified({ begins: -400, ends: -0.5 }),
    lines: [["expiry/server-2", "it has expired", EXPIRED, restart("server-2")]],
  },
  {
    what: "a clock that is an hour ahead",
    make: (play) => second(dated(3602))(play),
    lines: [
      [
        "clocks",
        "server-2 is 3600 s ahead",
        "it does not reach a time server (UDP 123)",
        ssh("server-2", "timedatectl"),
      ],
    ],
  },
];

const FIRST = "10.0.0.11:6443";
const kubernetes =
  (changes: Kubernetes) =>
  async ({ change, ca }: Play) =>
    void (await change({ [FIRST]: server(alone, ca.certificate, changes) }));
/** The nodes of the cluster, some of them otherwise. */
const nodes = (changes: Readonly<Record<string, object | null>>) =>
  kubernetes({
    nodes: [
      "server-1",
      "server-2",
      "server-3",
      ...Object.keys(changes).filter((name) => name.startsWith("old")),
    ]
      .filter((name) => changes[name] !== null)
      .map((name) => ({ ...nodeAnswer(alone, name), ...changes[name] })),
  });
const condition = (type: string, status: string, reason: string): Condition => ({
  type,
  status,
  reason,
  message: "",
});
const voter = (status: string, reason: string) => ({ voter: condition("EtcdIsVoter", status, reason) });
const AGAIN = "npx quorate kubeconfig FILE";
const RENEW = `${ssh("server-1", "sudo systemctl restart k3s")}; ${AGAIN}`;
const COPY = "K3s renews it only when it starts; and this is a copy";
const nodeStatus = ssh("server-2", "sudo quorate-node status");
const snapshotList = (name: string) => `${ssh(name, "sudo k3s etcd-snapshot ls")}; df -h`;
const LATE = "the disk is full, or K3s did not run at the hour";
/** A kubeconfig of another making. */
const config = (make: (play: Play) => string) => async (play: Play) => play.write("/run/mine", make(play));

const KUBERNETES_CASES: readonly Case[] = [
  {
    what: "a kubeconfig of another cluster",
    make: config(({ read, kubeconfig }) =>
      read(kubeconfig)
        .replace("10.0.0.11", "10.0.0.99")
        .replace("clusters:", "clusters:\n  - name: more\n    cluster: {}"),
    ),
    args: ["/run/mine"],
    lines: [["kubeconfig", "/run/mine has none", "it is of another cluster", AGAIN]],
  },
  {
    what: "a kubeconfig without a client certificate",
    make: config(({ read, kubeconfig }) =>
      read(kubeconfig).replace(/client-certificate-data: .*/, "token: abc"),
    ),
    args: ["/run/mine"],
    lines: [["kubeconfig", "/run/mine has none", "it was not written by K3s, kubectl or Quorate", AGAIN]],
  },
  {
    what: "a kubeconfig of an older cluster, with the same CA",
    make: config(({ ca, t }) => clientConfig(alone, ca, makeAuthority(t))),
    args: ["/run/mine"],
    lines: [
      [
        "kubeconfig",
        "the API does not let it in (401)",
        "it is of an older cluster with the same addresses",
        AGAIN,
      ],
    ],
  },
  {
    what: "a kubeconfig with another CA",
    make: config(({ clientCa, t }) => clientConfig(alone, makeAuthority(t), clientCa)),
    args: ["/run/mine"],
    lines: [
      [
        "kubeconfig",
        "the API's certificate is not signed by the CA in it",
        "it is of another cluster, or the CA was exchanged",
        AGAIN,
      ],
    ],
  },
  {
    what: "a kubeconfig that is not the administrator's",
    make: async ({ change, ca }) =>
      void (await change({ [FIRST]: { ...server(alone, ca.certificate), [PATHS.nodes]: { status: 403 } } })),
    lines: [["kubeconfig", "it may not list nodes (403)", "it is not the administrator's", AGAIN]],
  },
  {
    what: "a kubeconfig that ends soon",
    make: config(({ ca, clientCa }) => clientConfig(alone, ca, clientCa, 12.5)),
    args: ["/run/mine"],
    lines: [["kubeconfig", "12 days left", COPY, RENEW]],
  },
  {
    what: "a kubeconfig that has ended",
    make: config(({ ca, clientCa }) => clientConfig(alone, ca, clientCa, -0.5)),
    args: ["/run/mine"],
    lines: [["kubeconfig", "its certificate has expired", COPY, RENEW]],
  },
  {
    what: "a node that is silent",
    make: nodes({ "server-2": { ready: condition("Ready", "Unknown", "NodeStatusUnknown") } }),
    lines: [
      [
        "nodes",
        "not Ready, and silent: server-2",
        "the machine is off, or K3s does not run there",
        "npx quorate status",
      ],
    ],
  },
  {
    what: "a node whose kubelet is not well",
    make: nodes({ "server-2": { ready: condition("Ready", "False", "KubeletNotReady") } }),
    lines: [
      [
        "nodes",
        "not Ready: server-2 (KubeletNotReady)",
        "its kubelet says so",
        "kubectl describe node server-2",
      ],
    ],
  },
  {
    what: "a node that is closed to pods",
    make: nodes({ "server-2": { cordoned: true } }),
    lines: [
      [
        "nodes",
        "closed to new pods: server-2",
        "somebody closed it, or an apply was cut off",
        "npx quorate apply, or kubectl uncordon server-2",
      ],
    ],
  },
  {
    what: "a node that is in the cluster and not in the config",
    make: nodes({ "old-1": { voter: null } }),
    lines: [
      [
        "nodes",
        "not in the config: old-1",
        "it was taken out of the config and not out of the cluster",
        "kubectl get node old-1 -o wide",
      ],
    ],
  },
  {
    what: "a server that Kubernetes does not know",
    make: nodes({ "server-2": null }),
    lines: [
      ["nodes", "not there: server-2", "it has not joined, or was deleted", nodeStatus],
      ["voters", "server-2 (no word of it)", "it has not joined", nodeStatus],
    ],
  },
  {
    what: "two nodes with two things",
    make: nodes({
      "server-3": { cordoned: true },
      "server-2": { ready: condition("Ready", "Unknown", "NodeStatusUnknown") },
    }),
    lines: [
      [
        "nodes",
        "not Ready, and silent: server-2; closed to new pods: server-3",
        "the machine is off, or K3s does not run there",
        "npx quorate status",
      ],
    ],
  },
  {
    what: "a node of another version",
    make: nodes({ "server-2": { version: "v1.36.3+k3s1" } }),
    lines: [
      [
        "versions",
        "server-2 has v1.36.3+k3s1",
        "the config was changed and not applied, or an upgrade was cut off",
        "npx quorate plan",
      ],
    ],
  },
  {
    what: "a server without a vote yet",
    make: nodes({ "server-2": voter("False", "MemberIsLearner") }),
    lines: [
      [
        "voters",
        "server-2 (MemberIsLearner)",
        "it joined and has no vote yet: one server at a time gets it, every 15 s",
        "run this again in a minute",
      ],
    ],
  },
  {
    what: "a server that etcd has forgotten",
    make: nodes({ "server-2": voter("False", "NotAMember") }),
    lines: [["voters", "server-2 (NotAMember)", "etcd has forgotten it", nodeStatus]],
  },
  {
    what: "a server whose etcd does not answer",
    make: nodes({ "server-2": voter("False", "Unhealthy") }),
    lines: [["voters", "server-2 (Unhealthy)", "its etcd does not answer the others", journal("server-2")]],
  },
  {
    what: "CoreDNS on one node only",
    make: kubernetes({ coredns: ["server-1", "server-1"] }),
    lines: [
      [
        "coredns",
        "ready on 1",
        "a pod waits for a node that takes it, or does not start",
        pods("k8s-app=kube-dns"),
      ],
    ],
  },
  {
    what: "a CoreDNS that is not ready",
    make: kubernetes({ coredns: ["server-1", "!server-2"] }),
    lines: [
      [
        "coredns",
        "ready on 1",
        "a pod waits for a node that takes it, or does not start",
        pods("k8s-app=kube-dns"),
      ],
    ],
  },
  {
    what: "a list that the API does not give",
    make: async ({ change, ca }) => {
      const refusal = { status: 500, body: '{"kind": "Status", "message": "etcdserver: request timed out"}' };
      await change({ [FIRST]: { ...server(alone, ca.certificate), [PATHS.coredns]: refusal } });
    },
    lines: [
      [
        "coredns",
        "the API answers 500",
        "its answer says why: etcdserver: request timed out",
        "KUBECONFIG=/run/kubeconfig kubectl auth whoami",
      ],
    ],
  },
  {
    what: "a server whose snapshots stopped",
    make: kubernetes({
      snapshots: [
        { node: "server-1", age: 3 },
        { node: "server-2", age: 30 },
        { node: "server-2", age: 36 },
        { node: "server-3", age: 3 },
      ],
    }),
    lines: [["snapshots", "server-2: 30 h old", LATE, snapshotList("server-2")]],
  },
  {
    what: "a server without snapshots, and one whose snapshots fail",
    make: kubernetes({
      snapshots: [
        { node: "server-1", age: 3 },
        { node: "server-3", age: 1, failed: true },
        { node: "server-3", age: 14 },
      ],
    }),
    lines: [["snapshots", "server-2: none, server-3: 14 h old", LATE, snapshotList("server-2")]],
  },
];

const INGRESS = makeCluster({ servers: 2, agents: 1, loadBalancers: 0 });
const TRAEFIK_CASES: readonly Case[] = [
  ["no Traefik on a node", ["server-1", "server-2"]],
  ["a Traefik that is not ready", ["server-1", "server-2", "!agent-1"]],
].map(([what, traefik]) => ({
  what: String(what),
  make: async ({ change, ca }: Play) =>
    void (await change({
      [FIRST]: server(INGRESS, ca.certificate, { traefik: traefik as readonly string[] }),
    })),
  lines: [
    [
      "traefik",
      "not ready on agent-1",
      "its pod there does not start, or the node is not Ready",
      traefikPods,
    ],
  ],
}));

describe("each check of verify.sh fails for its own cause", { concurrency: 2 }, () => {
  test("load balancers, names and the ingress", needsLan, (t) => provoke(t, pair, LAN_CASES));
  test("servers, certificates and clocks", needsLan, (t) => provoke(t, alone, SERVER_CASES));
  test("what Kubernetes says", needsLan, (t) => provoke(t, alone, KUBERNETES_CASES));
  test("the spread of Traefik", needsLan, (t) => provoke(t, INGRESS, TRAEFIK_CASES));

  test("this computer's own clock, where all servers differ alike", needsLan, async (t) => {
    const { change, ca, verify } = await play(t, alone);
    const behind = { ...server(alone, ca.certificate), ...dated(-600) };
    await change(Object.fromEntries([1, 2, 3].map((number) => [`10.0.0.1${number}:6443`, behind])));
    const { lines } = await verify(["--quiet"]);
    assert.match(lines[0] ?? "", /^FAIL {2}clocks +server-1 is 60\d s behind, server-2 is 60\d s behind, /);
    assert.match(lines[2] ?? "", /all differ alike: this computer's own clock is wrong$/);
  });

  test("a cluster that is a few minutes old has no snapshot, and needs none yet", needsLan, async (t) => {
    const { change, ca, verify, kubeconfig } = await play(t, alone);
    const born = new Date(Date.now() - 120_000).toISOString();
    const young = ["server-1", "server-2", "server-3"].map((name) => ({ ...nodeAnswer(alone, name), born }));
    await change({ [FIRST]: server(alone, ca.certificate, { nodes: young, snapshots: [] }) });
    const { status, lines } = await verify([kubeconfig]);
    assert.ok(lines.includes("ok    snapshots                none yet, and none is due"));
    assert.equal(status, 0);
  });
});
