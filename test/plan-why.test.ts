// Why a file of a machine changes, and what the record's tree says of a machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../generator/model/cluster.ts";
import { publicText } from "../generator/model/files.ts";
import { type Cause, textSum } from "../generator/plan/cause.ts";
import { formatPlan } from "../generator/plan/format.ts";
import type { ObservedFile } from "../generator/plan/observed.ts";
import { asObserved, recordedFiles } from "../generator/plan/recorded.ts";
import { K3S_PATHS } from "../generator/render/k3s.ts";
import { NODE_PATHS } from "../generator/render/node-paths.ts";
import { different, filesOf, knowing, planned, planOf, RECORDED, SIX } from "./support/plan-play.ts";
import { recordedMachine } from "./support/record.ts";

const PATH = K3S_PATHS.config;
const COMMIT = recordedMachine().commit ?? "";
const NOW = publicText(filesOf("server-1").find(({ path }) => path === PATH)?.content ?? []);
/** The config as it was, where another retention gives another text. */
const EARLIER = { ...SIX, k3s: { ...SIX.k3s, snapshots: { ...SIX.k3s.snapshots, retention: 3 } } };
const THEN = publicText(filesOf("server-1", EARLIER).find(({ path }) => path === PATH)?.content ?? []);

function causeFor(then: Cluster | null, recordedText: string | null, seen: ObservedFile): Cause | null {
  const files = new Map([[PATH, { mode: "0600", action: "restart", text: recordedText ?? "" }]] as const);
  const plan = planned(
    SIX,
    knowing(RECORDED.record, {
      baseline: new Map(then ? [[COMMIT, then]] : []),
      recorded: new Map(recordedText === null ? [] : [["server-1", files]]),
    }),
    ["server-1", seen],
  );
  return planOf("server-1", plan).files[0]?.cause ?? null;
}
const has = (text: string) => different(PATH, text, textSum(text));

for (const [what, then, recorded, seen, cause] of [
  ["the config was edited", EARLIER, THEN, has(THEN), "config"],
  ["it was edited, and what was applied is unknown", EARLIER, null, has(THEN), "config"],
  ["it was edited, and Quorate renders otherwise than then", EARLIER, "old\n", has("old\n"), "both"],
  ["Quorate renders otherwise", SIX, "old\n", has("old\n"), "quorate"],
  ["somebody changed the machine", SIX, NOW, has("by hand\n"), "hand"],
  ["somebody removed it", SIX, NOW, { path: PATH, is: "missing" }, "hand"],
  ["somebody changed the mode", SIX, NOW, { path: PATH, is: "mode", mode: "0644" }, "hand"],
  ["Quorate gave it another mode", SIX, NOW, { path: PATH, is: "mode", mode: "0600" }, "quorate"],
  ["its text cannot be read, and Quorate renders as then", SIX, NOW, different(PATH, null), "hand"],
  ["its text cannot be read, and Quorate renders otherwise", SIX, "old\n", different(PATH, null), null],
  ["what was applied is unknown", SIX, null, has("old\n"), null],
  ["the config of that time is unknown", null, NOW, has("old\n"), null],
] as const satisfies readonly (readonly [
  string,
  Cluster | null,
  string | null,
  ObservedFile,
  Cause | null,
])[]) {
  test(`why: ${what}`, () => assert.equal(causeFor(then, recorded, seen), cause));
}

test("why: a file that the config asks for no more, and one that only a newer Quorate has", () => {
  const gone: ObservedFile = {
    path: "/etc/old.conf",
    is: "stale",
    action: "none",
    text: "a",
    sum: textSum("a"),
  };
  const old = { mode: "0644", action: "none", text: "a" } as const;
  const known = knowing(RECORDED.record, {
    baseline: new Map([[COMMIT, SIX]]),
    recorded: new Map([["server-1", new Map([["/etc/old.conf", old]])]]),
  });
  assert.equal(planOf("server-1", planned(SIX, known, ["server-1", gone])).files[0]?.cause, "quorate");
  const fresh = planned(SIX, known, ["server-1", { path: NODE_PATHS.hostname, is: "missing" }]);
  assert.equal(planOf("server-1", fresh).files[0]?.cause, "quorate");
});

test("a machine says why, in words, and nothing where nobody knows", () => {
  const known = knowing(RECORDED.record, {
    baseline: new Map([[COMMIT, EARLIER]]),
    recorded: new Map([
      ["server-1", new Map([[PATH, { mode: "0600", action: "restart", text: "old\n" }]] as const)],
    ]),
  });
  const plan = planned(SIX, known, ["server-1", has("old\n")], ["agent-1", different(PATH)]);
  assert.match(formatPlan(plan), /^server-1 .*\n {2}felt .*\n {2}why +the config and a newer Quorate\n/m);
  const unknown = planned(SIX, RECORDED, ["server-1", has("old\n")]);
  assert.equal(planOf("server-1", unknown).why, null);
  assert.doesNotMatch(formatPlan(unknown), /^ {2}why/m);
});

// ---- what was recorded, as an answer

test("recorded files stand for a machine: what it lacks, has otherwise and has too much", () => {
  const desired = filesOf("lb-1");
  const texts = new Map(desired.map(({ path, content }) => [path as string, publicText(content)]));
  const list = texts.get(NODE_PATHS.fileList) ?? "";
  const then = recordedFiles(
    new Map([
      ...[...texts].filter(([path]) => path !== NODE_PATHS.hostname),
      [NODE_PATHS.haproxy, "old\n"],
      ["/etc/old.conf", "gone\n"],
      [
        NODE_PATHS.fileList,
        `${list.replace(/^.* \/etc\/quorate\/hostname\n/m, "").replace("0755 none", "0700 none")}0644 restart:haproxy /etc/old.conf\n`,
      ],
    ]),
  );
  assert.ok(then);
  const seen = asObserved(desired, then, (text) => text.toUpperCase());
  assert.deepEqual(
    seen.filter(({ path }) => path !== NODE_PATHS.fileList),
    [
      { path: NODE_PATHS.program, is: "mode", mode: "0700" },
      { path: NODE_PATHS.hostname, is: "missing" },
      { path: NODE_PATHS.haproxy, is: "different", mode: "0644", text: "OLD\n", sum: textSum("old\n") },
      { path: "/etc/old.conf", is: "stale", action: "restart", text: "GONE\n", sum: textSum("gone\n") },
    ],
  );
  assert.deepEqual(
    asObserved(desired, recordedFiles(texts) ?? new Map(), (text) => text),
    [],
  );
  assert.equal(recordedFiles(new Map([["/etc/quorate/hostname", "x"]])), null, "no list");
  assert.equal(
    recordedFiles(new Map([[NODE_PATHS.fileList, list]])),
    null,
    "a list of files that are not there",
  );
});
