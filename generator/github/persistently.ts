// What has to reach GitHub after the work on machines was done: an outage is waited out, and that work is not done again for it.
import type { Github } from "./client.ts";
import { GithubFailure } from "./failure.ts";

const TRIES = 4;

/** Does it again where GitHub gives no answer. `doing` looks first whether it is done. Rejects with what the last try said. */
export async function persistently<T>(github: Github, doing: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await doing();
    } catch (error) {
      if (!(error instanceof GithubFailure) || !error.unsure || tries >= TRIES) throw error;
      await github.pause(tries);
    }
  }
}
