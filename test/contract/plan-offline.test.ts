// `plan --offline` on a computer without a network card.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openMachine, requireNamespaces } from "../support/namespace.ts";
import { planPlace } from "../support/plan-place.ts";

const skip = requireNamespaces();

test("plan --offline: no network and no secret, and all is said", { skip }, async (t) => {
  const place = await planPlace(t);
  place.record();
  place.edit("cluster.config.json", '"k3s": {', '"k3s": { "snapshots": { "retention": 20 },');
  // A remote that a partial clone would ask for what it lacks.
  place.git("remote", "add", "origin", "https://192.0.2.1/none.git");
  place.git("config", "remote.origin.promisor", "true");
  const machine = await openMachine(t, "laptop");
  const links = await machine.must(["ip", "-o", "link"]);
  assert.equal(links.trim().split("\n").length, 1, "only lo");
  const began = performance.now();
  const { stdout, status } = await machine.run(place.command);
  assert.ok(performance.now() - began < 10_000, "it waits for nobody");
  assert.equal(status, 0);
  assert.match(
    stdout,
    /^server-1 .* restart, 1 file\n {2}felt .*\n {2}why +the config\n {2}quorum +2 of 3 voters stay$/m,
  );
  assert.match(
    stdout,
    /^plan \(against the record, no machine was asked\): 3 machines to change, 1 as it should be$/m,
  );
  assert.ok(!existsSync(join(place.folder, ".secrets")));
});
