// The answers of the supervisor and of the API: texts, JSON, and errors as a Kubernetes Status.
import type { IncomingMessage, ServerResponse } from "node:http";

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  500: "InternalError",
  503: "ServiceUnavailable",
};

export function sendText(response: ServerResponse, text: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(200, { "Content-Type": type }).end(text);
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${text}\n`);
}

export type Fail = (code: number, message: string) => void;

/** An error of K3s itself, which closes the connection behind it. It has no apiVersion, as recorded from a real server. */
export function sendError(response: ServerResponse, code: number, message: string): void {
  const inner = code === 500;
  const said = inner ? `Internal error occurred: ${message}` : message;
  const { kind, metadata, status, reason } = statusOf(code, said);
  const details = inner ? { details: { causes: [{ message }] } } : {};
  response.setHeader("Connection", "close");
  sendStatus(response, code, { kind, metadata, status, message: said, reason, ...details, code });
}

/** An error of the API. */
export function sendApiError(response: ServerResponse, code: number, message: string): void {
  sendStatus(response, code, statusOf(code, message));
}

function sendStatus(response: ServerResponse, code: number, status: object): void {
  response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(status, null, 2));
}

function statusOf(code: number, message: string) {
  const reason = REASONS[code] ?? "";
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

/** At most 1 MB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) {
    text += String(part);
    if (text.length > 2 ** 20) throw new Error("request body too large");
  }
  return text;
}
