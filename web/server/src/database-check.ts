import type { Db } from '@keshi/db/client';
import type { Vault } from '@keshi/db/vault';
import type { HealthCheck } from '@keshi/runtime/health';

/** The reason is public: where the database is and what it said stays in the log. */
export function databaseCheck(db: Db): HealthCheck {
  return {
    name: 'database',
    check: async () =>
      (await db.health()).ok ? { status: 'ok' } : { status: 'down', reason: 'not reachable' },
  };
}

/** Without it nobody can enrol, be compared or have a key destroyed; everything else goes on. */
export function vaultCheck(vault: Vault): HealthCheck {
  return {
    name: 'vault',
    essential: false,
    check: async () =>
      (await vault.health()).ok ? { status: 'ok' } : { status: 'down', reason: 'not reachable' },
  };
}
