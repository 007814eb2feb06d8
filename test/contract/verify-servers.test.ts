// Each check of servers, certificates and clocks in verify.sh, made to fail for its own cause.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAuthority } from "../support/authority.ts";
import type { Behaviour } from "../support/stand-in.ts";
import {
  alone,
  type Case,
  journal,
  needsLan,
  provoke,
  restart,
  said,
  ssh,
} from "../support/verify-causes.ts";
import { PATHS, type Play, play, server } from "../support/verify-play.ts";

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

test("servers, certificates and clocks", needsLan, (t) => provoke(t, alone, SERVER_CASES));

test("this computer's own clock, where all servers differ alike", needsLan, async (t) => {
  const { change, ca, verify } = await play(t, alone);
  const behind = { ...server(alone, ca.certificate), ...dated(-600) };
  await change(Object.fromEntries([1, 2, 3].map((number) => [`10.0.0.1${number}:6443`, behind])));
  const { lines } = await verify(["--quiet"]);
  assert.match(lines[0] ?? "", /^FAIL {2}clocks +server-1 is 60\d s behind, server-2 is 60\d s behind, /);
  assert.match(lines[2] ?? "", /all differ alike: this computer's own clock is wrong$/);
});
