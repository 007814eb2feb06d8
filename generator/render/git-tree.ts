// The id that git gives a folder of files: computed here, so that the record can name what a machine was given before anybody commits it.
import { createHash } from "node:crypto";
import type { FileMap, OutputFile } from "../model/files.ts";

/** A folder while it is put together: names to files and folders. */
interface Folder extends ReadonlyMap<string, OutputFile | Folder> {}

/**
 * The id of the tree of all files below `folder` (such as `nodes/server-1`), in a repository of SHA-1 objects. Throws where
 * there are none: git knows no empty folder.
 */
export function gitTreeId(files: FileMap, folder: string): string {
  const prefix = `${folder}/`;
  const below = [...files].flatMap(([path, file]) =>
    path.startsWith(prefix) ? [[path.slice(prefix.length), file] as const] : [],
  );
  if (below.length === 0) throw new Error(`nothing is rendered below ${folder}`);
  return treeOf(nested(below)).toString("hex");
}

function nested(entries: readonly (readonly [string, OutputFile])[]): Folder {
  const inner = new Map<string, (readonly [string, OutputFile])[]>();
  const here = new Map<string, OutputFile | Folder>();
  for (const [path, file] of entries) {
    const slash = path.indexOf("/");
    if (slash === -1) here.set(path, file);
    else
      inner.set(path.slice(0, slash), [
        ...(inner.get(path.slice(0, slash)) ?? []),
        [path.slice(slash + 1), file],
      ]);
  }
  for (const [name, rest] of inner) here.set(name, nested(rest));
  return here;
}

// A tree object: `MODE NAME\0` and the 20 bytes of the id, each. Git sorts by bytes, and a folder as if `/` stood behind its name.
function treeOf(folder: Folder): Buffer {
  const entries = [...folder].map(([name, entry]) =>
    entry instanceof Map
      ? { key: Buffer.from(`${name}/`), head: `40000 ${name}\0`, id: treeOf(entry) }
      : { key: Buffer.from(name), ...fileEntry(name, entry as OutputFile) },
  );
  const sorted = entries.toSorted((one, other) => Buffer.compare(one.key, other.key));
  return objectId("tree", Buffer.concat(sorted.flatMap(({ head, id }) => [Buffer.from(head), id])));
}

function fileEntry(
  name: string,
  { text, executable }: OutputFile,
): { readonly head: string; readonly id: Buffer } {
  return { head: `${executable ? "100755" : "100644"} ${name}\0`, id: objectId("blob", Buffer.from(text)) };
}

function objectId(type: "blob" | "tree", content: Buffer): Buffer {
  return createHash("sha1").update(`${type} ${content.length}\0`).update(content).digest();
}
