// What a machine has, as it answered: only what differs from what it should have. Texts are in their public form.
import type { ActionClass } from "../model/action.ts";

export type ObservedFile =
  | { readonly path: string; readonly is: "missing" }
  /** The content is right, the mode is not. */
  | { readonly path: string; readonly is: "mode"; readonly mode: string }
  /**
   * `text` is null where it is too long to be shown, or no text; what looks like a secret in it is hidden. `sum`: the SHA-256
   * of all of it, secrets as their names; absent where nobody knows.
   */
  | {
      readonly path: string;
      readonly is: "different";
      readonly mode: string;
      readonly text: string | null;
      readonly sum?: string;
    }
  /** It came with an earlier card or apply, and should not be there any more; `action`: what its going asks for. */
  | {
      readonly path: string;
      readonly is: "stale";
      readonly action: ActionClass;
      readonly text: string | null;
      readonly sum?: string;
    };

export interface ObservedMachine {
  readonly name: string;
  /** Null where the machine could not be asked: then nothing is known, and that is not "no change". */
  readonly files: readonly ObservedFile[] | null;
  /** Why it could not be asked, and what to do. */
  readonly problem: { readonly message: string; readonly next: string } | null;
  /** The K3s that is installed on it, as a release is called; empty where it does not say. */
  readonly k3s: string;
  /** It votes in etcd now. */
  readonly voter: boolean;
  /** It holds the registration address now; null where nobody was asked. */
  readonly vip: boolean | null;
  /** Its node program says that it is ready. */
  readonly ready: boolean;
  /** Why what it has is not in force, or does not work; null where it is and does. */
  readonly unfinished: string | null;
  /** It undoes its last change by itself, unless that is confirmed. */
  readonly unconfirmed: boolean;
  /** An apply closed it to new pods, and ended before it opened it again. */
  readonly cordoned: boolean;
  /** Names of the machines that this load balancer sends nobody to, because an apply said so and ended. */
  readonly drains: readonly string[];
}
