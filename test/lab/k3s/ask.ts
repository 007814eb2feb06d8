// One HTTPS request, with everything that K3s' own clients put in: a CA, a client certificate, basic authentication, a limit.
import { type Agent, request } from "node:https";

export interface Question {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** USER:PASSWORD of basic authentication. */
  readonly auth?: string;
  /** PEM. Without it, the certificates that Node.js trusts are asked. */
  readonly ca?: string;
  /** PEM, of the client. */
  readonly cert?: string;
  readonly key?: string;
  /** True: whoever answers is believed. */
  readonly blind?: boolean;
  /** For everything together, in milliseconds: 10 s where nothing is said, as K3s' client has. */
  readonly limit?: number;
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Any status is an answer. Throws where there is none: refused, cut, too late, or a certificate that is not trusted. */
export function ask(url: string, question: Question = {}): Promise<Answer> {
  const { method = "GET", body, headers, auth, ca, cert, key, blind, limit = 10_000, agent } = question;
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      ...tls,
      ...(auth && { auth }),
      ...(headers && { headers }),
      agent: agent ?? false,
      rejectUnauthorized: !blind,
      signal: AbortSignal.timeout(limit),
    });
    const failed = (error: Error) => {
      const why =
        error.name === "AbortError" || error.name === "TimeoutError"
          ? "context deadline exceeded"
          : error.message;
      reject(new Error(`${method} "${url}": ${why || error.name}`, { cause: error }));
    };
    sent.on("error", failed).on("response", (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (part: string) => (text += part))
        .on("error", failed)
        .on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.end(body);
  });
}

/** The body of an answer 2xx; throws the message of the Kubernetes Status that came instead, as K3s' client does. */
export async function get(url: string, question: Question = {}): Promise<string> {
  const { status, body } = await ask(url, question);
  if (status >= 200 && status < 300) return body;
  throw Object.assign(new Error(statusMessage(body) ?? `${url}: ${status}`), { status });
}

function statusMessage(body: string): string | undefined {
  try {
    const value: { kind?: unknown; message?: unknown } = JSON.parse(body);
    return value.kind === "Status" ? String(value.message) : undefined;
  } catch {
    return undefined;
  }
}
