import type { Db } from '@keshi/db/client';
import { systemClock } from '@keshi/runtime/clock';
import type { Config } from '@keshi/runtime/config';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { listen, type Listener } from '../listener.ts';
import { createCourseware } from './app.ts';

interface Deps {
  config: Pick<Config, 'env' | 'host' | 'tls' | 'publicUrl' | 'courseware' | 'tokenSecret'>;
  db: Db;
  store: MediaStore;
  log: Logger;
}

/**
 * Serves packages of courseware on a port of their own. Null in production without an address that browsers reach it
 * by: beside the pages' own origin there is none that could be guessed.
 */
export async function listenForCourseware({
  config,
  db,
  store,
  log,
}: Deps): Promise<{ listener: Listener; url: string } | null> {
  const { env, host, tls, publicUrl, courseware, tokenSecret } = config;
  if (env === 'production' && courseware.url === null) return null;
  const listener = await listen({ host, port: courseware.port, tls });
  listener.open(createCourseware({ db, store, tokenSecret, publicUrl, clock: systemClock, log }));
  const { protocol, hostname } = new URL(publicUrl);
  return { listener, url: courseware.url ?? `${protocol}//${hostname}:${listener.port}` };
}
