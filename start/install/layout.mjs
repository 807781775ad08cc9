// @ts-check
// Where things are. Everything that is slow to make and belongs to no checkout (the media worker) lives in
// the user's cache folder, so a fresh clone finds it.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder, absolute. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The cache folder shared by every checkout of this user; it need not exist yet. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keshi');
}
