// Times for people: short, and never shorter than they are.

/**
 * "0 s", "0.3 s", "9.9 s" below ten seconds, then "94 s", from two minutes on "about 6 min"; always rounded up.
 * Infinity is "until it is back". Takes seconds, not negative.
 */
export function formatSeconds(seconds: number): string {
  if (seconds === Infinity) return "until it is back";
  const milliseconds = seconds * 1000;
  if (milliseconds < 10_000) return `${Math.ceil(milliseconds / 100) / 10} s`;
  if (milliseconds < 120_000) return `${Math.ceil(milliseconds / 1000)} s`;
  return `about ${Math.ceil(milliseconds / 60_000)} min`;
}

/** As `formatSeconds`, after "at most": rounded up it is a bound, not an estimate. */
export function formatBound(seconds: number): string {
  return formatSeconds(seconds).replace("about ", "");
}
