// Puts files into a folder or an image as the verb card does once it has decided. A test runs it as a program that is killed at
// one of its system calls, or has one fail; so it loads nothing that it does not need.
import type { Change } from "../../generator/cards/boot-files.ts";
import type { BootPartition } from "../../generator/cards/boot-partition.ts";
import { openFolder } from "../../generator/cards/folder.ts";
import { openImage } from "../../generator/cards/image.ts";
import { Failure } from "../../generator/failure.ts";
import { programs } from "../../generator/program.ts";

export interface DriverOrder {
  readonly kind: "folder" | "image";
  readonly target: string;
  /** For an image: a folder that this run alone uses. */
  readonly scratch: string;
  /** In the order in which they are put there. */
  readonly wanted: readonly Change[];
}

export type DriverAnswer =
  | { readonly done: readonly string[] }
  | { readonly failure: string; readonly next: string };

export async function putCard({ kind, target, scratch, wanted }: DriverOrder): Promise<DriverAnswer> {
  const run = programs(process.env);
  try {
    const partition: BootPartition =
      kind === "image"
        ? await openImage(target, scratch, run)
        : openFolder(target, { kind: "partition", label: "bootfs", title: "", eject: "" }, run);
    const { names, texts } = partition.files;
    const changes = wanted.filter(({ path, text }) =>
      text === "" ? !names.includes(path) : texts.get(path) !== text,
    );
    if (changes.length > 0) await partition.write(changes);
    return { done: changes.map(({ path }) => path) };
  } catch (error) {
    if (error instanceof Failure) return { failure: error.message, next: error.hint };
    throw error;
  }
}
