// What the verb card finds on the network and on the shared branch before it writes, and what it then writes or refuses.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { recordText } from "../../generator/model/record.ts";
import { rootCheck } from "../../generator/secrets/derive.ts";
import { makeRecord } from "../support/record.ts";
import { type CardPlace, cardPlace } from "../support/card-place.ts";
import { clusterOf } from "../support/fixtures.ts";
import { type Machine, openLan, openMachine, requireNamespaces, until } from "../support/namespace.ts";
import { makeCertificate, startHaproxy, startStandIn } from "../support/programs.ts";
import { scratch } from "../support/scratch.ts";
import type { Behaviour } from "../support/stand-in.ts";
import { requireTool, runTool } from "../support/tools.ts";

const skip =
  requireTool("openssl", "apt-get install openssl") ||
  requireTool("git", "apt-get install git") ||
  requireTool("haproxy", "apt-get install haproxy") ||
  requireTool("ssh", "apt-get install openssh-client") ||
  requireNamespaces();

/** The addresses of the fixture that cardPlace takes. */
const SERVERS = ["192.168.1.11", "192.168.1.12", "192.168.1.13"];
const VIP = "192.168.1.10";
/** Milliseconds that looking may take: two waits of 1.5 s one after the other, then asking a server by SSH. */
const PATIENCE = 5000;

/** K3s gives its CA certificates to everybody (k3s-io/k3s:pkg/server/handlers: /cacerts). */
const k3s = (certificates: string): Behaviour => ({ "/cacerts": { status: 200, body: certificates } });

interface Play {
  readonly place: CardPlace;
  readonly lan: Machine;
  /** The verb on a computer in the LAN; a target is a new empty folder of that name. */
  readonly card: (node: string, target: string) => Promise<Carded>;
  readonly secret: string;
}

interface Carded {
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** What is in the target. */
  readonly names: readonly string[];
  readonly userData: string;
  /** Milliseconds without the program's own work: that is at most thrice what its help takes, and long on a busy computer. */
  readonly took: number;
}

/** A LAN with the addresses of all servers, which answer as told, and a computer in it that writes cards. */
async function play(
  t: TestContext,
  at: Readonly<Record<string, Behaviour>> = {},
  { pem = makeCertificate(t), address = "192.168.1.200/24" } = {},
): Promise<Play> {
  const place = cardPlace(t);
  const lan = await openLan(t, ["192.168.1.250/24", ...SERVERS.map((server) => `${server}/32`)]);
  const laptop = await openMachine(t, "laptop");
  await laptop.plug(lan, "eth0", [address]);
  if (Object.keys(at).length > 0) await startStandIn(lan, { pem, at });
  const card = async (node: string, name: string) => {
    const target = join(place.folder, name);
    mkdirSync(target);
    const start = performance.now();
    await laptop.must(place.command("--help"));
    const begin = performance.now();
    const { status, stdout, stderr } = await laptop.run(place.command(node, target));
    const took = performance.now() - begin - 3 * (begin - start);
    const names = readdirSync(target).toSorted();
    const userData = names.includes("user-data") ? readFileSync(join(target, "user-data"), "utf8") : "";
    return { exit: status, stdout, stderr, names, userData, took };
  };
  return { place, lan, card, secret: join(place.folder, ".secrets", "cluster-secret") };
}

/** Makes the secret of that folder, as the first card does. */
async function makeSecret({ place, secret }: Play): Promise<Uint8Array> {
  const target = join(place.folder, "earlier");
  mkdirSync(target);
  assert.equal((await place.card("agent-1", target)).exit, 0);
  return Buffer.from(readFileSync(secret, "utf8").trim(), "hex");
}

/** The certificates of a file as K3s serves them, and the hash in a token of that cluster, by openssl. */
function served(t: TestContext, ...files: readonly string[]) {
  const read = (file: string) => runTool("openssl", ["x509", "-in", file]).stdout;
  const text = files.map(read).join("");
  const file = join(scratch(t), "served");
  writeFileSync(file, text);
  // k3s-io/k3s:pkg/clientaccess/token.go: over the text of one certificate, over the DER of a bundle's last.
  if (files.length > 1)
    assert.equal(
      runTool("openssl", ["x509", "-in", files.at(-1) ?? "", "-outform", "DER", "-out", file]).status,
      0,
    );
  const hash = runTool("openssl", ["dgst", "-sha256", "-r", file]).stdout.slice(0, 64);
  assert.match(hash, /^[0-9a-f]{64}$/);
  return { text, hash };
}

function homeRecord(root: Uint8Array, caHash: string, machines: readonly string[]): string {
  return recordText(makeRecord({ name: "home", caHash, secretCheck: rootCheck(root) }, machines));
}

function writeRecord(folder: string, text: string): void {
  mkdirSync(join(folder, "out"), { recursive: true });
  writeFileSync(join(folder, "out", "applied.json"), text);
}

/** Refused before anything was made: no card, no secret. */
function assertNothing({ exit, stdout, names }: Carded, secret: string | null): void {
  assert.deepEqual([exit, stdout, names], [1, "", []]);
  if (secret !== null) assert.equal(existsSync(secret), false);
}

const MAY_FOUND = /path: \/etc\/quorate\/may-found/;

describe("before a card is written", { concurrency: 2 }, () => {
  test("nobody answers: the first server's card may found", { skip }, async (t) => {
    const { card } = await play(t);
    const first = await card("server-1", "a");
    assert.equal(first.exit, 0, first.stderr);
    assert.match(first.stdout, /^ {2}card +first: .*\(none is recorded and none answers\)$/m);
    assert.match(first.userData, MAY_FOUND);
    assert.ok(first.took < PATIENCE, `${first.took} ms`);
  });

  test("a load balancer without a server behind it is no cluster", { skip }, async (t) => {
    const { place, lan, card } = await play(t);
    const balancer = await openMachine(t, "lb-1");
    await balancer.plug(lan, "eth0", ["192.168.1.5/24", `${VIP}/32`]);
    const haproxy = await startHaproxy(balancer, clusterOf(readFileSync(place.config, "utf8")));
    await until("HAProxy without servers", 10_000, async () =>
      [...(await haproxy.states()).values()].some((state) => state.startsWith("UP")) ? undefined : true,
    );
    // It listens there all the same.
    await lan.must(["timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${VIP}/6443`]);
    const first = await card("server-1", "a");
    assert.equal(first.exit, 0, first.stderr);
    assert.match(first.stdout, /^ {2}card +first: .*none answers/m);
    assert.match(first.userData, MAY_FOUND);
  });

  test(
    "something hangs at the registration address: a load balancer, which is no cluster",
    { skip },
    async (t) => {
      const { lan, card } = await play(t);
      await lan.must(["ip", "address", "add", `${VIP}/32`, "dev", "br0"]);
      await startStandIn(lan, { pem: makeCertificate(t), at: { [`${VIP}:6443`]: "silent" } });
      const first = await card("server-1", "a");
      assert.equal(first.exit, 0, first.stderr);
      assert.match(first.stdout, /^ {2}card +first: .*none answers/m);
      assert.ok(first.took < PATIENCE, `${first.took} ms`);
    },
  );

  test("a cluster answers and its secret is not here: no card, and no second secret", { skip }, async (t) => {
    const pem = makeCertificate(t);
    const at = { [`${SERVERS[1]}:6443`]: k3s(served(t, pem).text) };
    const { card, secret } = await play(t, at, { pem });
    const refused = await card("server-1", "a");
    assertNothing(refused, secret);
    assert.match(
      refused.stderr,
      /a cluster answers at 192\.168\.1\.12 already, and its secret is not here\n {2}next: .*secret import FILE/,
    );
    assert.ok(refused.took < PATIENCE, `${refused.took} ms`);
  });

  test("a cluster answers, and its secret is here: the first server's card joins", { skip }, async (t) => {
    const pem = makeCertificate(t);
    const playing = await play(t, { [`${SERVERS[1]}:6443`]: k3s(served(t, pem).text) }, { pem });
    await makeSecret(playing);
    const joining = await playing.card("server-1", "a");
    assert.equal(joining.exit, 0, joining.stderr);
    assert.match(joining.stdout, /^ {2}card +joining: the cluster stands: it answers at 192\.168\.1\.12/m);
    // No sshd is there: whether the cluster has the machine already is not known, and that is said.
    assert.match(joining.stdout, /no running server could be asked/);
    assert.doesNotMatch(joining.userData, MAY_FOUND);
    assert.doesNotMatch(joining.userData, /K10[0-9a-f]{64}/);
    assert.ok(joining.took < PATIENCE, `${joining.took} ms`);
  });

  test(
    "a server takes the connection and says nothing: it may be starting, so nobody founds",
    { skip },
    async (t) => {
      const playing = await play(t, { [`${SERVERS[2]}:6443`]: "silent" });
      const refused = await playing.card("server-1", "a");
      assertNothing(refused, playing.secret);
      assert.match(refused.stderr, /192\.168\.1\.13/);
      assert.ok(refused.took < PATIENCE, `${refused.took} ms`);
      await makeSecret(playing);
      const joining = await playing.card("server-1", "b");
      assert.equal(joining.exit, 0, joining.stderr);
      assert.match(joining.stdout, /^ {2}card +joining: /m);
      assert.doesNotMatch(joining.userData, MAY_FOUND);
    },
  );

  for (const [what, files] of [
    ["one certificate", 1],
    ["a bundle", 2],
  ] as const) {
    test(
      `the recorded cluster is told from another one by its certificates: ${what}`,
      { skip },
      async (t) => {
        const pems = Array.from({ length: files }, () => makeCertificate(t));
        const { text, hash } = served(t, ...pems);
        const [pem = ""] = pems;
        const playing = await play(t, { [`${SERVERS[0]}:6443`]: k3s(text) }, { pem });
        const { place, card } = playing;
        const root = await makeSecret(playing);
        writeRecord(place.folder, homeRecord(root, hash, ["server-1"]));
        const joining = await card("server-2", "a");
        assert.equal(joining.exit, 0, joining.stderr);
        assert.match(joining.stdout, /recorded in out\/applied\.json.*it answers at 192\.168\.1\.11/);
        assert.match(joining.userData, new RegExp(`K10${hash}::server:[0-9a-f]{64}`));
        writeRecord(place.folder, homeRecord(root, served(t, makeCertificate(t)).hash, ["server-1"]));
        const refused = await card("server-2", "b");
        assertNothing(refused, null);
        assert.match(
          refused.stderr,
          /another cluster answers at 192\.168\.1\.11 \(server-1\): its certificate is not/,
        );
      },
    );
  }

  test("from outside of the subnet it cannot look, and says so", { skip }, async (t) => {
    const pem = makeCertificate(t);
    const at = { [`${SERVERS[1]}:6443`]: k3s(served(t, pem).text) };
    const { card } = await play(t, at, { pem, address: "10.99.0.2/24" });
    const first = await card("server-1", "a");
    assert.equal(first.exit, 0, first.stderr);
    assert.match(first.stdout, /this computer is not in 192\.168\.1\.0\/24, so it could not look/);
    assert.match(first.stdout, /^ {2}card +first: /m);
  });
});

const AUTHOR = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];

function git(folder: string, ...args: readonly string[]): void {
  const { status, stderr } = runTool("git", ["-C", folder, ...AUTHOR, ...args]);
  assert.equal(status, 0, stderr);
}

test(
  "only the shared branch has the record: it is fetched, and the card joins that cluster",
  { skip },
  async (t) => {
    const playing = await play(t);
    const { place, card } = playing;
    const root = await makeSecret(playing);
    const remotes = scratch(t);
    const [bare, other] = [join(remotes, "bare.git"), join(remotes, "other")];
    git(remotes, "init", "-q", "--bare", bare);
    git(place.folder, "init", "-q");
    writeFileSync(join(place.folder, ".gitignore"), "?/\nearlier/\n");
    git(place.folder, "add", ".gitignore", "cluster.config.json");
    git(place.folder, "commit", "-q", "-m", "one");
    git(place.folder, "remote", "add", "origin", bare);
    git(place.folder, "push", "-q", "-u", "origin", "HEAD");
    // A colleague's apply.
    git(remotes, "clone", "-q", bare, other);
    writeRecord(other, homeRecord(root, "c".repeat(64), ["server-1"]));
    git(other, "add", "out/applied.json");
    git(other, "commit", "-q", "-m", "applied");
    git(other, "push", "-q");

    const joining = await card("server-2", "a");
    assert.equal(joining.exit, 0, joining.stderr);
    assert.match(
      joining.stdout,
      /^ {2}card +joining: the cluster stands: it is recorded in out\/applied\.json/m,
    );
    assert.match(joining.userData, new RegExp(`K10${"c".repeat(64)}::server:[0-9a-f]{64}`));
    // The work tree is the person's: nothing is merged into it.
    assert.equal(existsSync(join(place.folder, "out")), false);

    // An apply here that nobody has committed yet knows more than the shared branch; an older commit of it does not.
    writeRecord(place.folder, homeRecord(root, "d".repeat(64), ["server-1"]));
    assert.ok(/K10d{64}::server:/.test((await card("server-2", "c")).userData));
    git(place.folder, "add", "out");
    git(place.folder, "commit", "-q", "-m", "applied here");
    git(place.folder, "pull", "-q", "--rebase", "-X", "theirs");
    writeRecord(other, homeRecord(root, "e".repeat(64), ["server-1"]));
    git(other, "commit", "-q", "-a", "-m", "applied again");
    assert.ok(/K10d{64}::server:/.test((await card("server-2", "d")).userData), "committed, not pushed");
    git(other, "push", "-q");
    assert.ok(/K10e{64}::server:/.test((await card("server-2", "e")).userData), "the shared one is newer");

    git(place.folder, "remote", "set-url", "origin", join(remotes, "gone.git"));
    const last = await card("server-3", "b");
    assert.equal(last.exit, 0, last.stderr);
    assert.match(
      last.stdout,
      /note: the record on the shared branch could not be looked at \(git fetch failed: .*gone\.git/,
    );
    assert.ok(/K10e{64}::server:/.test(last.userData), "what was fetched before counts");
  },
);
