/** Questions as they were, by revision. Revisions never change, so what was read once need not be read again. */
import type { ItemContent } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { itemContents, revisionKey } from '@keshi/db/items';
import { AppError } from '@keshi/runtime/errors';

const mostKept = 5_000;

export function createContents(db: Db) {
  const kept = new Map<string, ItemContent>();

  return {
    /** In the order of `wanted`. */
    async of(wanted: readonly { itemId: string; revision: number }[]): Promise<ItemContent[]> {
      const missing = wanted.filter((one) => !kept.has(revisionKey(one)));
      const fresh = await itemContents(db, missing);
      const result = wanted.map((one) => {
        const key = revisionKey(one);
        const content = kept.get(key) ?? fresh.get(key);
        if (!content) throw new AppError('internal', { message: `no content of ${key}` });
        return content;
      });
      if (kept.size + fresh.size > mostKept) kept.clear();
      for (const [key, content] of fresh) kept.set(key, content);
      return result;
    },
  };
}
export type Contents = ReturnType<typeof createContents>;
