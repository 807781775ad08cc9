import type { Clock } from '../../clock.ts';
import type { Lease } from '../ports.ts';

interface Held {
  holder: string;
  fence: number;
  /** On the monotonic clock: a lease must not jump with the wall clock. */
  until: number;
}

export function createMemoryLease(clock: Clock): Lease {
  const leases = new Map<string, Held>();
  // One counter for all names grows for each of them, and stays small however many classes there are.
  let lastFence = 0;

  function current(name: string): Held | null {
    const held = leases.get(name);
    if (!held) return null;
    if (held.until > performance.now()) return held;
    leases.delete(name);
    return null;
  }

  function heldWith(name: string, holder: string, fence: number): Held | null {
    const held = current(name);
    return held?.holder === holder && held.fence === fence ? held : null;
  }

  function renew(name: string, holder: string, fence: number, ttlMs: number): boolean {
    const held = heldWith(name, holder, fence);
    if (held) held.until = performance.now() + ttlMs;
    return held !== null;
  }

  return {
    async acquire(name, holder, ttlMs) {
      const held = current(name);
      if (held && held.holder !== holder) return null;
      lastFence = Math.max(lastFence + 1, clock());
      leases.set(name, { holder, fence: lastFence, until: performance.now() + ttlMs });
      return { fence: lastFence };
    },
    async renew(name, holder, fence, ttlMs) {
      return renew(name, holder, fence, ttlMs);
    },
    async renewAll(all, holder, ttlMs) {
      return all.map(({ name, fence }) => renew(name, holder, fence, ttlMs));
    },
    async release(name, holder, fence) {
      return heldWith(name, holder, fence) !== null && leases.delete(name);
    },
    async holder(name) {
      const held = current(name);
      return held && { holder: held.holder, fence: held.fence };
    },
  };
}
