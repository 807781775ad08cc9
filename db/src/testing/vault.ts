/** A vault of its own for a test, in a real database beside the others. */
import { silent, testDatabase } from './database.ts';
import { openVault, type Vault, type WrappingKey } from '../vault.ts';

/** For tests alone. */
export const testWrappingKeys: readonly WrappingKey[] = [{ id: 'w1', secret: Buffer.alloc(32, 9) }];

export async function testVault(
  keys: readonly WrappingKey[] = testWrappingKeys,
): Promise<{ vault: Vault; url: string; close(): Promise<void> }> {
  const database = await testDatabase({ empty: true });
  const vault = await openVault({ url: database.url, keys, log: silent });
  return {
    vault,
    url: database.url,
    async close() {
      await vault.close();
      await database.close();
    },
  };
}
