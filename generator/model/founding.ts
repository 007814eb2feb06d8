// Found, join or wait: what a server without a running K3s does, as one table. The node program executes it as it stands.
import { votersToSpare } from "./cluster.ts";

/**
 * What a server knows when it decides. `registration` and `peers` are answers of the registration address and of the
 * other servers, the weightiest one: foreign (another cluster's certificate) over refused (401 or 403: another token)
 * over cluster (200 from /db/info) over busy (anything else, or a server that was there and is silent now) over silent.
 */
export const SITUATION = {
  /** A disk of its own that /etc/fstab puts below /var/lib/rancher. */
  disk: ["there", "missing"],
  /** What is below /var/lib/rancher/k3s/server/db. sqlite: a single server that no other can join. */
  data: ["none", "etcd", "sqlite"],
  clock: ["synchronised", "unsynchronised"],
  /** Whether this machine's disk says that it was a member. */
  marker: ["never", "was"],
  /** The card's word (majority: beside enough others, see foundersNeeded), or a person's: `quorate-node found --alone`. */
  mayFound: ["no", "majority", "alone"],
  registration: ["silent", "busy", "cluster", "refused", "foreign"],
  peers: ["silent", "busy", "cluster", "refused", "foreign"],
  /** This machine in the member list that answered. unstarted: added, and cut off before it had data. */
  membership: ["absent", "unstarted", "learner", "voter"],
  /** Whether enough servers, this one included, promised this one to found; contradicted: one has a cluster. */
  census: ["lacking", "enough", "contradicted"],
} as const;

type Domains = typeof SITUATION;
export type Situation = { readonly [Key in keyof Domains]: Domains[Key][number] };
type Condition = Partial<Situation>;

export type Outcome = keyof typeof OUTCOMES;

interface Meaning {
  /** waiting: it goes on by itself. failed: a person has to act. */
  readonly state: "working" | "waiting" | "failed";
  /** For people; `$detail` is what the machine knows besides. */
  readonly text: string;
  readonly next: string;
}

const BY_ITSELF = "nothing; it goes on by itself";

/** Every outcome, and what a person reads. */
export const OUTCOMES = {
  "wait-for-disk": {
    state: "waiting",
    text: "the data disk of /etc/fstab is not mounted: $detail",
    next: "connect the disk; it goes on by itself",
  },
  "stop-sqlite": {
    state: "failed",
    text: "there is data of a single-server K3s in /var/lib/rancher/k3s/server/db, which no other server can join",
    next: "save what you need of it, then write this machine's card anew on an empty disk",
  },
  start: { state: "working", text: "starting K3s with this machine's own data", next: BY_ITSELF },
  "wait-for-clock": {
    state: "waiting",
    text: "the clock is not synchronised, so certificates made now could be wrong",
    next: "let the machine reach a time server (UDP 123); it goes on by itself",
  },
  "stop-foreign": {
    state: "failed",
    text: "another cluster answers: $detail",
    next: "look at the addresses in cluster.config.json, and which machine has that address",
  },
  "stop-token": {
    state: "failed",
    text: "the cluster does not take this card's server token: $detail",
    next: "write this card again with the secret of the running cluster",
  },
  "wait-for-replace": {
    state: "waiting",
    text: "the cluster still counts an older $name as a member with a vote: $detail",
    next: "on your computer: npx quorate replace $name; this machine then joins by itself",
  },
  "wait-for-eviction": {
    state: "waiting",
    text: "the cluster still lists an older $name that never finished joining; it is dropped after 5 minutes",
    next: BY_ITSELF,
  },
  join: { state: "working", text: "joining the cluster through the registration address", next: BY_ITSELF },
  "join-peer": { state: "working", text: "joining the cluster through $detail", next: BY_ITSELF },
  "wait-for-answer": {
    state: "waiting",
    text: "a server is there but cannot say yet whether there is a cluster: $detail",
    next: "if it lasts, look at that server's own status; if that server is lost, switch this machine off and on",
  },
  "found-alone": { state: "working", text: "founding the cluster alone, as told", next: BY_ITSELF },
  "wait-after-loss": {
    state: "waiting",
    text: "this server was a member and its data is gone; it may only join, and no server answers",
    next: "switch on the other servers",
  },
  "wait-for-cluster": {
    state: "waiting",
    text: "no server of the cluster answers: $detail",
    next: "switch on the other servers; the first one founds the cluster, this one joins",
  },
  "wait-for-other": {
    state: "waiting",
    text: "another server has the data of a cluster: $detail",
    next: "let that server come up; this one then joins",
  },
  "wait-for-census": {
    state: "waiting",
    text: "$detail",
    next: "switch on the other servers",
  },
  found: { state: "working", text: "founding the cluster: $detail", next: BY_ITSELF },
} as const satisfies Readonly<Record<string, Meaning>>;

/**
 * How many servers have to promise that they never were members, the first one included, before it founds: all but one,
 * and of one or two servers all. A majority is not enough: a cluster of 5 may have had 3 of them so far, and when its
 * founder is flashed again beside the 2 others, its remaining 2 still are the majority of 3. With one server outside,
 * whatever cluster it was in has lost its founder and cannot have a majority.
 */
export function foundersNeeded(servers: number): number {
  return Math.max(servers - votersToSpare(servers), servers - 1);
}

/** The table: the first row whose conditions all hold names the outcome. The last row has none, so it is total. */
export const FOUNDING: readonly { readonly when: Condition; readonly outcome: Outcome }[] = [
  { when: { disk: "missing" }, outcome: "wait-for-disk" },
  { when: { data: "sqlite" }, outcome: "stop-sqlite" },
  // A member starts whatever the others say: after a power cut all of them are silent.
  { when: { data: "etcd" }, outcome: "start" },
  { when: { clock: "unsynchronised" }, outcome: "wait-for-clock" },
  { when: { registration: "foreign" }, outcome: "stop-foreign" },
  { when: { peers: "foreign" }, outcome: "stop-foreign" },
  { when: { registration: "refused" }, outcome: "stop-token" },
  { when: { peers: "refused" }, outcome: "stop-token" },
  { when: { registration: "cluster", membership: "voter" }, outcome: "wait-for-replace" },
  { when: { peers: "cluster", membership: "voter" }, outcome: "wait-for-replace" },
  { when: { registration: "cluster", membership: "learner" }, outcome: "wait-for-eviction" },
  { when: { peers: "cluster", membership: "learner" }, outcome: "wait-for-eviction" },
  { when: { registration: "cluster" }, outcome: "join" },
  { when: { peers: "cluster" }, outcome: "join-peer" },
  { when: { registration: "busy" }, outcome: "wait-for-answer" },
  { when: { peers: "busy" }, outcome: "wait-for-answer" },
  // From here on nobody answers.
  { when: { marker: "was" }, outcome: "wait-after-loss" },
  { when: { mayFound: "no" }, outcome: "wait-for-cluster" },
  { when: { census: "contradicted" }, outcome: "wait-for-other" },
  { when: { mayFound: "alone" }, outcome: "found-alone" },
  { when: { census: "lacking" }, outcome: "wait-for-census" },
  { when: {}, outcome: "found" },
];

/** What a server in this situation does. */
export function decide(situation: Situation): Outcome {
  const row = FOUNDING.find(({ when }) =>
    SITUATION_KEYS.every((key) => when[key] === undefined || when[key] === situation[key]),
  );
  if (!row) throw new Error("the founding table has no last row");
  return row.outcome;
}

/** The order in which the parts of a situation are named, here and in the node program. */
export const SITUATION_KEYS = Object.keys(SITUATION) as readonly (keyof Situation)[];
