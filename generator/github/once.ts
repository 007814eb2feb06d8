// Making a thing on GitHub once, where the answer can be lost after the thing was made.
import type { Github } from "./client.ts";
import { GithubFailure } from "./failure.ts";

const TRIES = 3;

export interface Made<T> {
  readonly thing: T;
  /** It was there before anything was sent. */
  readonly found: boolean;
}

/**
 * Looks for it, makes it where it is not there, and looks again before it is made a second time. Rejects with what `make` said
 * where it is known not to be there, or was not found after the last try.
 */
export async function makeOnce<T>(
  github: Github,
  find: () => Promise<T | null>,
  make: () => Promise<T>,
): Promise<Made<T>> {
  const there = await find();
  if (there !== null) return { thing: there, found: true };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { thing: await make(), found: false };
    } catch (error) {
      if (!(error instanceof GithubFailure) || !error.unsure) throw error;
      await github.pause(attempt);
      const made = await find();
      if (made !== null) return { thing: made, found: false };
      if (attempt === TRIES) throw error;
    }
  }
}
