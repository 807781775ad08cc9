/**
 * Puts what has been recorded into the media store, in order, and keeps it while the store cannot take it. The class
 * is never disturbed by that: beyond the bound the oldest segments are given up.
 */
import type { Logger } from '@keshi/runtime/log';
import { MediaStoreError } from '@keshi/runtime/media-store/failure';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { contentTypeOf } from '@keshi/runtime/media-store/names';
import { retryPauseMs } from '@keshi/runtime/retry';

export interface ShelfItem {
  name: string;
  bytes: Buffer;
  /** A take's initialisation segment is small, and without it none of its segments plays: it is never given up. */
  isInit: boolean;
}

export type ShelfTrouble = 'storage-full' | 'storage-unavailable';

export interface Shelf {
  add(item: ShelfItem): void;
  /** Resolves when everything is stored, or with what is left over when the time is up: number of objects. */
  settle(timeoutMs: number): Promise<number>;
  /** Nothing is tried any more. Idempotent. */
  close(): void;
}

export interface ShelfOptions {
  store: MediaStore;
  log: Logger;
  /** Null: healed, everything that was waiting is stored. */
  onTrouble: (reason: ShelfTrouble | null) => void;
  maxBytes?: number;
}

const defaultMaxBytes = 64 << 20;

export function createShelf({ store, log, onTrouble, maxBytes = defaultMaxBytes }: ShelfOptions): Shelf {
  const items: ShelfItem[] = [];
  const idle = new Set<() => void>();
  let bytes = 0;
  let failures = 0;
  let trouble: ShelfTrouble | null = null;
  let working = false;
  let closed = false;
  let wake: () => void = () => undefined;

  function tell(reason: ShelfTrouble | null): void {
    if (trouble === reason) return;
    trouble = reason;
    onTrouble(reason);
  }

  function remove(item: ShelfItem): void {
    const at = items.indexOf(item);
    if (at < 0) return;
    items.splice(at, 1);
    bytes -= item.bytes.length;
  }

  function makeRoom(): void {
    for (let dropped = items.find(({ isInit }) => !isInit); bytes > maxBytes && dropped;) {
      remove(dropped);
      log.error({ object: dropped.name }, 'segment given up: the media store takes nothing');
      dropped = items.find(({ isInit }) => !isInit);
    }
  }

  async function pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  async function storeNext(item: ShelfItem): Promise<void> {
    try {
      await store.put(item.name, item.bytes, { contentType: contentTypeOf(item.name) });
      failures = 0;
      remove(item);
      if (items.length === 0) tell(null);
    } catch (error) {
      const code = error instanceof MediaStoreError ? error.code : 'unavailable';
      if (code === 'bad-name') {
        log.error({ err: error, object: item.name }, 'segment refused by the media store');
        return remove(item);
      }
      failures += 1;
      if (failures === 1) log.warn({ err: error }, 'segment could not be stored');
      tell(code === 'full' ? 'storage-full' : 'storage-unavailable');
      await pause(retryPauseMs(failures));
    }
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    for (let next = items[0]; next && !closed; next = items[0]) await storeNext(next);
    working = false;
    for (const resolve of idle) resolve();
    idle.clear();
  }

  return {
    add(item) {
      items.push(item);
      bytes += item.bytes.length;
      makeRoom();
      void work();
    },
    async settle(timeoutMs) {
      if (working) {
        const { promise, resolve } = Promise.withResolvers<void>();
        idle.add(resolve);
        const timer = setTimeout(resolve, timeoutMs);
        await promise;
        clearTimeout(timer);
      }
      return items.length;
    },
    close() {
      closed = true;
      wake();
    },
  };
}
