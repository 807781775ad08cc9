import { createHash } from 'node:crypto';

export interface MediaNode {
  id: string;
  draining: boolean;
}

/**
 * Which node carries a class: the highest of the hashes of class and node (rendezvous), so that every signaling node
 * answers alike from the same list, and a node that goes moves its own classes alone. Null when there is none.
 */
export function placeClass(
  classId: string,
  nodes: readonly MediaNode[],
  current: string | null,
): string | null {
  // A class that runs stays where it is: a node that comes must not tear classes from others.
  if (current !== null && nodes.some(({ id }) => id === current)) return current;
  const taking = nodes.filter(({ draining }) => !draining);
  let best: { id: string; weight: string } | null = null;
  for (const { id } of taking.length > 0 ? taking : nodes) {
    const weight = createHash('sha256').update(`${classId}\n${id}`).digest('hex');
    if (!best || weight > best.weight) best = { id, weight };
  }
  return best?.id ?? null;
}
