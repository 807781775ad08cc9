import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Lease } from '../ports.ts';
import { reached } from './connections.ts';

/*
 * The counter is one for all names and never expires. It is never behind the server's clock in ms, so that a server
 * which lost its data does not hand out fences the database has already seen.
 */
const acquireScript = `
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder and holder ~= ARGV[1] then return false end
local t = redis.call('TIME')
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, t[1] * 1000 + math.floor(t[2] / 1000))
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text)
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'fence', text)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return text`;
const held = `
local row = redis.call('HMGET', KEYS[1], 'holder', 'fence')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then return 0 end
`;
const renewScript = `
local still = {}
for i, key in ipairs(KEYS) do
  local row = redis.call('HMGET', key, 'holder', 'fence')
  local mine = row[1] == ARGV[1] and row[2] == ARGV[i + 2]
  still[i] = mine and redis.call('PEXPIRE', key, ARGV[2]) or 0
end
return still`;
const releaseScript = `${held} return redis.call('DEL', KEYS[1])`;

const fenceText = z.string().transform(Number).pipe(z.int().positive());
const acquireReply = fenceText.nullable();
const holderReply = z.union([z.tuple([z.null(), z.null()]), z.tuple([z.string(), fenceText])]);

const renewReply = z.array(z.literal([0, 1]));
/** The server does nothing else meanwhile. */
const mostRenewedAtOnce = 500;

export function createRedisLease({ redis, prefix }: { redis: Redis; prefix: string }): Lease {
  const keyOf = (name: string) => `${prefix}lease:${name}`;
  const counter = `${prefix}lease-fence`;

  async function renewAll(...[leases, holder, ttlMs]: Parameters<Lease['renewAll']>): Promise<boolean[]> {
    const batches = Array.from({ length: Math.ceil(leases.length / mostRenewedAtOnce) }, (_, n) =>
      leases.slice(n * mostRenewedAtOnce, (n + 1) * mostRenewedAtOnce),
    );
    const replies = await Promise.all(
      batches.map((batch) => {
        const keys = batch.map(({ name }) => keyOf(name));
        const fences = batch.map(({ fence }) => fence);
        return reached(redis.eval(renewScript, keys.length, ...keys, holder, Math.ceil(ttlMs), ...fences));
      }),
    );
    return replies.flatMap((reply) => renewReply.parse(reply).map((still) => still === 1));
  }

  return {
    async acquire(name, holder, ttlMs) {
      const reply = await reached(
        redis.eval(acquireScript, 2, keyOf(name), counter, holder, Math.ceil(ttlMs)),
      );
      const fence = acquireReply.parse(reply);
      return fence === null ? null : { fence };
    },
    async renew(name, holder, fence, ttlMs) {
      return (await renewAll([{ name, fence }], holder, ttlMs))[0] === true;
    },
    renewAll,
    async release(name, holder, fence) {
      return (await reached(redis.eval(releaseScript, 1, keyOf(name), holder, fence))) === 1;
    },
    async holder(name) {
      const [holder, fence] = holderReply.parse(await reached(redis.hmget(keyOf(name), 'holder', 'fence')));
      return holder === null ? null : { holder, fence };
    },
  };
}
