// Text of others inside our Markdown: it is shown as it is written, does nothing, and reaches nobody by name.
import { printable } from "../config/printable.ts";

/** Shown as nothing. It ends what GitHub would take for a name or a number; `printable` lets none through. */
const BREAK = "\u200b";

/** One line of a text that may be anybody's, as words within a paragraph, a list or a cell of a table. */
export function prose(text: string): string {
  const words = printable(text.replaceAll(/\s+/g, " ").trim())
    // Nobody is told, no issue gets a mark, and nothing is a link (GitHub Flavored Markdown Spec, 6.9 autolinks).
    .replaceAll("@", `@${BREAK}`)
    .replaceAll(/#(?=\d)/g, `#${BREAK}`)
    .replaceAll(/\bGH-(?=\d)/gi, (hit) => `${hit}${BREAK}`)
    .replaceAll("://", `:${BREAK}//`)
    .replaceAll(/\bwww\./gi, (hit) => `${hit.slice(0, -1)}${BREAK}.`)
    // At the beginning of a line these make a heading, a list, a rule.
    .replace(/^\d+(?=[.)])/, (hit) => `${hit}${BREAK}`)
    .replaceAll(/[\\`*_[\]~|!]/g, "\\$&")
    .replace(/^[-+=#]/, "\\$&");
  return entities(words);
}

/** A dollar sign would begin a formula, and a backslash does not take that away. */
function entities(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("$", "&#36;")
    .replaceAll(BREAK, "&#8203;");
}

/** A span of code that holds just that text. Not within a cell of a table, where a pipe would end it. */
export function code(text: string): string {
  const shown = printable(text.replaceAll(/\s+/g, " "));
  if (shown.trim() === "") return "``` ```";
  const ticks = "`".repeat(longestRun(shown) + 1);
  // A space at each end is taken away again (CommonMark, code spans).
  const padded = shown.startsWith("`") || shown.endsWith("`") || ticks.length > 1 ? ` ${shown} ` : shown;
  return `${ticks}${padded}${ticks}`;
}

/** What to do next: a command stands as code, a sentence as words. Also within a cell of a table. */
export function nextAction(text: string): string {
  return /^(npx quorate|npm run|git) [\w ./:=-]{1,200}$/.test(text) ? code(text) : prose(text);
}

/** The line that opens a block of code, and the one that ends it, for lines that may hold such a line themselves. */
export function fenceFor(lines: readonly string[]): string {
  return "`".repeat(Math.max(3, ...lines.map((line) => longestRun(line) + 1)));
}

/** A line of a block of code. */
export function codeLine(text: string): string {
  return text.split("\t").map(printable).join("\t");
}

function longestRun(text: string): number {
  return [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
}

/** Bytes that the lines take, each with its line break. */
export function bytesOfLines(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line, "utf8") + 1, 0);
}

/** As many of the first lines as fit. */
export function linesWithin(lines: readonly string[], bytes: number): readonly string[] {
  let left = bytes;
  const end = lines.findIndex((line) => {
    left -= Buffer.byteLength(line, "utf8") + 1;
    return left < 0;
  });
  return end === -1 ? lines : lines.slice(0, end);
}
