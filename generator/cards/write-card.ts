// One card from its machine to its place: what it gets, a backup of what it loses, then the writing.
import { Failure } from "../failure.ts";
import type { Cluster, Node } from "../model/cluster.ts";
import type { ClusterRecord } from "../model/record.ts";
import type { Templates } from "../render/template.ts";
import { backUp } from "./backup.ts";
import type { BootPartition } from "./boot-partition.ts";
import { cardImage, isSeedDisk } from "./card-image.ts";
import { cardContents, type Contents } from "./contents.ts";
import { type Earlier, earlierSeed } from "./earlier.ts";
import { type CardKind, cardKind, type Known } from "./kind.ts";
import { revealOn } from "./reveal.ts";
import { nodeSeed } from "./seed.ts";

export interface CardOrder {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly partition: BootPartition;
  readonly known: Known;
  readonly root: Uint8Array;
  readonly record: ClusterRecord | null;
  readonly templates: Templates;
  /** `.secrets` beside the config. */
  readonly secrets: string;
}

export interface WrittenCard {
  readonly node: Node;
  readonly partition: BootPartition;
  readonly kind: CardKind;
  readonly image: string;
  readonly isSeedDisk: boolean;
  readonly earlier: Earlier;
  /** What was written; nothing where all was there already. */
  readonly changed: readonly string[];
  readonly cmdlines: Contents["cmdlines"];
  /** Null where nothing was lost. */
  readonly backup: string | null;
}

/** Throws a Failure that says what is on the card then. */
export async function writeCard(order: CardOrder): Promise<WrittenCard> {
  const { cluster, node, partition, known, root, record, templates, secrets } = order;
  const kind = cardKind(cluster, node, known);
  const seed = nodeSeed(cluster, node, templates, revealOn(node, root, record), { mayFound: kind.mayFound });
  const contents = cardContents(partition.files, node, seed);
  if (contents === null) {
    throw new Failure(
      `cmdline.txt on ${partition.target} is empty: no machine boots from this card`,
      "flash the image again, then the same command",
    );
  }
  const { changes, cmdlines } = contents;
  const backup = await backUp(secrets, node.name, partition, changes);
  if (changes.length > 0) await partition.write(changes);
  const image = cardImage(partition.files);
  return {
    node,
    partition,
    kind,
    image: image.kind === "seed" ? image.name : "",
    isSeedDisk: isSeedDisk(partition.files),
    earlier: earlierSeed(partition.files),
    changed: changes.map(({ path }) => path),
    cmdlines,
    backup,
  };
}
