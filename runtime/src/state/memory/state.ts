import { type Clock, systemClock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { State } from '../ports.ts';
import { createMemoryBus } from './bus.ts';
import { createMemoryJobs } from './jobs.ts';
import { createMemoryLease } from './lease.ts';
import { createMemoryPresenceLog } from './presence-log.ts';
import { createMemoryRegistry } from './registry.ts';

/** Shared state within one process: all services composed into it must be given the same instance. */
export function createMemoryState({ log, clock = systemClock }: { log: Logger; clock?: Clock }): State {
  const registry = createMemoryRegistry();
  const bus = createMemoryBus(log);
  const presenceLog = createMemoryPresenceLog(log);
  const jobs = createMemoryJobs(log, clock);
  let closed = false;
  return {
    registry,
    lease: createMemoryLease(clock),
    bus,
    presenceLog,
    jobs,
    async health() {
      return closed ? { status: 'down', reason: 'closed' } : { status: 'ok' };
    },
    async close() {
      if (closed) return;
      closed = true;
      registry.close();
      bus.close();
      await Promise.all([presenceLog.close(), jobs.close()]);
    },
  };
}
