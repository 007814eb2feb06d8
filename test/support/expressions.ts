// Expressions of a workflow, by GitHub's own evaluator: `${{ ... }}` within a text, and whole conditions.
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";

export type Contexts = Readonly<Record<string, unknown>>;

export interface Standing {
  /** Something before it has failed. */
  readonly failed: boolean;
  readonly cancelled: boolean;
}

const STATUS = ["always", "success", "failure", "cancelled"];

/** True where a job or step with that condition runs. Without a word about the status, success() stands before it. */
export function conditionHolds(text: string | undefined, contexts: Contexts, standing: Standing): boolean {
  const inner = (text ?? "success()").trim().replace(/^\$\{\{([^]*)\}\}$/, "$1");
  const whole = STATUS.some((name) => inner.includes(`${name}(`)) ? inner : `success() && (${inner})`;
  return truthy(evaluate(whole, contexts, standing));
}

/** The text with its expressions filled in. */
export function filledIn(text: unknown, contexts: Contexts): string {
  const standing = { failed: false, cancelled: false };
  return String(text).replaceAll(/\$\{\{([^]*?)\}\}/g, (_, inner: string) =>
    evaluate(inner, contexts, standing).coerceString(),
  );
}

function evaluate(
  text: string,
  contexts: Contexts,
  { failed, cancelled }: Standing,
): ReturnType<Evaluator["evaluate"]> {
  const values = { always: true, success: !failed && !cancelled, failure: failed, cancelled };
  const functions = Object.entries(values).map(([name, value]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  }));
  const known = JSON.parse(JSON.stringify(contexts), data.reviver) as InstanceType<typeof data.Dictionary>;
  const { tokens } = new Lexer(text).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  return new Evaluator(parsed, known, new Map(functions.map((each) => [each.name, each]))).evaluate();
}

function truthy(value: ReturnType<Evaluator["evaluate"]>): boolean {
  if (value.kind === data.Kind.Boolean) return value.value;
  if (value.kind === data.Kind.Null) return false;
  if (value.kind === data.Kind.Number) return value.value !== 0 && !Number.isNaN(value.value);
  return value.kind !== data.Kind.String || value.value !== "";
}
