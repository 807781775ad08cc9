import type { CheckResult } from '../../health.ts';
import type { Logger } from '../../log.ts';
import { type State, StateUnavailable } from '../ports.ts';
import { createRedisBus } from './bus.ts';
import { connectRedis, reached } from './connections.ts';
import { createRedisJobs } from './jobs.ts';
import { createRedisLease } from './lease.ts';
import { createRedisPresenceLog } from './presence-log.ts';
import { createRedisRegistry } from './registry.ts';
import { createSubscriptions } from './subscriptions.ts';

/** Shared state in Redis 7 or later. `prefix` keeps several installations on one server apart. */
export async function createRedisState({
  url,
  log,
  prefix = 'keshi:',
  connectTimeoutMs = 10_000,
}: {
  url: string;
  log: Logger;
  prefix?: string;
  connectTimeoutMs?: number;
}): Promise<State> {
  const connections = await connectRedis(url, log, connectTimeoutMs);
  const { commands: redis, subscriber, createBlocking } = connections;
  const subscriptions = createSubscriptions(subscriber, log);
  const registry = createRedisRegistry({ redis, subscriptions, prefix, log });
  const bus = await createRedisBus({ redis, subscriptions, prefix, log });
  const presenceLog = createRedisPresenceLog({ redis, createBlocking, prefix, log });
  const jobs = createRedisJobs({ redis, createBlocking, subscriptions, prefix, log });
  let closed: Promise<void> | null = null;

  async function health(): Promise<CheckResult> {
    try {
      const info = await reached(redis.info('persistence', 'memory'));
      if (!info.includes('aof_enabled:1'))
        return {
          status: 'degraded',
          reason: 'redis keeps no append-only file: presence would not survive its crash',
        };
      if (!info.includes('maxmemory_policy:noeviction'))
        return { status: 'degraded', reason: 'redis may evict keys: maxmemory-policy must be noeviction' };
      return { status: 'ok' };
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      return { status: 'down', reason: 'redis cannot be reached' };
    }
  }

  const atStart = await health();
  if (atStart.status !== 'ok') log.warn({ reason: atStart.reason }, 'shared state is degraded');

  return {
    registry,
    lease: createRedisLease({ redis, prefix }),
    bus,
    presenceLog,
    jobs,
    health,
    close() {
      closed ??= (async () => {
        registry.close();
        bus.close();
        await Promise.all([presenceLog.close(), jobs.close()]);
        subscriptions.close();
        connections.close();
      })();
      return closed;
    },
  };
}
