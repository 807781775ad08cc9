/**
 * Resumable uploads: tus 1.0 (core, creation, termination). Every piece is in the media store before it is acknowledged,
 * so that an upload goes on at any node after whatever broke it off.
 *
 *     POST   /api/lessons/:id/uploads    Upload-Length, Upload-Metadata: filename   → 201, Location
 *     HEAD   /api/uploads/:id            → Upload-Offset, Upload-Length
 *     PATCH  /api/uploads/:id            Upload-Offset, application/offset+octet-stream → 204, Upload-Offset
 *     DELETE /api/uploads/:id            → 204
 */
import { randomBytes } from 'node:crypto';
import { id as uuid } from '@keshi/contract/domain';
import { isUploaded, largestUpload } from '@keshi/contract/lessons';
import type { Db } from '@keshi/db/client';
import {
  addPart,
  createUpload,
  dropUpload,
  getUpload,
  type Upload,
  uploadPrefix,
} from '@keshi/db/lesson-uploads';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { type MediaStore, MediaStoreError } from '@keshi/runtime/media-store/media-store';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { findLesson } from '../courses/making-access.ts';
import type { Actor, AuditNote } from '../http/call.ts';

interface Deps {
  db: Db;
  store: MediaStore;
  clock: Clock;
  authenticate(authorization: string | undefined): Promise<Actor>;
  takeTurn(limit: 'ordinary', key: string): void;
  audit(note: AuditNote, asked: { actor: Actor | undefined; address: string }): Promise<void>;
}

/** What is stored at once. A connection that breaks loses less than this, and nothing that was acknowledged. */
const pieceBytes = 4 * 1024 ** 2;
const version = '1.0.0';

const params = z.object({ id: uuid });
const count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

export function uploadRoutes({ db, store, clock, authenticate, takeTurn, audit }: Deps): Router {
  const router = Router();

  const asked: RequestHandler = async (req, res, next) => {
    res.setHeader('Tus-Resumable', version);
    res.setHeader('Cache-Control', 'no-store');
    if (req.headers['tus-resumable'] !== version) {
      res.setHeader('Tus-Version', version);
      return void res.status(412).end();
    }
    const actor = await authenticate(req.headers.authorization);
    takeTurn('ordinary', actor.userId);
    res.locals['actor'] = actor;
    next();
  };
  const actorOf = (res: Response) => res.locals['actor'] as Actor;

  router.post('/api/lessons/:id/uploads', asked, async (req, res) => {
    const actor = actorOf(res);
    const lesson = await findLesson(db, actor, read(params, req.params, 'params.id').id, 'course.manage');
    const size = read(count, req.headers['upload-length'], 'upload-length');
    const fileName = fileNameOf(req.headers['upload-metadata']);
    if (!isUploaded(lesson.kind) || size === 0)
      throw new AppError('invalid-input', { fields: [size === 0 ? 'upload-length' : 'kind'] });
    if (size > largestUpload(lesson.kind)) throw new AppError('too-large');
    // What learners are watching is not changed under their eyes.
    if (lesson.state === 'published') throw new AppError('conflict');
    const upload = await createUpload(db, {
      lessonId: lesson.id,
      byId: actor.userId,
      fileName,
      size,
      now: clock(),
    });
    await audit(
      {
        action: 'lesson.upload-begun',
        targetType: 'lesson',
        targetId: lesson.id,
        orgPath: lesson.orgPath,
        detail: { size },
      },
      { actor, address: req.ip ?? '' },
    );
    res.setHeader('Location', `/api/uploads/${upload.id}`);
    res.status(201).end();
  });

  /** The upload of whoever began it, as long as he may make its lesson. */
  async function find(req: Request, res: Response): Promise<Upload> {
    const actor = actorOf(res);
    const upload = await getUpload(db, read(params, req.params, 'params.id').id);
    if (!upload || upload.byId !== actor.userId) throw new AppError('not-found');
    await findLesson(db, actor, upload.lessonId, 'course.manage');
    return upload;
  }

  router.head('/api/uploads/:id', asked, async (req, res) => {
    const { received, size } = await find(req, res);
    res.setHeader('Upload-Offset', received);
    res.setHeader('Upload-Length', size);
    res.status(200).end();
  });

  router.patch('/api/uploads/:id', asked, async (req, res) => {
    const upload = await find(req, res);
    if (req.headers['content-type'] !== 'application/offset+octet-stream') return void res.status(415).end();
    const offset = read(count, req.headers['upload-offset'], 'upload-offset');
    if (offset !== upload.received || upload.ended) throw new AppError('conflict');
    const length = req.headers['content-length'];
    if (length !== undefined && offset + Number(length) > upload.size) throw new AppError('too-large');
    const received = await receive(req, upload);
    res.setHeader('Upload-Offset', received);
    res.status(204).end();
  });

  router.delete('/api/uploads/:id', asked, async (req, res) => {
    const upload = await find(req, res);
    if (!(await dropUpload(db, upload.id))) throw new AppError('conflict');
    await orUnavailable(store.removeAll(uploadPrefix(upload.id)));
    res.status(204).end();
  });

  /** Stores what comes, piece by piece, also what came before the connection broke. Answers the new offset. */
  async function receive(req: Request, upload: Upload): Promise<number> {
    let received = upload.received;
    let held: Buffer[] = [];
    let bytes = 0;
    const keep = async (): Promise<void> => {
      if (bytes === 0) return;
      const body = Buffer.concat(held);
      [held, bytes] = [[], 0];
      const place = String(received).padStart(15, '0');
      const name = `${uploadPrefix(upload.id)}${place}-${randomBytes(6).toString('hex')}`;
      await orUnavailable(store.put(name, body, { contentType: 'application/octet-stream' }));
      const part = { uploadId: upload.id, from: received, length: body.length, name, now: clock() };
      ({ received } = await addPart(db, part));
    };
    try {
      for await (const chunk of req as AsyncIterable<Buffer>) {
        held.push(chunk);
        bytes += chunk.length;
        if (received + bytes > upload.size) {
          [held, bytes] = [[], 0];
          throw new AppError('too-large');
        }
        if (bytes >= pieceBytes) await keep();
      }
    } catch (error) {
      // The sender has gone; what arrived of it is kept, and it goes on from there.
      if (!(error instanceof AppError) && req.destroyed) await keep();
      throw error;
    }
    await keep();
    return received;
  }

  return router;
}

function read<T>(schema: z.ZodType<T>, given: unknown, field: string): T {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new AppError('invalid-input', { fields: [field] });
  return parsed.data;
}

/** From `filename <base64>`, in any script. It is only shown, never used as a name. */
function fileNameOf(metadata: string | string[] | undefined): string {
  const [, encoded] =
    /(?:^|,)\s*filename ([A-Za-z0-9+/=]{1,2000})\s*(?:,|$)/.exec(String(metadata ?? '')) ?? [];
  if (encoded === undefined) throw new AppError('invalid-input', { fields: ['upload-metadata'] });
  const name = Buffer.from(encoded, 'base64').toString('utf8');
  // Signs that turn the direction of writing could make `gpj.exe` of an ending, and line breaks are no part of a name.
  const plain = name.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '').trim();
  return [...plain].slice(0, 200).join('') || '-';
}

async function orUnavailable<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (!(cause instanceof MediaStoreError)) throw cause;
    throw new AppError('unavailable', { cause, retryMs: 2_000 });
  }
}
