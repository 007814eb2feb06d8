// A fetch that ends: within its time, and with the whole answer or an error.

/** The same fetch with milliseconds from the request to the end of the answer. Rejects with an Error in plain words. */
export function timed(fetch: typeof globalThis.fetch, limit: number): typeof globalThis.fetch {
  return async (url, init) => {
    // Not AbortSignal.timeout: what it rejects with, Octokit's retries cannot handle.
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error(`nothing within ${limit / 1000} s`)), limit);
    try {
      const answer = await fetch(url, { ...init, signal: controller.signal });
      // Octokit would take an answer that breaks off for an empty one.
      const bytes = Buffer.from(await answer.arrayBuffer());
      refuseTorn(answer, bytes);
      const empty = [204, 205, 304].includes(answer.status);
      const whole = new Response(empty ? null : bytes, {
        status: answer.status,
        statusText: answer.statusText,
        headers: answer.headers,
      });
      // One that was made here has none, and Octokit's paginate takes it apart where a list tells its length.
      const from = url instanceof Request ? url.url : String(url);
      return Object.defineProperty(whole, "url", { value: answer.url || from });
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  };
}

function refuseTorn({ ok, headers }: Response, bytes: Buffer): void {
  if (!ok || bytes.length === 0 || !headers.get("content-type")?.includes("json")) return;
  try {
    JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new Error("the answer is no JSON", { cause: error });
  }
}
