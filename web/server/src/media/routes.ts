import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { id } from '@keshi/contract/domain';
import { itemMediaFolder } from '@keshi/contract/items';
import { lessonFolder } from '@keshi/contract/lessons';
import { recordingPrefix, recordingView } from '@keshi/contract/recordings';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { type MediaStore, MediaStoreError } from '@keshi/runtime/media-store/media-store';
import { readPath } from '@keshi/runtime/media-store/signed-path';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { previewToken } from '../lessons/view.ts';
import { createListings } from './listings.ts';
import { createPlaylists } from './playlists.ts';
import { createRecentObjects } from './recent-objects.ts';

interface Deps {
  store: MediaStore;
  tokenSecret: string;
  /** Throws `session-replaced` or `session-revoked` when the login session has ended. */
  confirm(sid: string): Promise<void>;
  /** Whether the recording of a class is complete. */
  isOver(classId: string): Promise<boolean>;
  /** Whether a lesson may be watched without a login. */
  isPreview(lessonId: string): Promise<boolean>;
  clock: Clock;
  log: Logger;
}

const playlistPath = z.object({ token: z.string(), classId: id, view: recordingView });
const objectPath = z.object({ token: z.string(), classId: id, path: z.array(z.string()) });
const lessonPath = z.object({ token: z.string(), lessonId: id, path: z.array(z.string()) });
const itemPath = z.object({ token: z.string(), courseId: id, file: z.string() });
const query = z.object({ live: z.literal('1').optional() });

/** What never changes under its name; the seek previews may be made anew. */
const immutable = /\.(m4s|mp4)$|^items\//;
const keepForGood = 'private, max-age=31536000, immutable';

/**
 * Recordings and lessons as HLS, for whoever has a path signed for it and a login session that lives:
 *
 *     GET /media/<token>/recordings/<classId>/<view>.m3u8    from the beginning; with ?live=1 the newest ten seconds
 *     GET /media/<token>/recordings/<classId>/…              segments, initialisations and seek previews, by range too
 *     GET /media/<token>/lessons/<lessonId>/…                what was made of a lesson's upload, and its captions
 *     GET /media/preview/lessons/<lessonId>/…                the same without a login, of lessons that allow it
 *     GET /media/<token>/items/<courseId>/<file>             a picture or a sound of a question
 *
 * Any node serves what any node recorded. Refusals: 401 `unauthenticated` for a token that is not ours or is past its
 * time, 401 `session-…` once the session has ended, 403 for what the token was not signed for, 400 for a name that
 * leads elsewhere, 404, and 503 while the store does not answer.
 */
export function mediaRoutes(deps: Deps): Router {
  const { store, tokenSecret, confirm, isOver, isPreview, clock, log } = deps;
  const playlists = createPlaylists(createListings({ store, isOver, clock }));
  const recent = createRecentObjects(store);
  const router = Router();

  /** Throws unless the token covers the name and its session lives. */
  async function admit(token: string, name: string): Promise<void> {
    const claims = readPath(tokenSecret, token, clock());
    if (!claims) throw new AppError('unauthenticated');
    await confirm(claims.sid);
    if (!name.startsWith(claims.prefix)) throw new AppError('forbidden');
  }

  async function sendBody(res: Response, body: Readable): Promise<void> {
    await pipeline(body, res).catch((error: unknown) => {
      // Players break off what they no longer need; when it was not they, the store did.
      if (!res.destroyed || body.errored) log.warn({ err: error }, 'an object broke off');
      res.destroy();
    });
  }

  router.get('/media/:token/recordings/:classId/:view.m3u8', async (req, res) => {
    const { token, classId, view } = parse(playlistPath, req.params);
    const { live } = parse(query, req.query);
    await admit(token, recordingPrefix(classId));
    const playlist = await orUnavailable(playlists.of(classId, { view, live: live !== undefined }));
    if (!playlist) throw new AppError('not-found');
    res.setHeader('Content-Type', 'application/vnd.apple.mpegurl');
    res.setHeader('Cache-Control', playlist.ended ? 'private, no-cache' : 'no-store');
    res.vary('Accept-Encoding');
    const gzipped = req.acceptsEncodings('gzip') === 'gzip';
    if (gzipped) res.setHeader('Content-Encoding', 'gzip');
    res.send(gzipped ? playlist.gzipped : playlist.plain);
  });

  router.get('/media/:token/recordings/:classId/*path', async (req, res) => {
    const { token, classId, path } = parse(objectPath, req.params);
    const name = recordingPrefix(classId) + path.join('/');
    await admit(token, name);
    await sendObject(req, res, name);
  });

  router.get('/media/:token/lessons/:lessonId/*path', async (req, res) => {
    const { token, lessonId, path } = parse(lessonPath, req.params);
    const name = lessonFolder(lessonId) + path.join('/');
    // Files of a package are served from an origin of their own: here their scripts would be ours.
    if (path.includes('package')) throw new AppError('not-found');
    if (token !== previewToken) await admit(token, name);
    else if (!(await isPreview(lessonId))) throw new AppError('not-found');
    await sendObject(req, res, name);
  });

  router.get('/media/:token/items/:courseId/:file', async (req, res) => {
    const { token, courseId, file } = parse(itemPath, req.params);
    const name = itemMediaFolder(courseId) + file;
    await admit(token, name);
    await sendObject(req, res, name);
  });

  async function sendObject(req: Request, res: Response, name: string): Promise<void> {
    res.setHeader('Accept-Ranges', 'bytes');
    res.setHeader('Cache-Control', immutable.test(name) ? keepForGood : 'private, max-age=600');
    const range = rangeOf(req);
    if (!range && immutable.test(name)) {
      const object = await orUnavailable(recent.read(name));
      if (!object) throw new AppError('not-found');
      res.setHeader('Content-Type', object.contentType);
      if ('bytes' in object)
        return void res.setHeader('Content-Length', object.bytes.length).end(object.bytes);
      return send(req, res, object);
    }
    const object = await orUnavailable(store.get(name, range));
    if (!object) throw new AppError('not-found');
    res.setHeader('Content-Type', object.contentType);
    return send(req, res, object, range);
  }

  async function send(
    req: Request,
    res: Response,
    { body, size }: { body: Readable; size: number },
    range?: { from: number; to?: number },
  ): Promise<void> {
    const from = range?.from ?? 0;
    const to = Math.min(range?.to ?? size, size);
    if (range && from >= size) {
      body.destroy();
      res.setHeader('Cache-Control', 'no-store');
      res.status(416).setHeader('Content-Range', `bytes */${size}`).end();
      return;
    }
    if (range) res.status(206).setHeader('Content-Range', `bytes ${from}-${to - 1}/${size}`);
    res.setHeader('Content-Length', to - from);
    if (req.method === 'HEAD') {
      body.destroy();
      res.end();
      return;
    }
    await sendBody(res, body);
  }

  return router;
}

/** One range from the front; anything else is answered with the whole, as the standard allows. */
function rangeOf(req: Request): { from: number; to?: number } | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(req.headers.range ?? '');
  if (!match) return undefined;
  const [, from, last] = match;
  if (!last) return { from: Number(from) };
  return Number(last) < Number(from) ? undefined : { from: Number(from), to: Number(last) + 1 };
}

function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new AppError('not-found');
  return parsed.data;
}

/** What the store refuses or fails at, in the protocol's words. */
async function orUnavailable<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (!(cause instanceof MediaStoreError)) throw cause;
    if (cause.code === 'bad-name') throw new AppError('invalid-input', { cause, fields: ['path'] });
    throw new AppError('unavailable', { cause, retryMs: 2_000 });
  }
}
