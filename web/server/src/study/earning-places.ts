/** [WL4] Where an account earns, as far as web takes it; the place it ended is told at once. */
import { earningEnded, earningEndings } from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import { type EarningPlace, takeEarningLeases } from '@keshi/db/earning-leases';
import type { Clock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import type { ClassBus } from '@keshi/runtime/state/ports';

export interface EarningPlaces {
  take(userId: string, place: EarningPlace): Promise<void>;
  /** Of a lease that was taken already. A message that is lost costs nothing: without the lease nothing is credited. */
  tell(userId: string, ended: EarningPlace): void;
}

export function createEarningPlaces(deps: {
  db: Db;
  clock: Clock;
  bus: ClassBus;
  log: Logger;
}): EarningPlaces {
  const { db, clock, bus, log } = deps;

  function tell(userId: string, ended: EarningPlace): void {
    bus
      .publish(earningEndings, earningEnded.parse({ userId, ...ended }))
      .catch((error: unknown) => log.warn({ err: error }, 'the former place was not told'));
  }

  return {
    async take(userId, place) {
      const [taken] = await takeEarningLeases(db, [{ userId, ...place }], clock());
      if (taken?.ended) tell(userId, taken.ended);
    },
    tell,
  };
}
