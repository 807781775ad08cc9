import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { append, type ClassWrite, takeOver } from '../src/class-log.ts';
import type { ClassChange } from '../src/class-changes.ts';
import { loadClass } from '../src/class-state.ts';
import { getClass, rescheduleClass } from '../src/classes.ts';
import { newId } from '../src/ids.ts';
import {
  getRecording,
  listUnfinishedRecordings,
  recordingEnded,
  recordingFailed,
  recordingReady,
  recordingStarted,
} from '../src/recordings.ts';
import { chatPage, chatPages, questionsAsked, stageTurns } from '../src/replay-facts.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { minute, t0, world } from './world.ts';

let test: TestDatabase;
let here: Awaited<ReturnType<typeof world>>;
let classId: string;
beforeAll(async () => {
  test = await testDatabase();
});
beforeEach(async () => {
  here = await world(test.db);
  classId = (await here.schedule()).id;
});
afterAll(() => test.close());

const recording = () => getRecording(test.db, classId);
const end = (id: string) =>
  test.db.prisma.liveClass.update({ where: { id }, data: { state: 'ended' }, select: { id: true } });
const finished = {
  durationMs: 5_400_123,
  views: ['main', 'camera'] as const,
  bytes: 3_000_000_000,
  hasPreview: true,
};

describe('the recording of a class', () => {
  it('begins once, however often it is said, and ends as what came of it', async () => {
    expect(await recording()).toBeNull();
    await recordingStarted(test.db, { classId, at: t0 });
    await recordingStarted(test.db, { classId, at: t0 + minute });
    expect(await recording()).toMatchObject({
      state: 'recording',
      startedAt: t0,
      endedAt: null,
      reason: null,
    });

    await recordingEnded(test.db, { classId, at: t0 + 90 * minute });
    await recordingEnded(test.db, { classId, at: t0 + 95 * minute });
    expect(await recording()).toMatchObject({
      state: 'preparing',
      endedAt: t0 + 90 * minute,
      durationMs: null,
    });

    await recordingReady(test.db, { classId, ...finished });
    expect(await recording()).toMatchObject({ state: 'ready', ...finished });
    // What plays keeps playing, whatever a late writer says.
    await recordingFailed(test.db, { classId, reason: 'recorder-failed' });
    await recordingEnded(test.db, { classId, at: t0 });
    await recordingStarted(test.db, { classId, at: t0 });
    expect(await recording()).toMatchObject({ state: 'ready', reason: null });
  });

  it('says why it failed, and may still become ready', async () => {
    await recordingStarted(test.db, { classId, at: t0 });
    await recordingFailed(test.db, { classId, reason: 'storage-full' });
    expect(await recording()).toMatchObject({ state: 'failed', reason: 'storage-full' });
    await recordingReady(test.db, { classId, ...finished });
    expect(await recording()).toMatchObject({ state: 'ready', reason: null });
  });

  it('reads a reason of a later release as a failure of its own', async () => {
    await recordingStarted(test.db, { classId, at: t0 });
    await test.db.sql(`UPDATE "Recording" SET "state" = 'failed', "reason" = 'of-a-later-release'`);
    expect(await recording()).toMatchObject({ state: 'failed', reason: 'internal' });
  });

  it('is of a class that exists', async () => {
    const nowhere = recordingStarted(test.db, { classId: newId(), at: t0 });
    await expect(nowhere).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is unfinished while its class is over and nothing came of it', async () => {
    const unfinished = async () => (await listUnfinishedRecordings(test.db)).map((one) => one.classId);
    const another = (await here.schedule(t0 + 100 * minute)).id;
    await recordingStarted(test.db, { classId, at: t0 });
    await recordingStarted(test.db, { classId: another, at: t0 });
    expect(await unfinished()).not.toContain(classId);
    await end(classId);
    await end(another);
    await recordingEnded(test.db, { classId: another, at: t0 });
    expect(await unfinished()).toEqual(expect.arrayContaining([classId, another]));
    await recordingReady(test.db, { classId, ...finished });
    await recordingFailed(test.db, { classId: another, reason: 'nothing-recorded' });
    const left = await unfinished();
    expect(left).not.toContain(classId);
    expect(left).not.toContain(another);
  });
});

describe('the setting', () => {
  it('is off unless it was asked for, can be changed until the class begins, and reaches its coordinator', async () => {
    const { version, record } = (await getClass(test.db, classId)) ?? { version: 0, record: null };
    expect(record).toBe(false);
    const changed = await rescheduleClass(test.db, { id: classId, version, record: true });
    expect(changed).toMatchObject({ record: true, version: version + 1 });
    expect((await loadClass(test.db, classId))?.class.record).toBe(true);
    await test.db.prisma.liveClass.update({ where: { id: classId }, data: { state: 'live' } });
    const late = rescheduleClass(test.db, { id: classId, version: changed.version, record: false });
    await expect(late).rejects.toMatchObject({ code: 'conflict', fields: ['state'] });
    expect((await getClass(test.db, classId))?.record).toBe(true);
  });
});

describe('what a replay shows beside the picture', () => {
  const learner = (i: number) => here.learnerIds[i] ?? '';
  const write = (
    at: number,
    event: Partial<ClassWrite['events'][number]>,
    ...changes: ClassChange[]
  ): ClassWrite => ({
    events: [{ type: 'class.changed', at, audience: 'all', actorId: null, payload: {}, ...event }],
    changes,
  });
  const say = (n: number, id = newId()): ClassWrite =>
    write(
      t0 + n * 1000,
      { type: 'chat.sent', payload: { messageId: id } },
      {
        kind: 'chat-sent',
        id,
        at: t0 + n * 1000,
        userId: learner(0),
        role: 'attendee',
        clientId: newId(),
        text: `${n}`,
      },
    );

  it('is its chat in pages, without what was deleted', async () => {
    const { fence } = await takeOver(test.db, classId);
    const gone = newId();
    await append(test.db, classId, fence, [say(0, gone), ...Array.from({ length: 5 }, (_, n) => say(n + 1))]);
    await append(test.db, classId, fence, [
      write(t0, { type: 'chat.deleted' }, { kind: 'chat-deleted', id: gone, by: here.instructorId, at: t0 }),
    ]);
    expect(await chatPages(test.db, classId, 2)).toEqual({
      total: 5,
      starts: [t0 + 1000, t0 + 3000, t0 + 5000],
    });
    const texts = async (page: number) =>
      (await chatPage(test.db, classId, { page, size: 2 })).map(({ text }) => text);
    expect([await texts(0), await texts(2), await texts(3)]).toEqual([['1', '2'], ['5'], []]);
    expect(await chatPages(test.db, newId(), 2)).toEqual({ total: 0, starts: [] });
  });

  it('is its questions without deleted ones, with how many there are when not all are shown', async () => {
    const { fence } = await takeOver(test.db, classId);
    const ids = [newId(), newId(), newId()];
    const [first = ''] = ids;
    await append(test.db, classId, fence, [
      write(
        t0,
        {},
        ...ids.map((id, n) => ({
          kind: 'question-asked' as const,
          id,
          at: t0 + n * minute,
          userId: learner(n),
          clientId: newId(),
          text: `${n}`,
        })),
      ),
    ]);
    const answer = { answer: null, answeredBy: null, answeredAt: null };
    await append(test.db, classId, fence, [
      write(t0, {}, { kind: 'question-changed', id: first, state: 'deleted', ...answer }),
    ]);
    const { total, rows } = await questionsAsked(test.db, classId, 1);
    expect([total, rows.map(({ text }) => text)]).toEqual([2, ['1']]);
  });

  it('is who came on the stage and left it, and nothing of invitations, of a microphone or of the host', async () => {
    const { fence } = await takeOver(test.db, classId);
    const stage = (at: number, type: 'stage.changed' | 'stage.left', userId: string, audience = 'all') =>
      write(at, { type, audience, payload: { userId } });
    await append(test.db, classId, fence, [
      stage(t0, 'stage.changed', here.instructorId),
      stage(t0 + 1000, 'stage.changed', learner(0), learner(0)),
      stage(t0 + 2000, 'stage.changed', learner(0)),
      stage(t0 + 3000, 'stage.changed', learner(0)),
      stage(t0 + 4000, 'stage.left', learner(0)),
      stage(t0 + 5000, 'stage.left', learner(1)),
    ]);
    expect(await stageTurns(test.db, classId, { hostId: here.instructorId, limit: 10 })).toEqual([
      { at: t0 + 2000, userId: learner(0), kind: 'joined' },
      { at: t0 + 4000, userId: learner(0), kind: 'left' },
    ]);
  });
});
