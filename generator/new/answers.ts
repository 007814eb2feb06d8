// What `new` has to know for a config: answers from flags, proposals or a person, right or wrong.
import type { Layout } from "./layout.ts";

export interface Answers {
  /** Of the cluster. */
  readonly name: string;
  readonly dnsName?: string;
  /** In CIDR form. */
  readonly subnet: string;
  readonly gateway: string;
  readonly dns: readonly string[];
  /** The address of every machine, and the vip. */
  readonly layout: Layout;
  readonly os: string;
  /** What the servers run from: sd or ssd. */
  readonly disk: string;
  /** The login that is made on every machine. */
  readonly user: string;
  /** Lines of .pub files. */
  readonly keys: readonly string[];
  readonly k3sVersion: string;
}

/** Answers that nobody is asked for; a flag gives others. */
export const USUAL = {
  user: "ops",
  // The one of the sample: a test holds them together.
  k3sVersion: "v1.36.4+k3s1",
} as const;
