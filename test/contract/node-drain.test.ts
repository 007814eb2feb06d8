// How a load balancer's program takes a machine out of service and back, in the real shell, before a HAProxy that is played.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type NodePlace, nodePlace } from "../support/node-place.ts";
import { scratch } from "../support/scratch.ts";
import { requireTool } from "../support/tools.ts";

const skip = requireTool("dash", "apt-get install dash");

// SRV_ADMF_FMAINT is 1, SRV_ADMF_FDRAIN 8, and what tracks a drained server has SRV_ADMF_IDRAIN, 16. Of the states that a
// socket sets, drain ends a maintenance and ready ends both (haproxy: include/haproxy/server.h, srv_adm_set_*).
const SOCAT = `read -r line
state=$PLACE/haproxy
case $line in
    'show servers state')
        echo 1
        echo '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state'
        n=0
        while read -r backend admin; do n=$((n + 1)); echo "$n \${backend%/*} $n \${backend#*/} 10.0.0.1 2 $admin"; done <"$state"
        ;;
    'set server '*)
        set -- $line
        case $5 in ready) to=0 ;; drain) to=8 ;; esac
        sed "s|^$3 .*|$3 $to|" "$state" >"$state.new" && mv "$state.new" "$state"
        echo "$3 $5" >>"$PLACE/set"
        ;;
esac
`;

interface Balancer {
  readonly place: NodePlace;
  /** Backend, server and the flags of the administrator's state. */
  readonly state: (lines?: readonly string[]) => readonly string[];
  readonly drain: () => ReturnType<NodePlace["run"]>;
  readonly undrain: (...more: readonly string[]) => ReturnType<NodePlace["run"]>;
}

function balancer(t: TestContext, first: readonly string[]): Balancer {
  const place = nodePlace(join(scratch(t), "m"));
  place.install(place.set("lb", {}));
  const program = place.path("/usr/local/sbin/quorate-node");
  const bin = place.path("/bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "socat"), `#!/bin/sh\n${SOCAT}`, { mode: 0o755 });
  writeFileSync(program, readFileSync(program, "utf8").replace("PATH=/usr/bin", `PATH=${bin}:/usr/bin`));
  chmodSync(program, 0o755);
  const file = place.path("/haproxy");
  const state: Balancer["state"] = (lines) => {
    if (lines) writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
    return readFileSync(file, "utf8").trimEnd().split("\n");
  };
  state(first);
  return {
    place,
    state,
    drain: () => place.run(["drain", "server-1", "0", "900"]),
    undrain: (...more) => place.run(["undrain", "server-1", ...more]),
  };
}

const OPEN = ["be_api/server-1 0", "be_api/server-2 0", "be_http/server-1 0"];

test("drained on every backend of its own, and taken back, by whomever", { skip }, async (t) => {
  for (const by of [["ours"], ["by-itself"], []]) {
    const { state, drain, undrain, place } = balancer(t, OPEN);
    for (const _ of ["", "again"]) {
      const { status, stderr } = await drain();
      assert.deepEqual([status, stderr], [0, ""]);
      assert.deepEqual(state(), ["be_api/server-1 8", "be_api/server-2 0", "be_http/server-1 8"]);
    }
    assert.ok(
      place.told().some((line) => /--unit=quorate-undrain-server-1 .* undrain server-1 by-itself/.test(line)),
    );
    for (const _ of ["", "again"]) {
      assert.equal((await undrain(...by)).status, 0);
      assert.deepEqual(state(), OPEN);
    }
  }
});

test(
  "what a person has drained before stays so after an apply, and ends when a person says so",
  { skip },
  async (t) => {
    const byHand = ["be_api/server-1 8", "be_api/server-2 0", "be_http/server-1 0"];
    const { state, drain, undrain } = balancer(t, byHand);
    for (const by of ["ours", "by-itself"]) {
      assert.equal((await drain()).status, 0);
      assert.equal(state()[2], "be_http/server-1 8");
      assert.equal((await undrain(by)).status, 0);
      assert.deepEqual(state(), byHand);
      assert.equal((await undrain(by)).status, 0);
      assert.deepEqual(state(), byHand, "nothing of ours");
    }
    assert.equal((await undrain()).status, 0);
    assert.deepEqual(state(), OPEN);
  },
);

test("a maintenance of a person is not ended: the drain says that it is none", { skip }, async (t) => {
  const byHand = ["be_api/server-1 1", "be_api/server-2 0", "be_http/server-1 0"];
  const { state, drain, undrain } = balancer(t, byHand);
  const { status, stderr } = await drain();
  assert.deepEqual([status, stderr], [1, "HAProxy does not drain server-1\n"]);
  assert.equal((await undrain("ours")).status, 0);
  assert.deepEqual(state(), byHand);
});

test("HAProxy was started anew meanwhile, and knows of no drain: none is left", { skip }, async (t) => {
  const { state, drain, undrain } = balancer(t, OPEN);
  await drain();
  state(OPEN);
  assert.equal((await undrain("ours")).status, 0);
  assert.deepEqual(state(), OPEN);
});
