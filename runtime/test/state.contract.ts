import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../src/errors.ts';
import { BusError, type NodeEntry, type State } from '../src/state/ports.ts';
import { describeJobs } from './jobs.contract.ts';

/** Two processes' views of one store; in memory mode both are the same instance. */
export interface StatePair {
  a: State;
  b: State;
}

export interface StateSubject {
  open(): Promise<StatePair>;
  /** False where an append is acknowledged only when it has been handled. */
  appendsBeforeHandling: boolean;
  setUp?(): Promise<void>;
  tearDown?(): Promise<void>;
}

interface Fact {
  n: number;
}

function parseFact(fact: unknown): Fact {
  if (typeof fact === 'object' && fact !== null && 'n' in fact && typeof fact.n === 'number')
    return { n: fact.n };
  throw new Error('not a fact');
}

/** The guarantees written in ports.ts, one by one. */
export function describeState(name: string, subject: StateSubject): void {
  describe(`shared state: ${name}`, () => {
    let a: State;
    let b: State;
    if (subject.setUp) beforeAll(subject.setUp);
    if (subject.tearDown) afterAll(subject.tearDown);
    beforeEach(async () => {
      ({ a, b } = await subject.open());
    });
    afterEach(async () => {
      await Promise.all([a.close(), b.close()]);
    });

    test('it is well', async () => {
      expect(await a.health()).toEqual({ status: 'ok' });
    });

    describe('NodeRegistry', () => {
      test('lists who was announced, ordered by id, and forgets who withdrew', async () => {
        await a.registry.announce('sfu', 'two', { load: 2 }, 60_000);
        await b.registry.announce('sfu', 'one', { load: 1 }, 60_000);
        await b.registry.announce('web', 'three', {}, 60_000);
        expect(await a.registry.list('sfu')).toEqual([
          { id: 'one', info: { load: 1 } },
          { id: 'two', info: { load: 2 } },
        ]);
        await a.registry.withdraw('sfu', 'one');
        expect(await b.registry.list('sfu')).toEqual([{ id: 'two', info: { load: 2 } }]);
      });

      test('an entry expires unless it is refreshed, and cannot be refreshed afterwards', async () => {
        await a.registry.announce('sfu', 'kept', {}, 100);
        await a.registry.announce('sfu', 'lost', {}, 100);
        expect(await a.registry.refresh('sfu', 'kept', 60_000)).toBe(true);
        await expect.poll(async () => ids(await b.registry.list('sfu')), { interval: 10 }).toEqual(['kept']);
        expect(await a.registry.refresh('sfu', 'lost', 60_000)).toBe(false);
      });

      test('a watcher sees the present list, then announcements, changes, withdrawals and expiries', async () => {
        await a.registry.announce('sfu', 'one', { load: 1 }, 60_000);
        const seen: NodeEntry[][] = [];
        const unwatch = await b.registry.watch('sfu', (nodes) => seen.push(nodes));
        expect(seen.at(-1)).toEqual([{ id: 'one', info: { load: 1 } }]);
        await a.registry.announce('sfu', 'one', { load: 5 }, 60_000);
        await expect.poll(() => seen.at(-1)).toEqual([{ id: 'one', info: { load: 5 } }]);
        await a.registry.announce('sfu', 'two', {}, 150);
        await expect.poll(() => ids(seen.at(-1) ?? [])).toEqual(['one', 'two']);
        await expect.poll(() => ids(seen.at(-1) ?? [])).toEqual(['one']);
        await a.registry.withdraw('sfu', 'one');
        await expect.poll(() => seen.at(-1)).toEqual([]);
        const count = seen.length;
        await unwatch();
        await a.registry.announce('sfu', 'three', {}, 60_000);
        expect(await b.registry.list('sfu')).toHaveLength(1);
        expect(seen).toHaveLength(count);
      });

      test('announcing the same again is no change to a watcher', async () => {
        await a.registry.announce('sfu', 'one', { load: 1 }, 60_000);
        const seen = vi.fn();
        await b.registry.watch('sfu', seen);
        await a.registry.announce('sfu', 'one', { load: 1 }, 60_000);
        await a.registry.announce('sfu', 'two', {}, 60_000);
        await expect.poll(() => seen.mock.calls.length).toBe(2);
      });
    });

    describe('Lease', () => {
      test('one holder; the other gets it after release with a greater fence', async () => {
        const first = await a.lease.acquire('class:1', 'a', 60_000);
        expect(first).not.toBeNull();
        expect(await b.lease.acquire('class:1', 'b', 60_000)).toBeNull();
        expect(await b.lease.holder('class:1')).toEqual({ holder: 'a', fence: first?.fence });
        expect(await b.lease.release('class:1', 'b', first?.fence ?? 0)).toBe(false);
        expect(await a.lease.release('class:1', 'a', first?.fence ?? 0)).toBe(true);
        expect(await a.lease.holder('class:1')).toBeNull();
        const second = await b.lease.acquire('class:1', 'b', 60_000);
        expect(second?.fence).toBeGreaterThan(first?.fence ?? Infinity);
      });

      test('of many who race exactly one wins', async () => {
        const won = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            (n % 2 ? a : b).lease.acquire('class:race', `holder-${n}`, 60_000),
          ),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
      });

      test('after expiry another holds it with a greater fence and the former can neither renew nor release', async () => {
        const first = await a.lease.acquire('class:2', 'a', 80);
        const taken = await vi.waitFor(
          async () => {
            const lease = await b.lease.acquire('class:2', 'b', 60_000);
            if (!lease) throw new Error('still held');
            return lease;
          },
          { interval: 10 },
        );
        expect(taken.fence).toBeGreaterThan(first?.fence ?? Infinity);
        expect(await a.lease.renew('class:2', 'a', first?.fence ?? 0, 60_000)).toBe(false);
        expect(await a.lease.release('class:2', 'a', first?.fence ?? 0)).toBe(false);
        expect(await a.lease.holder('class:2')).toEqual({ holder: 'b', fence: taken.fence });
      });

      test('a renewed lease outlives its first term', async () => {
        const held = await a.lease.acquire('class:3', 'a', 100);
        await a.lease.acquire('class:3-witness', 'a', 100);
        expect(await a.lease.renew('class:3', 'a', held?.fence ?? 0, 60_000)).toBe(true);
        await expect.poll(() => b.lease.holder('class:3-witness'), { interval: 10 }).toBeNull();
        expect(await b.lease.holder('class:3')).toEqual({ holder: 'a', fence: held?.fence });
      });

      test('many are renewed in one step, and each is answered for itself', async () => {
        const names = Array.from({ length: 1_200 }, (_, n) => `class:many-${n}`);
        const held = await Promise.all(names.map((name) => a.lease.acquire(name, 'a', 60_000)));
        const leases = names.map((name, n) => ({ name, fence: held[n]?.fence ?? 0 }));
        await a.lease.release('class:many-700', 'a', leases[700]?.fence ?? 0);
        await b.lease.acquire('class:many-700', 'b', 60_000);
        const still = await a.lease.renewAll([...leases, { name: 'class:none', fence: 1 }], 'a', 60_000);
        expect(still).toHaveLength(1_201);
        expect([...still.keys()].filter((n) => !still[n])).toEqual([700, 1_200]);
        expect(await a.lease.renewAll([], 'a', 60_000)).toEqual([]);
      });

      test('the same holder acquiring again voids its own former fence', async () => {
        const first = await a.lease.acquire('class:4', 'a', 60_000);
        const again = await b.lease.acquire('class:4', 'a', 60_000);
        expect(again?.fence).toBeGreaterThan(first?.fence ?? Infinity);
        expect(await a.lease.renew('class:4', 'a', first?.fence ?? 0, 60_000)).toBe(false);
        expect(await a.lease.renew('class:4', 'a', again?.fence ?? 0, 60_000)).toBe(true);
      });

      test('fences start at the time in ms, so that a new store does not fall behind an old database', async () => {
        const before = Date.now() - 1_000;
        expect((await a.lease.acquire('class:5', 'a', 60_000))?.fence).toBeGreaterThan(before);
      });
    });

    describe('ClassBus', () => {
      test('messages of a publisher arrive in order, at every subscriber, its own included', async () => {
        const own: unknown[] = [];
        const other: unknown[] = [];
        await a.bus.subscribe('class:1', (message) => own.push(message));
        await b.bus.subscribe('class:1', (message) => other.push(message));
        const numbers = Array.from({ length: 500 }, (_, n) => n);
        await Promise.all(numbers.map((n) => a.bus.publish('class:1', n)));
        await expect.poll(() => other.length).toBe(500);
        await expect.poll(() => own.length).toBe(500);
        expect(other).toEqual(numbers);
        expect(own).toEqual(numbers);
      });

      test('channels are apart, and after unsubscribing nothing arrives', async () => {
        const seen: unknown[] = [];
        const later: unknown[] = [];
        const unsubscribe = await b.bus.subscribe('class:1', (message) => seen.push(message));
        await b.bus.subscribe('class:2', (message) => later.push(message));
        await a.bus.publish('class:1', 'one');
        await a.bus.publish('class:2', 'two');
        await expect.poll(() => later).toEqual(['two']);
        await unsubscribe();
        await a.bus.publish('class:1', 'gone');
        await a.bus.publish('class:2', 'three');
        await expect.poll(() => later).toEqual(['two', 'three']);
        expect(seen).toEqual(['one']);
      });

      test('a throwing subscriber disturbs no other', async () => {
        const seen: unknown[] = [];
        await b.bus.subscribe('class:1', () => {
          throw new Error('on purpose');
        });
        await b.bus.subscribe('class:1', (message) => seen.push(message));
        await a.bus.publish('class:1', { text: '你好' });
        await expect.poll(() => seen).toEqual([{ text: '你好' }]);
      });

      test('a request is answered by who serves the address', async () => {
        await b.bus.serve('node:b', (payload) => ({ echo: payload }));
        expect(await a.bus.request('node:b', { n: 1 }, 5_000)).toEqual({ echo: { n: 1 } });
        await expect(b.bus.serve('node:b', () => null)).rejects.toThrow('served already');
      });

      test('what the handler throws arrives with its code; the unexpected only as internal', async () => {
        await b.bus.serve('node:b', (payload) => {
          if (payload === 'known') throw new AppError('class-ended', { message: 'over' });
          throw new Error('a secret detail');
        });
        await expect(a.bus.request('node:b', 'known', 5_000)).rejects.toMatchObject({
          code: 'class-ended',
          message: 'over',
        });
        const unexpected: unknown = await a.bus
          .request('node:b', 'else', 5_000)
          .catch((error: unknown) => error);
        expect(unexpected).toMatchObject({ code: 'internal' });
        expect(String(unexpected)).not.toContain('secret detail');
      });

      test('a request to an unreachable address fails at once, a silent one by its time', async () => {
        const failure = (error: unknown) => (error instanceof BusError ? error.failure : error);
        const started = performance.now();
        expect(await a.bus.request('node:gone', {}, 30_000).catch(failure)).toBe('unreachable');
        expect(performance.now() - started).toBeLessThan(5_000);
        const unserve = await b.bus.serve('node:b', () => new Promise(() => {}));
        expect(await a.bus.request('node:b', {}, 50).catch(failure)).toBe('timeout');
        await unserve();
        await expect.poll(() => a.bus.request('node:b', {}, 1_000).catch(failure)).toBe('unreachable');
      });
    });

    describe('PresenceLog', () => {
      test('facts appended before the first consumer reach it, in order', async () => {
        const stored: number[] = [];
        const appended = a.presenceLog.append([{ n: 1 }, { n: 2 }]);
        if (subject.appendsBeforeHandling) await appended;
        await b.presenceLog.consume(storing('b', stored));
        await appended;
        await a.presenceLog.append([{ n: 3 }]);
        await expect.poll(() => stored).toEqual([1, 2, 3]);
        await expect.poll(() => a.presenceLog.depth()).toBe(0);
      });

      test('a handler that throws gets the batch again until it is stored', async () => {
        const stored: number[] = [];
        let failures = 2;
        await b.presenceLog.consume({
          ...storing('b', stored),
          handler: async (batch) => {
            if (failures-- > 0) throw new Error('on purpose');
            stored.push(...batch.map(({ n }) => n));
          },
        });
        await a.presenceLog.append([{ n: 1 }, { n: 2 }]);
        await expect.poll(() => stored).toEqual([1, 2]);
        await expect.poll(() => a.presenceLog.depth()).toBe(0);
      });

      test('what a consumer took and never stored is taken over by another', async () => {
        const stored: number[] = [];
        const taken = Promise.withResolvers<void>();
        const hanging = await a.presenceLog.consume({
          ...storing('a', stored),
          handler: () => {
            taken.resolve();
            return new Promise<void>(() => {});
          },
        });
        const appended = a.presenceLog.append([{ n: 1 }]);
        await taken.promise;
        await b.presenceLog.consume(storing('b', stored));
        await hanging.stop(0);
        await appended;
        await expect.poll(() => stored, { timeout: 5_000 }).toEqual([1]);
        await expect.poll(() => b.presenceLog.depth()).toBe(0);
      });

      test('every group sees every fact, and nothing is removed before the slowest has stored it', async () => {
        const quick: number[] = [];
        const slow: number[] = [];
        const gate = Promise.withResolvers<void>();
        await a.presenceLog.consume({ ...storing('a', quick), group: 'quick' });
        await b.presenceLog.consume({
          ...storing('b', slow),
          group: 'slow',
          handler: async (batch) => {
            await gate.promise;
            slow.push(...batch.map(({ n }) => n));
          },
        });
        const appended = a.presenceLog.append([{ n: 1 }]);
        await expect.poll(() => quick).toEqual([1]);
        expect(await a.presenceLog.depth()).toBe(1);
        gate.resolve();
        await appended;
        await expect.poll(() => slow).toEqual([1]);
        await expect.poll(() => a.presenceLog.depth()).toBe(0);
      });

      test('an unreadable fact holds up no other', async () => {
        const stored: number[] = [];
        await b.presenceLog.consume(storing('b', stored));
        await a.presenceLog.append([{ n: 1 }, { wrong: true }, { n: 2 }]);
        await expect.poll(() => stored).toEqual([1, 2]);
        await expect.poll(() => a.presenceLog.depth()).toBe(0);
      });

      test('stopping lets the running handler finish, and nothing is handled twice', async () => {
        const stored: number[] = [];
        const taken = Promise.withResolvers<void>();
        const gate = Promise.withResolvers<void>();
        const first = await a.presenceLog.consume({
          ...storing('a', stored),
          handler: async (batch) => {
            taken.resolve();
            await gate.promise;
            stored.push(...batch.map(({ n }) => n));
          },
        });
        const appended = a.presenceLog.append([{ n: 1 }]);
        await taken.promise;
        const stopped = first.stop();
        gate.resolve();
        await stopped;
        await appended;
        await b.presenceLog.consume(storing('b', stored));
        await a.presenceLog.append([{ n: 2 }]);
        await expect.poll(() => stored).toEqual([1, 2]);
      });
    });

    describe('JobQueue', () => describeJobs(() => ({ a, b })));

    test('closing is idempotent and refuses what still waits', async () => {
      await b.bus.serve('node:b', () => new Promise(() => {}));
      const asked = a.bus.request('node:b', {}, 60_000).catch((error: unknown) => error);
      await a.close();
      await a.close();
      expect(await asked).toBeInstanceOf(BusError);
      await expect(a.bus.publish('class:1', 1)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(a.presenceLog.append([{ n: 1 }])).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}

function storing(consumer: string, stored: number[]) {
  return {
    group: 'db',
    consumer,
    parse: parseFact,
    claimAfterMs: 300,
    handler: async (batch: Fact[]) => {
      stored.push(...batch.map(({ n }) => n));
    },
  };
}

function ids(nodes: NodeEntry[]): string[] {
  return nodes.map(({ id }) => id);
}
