/**
 * Sends a class's events to all nodes, in order and gathered into frames: at once when the class is quiet, at most one
 * frame per window when it is lively. The window grows with the class, because each frame costs one write per member.
 */
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';
import { classChannel, type Broadcast, type LiveTime } from './messages.ts';
import type { RoomEvent } from './turn.ts';

export interface Broadcaster {
  events(events: readonly RoomEvent[], live: LiveTime | null): void;
  send(message: Broadcast): void;
  /** What waits for its window goes out now. */
  flush(): void;
  close(): void;
}

export interface BroadcasterDeps {
  classId: string;
  bus: ClassBus;
  log: Logger;
  /** Delivers on this node when the bus cannot be reached: those connected here hear of it all the same. */
  deliverHere: (message: Broadcast) => void;
  /** The number after which the first frame begins. */
  after: number;
  online: () => number;
}

const shortestWindowMs = 50;
/** Half a second is what nobody minds in a chat of thousands, and there each frame is thousands of writes. */
const longestWindowMs = 500;
const membersPerWindowMs = 4;

/** The learners' chat waits for its window; what people act on at once does not. */
function isUrgent({ event }: RoomEvent): boolean {
  switch (event.type) {
    case 'chat.sent':
      // The instructor is waited for, and is one alone.
      return event.message.from.role === 'host';
    case 'chat.deleted':
    case 'question.asked':
    case 'question.changed':
    case 'hand.raised':
    case 'hand.lowered':
      return false;
    default:
      return true;
  }
}

export function createBroadcaster(deps: BroadcasterDeps): Broadcaster {
  const { classId, bus, log } = deps;
  let pending: RoomEvent[] = [];
  let after = deps.after;
  let live: LiveTime | null = null;
  let sentAt = -Infinity;
  let timer: NodeJS.Timeout | null = null;

  function send(message: Broadcast): void {
    bus.publish(classChannel(classId), message).catch((error: unknown) => {
      log.warn({ err: error, kind: message.kind }, 'the bus is away, delivering on this node alone');
      deps.deliverHere(message);
    });
  }

  function flush(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    const last = pending.at(-1);
    if (!last) return;
    const frame: Broadcast = { kind: 'frame', after, events: pending, live };
    pending = [];
    live = null;
    after = last.seq;
    sentAt = performance.now();
    send(frame);
  }

  return {
    events(events, changedLive) {
      if (events.length === 0) return;
      pending.push(...events);
      live = changedLive ?? live;
      const windowMs = Math.min(
        longestWindowMs,
        Math.max(shortestWindowMs, deps.online() / membersPerWindowMs),
      );
      const waitMs = sentAt + windowMs - performance.now();
      if (waitMs <= 0 || events.some(isUrgent)) flush();
      else timer ??= setTimeout(flush, waitMs);
    },
    send,
    flush,
    close() {
      flush();
    },
  };
}
