/** What every page is given: built once when the page starts, handed down as context. */
import { createContext } from 'svelte';
import { routes } from 'virtual:contract';
import { createI18n, preferredLocale } from '#i18n/i18n.svelte.ts';
import { createApi } from '#net/api.ts';
import { ServerClock } from '#net/clock.svelte.ts';
import { createItemMedia } from '#net/item-media.ts';
import { Theme } from '#theme/theme.svelte.ts';
import { Toasts } from '#ui/toasts.svelte.ts';
import { Session } from './session.svelte.ts';

export async function createApp({ fetch, storage }: { fetch: typeof globalThis.fetch; storage: Storage }) {
  const clock = new ServerClock();
  const toasts = new Toasts();
  const theme = new Theme(storage);
  const i18n = await createI18n({ locale: preferredLocale(storage), storage, now: () => clock.now() });
  const session = new Session(storage);
  const api = createApi({
    routes,
    fetch,
    clock,
    locks: navigator.locks,
    onSession: (me) => session.begin(me),
    onSignedOut: (code) => {
      itemMedia.forget();
      session.end(code);
    },
  });
  const itemMedia = createItemMedia({ api, clock });
  // The cookie of an earlier visit decides whether this page starts at the login. A server that is away is not a
  // missing login: the page says so and tries again.
  if (session.remembered) await api.refresh().catch(() => session.settle());
  else session.leave();
  const { t, fmt } = i18n;
  return { api, clock, itemMedia, toasts, theme, i18n, t, fmt, session };
}
export type App = Awaited<ReturnType<typeof createApp>>;

export const [useApp, provideApp] = createContext<App>();
