// Where the API's objects live: in etcd, or, where the server is no etcd member, in one file as K3s' sqlite is one.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Entry, EtcdClient } from "./etcd-client.ts";

export type Store = Pick<EtcdClient, "range" | "write" | "put" | "remove">;

/** Every change is a new file. Leases are not kept: nobody else writes. */
export function fileStore(path: string): Store {
  const entries = new Map(readEntries(path).map((entry) => [entry.key, entry]));
  const save = () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, JSON.stringify([...entries.values()]));
    renameSync(`${path}.new`, path);
  };
  const put = async (key: string, value: string) => {
    const revision = String(Math.max(0, ...[...entries.values()].map((entry) => Number(entry.revision))) + 1);
    entries.set(key, { key, value, revision });
    save();
  };
  save();
  return {
    put,
    range: async (key, prefix) =>
      [...entries.values()].filter((entry) => (prefix ? entry.key.startsWith(key) : entry.key === key)),
    write: async (key, value, revision) => {
      if ((entries.get(key)?.revision ?? "0") !== revision) return false;
      await put(key, value);
      return true;
    },
    remove: async (key) => {
      const had = entries.delete(key);
      save();
      return had;
    },
  };
}

/** What a file of `fileStore` holds; nothing where there is none. */
export function readEntries(path: string): readonly Entry[] {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
}
