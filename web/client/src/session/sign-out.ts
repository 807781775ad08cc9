import type { App } from './app.svelte.ts';

/** Ends the session on the server if it can be reached, and here in any case. */
export async function signOut({ api, session }: Pick<App, 'api' | 'session'>): Promise<void> {
  // Without a connection the cookie stays until it expires; this page forgets who it was all the same.
  await api.logout().catch(() => undefined);
  session.leave();
}
