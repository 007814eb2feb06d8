// What a machine carries and what out/ holds: the vocabulary shared by render, plan, cards and apply.

/** A secret by name. Its value appears only where a card or an SSH stream is written. */
export interface SecretRef {
  readonly secret: string;
  readonly generation: number;
}

/** Text with secrets in it, by name. */
export type Content = readonly (string | SecretRef)[];

export type FileMode = "0440" | "0600" | "0644" | "0755";

/** What has to happen on the machine when this file changes. */
export type OnChange = "none" | "reboot" | { readonly unit: string; readonly how: "reload" | "restart" };

export interface NodeFile {
  readonly path: `/${string}`;
  readonly mode: FileMode;
  readonly content: Content;
  readonly onChange: OnChange;
}

/** Files by their path relative to out/, with forward slashes. */
export type FileMap = ReadonlyMap<string, OutputFile>;

export interface OutputFile {
  readonly text: string;
  readonly executable: boolean;
}

/** The public form of a secret: `@@quorate:secret:NAME:GENERATION@@`. The config may not contain `@@quorate:`. */
function placeholder(ref: SecretRef): string {
  return `${PLACEHOLDER_MARK}secret:${ref.secret}:${ref.generation}@@`;
}

export const PLACEHOLDER_MARK = "@@quorate:";

/** Content as it may be published: secrets by their placeholders. */
export function publicText(content: Content): string {
  return content.map((part) => (typeof part === "string" ? part : placeholder(part))).join("");
}
