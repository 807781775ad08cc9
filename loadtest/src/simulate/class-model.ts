/**
 * A class spread over nodes of the model: which of them carry it, where its stage is, and what the stage's way there
 * costs. A node takes the stage from the publisher's node while somebody there watches.
 */
import type { Stream } from './costs.ts';
import type { ModelNode, ModelSeat } from './node-model.ts';

export interface ModelClass {
  readonly id: string;
  /** Nodes that carry it, as its coordinator knows. */
  readonly carrying: Set<string>;
  /** Where the stage is published; null: nowhere now. */
  readonly stageNode: ModelNode | null;
  /** Null when the node has no room. */
  enter(node: ModelNode, streams: readonly Stream[], audioOnly: boolean): ModelSeat | null;
  leave(node: ModelNode, seat: ModelSeat): void;
  publish(node: ModelNode): void;
  /** The node is no more, and with it what was there. */
  lose(node: ModelNode): void;
}

export function createModelClass(id: string): ModelClass {
  const carrying = new Set<string>();
  /** Nodes, other than the stage's, that take its streams now. */
  const taking = new Set<ModelNode>();
  const opened = new Set<ModelNode>();
  let stageNode: ModelNode | null = null;

  function take(node: ModelNode): void {
    if (!stageNode || node === stageNode || taking.has(node) || node.watching(id) === 0) return;
    taking.add(node);
    stageNode.give(id, 1);
    node.feed(id, 'fromPipe', true);
  }

  function drop(node: ModelNode): void {
    if (!taking.delete(node)) return;
    stageNode?.give(id, -1);
    node.feed(id, 'fromPipe', false);
  }

  function open(node: ModelNode): void {
    carrying.add(node.id);
    opened.add(node);
    node.open(id);
  }

  return {
    id,
    carrying,
    get stageNode() {
      return stageNode;
    },
    enter(node, streams, audioOnly) {
      open(node);
      const seat = node.enter(id, streams, audioOnly);
      if (seat) take(node);
      return seat;
    },
    leave(node, seat) {
      node.leave(id, seat);
      if (node.watching(id) === 0) drop(node);
    },
    publish(node) {
      if (stageNode) throw new Error('the stage is somewhere already');
      open(node);
      stageNode = node;
      node.feed(id, 'published', true);
      for (const other of opened) take(other);
    },
    lose(node) {
      carrying.delete(node.id);
      opened.delete(node);
      if (stageNode === node) {
        stageNode = null;
        for (const other of taking) other.feed(id, 'fromPipe', false);
        taking.clear();
      } else drop(node);
    },
  };
}
