/**
 * Packages of courseware, on an origin of their own: what strangers programmed runs there, where no cookie, no token and
 * no page of ours is within its reach.
 *
 *     GET /<token>/run?part=0   the frame in which a part of it runs, with the API of SCORM 1.2
 *     GET /<token>/files/…      its files, by range too
 *     GET /bridge.js
 */
import { readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { id } from '@keshi/contract/domain';
import type { MadeMedia } from '@keshi/contract/lessons';
import type { Db } from '@keshi/db/client';
import { madeOf } from '@keshi/db/lesson-revisions';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { readPath } from '@keshi/runtime/media-store/signed-path';
import express, { type Express, type Response } from 'express';
import { z } from 'zod';
import { createFailures, unknownPath } from '../http/failures.ts';

interface Deps {
  db: Db;
  store: MediaStore;
  tokenSecret: string;
  /** Of the pages, which alone may show it. */
  publicUrl: string;
  clock: Clock;
  log: Logger;
}

type Package = Extract<MadeMedia, { kind: 'package' }> & { folder: string };

const bridge = readFileSync(new URL('bridge.js', import.meta.url));
const partNumber = z.coerce.number().int().catch(-1);
const path = z.object({ token: z.string(), path: z.array(z.string()) });
const keptPackages = 100;

export function createCourseware({ db, store, tokenSecret, publicUrl, clock, log }: Deps): Express {
  const page = new URL(publicUrl).origin;
  const known = new Map<string, Package>();
  const policy = [
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:",
    "connect-src 'self' data: blob:",
    // A worker that stays would watch what other packages do here.
    "worker-src 'none'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'none'",
    `frame-ancestors 'self' ${page}`,
    'sandbox allow-scripts allow-same-origin allow-forms',
  ].join('; ');

  /** The package a token was signed for; what was made does not change, so it is read once. */
  async function find(token: string): Promise<Package> {
    const claims = readPath(tokenSecret, token, clock());
    const [, lessonId, revisionId] =
      /^lessons\/([^/]+)\/([^/]+)\/package\/$/.exec(claims?.prefix ?? '') ?? [];
    if (!claims || !id.safeParse(lessonId).success || !id.safeParse(revisionId).success)
      throw new AppError('unauthenticated');
    const cached = known.get(claims.prefix);
    if (cached) return cached;
    const made = await madeOf(db, revisionId ?? '');
    if (made?.kind !== 'package') throw new AppError('not-found');
    const found = { ...made, folder: claims.prefix };
    known.set(claims.prefix, found);
    const [oldest] = known.keys();
    if (known.size > keptPackages && oldest !== undefined) known.delete(oldest);
    return found;
  }

  const app = express();
  app.disable('x-powered-by');
  app.use((req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') throw new AppError('not-found');
    res.setHeader('Content-Security-Policy', policy);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    res.setHeader('Permissions-Policy', 'camera=(), microphone=(), display-capture=(), geolocation=()');
    next();
  });
  app.get('/bridge.js', (_req, res) => {
    res.setHeader('Cache-Control', 'no-cache');
    res.type('text/javascript').send(bridge);
  });

  app.get('/:token/run', async (req, res) => {
    const { parts } = await find(req.params.token);
    const part = parts[partNumber.parse(req.query.part)];
    if (!part) throw new AppError('not-found');
    const [file = '', ...rest] = part.start.split(/(?=[?#])/);
    const address = `files/${file.split('/').map(encodeURIComponent).join('/')}${rest.join('')}`;
    res.setHeader('Cache-Control', 'no-store');
    res.type('html').send(frameOf({ page, part: part.id, start: address }));
  });

  app.get('/:token/files/*path', async (req, res) => {
    const asked = path.parse(req.params);
    const { files, folder } = await find(asked.token);
    const wanted = asked.path.join('/');
    const file =
      files.find((each) => each.path === wanted) ??
      // Made on Windows, where the case of names says nothing.
      files.find((each) => each.path.toLowerCase() === wanted.toLowerCase());
    if (!file) throw new AppError('not-found');
    res.setHeader('Content-Type', file.type);
    res.setHeader('Cache-Control', 'private, max-age=3600');
    await send(res, folder + file.name, req.headers.range);
  });

  async function send(res: Response, name: string, header: string | undefined): Promise<void> {
    const [, from, last] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
    const range =
      from === undefined ? undefined : { from: Number(from), ...(last ? { to: Number(last) + 1 } : {}) };
    const object = await store.get(name, range);
    if (!object) throw new AppError('not-found');
    const to = Math.min(range?.to ?? object.size, object.size);
    res.setHeader('Accept-Ranges', 'bytes');
    if (range && range.from >= object.size) {
      object.body.destroy();
      return void res.status(416).setHeader('Content-Range', `bytes */${object.size}`).end();
    }
    if (range) res.status(206).setHeader('Content-Range', `bytes ${range.from}-${to - 1}/${object.size}`);
    res.setHeader('Content-Length', to - (range?.from ?? 0));
    await pipeline(object.body, res).catch(() => res.destroy());
  }

  app.use(unknownPath);
  app.use(createFailures(log).handler);
  return app;
}

function frameOf(said: Readonly<Record<'page' | 'part' | 'start', string>>): string {
  const data = Object.entries(said).map(([name, value]) => ` data-${name}="${escaped(value)}"`);
  return `<!doctype html>
<html>
<head><meta charset="utf-8"><title>课时 Keshi</title>
<style>html,body,iframe{margin:0;width:100%;height:100%;border:0;display:block;overflow:hidden}</style></head>
<body><iframe title="courseware" allow="fullscreen"></iframe>
<script src="/bridge.js"${data.join('')}></script></body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
