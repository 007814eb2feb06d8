// Makes a cluster unwell in one way after the other, for the tests of what verify.sh then says: the causes are tables.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Cluster } from "../../generator/model/cluster.ts";
import { makeCluster } from "./clusters.ts";
import { requireNamespaces } from "./namespace.ts";
import type { StandIn } from "./stand-in.ts";
import { requireTool } from "./tools.ts";
import { type Play, play } from "./verify-play.ts";

/** For the tests: what they need, as `skip`. */
export const needsLan = {
  skip:
    requireTool("curl", "apt-get install curl") ||
    requireTool("openssl", "apt-get install openssl") ||
    requireNamespaces(),
};

/** A line that fails, as it is printed: its id, what is seen, the likely cause, the next command. */
export type Line = readonly [id: string, seen: string, cause: string, next: string];

export interface Case {
  readonly what: string;
  /** Makes it so; what is not put back by `change` is put back by what it returns. */
  readonly make: (play: Play) => Promise<void | (() => Promise<unknown>)>;
  /** The arguments of the script; default: the kubeconfig. */
  readonly args?: readonly string[];
  readonly lines: readonly Line[];
}

export const ssh = (name: string, command: string) => `npx quorate ssh ${name} -- ${command}`;
export const journal = (name: string) => ssh(name, "sudo journalctl -u k3s -n 50");
export const restart = (name: string) =>
  `one server after the other: ${ssh(name, "sudo systemctl restart k3s")}`;
export const said = (at: StandIn["at"]) => async (play: Play) => void (await play.change(at));

/** Takes an address off the LAN, as a machine that is switched off. */
export const off =
  (...addresses: readonly string[]) =>
  async ({ lan }: Play) => {
    const each = (verb: string) =>
      lan.must(["sh", "-ec", addresses.map((one) => `ip address ${verb} ${one}/32 dev br0`).join("; ")]);
    await each("del");
    return () => each("add");
  };

/** Runs the cases one after the other on one LAN, and everything is well again in between. */
export async function provoke(t: TestContext, cluster: Cluster, cases: readonly Case[]): Promise<void> {
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

/** Three servers and nothing else. */
export const alone = makeCluster({ servers: 3, loadBalancers: 0, ingress: false });
export const pods = (label: string) => `kubectl -n kube-system get pods -o wide -l ${label}`;
export const traefikPods = pods("app.kubernetes.io/name=traefik");
