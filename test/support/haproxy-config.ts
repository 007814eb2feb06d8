// haproxy.cfg taken apart as far as the tests need it: sections, their lines, and what they inherit from `defaults`.

export interface Section {
  readonly kind: string;
  readonly name: string;
  /** Without comments and without space at either end. */
  readonly lines: readonly string[];
  /** Its own lines after those of the `defaults` above it. */
  readonly effective: readonly string[];
}

const KINDS = new Set(["global", "defaults", "frontend", "backend", "listen"]);

/** The sections in order. Good enough for text without # in a string. */
export function parseHaproxy(text: string): readonly Section[] {
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim());
  const heads = lines.flatMap((line, index) => (KINDS.has(line.split(" ")[0] ?? "") ? [index] : []));
  const sections: Section[] = [];
  for (const [position, start] of heads.entries()) {
    const [kind = "", name = ""] = (lines[start] ?? "").split(/\s+/);
    const own = lines.slice(start + 1, heads[position + 1]).filter(Boolean);
    const inherits = kind !== "global" && kind !== "defaults";
    const inherited = sections.findLast((section) => section.kind === "defaults")?.lines ?? [];
    sections.push({ kind, name, lines: own, effective: inherits ? [...inherited, ...own] : own });
  }
  return sections;
}

/** The one section of that name. */
export function sectionOf(sections: readonly Section[], name: string): Section {
  const [section, ...more] = sections.filter((candidate) => candidate.name === name);
  if (!section || more.length > 0) throw new Error(`${name}: ${section ? "more than one" : "no"} section`);
  return section;
}

/** The arguments of every `server` line: name, address, options. */
export function serversOf(section: Section): readonly string[] {
  return section.lines
    .filter((line) => line.startsWith("server "))
    .map((line) => line.slice("server ".length));
}
