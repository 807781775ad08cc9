import { buffer } from 'node:stream/consumers';
import type { MediaStore, StoredMedia } from '@keshi/runtime/media-store/media-store';

export interface SmallObject {
  bytes: Buffer;
  contentType: string;
}

export interface RecentObjects {
  /**
   * A small object as a whole, one that is too large for that as the store's stream, null when there is none. Rejects as
   * the store does.
   */
  read(name: string): Promise<SmallObject | StoredMedia | null>;
}

/** Segments of two seconds have a few hundred kB. */
const largestBytes = 4 * 1024 ** 2;
const keptBytes = 64 * 1024 ** 2;

/**
 * The segments that were asked for last, in memory: thousands who follow one class ask for the same segment within the
 * same second, and the store is asked once. For names that stand for one content.
 */
export function createRecentObjects(store: MediaStore): RecentObjects {
  const kept = new Map<string, SmallObject>();
  const reading = new Map<string, Promise<SmallObject | null>>();
  let bytes = 0;

  function keep(name: string, object: SmallObject): void {
    if (kept.has(name)) return;
    kept.set(name, object);
    bytes += object.bytes.length;
    for (const [oldest, { bytes: old }] of kept) {
      if (bytes <= keptBytes) break;
      kept.delete(oldest);
      bytes -= old.length;
    }
  }

  /** Null when there is none, or when it is too large to be kept. */
  async function readSmall(name: string): Promise<SmallObject | null> {
    const found = await store.get(name);
    if (!found) return null;
    if (found.size > largestBytes) {
      found.body.destroy();
      return null;
    }
    const object = { bytes: await buffer(found.body), contentType: found.contentType };
    keep(name, object);
    return object;
  }

  return {
    async read(name) {
      const known = kept.get(name);
      if (known) {
        kept.delete(name);
        kept.set(name, known);
        return known;
      }
      let pending = reading.get(name);
      if (!pending) {
        pending = readSmall(name).finally(() => reading.delete(name));
        reading.set(name, pending);
      }
      return (await pending) ?? store.get(name);
    },
  };
}
