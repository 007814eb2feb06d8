// YAML text from plain data, such that PyYAML (YAML 1.1, inside cloud-init and netplan) reads back exactly that data.
import { DEFAULT_SCALAR_STYLE_RULES, SCALAR_STYLE, dump, type ScalarLayout } from "js-yaml";
import { PLACEHOLDER_MARK } from "../model/files.ts";

// What YAML 1.1 reads as a line break or may not hold raw. In a quoted scalar js-yaml escapes them.
const NOT_RAW = /[\r\u007f-\u009f\u2028\u2029\ufeff]/;

/**
 * YAML in block style: keys in insertion order, no anchors, no folded lines, several lines as a literal block.
 * A string with a secret's placeholder is a block too, so that the secret can be filled in line by line, indented alike.
 * Throws a TypeError for anything but strings, finite numbers, booleans, null, arrays and plain objects, because js-yaml
 * would drop `undefined` and write tags for the rest.
 */
export function toYaml(value: unknown): string {
  refuseUnplain(value, "value");
  return dump(value, {
    lineWidth: -1,
    noRefs: true,
    scalarStyleRules: [literalBlock, quoteDocumentMark, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)],
  });
}

// Before the default rules, which would quote a text with tabs.
function literalBlock(layout: ScalarLayout): void {
  const { value } = layout.node;
  if (layout.isKey || layout.style !== SCALAR_STYLE.PLAIN || NOT_RAW.test(value)) return;
  if (value.includes("\n") || value.includes(PLACEHOLDER_MARK)) layout.style = SCALAR_STYLE.LITERAL_BLOCK;
}

// A plain key `--- a` in the first column would start a new document for PyYAML.
function quoteDocumentMark(layout: ScalarLayout): void {
  if (layout.style === SCALAR_STYLE.PLAIN && /^(---|\.\.\.)/.test(layout.node.value)) {
    layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
  }
}

function refuseUnplain(value: unknown, path: string): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseUnplain(item, `${path}[${index}]`);
    return;
  }
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new TypeError(`${path} is not plain data and cannot become YAML`);
  }
  for (const [key, item] of Object.entries(value)) refuseUnplain(item, `${path}.${key}`);
}
