// Findings as text for people, each with its line of the config, and as plain data for programs.
import { excerpt } from "./excerpt.ts";
import {
  type Code,
  type Finding,
  formatPath,
  type Path,
  type Severity,
  SEVERITY_LABELS,
  type Span,
} from "./finding.ts";
import { type Position, positionsIn } from "./positions.ts";
import { printable } from "./printable.ts";
import { maskSecrets } from "./secret-like.ts";

export interface ReportSource {
  /** The config's path, as the user gave it. */
  readonly file: string;
  /** The config's text, where it could be read. */
  readonly text?: string | undefined;
  /** Where a path stands in the text. */
  readonly spanOf?: ((path: Path, onKey?: boolean) => Span) | undefined;
}

export interface ReportOptions extends ReportSource {
  /** Use ANSI colours. */
  readonly colour: boolean;
}

/** One finding for `--json`. Line and column count from 1, the column in code points; null where there is no place. */
export interface FindingJson {
  readonly code: Code;
  readonly severity: Severity;
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly hint: string;
}

interface Placed {
  readonly finding: Finding;
  readonly span: Span | undefined;
}

// More would scroll the first ones, which matter most, off the screen.
const PRINTED_IN_FULL = 100;
const ORDER: readonly Severity[] = ["error", "warning", "info"];
const COLOURS = { error: "1;31", warning: "1;33", info: "1;36", frame: "1;34", strong: "1" } as const;

/** The report, or "" where there is nothing to say. Errors come first, and within a severity the order is the file's. */
export function formatReport(findings: readonly Finding[], options: ReportOptions): string {
  if (findings.length === 0) return "";
  const paint: Paint = (colour, text) =>
    options.colour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
  const all = inOrder(findings, options);
  // Masked as a whole, because a secret may stand on several lines.
  const text = options.text === undefined ? undefined : maskSecrets(options.text);
  const positions = positionsIn(text ?? "");
  const blocks = all.slice(0, PRINTED_IN_FULL).map(({ finding, span }) => {
    const shown =
      text === undefined || !span ? undefined : { text, span, position: positions.at(span.offset) };
    return block(finding, options.file, shown, paint);
  });
  const rest = all.slice(PRINTED_IN_FULL);
  if (rest.length > 0) blocks.push(`and ${rest.length} more: ${byCode(rest)}\n`);
  return `${blocks.join("\n")}\n${summary(findings)}\n`;
}

/** The same findings in the same order, as plain data. */
export function formatJson(findings: readonly Finding[], source: ReportSource): readonly FindingJson[] {
  const positions = positionsIn(source.text ?? "");
  return inOrder(findings, source).map(({ finding, span }) => {
    const position = span && positions.at(span.offset);
    return {
      code: finding.code,
      severity: finding.severity,
      path: maskSecrets(formatPath(finding.path)),
      line: position?.line ?? null,
      column: position?.column ?? null,
      message: maskSecrets(finding.message),
      hint: maskSecrets(finding.hint),
    };
  });
}

type Paint = (colour: keyof typeof COLOURS, text: string) => string;

interface Shown {
  readonly text: string;
  readonly span: Span;
  readonly position: Position;
}

function block(finding: Finding, file: string, shown: Shown | undefined, paint: Paint): string {
  const { code, severity, path, message, hint } = finding;
  const gutter = " ".repeat(String(shown?.position.line ?? "").length);
  const bar = paint("frame", "|");
  const place = shown ? `:${shown.position.line}:${shown.position.column}` : "";
  const where = path.length === 0 ? "" : ` (${clean(formatPath(path))})`;
  const lines = [
    `${paint(severity, `${SEVERITY_LABELS[severity]}[${code}]`)}${paint("strong", `: ${clean(message)}`)}`,
    `${gutter}${paint("frame", "-->")} ${printable(file)}${place}${where}`,
  ];
  if (shown) {
    const { line, marks } = excerpt(shown.text, shown.span, shown.position);
    lines.push(
      `${gutter} ${bar}`,
      `${paint("frame", String(shown.position.line))} ${bar} ${line}`,
      `${gutter} ${bar} ${paint(severity, marks)}`,
    );
  }
  lines.push(`${gutter} ${paint("frame", "=")} next: ${clean(hint)}`);
  return lines.map((line) => `${line}\n`).join("");
}

function clean(text: string): string {
  return printable(maskSecrets(text));
}

function inOrder(findings: readonly Finding[], { text, spanOf }: ReportSource): readonly Placed[] {
  const placed = findings.map((finding): Placed => {
    if (text === undefined) return { finding, span: undefined };
    return { finding, span: finding.span ?? spanOf?.(finding.path, finding.onKey) };
  });
  return placed.sort(
    (left, right) =>
      ORDER.indexOf(left.finding.severity) - ORDER.indexOf(right.finding.severity) ||
      (left.span?.offset ?? 0) - (right.span?.offset ?? 0),
  );
}

function byCode(placed: readonly Placed[]): string {
  const counts = new Map<Code, number>();
  for (const { finding } of placed) counts.set(finding.code, (counts.get(finding.code) ?? 0) + 1);
  return [...counts]
    .sort(([left, few], [right, many]) => many - few || (left < right ? -1 : 1))
    .map(([code, count]) => `${count} ${code}`)
    .join(", ");
}

function summary(findings: readonly Finding[]): string {
  return ORDER.map((severity) => ({
    label: SEVERITY_LABELS[severity],
    count: findings.filter((each) => each.severity === severity).length,
  }))
    .filter(({ count }) => count > 0)
    .map(({ label, count }) => `${count} ${label}${count === 1 ? "" : "s"}`)
    .join(", ");
}
