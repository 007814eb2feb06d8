// The only import of ejs: typed templates whose text is checked as it is put in.
import ejs from "ejs";

/** Template sources by file name, read once at the edge (generator/templates/read.ts). */
export type Templates = Readonly<Record<TemplateName, string>>;

export const TEMPLATE_NAMES = [
  "haproxy.cfg",
  "keepalived.conf",
  "quorate-node.sh",
  "runner-hook.sh",
  "verify.sh",
  "README.md",
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/**
 * Prints a template. Locals hold decisions: a template loops and chooses, it does not compute. Throws, with template
 * and line, for a name that the locals do not have and for a value that is not one line of text or a finite number:
 * both are bugs of ours, never of a config.
 */
export function printTemplate<Locals extends object>(
  templates: Templates,
  name: TemplateName,
  locals: Locals,
): string {
  return compiled(templates[name], name)({ it: guarded(locals, name) });
}

// Compiling costs more than printing, and each load balancer prints the same template.
const cache = new Map<string, ejs.TemplateFunction>();

function compiled(source: string, name: TemplateName): ejs.TemplateFunction {
  const known = cache.get(source);
  if (known) return known;
  const print = ejs.compile(source, {
    filename: name,
    // ejs escapes for HTML by default, which turns a quote in haproxy.cfg into &#34;.
    escape: oneLine as (markup?: unknown) => string,
    strict: true,
    // ejs copies its top-level data and so would lose the proxy there.
    destructuredLocals: ["it"],
  });
  cache.set(source, print);
  return print;
}

function oneLine(value: unknown): string {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  // eslint-disable-next-line no-control-regex -- control characters are what this refuses
  if (typeof value === "string" && !/[\u0000-\u001f\u007f]/.test(value)) return value;
  throw new TypeError(`not one line of text: ${JSON.stringify(value)}`);
}

/** A misspelt name in `<% if (it.tls) %>` would silently be false. */
function guarded<T extends object>(locals: T, name: string): T {
  return new Proxy(locals, {
    get(target, key) {
      if (typeof key === "string" && !(key in target))
        throw new ReferenceError(`${name} has no local "${key}"`);
      return Reflect.get(target, key) as unknown;
    },
  });
}
