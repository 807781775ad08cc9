/** One stream of a class's stage as viewers, the recorder and other nodes meet it, published here or on another node. */
import type { types } from 'mediasoup';
import type { MediaSource } from '@keshi/contract/domain';
import type { PublishingVia } from '@keshi/contract/sfu';
import type { Place } from './distribution.ts';

export interface StageStream {
  /** The producer's id, the same on every node. */
  readonly id: string;
  /** Who publishes it. */
  readonly peerId: string;
  readonly source: MediaSource;
  readonly kind: 'audio' | 'video';
  /** What comes from one's own page is not sent back there; what comes from an encoder is. */
  readonly via: PublishingVia;
  /** Since when, by the clock of the node that publishes it. */
  readonly since: number;
  readonly paused: boolean;
  readonly closed: boolean;
  /**
   * Brings it to the class's origin router on this node, where it can be consumed and piped on. Every arrival that
   * resolved needs a `release`; with the last one a stream of another node is no longer sent here. Rejects when it
   * has gone or cannot be had.
   */
  arrive(origin: Place): Promise<types.Producer>;
  release(): void;
  /** As it is on this node; null while it is not here. */
  here(): types.Producer | null;
}

/** Of two streams of one person and source the later is the true one; equal moments are told apart by their ids. */
export function supersedes(a: StageStream, b: StageStream): boolean {
  return a.since === b.since ? a.id > b.id : a.since > b.since;
}
