/**
 * What is on record about the recording of a class: that it began, that it is over, what came of it. Written by the
 * class's coordinator and by the janitor that finishes what a lost one left behind; all writes may be repeated.
 */
import {
  type RecordingFailure,
  recordingFailure,
  type RecordingState,
  recordingState,
} from '@keshi/contract/http/replay';
import { type RecordingView, recordingView } from '@keshi/contract/recordings';
import { z } from 'zod';
import type { Db } from './client.ts';
import { refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface StoredRecording {
  classId: string;
  state: RecordingState;
  startedAt: number;
  endedAt: number | null;
  /** Of what plays, ms, pauses left out; null until it is ready. */
  durationMs: number | null;
  views: RecordingView[];
  /** In the media store; null until it is ready. */
  bytes: number | null;
  hasPreview: boolean;
  /** Why it failed; null in every other state. */
  reason: RecordingFailure | null;
  updatedAt: number;
}

const columns = {
  classId: true,
  state: true,
  startedAt: true,
  endedAt: true,
  durationMs: true,
  views: true,
  bytes: true,
  hasPreview: true,
  reason: true,
  updatedAt: true,
} as const;

function fromRow(row: Prisma.RecordingGetPayload<{ select: typeof columns }>): StoredRecording {
  return {
    ...row,
    state: recordingState.parse(row.state),
    startedAt: fromDate(row.startedAt),
    endedAt: fromDateOrNull(row.endedAt),
    views: z.array(recordingView).parse(row.views),
    bytes: row.bytes === null ? null : Number(row.bytes),
    // A reason that a later release wrote says no less that it failed.
    reason: row.reason === null ? null : recordingFailure.catch('internal').parse(row.reason),
    updatedAt: fromDate(row.updatedAt),
  };
}

/** The first take of the class has begun at `at`. A second time changes nothing. Throws `Refused` `not-found` without that class. */
export async function recordingStarted(db: Db, input: { classId: string; at: number }): Promise<void> {
  await refusing('class', () =>
    db.prisma.recording.createMany({
      data: { classId: input.classId, startedAt: toDate(input.at) },
      skipDuplicates: true,
    }),
  );
}

/** The class is over and its recording is being finished. Changes nothing when none is under way. */
export async function recordingEnded(db: Db, input: { classId: string; at: number }): Promise<void> {
  await db.prisma.recording.updateMany({
    where: { classId: input.classId, state: 'recording' },
    data: { state: 'preparing', endedAt: toDate(input.at) },
  });
}

export interface FinishedRecording {
  classId: string;
  /** Of what plays, ms, pauses left out. */
  durationMs: number;
  views: readonly RecordingView[];
  bytes: number;
  hasPreview: boolean;
}

/** It plays from now on, also when it had failed before. Changes nothing without a recording of that class. */
export async function recordingReady(db: Db, finished: FinishedRecording): Promise<void> {
  const { classId, durationMs, views, bytes, hasPreview } = finished;
  await db.prisma.recording.updateMany({
    where: { classId },
    data: { state: 'ready', durationMs, views: [...views], bytes, hasPreview, reason: null },
  });
}

/** Nothing will play, and why. One that plays already keeps playing. */
export async function recordingFailed(
  db: Db,
  input: { classId: string; reason: RecordingFailure },
): Promise<void> {
  await db.prisma.recording.updateMany({
    where: { classId: input.classId, state: { not: 'ready' } },
    data: { state: 'failed', reason: input.reason },
  });
}

/** Null when the class was never recorded. */
export async function getRecording(db: Db, classId: string): Promise<StoredRecording | null> {
  const row = await db.prisma.recording.findUnique({ where: { classId }, select: columns });
  return row && fromRow(row);
}

/**
 * Recordings that should be finished by now: still under way or being prepared although their class has ended. Those
 * longest untouched first.
 */
export async function listUnfinishedRecordings(db: Db, limit = 100): Promise<StoredRecording[]> {
  const rows = await db.prisma.recording.findMany({
    where: { state: { in: ['recording', 'preparing'] }, class: { state: 'ended' } },
    select: columns,
    orderBy: [{ updatedAt: 'asc' }, { classId: 'asc' }],
    take: limit,
  });
  return rows.map(fromRow);
}
