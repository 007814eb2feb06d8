// The cluster's secrets as lines to look for in a great many files, where a false alarm would cry wolf.
import type { Cluster } from "../model/cluster.ts";
import { knownSecrets } from "./known.ts";
import { secretForms } from "./redact.ts";

/** The line of an OpenSSH private key with the whole seed in it; the first two are alike in many keys. */
const SEED_LINE = 4;

/** Every form in which one of the secrets may stand in a file, none with a line break. Upper and lower case are to count alike. */
export function searchableSecrets(root: Uint8Array, cluster: Cluster): readonly string[] {
  const secrets = knownSecrets(root, cluster).map((secret) =>
    typeof secret === "string" && secret.includes("\n") ? (secret.split("\n")[SEED_LINE] ?? "") : secret,
  );
  return secretForms(secrets);
}
