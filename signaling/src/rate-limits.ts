/** How much one connection may ask. Token buckets: generous for a person, narrow for a script. */
import type { ClientEventName } from '@keshi/contract/signaling';
import { createRateLimiter, type RateVerdict } from '@keshi/runtime/ratelimit';

type Group = 'join' | 'media' | 'text' | 'command' | 'read';

const rates: Record<Group | 'any', { capacity: number; perSecond: number }> = {
  any: { capacity: 80, perSecond: 25 },
  join: { capacity: 6, perSecond: 0.5 },
  // Joining a class with a full stage, or turning the phone, sends a burst of these.
  media: { capacity: 60, perSecond: 15 },
  text: { capacity: 8, perSecond: 1.5 },
  command: { capacity: 20, perSecond: 5 },
  read: { capacity: 20, perSecond: 5 },
};

function groupOf(event: ClientEventName): Group {
  if (event === 'join' || event === 'media.rejoin') return 'join';
  if (event.startsWith('media.')) return 'media';
  if (event === 'chat.send' || event === 'question.ask') return 'text';
  if (event === 'roster.page' || event === 'board.watch') return 'read';
  return 'command';
}

export interface ConnectionLimits {
  /** Null counts a beat or an unknown event, against the general bucket alone. */
  take(connectionId: string, event: ClientEventName | null, now: number): RateVerdict;
}

/** `scale` widens every bucket, for a load generator that speaks for many through one connection. */
export function createConnectionLimits({ maxConnections = 100_000, scale = 1 } = {}): ConnectionLimits {
  const limiter = ({ capacity, perSecond }: { capacity: number; perSecond: number }) =>
    createRateLimiter({
      capacity: capacity * scale,
      perSecond: perSecond * scale,
      maxKeys: maxConnections,
    });
  const any = limiter(rates.any);
  const groups: Record<Group, ReturnType<typeof limiter>> = {
    join: limiter(rates.join),
    media: limiter(rates.media),
    text: limiter(rates.text),
    command: limiter(rates.command),
    read: limiter(rates.read),
  };
  return {
    take(connectionId, event, now) {
      const general = any.take(connectionId, now);
      if (!general.allowed || event === null) return general;
      return groups[groupOf(event)].take(connectionId, now);
    },
  };
}
