import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

export interface Pages {
  /** The built pages, with `index.html` for every address of the app. */
  handler: RequestHandler;
  /** CSP sources (`'sha256-…'`) of the scripts that stand inline in index.html. */
  scriptHashes: string[];
}

/**
 * The pages as the build left them in `dir`. Files with a hash in their name are kept by browsers for good; the rest
 * is asked for again each time. Without a build every address answers 503 with one plain line.
 */
export function createPages(dir: string): Pages {
  const indexFile = join(dir, 'index.html');
  if (!existsSync(indexFile)) {
    return {
      scriptHashes: [],
      handler: (_req, res) =>
        void res
          .status(503)
          .type('text/plain')
          .send('The pages have not been built yet (npm start builds them).\n'),
    };
  }
  const index = readFileSync(indexFile);
  const router = Router();
  router.use(
    '/_app/immutable',
    express.static(join(dir, '_app/immutable'), {
      immutable: true,
      maxAge: '1y',
      index: false,
      fallthrough: false,
    }),
  );
  router.use(express.static(dir, { index: false, dotfiles: 'ignore', setHeaders: revalidate }));
  router.use((req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    revalidate(res);
    res.type('html').send(index);
  });
  return { handler: router, scriptHashes: inlineScriptHashes(index.toString('utf8')) };
}

function revalidate(res: { setHeader(name: string, value: string): unknown }): void {
  res.setHeader('Cache-Control', 'no-cache');
}

/** The framework's bootstrap is an inline script that differs with every build; its hash lets it, and only it, run. */
export function inlineScriptHashes(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
}
