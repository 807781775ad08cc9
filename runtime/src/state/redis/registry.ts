import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../../log.ts';
import type { NodeEntry, NodeRegistry } from '../ports.ts';
import { reached } from './connections.ts';
import type { Subscriptions } from './subscriptions.ts';

/* A kind is a sorted set of ids by expiry (on the server's clock) and a hash of their info. */
const now = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], id); redis.call('HDEL', KEYS[2], id)
end
`;
const announceScript = `${now}
local before = redis.call('HGET', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if before ~= ARGV[2] then redis.call('PUBLISH', ARGV[4], ARGV[1]) end
return 1`;
const refreshScript = `${now}
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1`;
const withdrawScript = `${now}
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then redis.call('PUBLISH', ARGV[2], ARGV[1]) end
return 1`;
const listScript = `${now}
local rows = {}
local ids = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #ids, 2 do
  rows[#rows + 1] = {ids[i], redis.call('HGET', KEYS[2], ids[i]) or 'null', ids[i + 1] - now}
end
return rows`;

const listReply = z.array(z.tuple([z.string(), z.string(), z.number()]));

interface Alive {
  id: string;
  json: string;
  leftMs: number;
}

export function createRedisRegistry({
  redis,
  subscriptions,
  prefix,
  log,
}: {
  redis: Redis;
  subscriptions: Subscriptions;
  prefix: string;
  log: Logger;
}): NodeRegistry & { close(): void } {
  const watchers = new Set<() => void>();
  const keysOf = (kind: string) => [`${prefix}nodes:${kind}`, `${prefix}nodes:${kind}:info`] as const;
  const channelOf = (kind: string) => `${prefix}nodes-changed:${kind}`;

  async function read(kind: string): Promise<Alive[]> {
    const rows = listReply.parse(await reached(redis.eval(listScript, 2, ...keysOf(kind))));
    return rows.map(([id, json, leftMs]) => ({ id, json, leftMs })).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  return {
    async announce(kind, id, info, ttlMs) {
      const args = [id, JSON.stringify(info), Math.ceil(ttlMs), channelOf(kind)];
      await reached(redis.eval(announceScript, 2, ...keysOf(kind), ...args));
    },
    async refresh(kind, id, ttlMs) {
      return (await reached(redis.eval(refreshScript, 2, ...keysOf(kind), id, Math.ceil(ttlMs)))) === 1;
    },
    async withdraw(kind, id) {
      await reached(redis.eval(withdrawScript, 2, ...keysOf(kind), id, channelOf(kind)));
    },
    async list(kind) {
      return (await read(kind)).map(toEntry);
    },
    async watch(kind, fn) {
      let known = await read(kind);
      let shown = fingerprint(known);
      let timer: NodeJS.Timeout | undefined;
      let stopped = false;
      let reading = false;
      let again = false;
      let graceUntil = 0;

      const schedule = () => {
        clearTimeout(timer);
        if (stopped || known.length === 0) return;
        // The next look is when the first of them would expire if it were not refreshed, which most are.
        const next = Math.max(Math.min(...known.map(({ leftMs }) => leftMs)), 20) + 5;
        timer = setTimeout(() => void look(), next).unref();
      };
      const keepKnown = () => {
        const longest = Math.max(0, ...known.map(({ leftMs }) => leftMs));
        graceUntil = performance.now() + Math.max(longest, graceFloorMs);
      };
      const look = async () => {
        if (reading) {
          again = true;
          return;
        }
        reading = true;
        try {
          do {
            again = false;
            const listed = await read(kind);
            const inGrace = performance.now() < graceUntil;
            known = inGrace ? withKnown(listed, known) : listed;
          } while (again);
          const print = fingerprint(known);
          if (!stopped && print !== shown) {
            shown = print;
            fn(known.map(toEntry));
          }
        } catch (error) {
          // What was known is kept: the store being away says nothing about the nodes.
          keepKnown();
          log.debug({ kind, err: error }, 'registry not readable');
        } finally {
          reading = false;
          schedule();
        }
      };
      const onGap = () => {
        keepKnown();
        void look();
      };
      const unsubscribe = await subscriptions.subscribe(channelOf(kind), () => void look(), { onGap });
      const stop = () => {
        stopped = true;
        clearTimeout(timer);
      };
      watchers.add(stop);
      fn(known.map(toEntry));
      // What changed between the first reading and the subscription would otherwise go unseen.
      await look();
      return async () => {
        stop();
        watchers.delete(stop);
        await unsubscribe();
      };
    },
    close() {
      for (const stop of watchers) stop();
      watchers.clear();
    },
  };
}

/** At least this long are nodes kept after an outage, even when they were about to be refreshed. */
const graceFloorMs = 2_000;

function withKnown(listed: Alive[], known: Alive[]): Alive[] {
  const ids = new Set(listed.map(({ id }) => id));
  const kept = known.filter(({ id }) => !ids.has(id)).map((alive) => ({ ...alive, leftMs: 100 }));
  return [...listed, ...kept].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toEntry({ id, json }: Alive): NodeEntry {
  return { id, info: JSON.parse(json) as unknown };
}

function fingerprint(alive: Alive[]): string {
  return JSON.stringify(alive.map(({ id, json }) => [id, json]));
}
