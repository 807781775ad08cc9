/**
 * Which SFU nodes can be reached, and what their people are told when one cannot. A link is tried again at once; when
 * it does not come back within moments and there is another node, media moves there: waiting until ICE notices would
 * cost a picture many seconds. Where there is no other node, what flows may flow on, and the link is waited for.
 */
import type { Connection, Connections } from '../connections.ts';
import type { MediaNodes, SfuLink } from './nodes.ts';

export interface Reach {
  /** Follows a node's link until it closes for good. */
  watch(nodeId: string, link: SfuLink): void;
  unreachable(): string[];
}

export interface ReachDeps {
  nodes: MediaNodes;
  connections: Connections;
  /** What was agreed over the link is void. */
  broke: (nodeId: string) => void;
  linkBack: (nodeId: string) => void;
  lost: (nodeId: string) => void;
  trouble: (lasts: boolean) => void;
}

/** How long a link may be down before the people there are moved. */
const patienceMs = 800;
/** The number of the attempt after the first that failed. */
const refusedAttempt = 3;
/** Pages of a node that drains move over this time. */
const drainSpreadMs = 4_000;
/** Pages of a node that is lost come back over this time for each thousand of them. */
const lostSpreadMsPerThousand = 1_000;

type Reason = 'unavailable' | 'moving' | 'resync';

export function createReach({ nodes, connections, broke, linkBack, lost, trouble }: ReachDeps): Reach {
  const down = new Map<string, NodeJS.Timeout | null>();
  /** Those that were ever reached: an entry of the registry that leads nowhere is nobody's loss. */
  const met = new Set<string>();

  const peopleOn = (nodeId: string) =>
    [...connections.all()].filter(({ media }) => media.kind === 'node' && media.nodeId === nodeId);

  const tell = (connection: Connection, reason: Reason) => connection.socket.emit('media.reset', { reason });

  /** Spread over time, so that a whole node's people do not join others in one moment. */
  function send(nodeId: string, reason: Reason, spreadMs: number): void {
    const people = peopleOn(nodeId);
    people.forEach((connection, at) => {
      const delay = (at * spreadMs) / people.length;
      if (delay < 20) return void tell(connection, reason);
      setTimeout(() => {
        // It may have moved by itself meanwhile.
        if (connection.media.kind === 'node' && connection.media.nodeId === nodeId) tell(connection, reason);
      }, delay).unref();
    });
  }

  function lose(nodeId: string): void {
    lost(nodeId);
    send(nodeId, 'unavailable', (lostSpreadMsPerThousand * peopleOn(nodeId).length) / 1_000);
  }

  /** Given up only where there is somewhere else to go. */
  function giveUp(nodeId: string): void {
    if (!down.has(nodeId)) return;
    const elsewhere = nodes.list().some(({ id, draining }) => id !== nodeId && !draining);
    if (elsewhere) {
      down.set(nodeId, null);
      lose(nodeId);
    } else down.set(nodeId, setTimeout(giveUp, patienceMs, nodeId).unref());
  }

  function ended(nodeId: string): void {
    clearTimeout(down.get(nodeId) ?? undefined);
    if (down.delete(nodeId) && down.size === 0) trouble(false);
  }

  nodes.onGone((nodeId) => {
    met.delete(nodeId);
    broke(nodeId);
    ended(nodeId);
    lose(nodeId);
  });
  nodes.onDraining((nodeId) => {
    if (nodes.list().some(({ id, draining }) => id !== nodeId && !draining))
      send(nodeId, 'moving', drainSpreadMs);
  });

  return {
    watch(nodeId, link) {
      if (link.state.kind === 'open') met.add(nodeId);
      link.watch((state) => {
        if (state.kind === 'open') {
          met.add(nodeId);
          if (!down.has(nodeId)) return;
          ended(nodeId);
          // It is the same life of that node, so what it carries may still flow; what happened meanwhile is unknown.
          send(nodeId, 'resync', (lostSpreadMsPerThousand * peopleOn(nodeId).length) / 1_000);
          linkBack(nodeId);
          return;
        }
        broke(nodeId);
        if (state.kind === 'closed' || !met.has(nodeId)) return;
        if (down.has(nodeId)) {
          // It was tried again and was not there: a process that died refuses at once, and need not be waited for.
          if (state.attempt === refusedAttempt && down.get(nodeId) !== null) {
            clearTimeout(down.get(nodeId) ?? undefined);
            giveUp(nodeId);
          }
          return;
        }
        down.set(nodeId, setTimeout(giveUp, patienceMs, nodeId).unref());
        trouble(true);
      });
    },
    unreachable: () => [...down.keys()],
  };
}
