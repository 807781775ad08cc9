/** Addresses of the pictures and sounds of questions: asked once for a course, and again before they end. */
import type { Api } from './api.ts';
import type { ServerClock } from './clock.svelte.ts';

/** What is asked for shortly before its end would end while it is looked at. */
const spareMs = 3_600_000;

export function createItemMedia({ api, clock }: { api: Api; clock: ServerClock }) {
  const bases = new Map<string, { base: Promise<string>; until: number }>();

  function baseOf(courseId: string): Promise<string> {
    const known = bases.get(courseId);
    if (known && clock.now() < known.until) return known.base;
    const entry = { base: ask(), until: Infinity };
    async function ask() {
      const { base, expiresAt } = await api.call('itemMediaLinks', { params: { id: courseId } });
      entry.until = expiresAt - spareMs;
      return base;
    }
    bases.set(courseId, entry);
    // What failed is asked for anew.
    entry.base.catch(() => bases.delete(courseId));
    return entry.base;
  }

  return {
    /** `items/<courseId>/…` */
    async addressOf(key: string): Promise<string> {
      return (await baseOf(key.split('/')[1] ?? '')) + key;
    },
    /** Has them at hand before the network goes. What cannot be had now is asked for when it is shown. */
    async fetchAhead(keys: readonly string[]): Promise<void> {
      for (const key of keys)
        await this.addressOf(key)
          .then((address) => fetch(address))
          .then((answer) => answer.blob())
          .catch(() => undefined);
    },
    /** Another person is at this page now. */
    forget: () => bases.clear(),
  };
}
