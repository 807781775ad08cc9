/**
 * Which SFU node carries whom: pure functions of the registry's snapshot, so that the service and a capacity
 * simulation decide alike. A class stays on as few nodes as it can, because each further one costs it a pipe per
 * stream; a class that outgrows a node spreads, so a class is as large as the cluster.
 *
 * [A2] Beyond the cluster's capacity nobody is turned away before there is nothing left to give: first a picture is
 * left out, then the class is given as a stream of files seconds behind, then comes an honest "full".
 */

/** A node as its latest announcement, and what was placed on it since, describe it. */
export interface NodeLoad {
  id: string;
  draining: boolean;
  /** Where it stands; null: nowhere in particular. */
  region: string | null;
  /** Consumers all its workers take together. */
  budget: number;
  /** Consumers it has, or the same share of its bandwidth where that is the scarcer of the two. */
  used: number;
}

/** What of the cluster a class has already. */
export interface ClassSpread {
  classId: string;
  /** Nodes that carry it. */
  nodes: ReadonlySet<string>;
  /** Whether it can be watched as a stream of files, and how many more may do so. */
  hlsRoom: number;
}

export interface Wanted {
  /** Streams a viewer will get at least: pictures and sounds, and of them the sounds. */
  streams: number;
  sounds: number;
  region: string | null;
  /** Where this person's media is now: it stays there while the node lives and does not drain. */
  current: string | null;
  /** Pictures were left out there: another node that has room for them is better. */
  squeezed: boolean;
  /** The stage is never refused for want of room. */
  stage: boolean;
  /** Nodes that cannot be reached. */
  without: ReadonlySet<string>;
}

export type Placed =
  | { kind: 'node'; nodeId: string; audioOnly: boolean }
  | { kind: 'hls' }
  | { kind: 'full'; retryMs: number }
  /** There is no node at all. */
  | { kind: 'none' };

export interface ClusterPolicy {
  /** Up to this share of a node's budget viewers get pictures; what is left is for sound. */
  pictureShare: number;
  /** Pictures that were left out come back only where less than this share is used, so that nobody goes to and fro. */
  returnShare: number;
  /** What a class's first viewer on a node costs, in consumers: a pipe for each stream, and one more hop. */
  openingCost: number;
  /** What a viewer far from its node costs, in consumers. */
  farCost: number;
  /** When to ask again while everything is full. */
  retryMs: number;
}

export const defaultClusterPolicy: ClusterPolicy = {
  pictureShare: 0.85,
  returnShare: 0.7,
  openingCost: 100,
  farCost: 400,
  retryMs: 10_000,
};

/** Equal choices fall differently for different classes, so that many that begin at once spread over an idle cluster. */
function weight(classId: string, nodeId: string): number {
  // FNV-1a with a final mix: a crowd that arrives is placed one by one, and a cryptographic hash would be most of it.
  let hash = 0x811c9dc5;
  for (const text of [classId, nodeId])
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Where one more person of the class goes. Costs are in consumers, as a share of the node's budget, so that a node of
 * twice the size takes twice as many.
 */
export function placeViewer(
  nodes: readonly NodeLoad[],
  spread: ClassSpread,
  wanted: Wanted,
  policy: ClusterPolicy = defaultClusterPolicy,
): Placed {
  const reachable = nodes.filter(({ id }) => !wanted.without.has(id));
  if (reachable.length === 0) return { kind: 'none' };
  const current = reachable.find(({ id, draining }) => id === wanted.current && !draining);
  const stays = current !== undefined && (wanted.stage || hasRoom(current, 0, 1));
  if (stays && (wanted.stage || !wanted.squeezed))
    return { kind: 'node', nodeId: current.id, audioOnly: false };
  const taking = reachable.filter(({ draining }) => !draining);
  // Rather on a node that is about to go than on none.
  const from = taking.length > 0 ? taking : reachable;
  const best = (streams: number, share: number) =>
    cheapest(
      wanted.stage ? from : from.filter((node) => hasRoom(node, streams, share)),
      spread,
      wanted,
      policy,
    );

  const withPicture = best(Math.max(1, wanted.streams), policy.pictureShare);
  if (withPicture) return { kind: 'node', nodeId: withPicture.id, audioOnly: false };
  if (stays) return { kind: 'node', nodeId: current.id, audioOnly: true };
  const withSound = best(Math.max(1, wanted.sounds), 1);
  if (withSound) return { kind: 'node', nodeId: withSound.id, audioOnly: true };
  if (spread.hlsRoom > 0) return { kind: 'hls' };
  return { kind: 'full', retryMs: policy.retryMs };
}

/** Whether somebody who was given less may be given the picture now. */
export function mayHavePicture(
  nodes: readonly NodeLoad[],
  streams: number,
  policy: ClusterPolicy = defaultClusterPolicy,
): boolean {
  return nodes.some((node) => !node.draining && hasRoom(node, streams, policy.returnShare));
}

const hasRoom = ({ used, budget }: NodeLoad, streams: number, share: number) =>
  used + streams <= share * budget;

function cheapest(
  nodes: readonly NodeLoad[],
  { classId, nodes: carrying }: ClassSpread,
  { region }: Wanted,
  { openingCost, farCost }: ClusterPolicy,
): NodeLoad | null {
  let best: { node: NodeLoad; cost: number } | null = null;
  for (const node of nodes) {
    const far = region !== null && node.region !== null && node.region !== region;
    const added = (carrying.has(node.id) ? 0 : openingCost) + (far ? farCost : 0);
    const cost = (node.used + added) / Math.max(1, node.budget);
    const wins =
      !best ||
      cost < best.cost ||
      (cost === best.cost && weight(classId, node.id) > weight(classId, best.node.id));
    if (wins) best = { node, cost };
  }
  return best?.node ?? null;
}
