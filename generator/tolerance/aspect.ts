// How one thing that people feel fares in a failure.
import type { Interruption } from "./interruption.ts";

/**
 * `survives` false: gone until somebody repairs something; both times are Infinity. `survives` true with Infinity: part of
 * it is gone until then. Everything else comes back by itself. Seconds, not rounded.
 */
export interface Aspect {
  readonly survives: boolean;
  readonly typicalSeconds: number;
  readonly worstSeconds: number;
  /** Where something is felt: what. */
  readonly why?: string;
}

export interface Aspects {
  /** The API answers at the registration address. */
  readonly api: Aspect;
  /** The API takes writes and new pods are placed on machines that run. */
  readonly scheduling: Aspect;
  /** A workload with two replicas on different machines answers all that ask, by name, inside the cluster. */
  readonly workloads: Aspect;
  /** Requests from outside reach a Traefik. Null: no ingress of ours. */
  readonly ingress: Aspect | null;
}

export interface Outcome {
  readonly aspects: Aspects;
}

/** Gone until somebody repairs something. */
export function lost(why: string): Aspect {
  return { survives: false, typicalSeconds: Infinity, worstSeconds: Infinity, why };
}

/** A part of it is gone until somebody repairs something. */
export function partly(why: string): Aspect {
  return { survives: true, typicalSeconds: Infinity, worstSeconds: Infinity, why };
}

/** Interrupted, in milliseconds, and back by itself; the reason only where there is something to feel. */
export function felt({ typical, worst }: Interruption, why: string): Aspect {
  const seconds = { typicalSeconds: typical / 1000, worstSeconds: worst / 1000 };
  return worst > 0 ? { survives: true, ...seconds, why } : { survives: true, ...seconds };
}
