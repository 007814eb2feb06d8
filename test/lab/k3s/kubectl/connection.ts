// kubectl's connection to the API, by the kubeconfig, and its words for what comes back.
import { ask } from "../ask.ts";
import { readKubeconfig } from "../kubeconfig.ts";
import { reason } from "../log.ts";

/** Returns the body of an answer 2xx; throws a Refusal for any other, and kubectl's words where there is none. */
export type Call = (path: string, method?: string, patch?: object) => Promise<string>;

/** An answer that is an error: kubectl puts its words around it, or some commands only the server's. */
export class Refusal extends Error {
  readonly said: string;
  readonly status: number;
  constructor(status: number, body: string) {
    let value: { readonly reason?: string; readonly message?: string } = {};
    try {
      value = JSON.parse(body);
    } catch {
      // Health paths answer in plain text.
    }
    const said = value.message ?? body;
    super(`Error from server (${value.reason ?? status}): ${said}`);
    this.said = said;
    this.status = status;
  }
}

/** Throws where the kubeconfig cannot be read. */
export function connect(kubeconfig: string): Call {
  const { server, question } = readKubeconfig(kubeconfig);
  return async (path, method = "GET", patch) => {
    const asked = { ...question, method, ...(patch && { body: JSON.stringify(patch) }), limit: 30_000 };
    const { status, body } = await ask(`${server}${path}`, asked).catch((error: unknown) => {
      if (!/ECONNREFUSED/.test(reason(error)))
        throw new Error(`Unable to connect to the server: ${reason(error)}`);
      const host = server.replace("https://", "");
      throw new Error(
        `The connection to the server ${host} was refused - did you specify the right host or port?`,
      );
    });
    if (status >= 300) throw new Refusal(status, body);
    return body;
  };
}
