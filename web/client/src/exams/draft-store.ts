/**
 * [EX2] Answers that are on their way, on this device: written with every change, let go once the server has committed them.
 * A browser that has no database, or refuses it, still saves to the server.
 */
import type { ItemAnswer } from '@keshi/contract/items';

export interface Draft {
  attemptId: string;
  position: number;
  answer: ItemAnswer | null;
  /** Of the page that wrote it. */
  lease: number;
  /** Grows with each change: what was stored of an older one does not let go of a newer. */
  change: number;
}

const table = 'drafts';

export interface DraftStore {
  all(attemptId: string): Promise<Draft[]>;
  put(draft: Draft): Promise<void>;
  /** Lets go of these, where they have not changed since. */
  remove(drafts: readonly Draft[]): Promise<void>;
  clear(attemptId: string): Promise<void>;
}

export function createDraftStore(factory: IDBFactory | undefined): DraftStore {
  let opened: Promise<IDBDatabase> | null = null;

  function open(): Promise<IDBDatabase> {
    if (!factory) return Promise.reject(new DOMException('no database', 'NotSupportedError'));
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = factory.open('keshi.exams', 1);
      request.onupgradeneeded = () =>
        request.result
          .createObjectStore(table, { keyPath: ['attemptId', 'position'] })
          .createIndex('attempt', 'attemptId');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new DOMException('the database did not open'));
    }).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  }

  const answerOf = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new DOMException('the database did not answer'));
    });

  async function all(attemptId: string): Promise<Draft[]> {
    const store = (await open()).transaction(table).objectStore(table);
    // What lies there was written by this page's own code, and the server looks at it again.
    return answerOf<Draft[]>(store.index('attempt').getAll(attemptId));
  }

  return {
    all: (attemptId) => all(attemptId).catch(() => []),
    async put(draft) {
      const database = await open();
      await answerOf(database.transaction(table, 'readwrite').objectStore(table).put(draft));
    },
    async remove(drafts) {
      const store = (await open()).transaction(table, 'readwrite').objectStore(table);
      for (const { attemptId, position, change } of drafts) {
        const now = await answerOf<Draft | undefined>(store.get([attemptId, position]));
        if (now?.change === change) store.delete([attemptId, position]);
      }
    },
    async clear(attemptId) {
      const drafts = await all(attemptId);
      const store = (await open()).transaction(table, 'readwrite').objectStore(table);
      for (const { position } of drafts) store.delete([attemptId, position]);
    },
  };
}
