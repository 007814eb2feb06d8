// Who is at which address of the LAN: asked once, remembered, and known only where this computer is on the same LAN.
import { isNear } from "./lan.ts";
import type { Observed } from "./observed.ts";

/** Which of the addresses answer. */
export type WhoAnswers = (addresses: readonly string[]) => Promise<ReadonlySet<string>>;

export interface LookedAt {
  /** Asks about those that were not asked about before. */
  readonly look: (addresses: readonly string[]) => Promise<void>;
  /** Nobody answered there, or nobody can be asked from here. */
  readonly isFree: (address: string) => boolean;
  /** Those of the addresses at which somebody answered. */
  readonly taken: (addresses: readonly string[]) => readonly string[];
  /** All of the addresses were asked. */
  readonly knows: (addresses: readonly string[]) => boolean;
}

export function lookedAt(observed: Observed, whoAnswers: WhoAnswers): LookedAt {
  const asked = new Set<string>();
  const answered = new Set<string>();
  return {
    look: async (addresses) => {
      const unknown = addresses.filter((address) => !asked.has(address) && isNear(address, observed));
      if (unknown.length === 0) return;
      for (const address of await whoAnswers(unknown)) answered.add(address);
      for (const address of unknown) asked.add(address);
    },
    isFree: (address) => (asked.has(address) || !isNear(address, observed)) && !answered.has(address),
    taken: (addresses) => addresses.filter((address) => answered.has(address)),
    knows: (addresses) => addresses.every((address) => asked.has(address)),
  };
}
