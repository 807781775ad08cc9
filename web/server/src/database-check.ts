import type { Db } from '@keshi/db/client';
import type { HealthCheck } from '@keshi/runtime/health';

/** The reason is public: where the database is and what it said stays in the log. */
export function databaseCheck(db: Db): HealthCheck {
  return {
    name: 'database',
    check: async () =>
      (await db.health()).ok ? { status: 'ok' } : { status: 'down', reason: 'not reachable' },
  };
}
