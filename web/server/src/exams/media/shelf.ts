/** Where pictures and sounds of questions are kept, and how long those that no question uses. */
import { itemMediaFolder } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { newId, timeOfId } from '@keshi/db/ids';
import { usedItemMedia } from '@keshi/db/item-media';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { type MediaStore, MediaStoreError } from '@keshi/runtime/media-store/media-store';
import type { MadeMedia } from './maker.ts';

/** Longer than anybody leaves a question open in an editor. */
const unusedMs = 7 * 24 * 3_600_000;

interface Deps {
  db: Db;
  store: MediaStore;
  clock: Clock;
}

export function createItemShelf({ db, store, clock }: Deps) {
  async function available<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (cause) {
      if (cause instanceof MediaStoreError) throw new AppError('unavailable', { cause, retryMs: 2_000 });
      throw cause;
    }
  }

  return {
    /** Resolves with its key once it is durable. */
    async put(courseId: string, { ending, contentType, bytes }: MadeMedia): Promise<string> {
      const key = `${itemMediaFolder(courseId)}${newId(clock())}.${ending}`;
      await available(store.put(key, bytes, { contentType }));
      return key;
    },

    /** Those of the keys that are not this course's, or lead to nothing. */
    async missing(courseId: string, keys: readonly string[]): Promise<string[]> {
      const found = await Promise.all(
        keys.map(async (key) => {
          if (!key.startsWith(itemMediaFolder(courseId))) return false;
          return (await available(store.list(key))).some(({ name }) => name === key);
        }),
      );
      return keys.filter((_, place) => found[place] !== true);
    },

    /** Null when there is none. */
    async read(key: string): Promise<Buffer | null> {
      const object = await available(store.get(key));
      if (!object) return null;
      const chunks: Buffer[] = [];
      for await (const chunk of object.body) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },

    /** Lets go of what no revision of any question uses; answers how much that was. */
    async sweep(signal: AbortSignal): Promise<number> {
      const byCourse = new Map<string, string[]>();
      for (const { name } of await store.list('items/')) {
        const [, courseId = '', file = ''] = name.split('/');
        const madeAt = timeOfId(file.slice(0, 36));
        if (madeAt === null || clock() - madeAt < unusedMs) continue;
        byCourse.set(courseId, [...(byCourse.get(courseId) ?? []), name]);
      }
      let gone = 0;
      for (const [courseId, names] of byCourse) {
        signal.throwIfAborted();
        const used = await usedItemMedia(db, courseId);
        for (const name of names.filter((one) => !used.has(one))) {
          await store.remove(name);
          gone += 1;
        }
      }
      return gone;
    },
  };
}
export type ItemShelf = ReturnType<typeof createItemShelf>;
