import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Route } from '@keshi/contract/http/route';
import { AppError } from '@keshi/runtime/errors';
import { parseCookie } from 'cookie';
import express, { type Express, type Request, type Response } from 'express';
import type { Actor, AuditNote, Binding, Exchange, FileReply, Limit } from './call.ts';

export interface MountDeps {
  /** The person behind an `Authorization` header; rejects with `unauthenticated`, `token-expired` or `session-…`. */
  authenticate(authorization: string | undefined): Promise<Actor>;
  /** Throws `rate-limited`. `key` is a person's id once known, else an address. */
  takeTurn(limit: Limit, key: string): void;
  audit(note: AuditNote, asked: { actor: Actor | undefined; address: string }): Promise<void>;
  /** Compares every reply with its schema: on in development and tests, where a misfit is to be seen at once. */
  checkReplies: boolean;
}

/** Bytes of a JSON body. */
export const bodyLimit = 100 * 1024;

/** Registers every binding on the app under its own method and path. */
export function mount(app: Express, bindings: Readonly<Record<string, Binding>>, deps: MountDeps): void {
  const readJson = ({ bodyBytes = bodyLimit }: Route) => express.json({ limit: bodyBytes, strict: true });
  for (const [name, binding] of Object.entries(bindings)) {
    const { method, path, upload } = binding.route;
    const verb = method.toLowerCase() as Lowercase<typeof method>;
    app[verb](
      path,
      async (req, res, next) => {
        // Refused before its body is read: strangers cost nothing.
        const address = req.ip ?? '';
        if (binding.route.access === 'session') {
          const actor = await deps.authenticate(req.headers.authorization);
          deps.takeTurn(binding.limit, actor.userId);
          res.locals.actor = actor;
        } else {
          deps.takeTurn(binding.limit, address);
        }
        next();
      },
      upload ? express.raw({ type: upload.type, limit: upload.maxBytes }) : readJson(binding.route),
      async (req, res) => {
        const address = req.ip ?? '';
        const actor = res.locals.actor as Actor | undefined;
        const reply = await binding.invoke({
          params: req.params,
          query: req.query,
          body: req.body as unknown,
          actor,
          http: exchange(req, res, address),
          audit: (note) => deps.audit(note, { actor, address }),
        });
        await send(res, name, binding, reply, deps.checkReplies);
      },
    );
  }
}

function exchange(req: Request, res: Response, address: string): Exchange {
  const cookies = parseCookie(req.headers.cookie ?? '');
  return {
    address,
    userAgent: (req.headers['user-agent'] ?? '').slice(0, 256),
    cookie: (name) => cookies[name],
    setCookie: (value) => void res.append('Set-Cookie', value),
    status: (code) => void res.status(code),
  };
}

async function send(
  res: Response,
  name: string,
  { route }: Binding,
  reply: unknown,
  check: boolean,
): Promise<void> {
  res.setHeader('Cache-Control', 'no-store');
  if (route.file) {
    const file = reply as FileReply;
    const extension = /\.\w+$/.exec(file.name)?.[0] ?? '';
    res.setHeader(
      'Content-Disposition',
      `attachment; filename="keshi${extension}"; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    );
    res.type(file.type);
    // Whoever goes away half way ends the stream; nothing is left to be answered then.
    if (file.content instanceof Readable) await pipeline(file.content, res).catch(() => res.destroy());
    else res.send(file.content);
  } else if (route.reply) {
    if (check) checkReply(name, route.reply, reply);
    res.json(reply);
  } else {
    res.status(204).end();
  }
}

/** A reply that lacks something breaks the page, one that carries more than its schema may leak: both are bugs. */
export function checkReply(
  name: string,
  schema: NonNullable<Binding['route']['reply']>,
  reply: unknown,
): void {
  const crossing: unknown = JSON.parse(JSON.stringify(reply));
  const result = schema.safeParse(crossing);
  if (!result.success) {
    const paths = result.error.issues.map((issue) => `${issue.path.join('.')} (${issue.code})`);
    throw new AppError('internal', { message: `the reply of ${name} does not fit: ${paths.join(', ')}` });
  }
  if (!isDeepStrictEqual(result.data, crossing))
    throw new AppError('internal', { message: `the reply of ${name} carries more than its schema` });
}
