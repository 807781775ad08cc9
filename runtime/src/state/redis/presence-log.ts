import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '../../log.ts';
import { retryPauseMs } from '../../retry.ts';
import { type Consumption, type PresenceLog, StateUnavailable } from '../ports.ts';
import { reached } from './connections.ts';
import { startConsumer } from './presence-consumer.ts';

/** An entry of the stream carries many facts, but never so many that one cannot be read in a breath. */
const factsPerEntry = 500;

export function createRedisPresenceLog({
  redis,
  createBlocking,
  prefix,
  log,
}: {
  redis: Redis;
  createBlocking: () => Redis;
  prefix: string;
  log: Logger;
}): PresenceLog & { close(): Promise<void> } {
  const stream = `${prefix}presence`;
  const consumptions = new Set<Consumption>();
  const closing = new AbortController();
  // Appends go one after another, so that an outage cannot turn their order around.
  let tail: Promise<void> = Promise.resolve();

  async function write(json: string): Promise<void> {
    for (let failures = 1; !closing.signal.aborted; failures += 1) {
      try {
        await reached(redis.xadd(stream, '*', 'facts', json));
        return;
      } catch (error) {
        if (!(error instanceof StateUnavailable)) throw error;
        await pause(retryPauseMs(failures, 1_000), undefined, { signal: closing.signal }).catch(() => {});
      }
    }
    throw new StateUnavailable('the presence log was closed');
  }

  async function writeAll(facts: readonly object[]): Promise<void> {
    for (let at = 0; at < facts.length; at += factsPerEntry)
      await write(JSON.stringify(facts.slice(at, at + factsPerEntry)));
  }

  return {
    append(facts) {
      const written = tail.then(() => writeAll(facts));
      tail = written.catch(() => {});
      return written;
    },
    async consume(options) {
      if (closing.signal.aborted) throw new StateUnavailable('the presence log is closed');
      const running = await startConsumer({ redis, blocking: createBlocking(), stream, log, ...options });
      const consumption: Consumption = {
        stop(graceMs) {
          consumptions.delete(consumption);
          return running.stop(graceMs);
        },
      };
      consumptions.add(consumption);
      return consumption;
    },
    depth() {
      return reached(redis.xlen(stream));
    },
    async close() {
      closing.abort();
      await Promise.all([...consumptions].map((consumption) => consumption.stop()));
      await tail;
    },
  };
}
