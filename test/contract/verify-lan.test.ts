// Each check of load balancers, names and the ingress in verify.sh, made to fail for its own cause.
import { test } from "node:test";
import { makeCluster } from "../support/clusters.ts";
import {
  type Case,
  type Line,
  needsLan,
  off,
  provoke,
  restart,
  said,
  ssh,
  traefikPods,
} from "../support/verify-causes.ts";
import { page, type Play, server } from "../support/verify-play.ts";

const pair = { ...makeCluster({ servers: 3, loadBalancers: 2, agents: 1 }), dnsName: "k3s.lan" };
const VIP = "10.0.0.10";

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

test("load balancers, names and the ingress", needsLan, (t) => provoke(t, pair, LAN_CASES));
