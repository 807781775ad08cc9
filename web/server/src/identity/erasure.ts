import type { Db } from '@keshi/db/client';
import { destructionConfirmed, pendingDestructions } from '@keshi/db/consents';
import type { Vault } from '@keshi/db/vault';
import type { Logger } from '@keshi/runtime/log';

/**
 * [PR6] Destroys keys whose end was decided. What the vault has not confirmed stays ordered in the database and is done
 * by the next round, so an order is never lost and never taken for done.
 */
export function createErasure({ db, vault, log }: { db: Db; vault: Vault; log: Logger }) {
  async function destroy(keyId: string): Promise<void> {
    await vault.destroy(keyId);
    await destructionConfirmed(db, keyId);
  }
  return {
    /** At once; a vault that is away is no reason to take the decision back. */
    async destroyNow(keyId: string): Promise<void> {
      await destroy(keyId).catch((error: unknown) =>
        log.error({ err: error, keyId }, 'a key could not be destroyed and will be'),
      );
    },
    /** All that are left over; answers how many. */
    async destroyPending(): Promise<number> {
      const pending = await pendingDestructions(db);
      for (const { keyId } of pending) await destroy(keyId);
      return pending.length;
    },
  };
}
export type Erasure = ReturnType<typeof createErasure>;
