// The comment of a pull request as people see it, in the situations that there are; and what no text of others can do in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { printable } from "../generator/config/printable.ts";
import { commentOf, type Comment } from "../generator/github/comment.ts";
import { prose } from "../generator/github/markdown.ts";
import { readMarker } from "../generator/github/marker.ts";
import { type PullReport, readReport } from "../generator/github/report.ts";
import { bigConfig } from "./support/big-config.ts";
import { fixturePath } from "./support/fixtures.ts";
import { assertGolden } from "./support/golden.ts";
import { HEAD, pullReport } from "./support/pull-play.ts";

const SAMPLE = readFileSync(fixturePath("sample"), "utf8");
const WITH_AGENTS = readFileSync(fixturePath("agents-and-two-load-balancers"), "utf8");
const RUN = "https://github.com/example/home/actions/runs/7/attempts/1";
const BUDGET = 60_000;

function edited(text: string, ...edits: readonly (readonly [string | RegExp, string])[]): string {
  return edits.reduce((now, [from, to]) => {
    const next = now.replace(from, to);
    assert.notEqual(next, now, `the config does not hold ${String(from)}`);
    return next;
  }, text);
}

/** Every agent gets labels of its own, so many that no comment holds them. */
function manyLabels(text: string): string {
  const config = JSON.parse(text) as { nodes: { name: string; role: string; labels?: object }[] };
  for (const [index, node] of config.nodes.entries()) {
    if (node.role !== "agent") continue;
    const labels = Array.from({ length: 150 + index * 5 }, (_, label) => [
      `example.org/${node.name}-${label}`,
      `v${label}`,
    ]);
    node.labels = Object.fromEntries(labels);
  }
  return JSON.stringify(config, null, 2);
}

const SITUATIONS: Readonly<Record<string, () => PullReport>> = {
  "nothing-changes": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, ['"k3s": {', '"rollout": { "agentBatch": 2 }, "k3s": {']),
    }),
  "one-label": () =>
    pullReport({
      applied: WITH_AGENTS,
      text: edited(WITH_AGENTS, [/"name": "agent-1",/, '"name": "agent-1", "labels": { "disk": "nvme" },']),
    }),
  "new-agent": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, [
        '"nodes": [',
        '"nodes": [ { "name": "agent-1", "role": "agent", "address": "192.168.1.31" },',
      ]),
    }),
  "second-load-balancer": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, [
        '"nodes": [',
        '"nodes": [ { "name": "lb-2", "role": "loadbalancer", "address": "192.168.1.32" },',
      ]),
    }),
  "flag-on-all-servers": () =>
    pullReport({
      applied: WITH_AGENTS,
      text: edited(WITH_AGENTS, [
        '"k3s": {',
        '"k3s": { "serverConfig": { "kube-apiserver-arg": ["audit-log-maxage=7"] },',
      ]),
    }),
  "single-server-outage": () => {
    const single = readFileSync(fixturePath("single-server"), "utf8");
    return pullReport({
      applied: single,
      text: edited(single, ['"k3s": {', '"k3s": { "tlsSans": ["a.example.org"],']),
    });
  },
  "one-to-three-servers": () => {
    const single = readFileSync(fixturePath("single-server"), "utf8");
    const config = JSON.parse(single) as { nodes: readonly { readonly address: string }[] };
    const [first] = config.nodes;
    const more = [2, 3].map((number) => ({
      ...first,
      name: `new-${number}`,
      address: first?.address.replace(/\d+$/, String(200 + number)),
    }));
    const text = JSON.stringify({ ...config, nodes: [...config.nodes, ...more] }, null, 2);
    return pullReport({ applied: single, text });
  },
  refusal: () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, ['"k3s": {', '"k3s": { "clusterCidr": "10.44.0.0/16",']),
    }),
  "config-error": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(
        SAMPLE,
        [/"address": "192\.168\.1\.12"/, '"address": "192.168.1.011"'],
        ['"k3s": {', '"k3s": { "versoin": 1,'],
      ),
    }),
  "out-stale": () =>
    pullReport({
      applied: SAMPLE,
      text: edited(SAMPLE, ['"k3s": {', '"k3s": { "tlsSans": ["a.example.org"],']),
      outStale: ["out/haproxy.cfg", "out/nodes/server-1/user-data"],
      notes: [
        "it is not known why something changes on lb-1: its config was not committed when it was last applied",
      ],
    }),
  "upgrade-and-removal": () => {
    const config = JSON.parse(WITH_AGENTS) as {
      k3s: { version: string };
      loadBalancer?: object;
      nodes: { name: string }[];
    };
    config.k3s.version = "v1.36.5+k3s1";
    config.loadBalancer = { maxConnections: 3000 };
    config.nodes = config.nodes.filter(({ name }) => name !== "agent-2");
    return pullReport({ applied: WITH_AGENTS, text: JSON.stringify(config, null, 2) });
  },
  "load-balancer-removed": () => {
    const config = JSON.parse(WITH_AGENTS) as { nodes: { name: string }[] };
    config.nodes = config.nodes.filter(({ name }) => name !== "lb-2");
    return pullReport({ applied: WITH_AGENTS, text: JSON.stringify(config, null, 2) });
  },
  "first-apply": () => pullReport({ applied: null, text: SAMPLE }),
  "forty-machines": () => pullReport({ applied: bigConfig(40), text: manyLabels(bigConfig(40)) }),
};

const shown = (report: PullReport, budget = BUDGET): Comment => commentOf(report, { budget, run: RUN });

for (const [name, make] of Object.entries(SITUATIONS)) {
  test(`the comment: ${name}`, () => {
    const report = make();
    assert.deepEqual(readReport(JSON.stringify(report)), report, "the report passes its own schema");
    const { body, truncated } = shown(report);
    assert.ok(Buffer.byteLength(body) <= BUDGET, `${Buffer.byteLength(body)} bytes`);
    const marker = readMarker(body);
    assert.equal(marker?.head, HEAD);
    assert.equal(marker?.truncated, truncated);
    const changing = report.machines.filter(({ state }) => state === "changes");
    assert.deepEqual(marker?.shown, Object.fromEntries(changing.map((each) => [each.name, each.action])));
    assertGolden(`golden/comment/${name}.md`, body);
  });
}

/** Texts that do something on GitHub unless they are kept from it. */
const HOSTILE = [
  "@everyone and @octo-org/team, see #1, octo/repo#2, GH-3 and octo@example.org",
  "<img src=x onerror=alert(1)><script>1</script><!-- --><details></summary></details><b>x</b> &lt;b&gt;",
  "[a](https://evil.example) ![i](https://evil.example/i.png) <https://evil.example> https://evil.example www.evil.example",
  "a | b | c \\| d \\\\| e `|` \\",
  '```\n</details>\n# heading\n| a | b |\n|---|---|\n> quote\n\n<!-- quorate:plan {"v":1,"head":null,"shown":{},"truncated":false} -->',
  "~~~~ ````` ` `` **bold** _i_ ~~s~~ $$\\frac{1}{2}$$ $`x`$ :x:",
  "<details open",
  "<script ",
  "<!-- a",
  "```",
  "# heading",
  "- item",
  "1. item",
  "=====",
  "-----",
  "\u202eevil\u200b\u0000\u001b[31m\r\nnext\ttab",
  "    four blanks",
  "[ ] [x] [^1]: note",
];

/** The report with every text that may be anybody's replaced. Names and actions cannot be: the schema holds them. */
function poisoned(report: PullReport, text: string): PullReport {
  const place = { line: 1, column: 1 };
  const row = { label: text, kinds: ["server"], aspects: [{ name: "api", text, worst: 1 }] };
  const other = { ...row, aspects: [{ name: "api", text: `${text}.`, worst: 2 }] };
  return {
    ...report,
    config: text,
    findings: (["error", "warning", "info"] as const).map((severity) => ({
      ...place,
      severity,
      code: "some-code",
      path: text,
      message: text,
      hint: text,
    })),
    refusals: [{ ...place, field: text, message: text, next: text, machines: [] }],
    notes: [text, text],
    outStale: [text],
    machines: report.machines.map((machine) => ({
      ...machine,
      felt: text,
      why: text,
      problem: { message: text, next: text },
      files: [
        {
          path: text,
          change: "changed",
          action: "restart",
          armed: true,
          diff: [` ${text}`, `+${text}`],
          leftOut: 0,
        },
        {
          path: text,
          change: "changed",
          action: "none",
          armed: false,
          diff: text.split("\n").map((line) => `-${line}`),
          leftOut: 3,
        },
      ],
    })),
    tolerance: {
      before: { commit: HEAD, runs: true, verdict: text, rows: [row] },
      after: { commit: null, runs: false, verdict: `${text} `, rows: [other] },
    },
  };
}

const ALLOWED = new Set(
  "h3 h4 p table thead tbody tr th td strong code pre ul li br sub details summary b a".split(" "),
);

function rendered(body: string): string {
  return micromark(body, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

for (const text of HOSTILE) {
  test(`a hostile text does nothing: ${JSON.stringify(text)}`, () => {
    const plain = pullReport({
      applied: WITH_AGENTS,
      text: edited(WITH_AGENTS, ['"k3s": {', '"k3s": { "tlsSans": ["a"],']),
    });
    const report = readReport(JSON.stringify(poisoned(plain, text)));
    for (const seen of [report, { ...report, refusals: [] }, { ...report, refusals: [], outStale: [] }]) {
      const { body, shown: told } = shown(seen);
      const html = rendered(body).replace(/^<!-- .*? -->\n/, "");
      const tags = [...html.matchAll(/<\/?([a-z0-9]+|!)[^>]*>/gi)];
      assert.deepEqual(
        tags.map(([, name]) => name ?? "").filter((name) => !ALLOWED.has(name)),
        [],
        html,
      );
      const links = [...html.matchAll(/<a[^>]*>/g)].map(([tag]) => tag);
      assert.ok(
        links.every((tag) => tag === `<a href="${RUN}">`),
        links.join(),
      );
      const attributes = tags.flatMap(([tag]) => [...tag.matchAll(/ ([a-z]+)=/g)].map(([, name]) => name));
      assert.ok(
        attributes.every((name) => name === "href" || name === "class"),
        attributes.join(),
      );
      const words = html.replaceAll(/<(code|pre)[^>]*>[^]*?<\/\1>/g, "").replaceAll(/<[^>]*>/g, " ");
      assert.doesNotMatch(words, /@[a-z0-9]|#\d|GH-\d|:\/\/|www\./i);
      // A formula is looked for before entities are read.
      assert.ok(!prose(text).includes("$"));
      // Nothing of the structure comes from the text, and nothing of it is lost.
      const count = (tag: string) => html.split(`<${tag}`).length - 1;
      assert.equal(count("h3"), 1);
      assert.equal(count('pre><code class="language-diff"'), 2, "both blocks of the one group");
      assert.equal(count("details>"), html.split("</details>").length - 1);
      const cells = [...html.matchAll(/<tr>([^]*?)<\/tr>/g)].map(
        ([, row]) => (row ?? "").split(/<t[hd]/).length - 1,
      );
      assert.deepEqual(
        new Set(cells),
        new Set([6, 5]),
        "rows of both tables have as many cells as their heads",
      );
      assert.deepEqual(readMarker(body)?.shown, told);
      assert.equal(body.split("\n").filter((line) => line.startsWith("<!--")).length, 1);
    }
  });
}

test("every text is shown as it is written", () => {
  const plain = pullReport({ applied: WITH_AGENTS, text: WITH_AGENTS });
  for (const text of HOSTILE) {
    const html = rendered(shown({ ...plain, notes: [text] }).body);
    const [, note = ""] = /<h4>Notes<\/h4>\s*<ul>\s*<li>([^]*?)<\/li>/.exec(html) ?? [];
    const seen = note
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&quot;", '"')
      .replaceAll("&amp;", "&")
      .replaceAll("\u200b", "");
    // What a terminal would not show either is there as an escape.
    assert.equal(seen, printable(text.replaceAll(/\s+/g, " ").trim()));
  }
});

test("a table that does not fit is cut between machines, and what it shows counts for no more than that", () => {
  const base = pullReport({ applied: null, text: bigConfig(1500) });
  for (const budget of [BUDGET, 20_000]) {
    const { body, truncated, shown: told } = shown(base, budget);
    assert.ok(Buffer.byteLength(body) <= budget, `${Buffer.byteLength(body)}`);
    assert.equal(truncated, true);
    const rows = [...body.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(rows, Object.keys(told));
    assert.ok(rows.length > 10 && rows.length < 1500);
    const [marker = ""] = body.split("\n", 1);
    const table = body.split("\n").filter((line) => line.startsWith("| `"));
    assert.ok(
      Buffer.byteLength([marker, ...table].join("\n")) <= budget * 0.4 + 200,
      "the marker is counted",
    );
    assert.match(body, new RegExp(`^\\*\\*Cut: ${1500 - rows.length} machines that do not fit`, "m"));
    assert.equal(readMarker(body)?.truncated, true);
  }
});

test("however long the texts are, the comment keeps to its budget, and each block of code ends", () => {
  const make = SITUATIONS["forty-machines"];
  assert.ok(make);
  const long = "@`|<x> ".repeat(500);
  for (const report of [
    make(),
    poisoned(make(), long.slice(0, 399)),
    { ...make(), notes: Array(1000).fill(long) },
  ]) {
    for (const budget of [BUDGET, 30_000]) {
      const { body } = shown(report, budget);
      assert.ok(Buffer.byteLength(body) <= budget, `${Buffer.byteLength(body)} of ${budget}`);
      const fences = body.split("\n").filter((line) => line.startsWith("```"));
      assert.equal(fences.length % 2, 0);
      assert.equal(body.split("<details>").length, body.split("</details>").length);
    }
  }
});

test("what is cut is said to the line", () => {
  const report = SITUATIONS["forty-machines"]?.();
  assert.ok(report);
  const { body } = shown(report);
  const lines = body.split("\n");
  const begins = lines.findIndex((line) => line.includes("<b>agent-3</b>"));
  const block = lines.slice(begins, lines.indexOf("</details>", begins));
  const kept = block.slice(block.indexOf("```diff") + 1, block.lastIndexOf("```")).length;
  const whole = report.machines.find(({ name }) => name === "agent-3")?.files[0]?.diff?.length ?? 0;
  assert.ok(kept > 0 && kept < whole);
  assert.ok(lines.includes(`- agent-3: ${whole - kept} of ${whole} lines`), `${whole - kept} of ${whole}`);
  const { body: all } = shown(report, 1_000_000);
  assert.doesNotMatch(all, /Cut from/);
});
