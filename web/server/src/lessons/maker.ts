/** What makes lessons of uploads. The rows of revisions are its jobs, so that none is lost with a process. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lessonKind, lessonPrefix, type MakingStep } from '@keshi/contract/lessons';
import type { Db } from '@keshi/db/client';
import { isRefused } from '@keshi/db/failures';
import {
  failMaking,
  finishMaking,
  type MakingJob,
  putOffMaking,
  releaseMaking,
  takeMakingJob,
  tellProgress,
} from '@keshi/db/lesson-revisions';
import { dropUpload, forgetParts, partsOf, staleUploads, uploadPrefix } from '@keshi/db/lesson-uploads';
import { type Clock, systemClock } from '@keshi/runtime/clock';
import type { Logger } from '@keshi/runtime/log';
import { type MediaStore, MediaStoreError } from '@keshi/runtime/media-store/media-store';
import type { Metrics } from '@keshi/runtime/metrics';
import { makeLesson } from './make-lesson.ts';
import { MakingRefused } from './making-refused.ts';
import { ProgramError, ProgramMissingError } from './media-program.ts';
import type { Made } from './make-stream.ts';
import { contentTypeOfMade } from './made-types.ts';

export interface LessonMaker {
  /** Works off what is due, one after the other. A sweep under way is that one; never rejects. */
  sweep(): Promise<void>;
  /** Ends what is in hand and puts it back for another. Idempotent. */
  close(): Promise<void>;
}

export interface LessonMakerDeps {
  nodeId: string;
  db: Db;
  store: MediaStore;
  metrics: Metrics;
  log: Logger;
  clock?: Clock;
  /** 0: only when asked. */
  everyMs?: number;
  /** A worker silent for this long has died. */
  silentMs?: number;
}

/** The third time that a worker dies over a job is the last. */
const mostAttempts = 3;
const beatMs = 3_000;
const staleUploadMs = 7 * 86_400_000;
/** Without room for what is made it is tried again so often, ms. */
const roomAgainMs = 60_000;

export function createLessonMaker(deps: LessonMakerDeps): LessonMaker {
  const { nodeId, db, store, metrics, clock = systemClock, everyMs = 2_000, silentMs = 20_000 } = deps;
  const log = deps.log.child({ part: 'lessons' });
  const outcomes = metrics.counter({
    name: 'lesson_making_total',
    help: 'Uploads that became lessons, or did not.',
    labels: ['outcome'],
  });
  const stopping = new AbortController();
  let sweeping: Promise<void> | null = null;

  /** The whole file as it was sent, from its pieces. */
  async function fetchUpload(job: MakingJob, path: string, signal: AbortSignal): Promise<void> {
    async function* bytes(): AsyncGenerator<Buffer> {
      for (const name of await partsOf(db, job.uploadId)) {
        signal.throwIfAborted();
        const piece = await store.get(name);
        if (!piece) throw new Error(`a piece of upload ${job.uploadId} is not in the store`);
        yield* piece.body;
      }
    }
    await pipeline(Readable.from(bytes()), createWriteStream(path));
  }

  async function storeMade(dir: string, { out }: Made, prefix: string, signal: AbortSignal): Promise<void> {
    const entries = await readdir(join(dir, out), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      signal.throwIfAborted();
      const path = join(entry.parentPath, entry.name);
      const name = prefix + path.slice(join(dir, out).length + 1);
      await store.put(name, await readFile(path), { contentType: contentTypeOfMade(name) });
    }
  }

  async function perform(job: MakingJob): Promise<void> {
    const ending = new AbortController();
    const signal = AbortSignal.any([stopping.signal, ending.signal]);
    let [step, done]: [MakingStep, number] = ['fetch', 0];
    const beat = async () => {
      const progress = Math.round(done * 100);
      const mine = await tellProgress(db, job, { step, progress, now: clock() });
      if (!mine) ending.abort(new Error('another worker has the job'));
    };
    const beating = setInterval(() => void beat().catch(() => undefined), beatMs);
    const tell = (now: MakingStep, share: number) => {
      const another = now !== step;
      [step, done] = [now, share];
      if (another) void beat().catch(() => undefined);
    };
    const dir = await mkdtemp(join(tmpdir(), 'keshi-lesson-'));
    const prefix = lessonPrefix(job.lessonId, job.revisionId);
    try {
      await fetchUpload(job, join(dir, 'source'), signal);
      const kind = lessonKind.parse(job.lessonKind);
      const made = await makeLesson(kind, { dir, signal, tell });
      tell('store', 0);
      await storeMade(dir, made, prefix, signal);
      const finished = await finishMaking(db, job, { ...made, mediaKey: prefix, now: clock() });
      if (finished === 'overtaken') return;
      outcomes.inc({ outcome: 'ready' });
      log.info({ revisionId: job.revisionId, lessonId: job.lessonId, attempt: job.attempt }, 'lesson made');
      const { formerKey } = finished;
      if (formerKey !== null && formerKey !== prefix) await store.removeAll(formerKey);
      await forget(job.uploadId);
    } finally {
      clearInterval(beating);
      await rm(dir, { recursive: true, force: true });
    }
  }

  async function forget(uploadId: string): Promise<void> {
    await store.removeAll(uploadPrefix(uploadId));
    await forgetParts(db, uploadId);
  }

  async function giveUp(job: MakingJob, error: MakingRefused): Promise<void> {
    const { reason } = error;
    if (!(await failMaking(db, job, { reason, now: clock() }))) return;
    outcomes.inc({ outcome: 'refused' });
    log.info({ revisionId: job.revisionId, lessonId: job.lessonId, reason }, 'no lesson could be made');
    await store.removeAll(lessonPrefix(job.lessonId, job.revisionId));
    await forget(job.uploadId);
  }

  async function attempt(job: MakingJob): Promise<void> {
    try {
      if (job.attempt > mostAttempts) throw new MakingRefused('interrupted');
      await perform(job);
    } catch (error) {
      if (stopping.signal.aborted) return releaseMaking(db, job);
      if (error instanceof ProgramMissingError) return giveUp(job, new MakingRefused('tool-missing', error));
      if (error instanceof MakingRefused) return giveUp(job, error);
      if (isRefused(error)) return giveUp(job, new MakingRefused('interrupted', error));
      log.warn(
        { err: error, revisionId: job.revisionId, attempt: job.attempt },
        'a lesson could not be made',
      );
      if (lacksRoom(error)) return putOffMaking(db, job, { reason: 'storage-full', now: clock() });
      if (job.attempt >= mostAttempts) return giveUp(job, new MakingRefused('internal', error));
      // Whatever it was may be over by the next time: it is taken again once it has been silent.
    }
  }

  async function run(): Promise<void> {
    for (const uploadId of await staleUploads(db, clock() - staleUploadMs))
      if (await dropUpload(db, uploadId)) await store.removeAll(uploadPrefix(uploadId));
    while (!stopping.signal.aborted) {
      const now = clock();
      const job = await takeMakingJob(db, {
        worker: nodeId,
        now,
        silentSince: now - silentMs,
        putOffBefore: now - roomAgainMs,
      });
      if (!job) return;
      await attempt(job);
    }
  }

  function sweep(): Promise<void> {
    sweeping ??= run()
      .catch((error: unknown) => log.warn({ err: error }, 'lessons could not be made, trying again'))
      .finally(() => (sweeping = null));
    return sweeping;
  }

  const timer = everyMs > 0 ? setInterval(() => void sweep(), everyMs) : undefined;
  return {
    sweep,
    async close() {
      stopping.abort();
      clearInterval(timer);
      await sweeping;
    },
  };
}

/** The store or this machine's disk is full: nothing is wrong with the upload. */
function lacksRoom(error: unknown): boolean {
  if (error instanceof MediaStoreError) return error.code === 'full';
  if (error instanceof ProgramError) return /no space left on device/i.test(error.message);
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}
