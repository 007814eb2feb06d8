// Chance that can be had again: a stream of numbers from one printed seed.

/** The seed of this run: the lab prints it, and QUORATE_LAB_SEED repeats it. */
export const LAB_SEED = Number(process.env["QUORATE_LAB_SEED"] ?? 20_261_122);

/**
 * Numbers from 0 up to but not including 1, always the same for a seed and a label: a test that is run alone sees the same as in the suite.
 * Mulberry32: 32 bits of state are plenty for a moment of a boot.
 */
export function chance(label: string, seed: number = LAB_SEED): () => number {
  let state = [...label].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 0x01000193), seed | 0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
