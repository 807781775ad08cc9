import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../../log.ts';
import { retryPauseMs } from '../../retry.ts';
import { type ConsumeOptions, type Consumption, StateUnavailable } from '../ports.ts';
import { isReplyError, reached, untilReady } from './connections.ts';

const entriesPerRead = 16;
const blockMs = 2_000;

/*
 * Acknowledges, then removes from the head of the stream what no group needs any more: everything before the oldest
 * entry that is still pending or undelivered somewhere. An entry behind it stays until the head moves past it.
 */
const acknowledgeScript = `
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
local function parts(id) local ms, seq = string.match(id, '(%d+)-(%d+)'); return tonumber(ms), tonumber(seq) end
local low, lowMs, lowSeq
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local row = {}
  for i = 1, #info, 2 do row[info[i]] = info[i + 1] end
  local pending = redis.call('XPENDING', KEYS[1], row['name'])
  local id = pending[2]
  if pending[1] == 0 then
    local ms, seq = parts(row['last-delivered-id'])
    id = string.format('%.0f-%.0f', ms, seq + 1)
  end
  local ms, seq = parts(id)
  if not low or ms < lowMs or (ms == lowMs and seq < lowSeq) then low, lowMs, lowSeq = id, ms, seq end
end
return redis.call('XTRIM', KEYS[1], 'MINID', low)`;
/** Removes a consumer that leaves, unless it still has entries another must take over. */
const leaveScript = `
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local row = {}
  for i = 1, #info, 2 do row[info[i]] = info[i + 1] end
  if row['name'] == ARGV[2] and row['pending'] == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
  end
end
return 1`;

// A claimed entry that no longer exists comes as null in place of its fields.
const entry = z.tuple([z.string(), z.array(z.string()).nullable()]);
const readReply = z.array(z.tuple([z.string(), z.array(entry)])).nullable();
const claimReply = z.tuple([z.string(), z.array(entry.nullable())]).rest(z.unknown());
const factList = z.array(z.unknown());

interface Batch<T> {
  ids: string[];
  facts: T[];
}

export async function startConsumer<T>({
  redis,
  blocking,
  stream,
  log: parentLog,
  group,
  consumer,
  parse,
  handler,
  claimAfterMs = 15_000,
}: ConsumeOptions<T> & { redis: Redis; blocking: Redis; stream: string; log: Logger }): Promise<Consumption> {
  const log = parentLog.child({ group, consumer });
  const stopping = new AbortController();
  let connectionId: number | null = null;
  let resuming = true;
  let claimFrom = '0-0';
  let claimAt = 0;
  let keeping: NodeJS.Timeout | undefined;

  blocking.on('ready', () => {
    // After a reconnect, look again at what this consumer was given: an answer may have been lost on the way.
    resuming = true;
    blocking.client('ID').then(
      (id) => (connectionId = id),
      () => (connectionId = null),
    );
  });

  async function createGroup(): Promise<void> {
    try {
      await reached(redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM'));
    } catch (error) {
      if (!isReplyError(error) || !error.message.startsWith('BUSYGROUP')) throw error;
    }
  }

  async function readOwn(from: '0' | '>', block: number | null): Promise<z.infer<typeof entry>[]> {
    const count = ['COUNT', entriesPerRead] as const;
    const reply = await reached<unknown>(
      block === null
        ? blocking.xreadgroup('GROUP', group, consumer, ...count, 'STREAMS', stream, from)
        : blocking.xreadgroup('GROUP', group, consumer, ...count, 'BLOCK', block, 'STREAMS', stream, from),
    );
    return readReply.parse(reply)?.[0]?.[1] ?? [];
  }

  /** First what was given to this name before, then what a silent consumer left, then what is new. */
  async function next(): Promise<z.infer<typeof entry>[]> {
    if (resuming) {
      const own = await readOwn('0', null);
      if (own.length > 0) return own;
      resuming = false;
    }
    if (performance.now() >= claimAt) {
      const reply = await reached<unknown>(
        redis.xautoclaim(stream, group, consumer, claimAfterMs, claimFrom, 'COUNT', entriesPerRead),
      );
      const [cursor, claimed] = claimReply.parse(reply);
      claimFrom = cursor;
      if (cursor === '0-0') claimAt = performance.now() + claimAfterMs / 3;
      const alive = claimed.filter((row) => row !== null);
      if (alive.length > 0) log.info({ entries: alive.length }, 'took over presence entries');
      return alive;
    }
    const untilClaim = Math.max(1, Math.ceil(claimAt - performance.now()));
    return readOwn('>', Math.min(blockMs, untilClaim));
  }

  async function open(entries: z.infer<typeof entry>[]): Promise<Batch<T>> {
    const batch: Batch<T> = { ids: entries.map(([id]) => id), facts: [] };
    for (const [id, fields] of entries) {
      for (const raw of decodeFacts(fields)) {
        try {
          batch.facts.push(parse(raw));
        } catch (error) {
          log.error({ entry: id, err: error }, 'unreadable presence fact put aside');
          await reached(redis.xadd(`${stream}:unreadable`, '*', 'from', id, 'fact', JSON.stringify(raw)));
        }
      }
    }
    return batch;
  }

  async function handle({ ids, facts }: Batch<T>): Promise<void> {
    // A handler that takes long is not a dead consumer: its entries are marked as fresh meanwhile.
    keeping = setInterval(() => {
      redis.xclaim(stream, group, consumer, 0, ...ids, 'JUSTID').catch(() => {});
    }, claimAfterMs / 3).unref();
    try {
      for (let failures = 1; ; failures += 1) {
        try {
          if (facts.length > 0) await handler(facts);
          break;
        } catch (error) {
          log.warn({ failures, err: error }, 'presence batch not stored, trying again');
          await pause(retryPauseMs(failures), undefined, { signal: stopping.signal });
        }
      }
      for (let failures = 1; ; failures += 1) {
        try {
          await reached(redis.eval(acknowledgeScript, 1, stream, group, ...ids));
          break;
        } catch (error) {
          if (!(error instanceof StateUnavailable)) throw error;
          await pause(retryPauseMs(failures, 1_000), undefined, { signal: stopping.signal });
        }
      }
    } finally {
      clearInterval(keeping);
    }
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const entries = await next();
        if (entries.length > 0 && !stopping.signal.aborted) await handle(await open(entries));
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        // After a loss of data the group is gone; it begins again at what there is.
        if (isReplyError(error) && error.message.startsWith('NOGROUP')) await createGroup().catch(() => {});
        else if (!(error instanceof StateUnavailable)) log.error({ err: error }, 'presence consumer failed');
        await pause(retryPauseMs(failures, 1_000), undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  let running: Promise<void>;
  try {
    await Promise.all([createGroup(), untilReady(blocking)]);
    running = run();
  } catch (error) {
    blocking.disconnect();
    throw error;
  }

  let stopped: Promise<void> | null = null;
  async function stop(graceMs: number): Promise<void> {
    stopping.abort();
    // Ends a blocking read on the server's side: simply hanging up could lose entries on their way here.
    if (connectionId !== null) redis.client('UNBLOCK', connectionId).catch(() => {});
    await Promise.race([running, pause(graceMs, undefined, { ref: false })]);
    // A handler still running is given up: its entries must grow old, so that another consumer takes them over.
    clearInterval(keeping);
    blocking.disconnect();
    await redis.eval(leaveScript, 1, stream, group, consumer).catch(() => {});
  }

  return {
    stop(graceMs = 5_000) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

function decodeFacts(fields: string[] | null): unknown[] {
  const json = fields?.[fields.indexOf('facts') + 1];
  return json === undefined ? [] : factList.parse(JSON.parse(json));
}
