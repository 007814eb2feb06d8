// Releases of K3s, such as v1.36.4+k3s1: which one is older, and by what.

export interface K3sVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  /** As compared, the most significant first: major, minor, patch, and the build of K3s itself. */
  readonly numbers: readonly [number, number, number, number];
}

/** Null for what is no release: a branch's build, a pre-release, nothing. */
export function parseK3sVersion(text: string): K3sVersion | null {
  const found = /^v(\d{1,3})\.(\d{1,3})\.(\d{1,3})\+k3s(\d{1,3})$/.exec(text);
  if (!found) return null;
  const [major = 0, minor = 0, patch = 0, build = 0] = found.slice(1).map(Number);
  return { text, major, minor, numbers: [major, minor, patch, build] };
}

/** Below zero where the first one is older. */
export function compareK3s(one: K3sVersion, other: K3sVersion): number {
  const at = one.numbers.findIndex((number, index) => number !== other.numbers[index]);
  return at < 0 ? 0 : (one.numbers[at] ?? 0) - (other.numbers[at] ?? 0);
}

/** How many minors the second one is ahead of the first; below zero: behind. A K3s 2 is nobody's next minor. */
export function minorsAhead(from: K3sVersion, to: K3sVersion): number {
  return from.major === to.major ? to.minor - from.minor : (to.major - from.major) * Number.MAX_SAFE_INTEGER;
}

/** "v1.36". */
export function minorOf({ major, minor }: Pick<K3sVersion, "major" | "minor">): string {
  return `v${major}.${minor}`;
}
