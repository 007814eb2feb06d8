// One request to the stand-in, and the answer to it.
import type { State } from "./state.ts";

export interface Call {
  readonly state: State;
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  /** Who asks. */
  readonly login: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** A list: it is cut into pages. */
  readonly pages?: readonly unknown[];
}

export type Handler = (call: Call) => Answer;
export type Handlers = Readonly<Record<string, Handler>>;

/** An answer that is none; the message is GitHub's. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function found<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Refused(404, "Not Found");
  return value;
}

/** A filter that the stand-in does not know must not look as if nothing had been filtered out. */
export function only(query: URLSearchParams, ...known: readonly string[]): void {
  const other = [...query.keys()].find((key) => !["page", "per_page", ...known].includes(key));
  if (other !== undefined) throw new Error(`the stand-in does not know ${other}=${query.get(other)}`);
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function page(query: URLSearchParams, usual = 30): { readonly from: number; readonly to: number } {
  const size = Math.min(Number(query.get("per_page") ?? usual), 100);
  const number = Number(query.get("page") ?? 1);
  return { from: (number - 1) * size, to: number * size };
}
