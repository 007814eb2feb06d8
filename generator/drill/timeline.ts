// The drill as a picture: a row for each failure, what failed over time, and when it was made, noticed, healed and well again.
import { formatSeconds } from "../tolerance/seconds.ts";
import { type Moments, promised, type Report } from "./report.ts";
import type { Sample } from "./sample.ts";

const WIDTH = 1060;
const LEFT = 430;
const ROW = 34;
const TOP = 56;
/** Bars this wide, in milliseconds. */
const BIN_MS = 250;
const COLOURS = {
  held: "#2f7d4f",
  broken: "#b3261e",
  lost: "#b3261e",
  kept: "#cfe3d6",
  lasts: "#f3e3c3",
} as const;

/** One self-contained SVG. */
export function timeline({ measured }: Report): string {
  const longest = Math.max(1000, ...measured.map(({ moments }) => moments.to - moments.from));
  const scale = (WIDTH - LEFT - 20) / longest;
  const height = TOP + measured.length * ROW + 30;
  const rows = measured.map((one, index) => {
    const y = TOP + index * ROW;
    const x = (at: number) => LEFT + (at - one.moments.from) * scale;
    const held = one.broken.length === 0;
    return [
      `<text x="12" y="${y + 14}" class="what">${escaped(one.title)}</text>`,
      `<text x="12" y="${y + 27}" class="${held ? "held" : "broken"}">${escaped(verdict(one))}</text>`,
      `<rect x="${r(x(one.moments.from))}" y="${y + 6}" width="${r((one.moments.to - one.moments.from) * scale)}" height="18" fill="${COLOURS.kept}"/>`,
      `<rect x="${r(x(one.moments.made))}" y="${y + 6}" width="${r((one.moments.healed - one.moments.made) * scale)}" height="18" fill="${COLOURS.lasts}"/>`,
      ...bins(one.samples, one.moments).map(
        ({ at, share }) =>
          `<rect x="${r(x(at))}" y="${r(y + 24 - 18 * share)}" width="${r(Math.max(1, BIN_MS * scale))}" height="${r(18 * share)}" fill="${COLOURS.lost}"/>`,
      ),
      ...(one.noticed === null ? [] : [mark(x(one.moments.made + one.noticed), y, "noticed")]),
      mark(x(one.moments.healed), y, "healed"),
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">
<style>.what{font-weight:bold}.held{fill:${COLOURS.held}}.broken{fill:${COLOURS.broken}}.small{font-size:9px;fill:#555}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="22" font-size="15">Drill: what a client saw</text>
<text x="12" y="40" class="small">yellow: the failure lasts; red: the share of requests that failed in a quarter of a second; lines: noticed, healed</text>
${rows.join("\n")}
<text x="${WIDTH - 20}" y="${height - 10}" text-anchor="end" class="small">${formatSeconds(longest / 1000)}</text>
</svg>
`;
}

function verdict({ felt, worst, broken }: Report["measured"][number]): string {
  const lasted = Math.max(0, ...felt.map((each) => each.lasted));
  const failed = felt.reduce((sum, each) => sum + each.failed, 0);
  return `${failed} failed, felt ${formatSeconds(lasted / 1000)}, promised: ${promised(worst)}: ${broken.length === 0 ? "held" : "BROKEN"}`;
}

/** The share of failed requests in each quarter of a second in which one failed, by when they were sent. */
function bins(
  samples: readonly Sample[],
  { from }: Moments,
): readonly { readonly at: number; readonly share: number }[] {
  const all = new Map<number, { sent: number; failed: number }>();
  for (const { at, reason } of samples) {
    const bin = Math.floor((at - from) / BIN_MS);
    const count = all.get(bin) ?? { sent: 0, failed: 0 };
    count.sent += 1;
    if (reason !== null) count.failed += 1;
    all.set(bin, count);
  }
  return [...all].flatMap(([bin, { sent, failed }]) =>
    failed === 0 ? [] : [{ at: from + bin * BIN_MS, share: failed / sent }],
  );
}

function mark(x: number, y: number, what: string): string {
  return `<line x1="${r(x)}" x2="${r(x)}" y1="${y + 2}" y2="${y + 26}" stroke="#333"><title>${what}</title></line>`;
}

function r(number: number): string {
  return String(Math.round(number * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
