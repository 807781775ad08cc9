import { replayLimits, type ReadyReplay } from '@keshi/contract/http/replay';
import {
  previewIndexName,
  previewSheetName,
  type RecordingView,
  segmentName,
} from '@keshi/contract/recordings';
import { append, type ClassWrite, takeOver } from '@keshi/db/class-log';
import type { ClassChange } from '@keshi/db/class-changes';
import { newId } from '@keshi/db/ids';
import { recordingEnded, recordingFailed, recordingReady, recordingStarted } from '@keshi/db/recordings';
import { readPath } from '@keshi/runtime/media-store/signed-path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { names } from './world.ts';

const second = 1000;
const minute = 60 * second;

let web: RunningWeb;
let classId: string;
let start: number;
const tokens = new Map<string, string>();

beforeAll(async () => {
  web = await runWeb();
  classId = web.world.held.id;
  start = web.world.held.scheduledStart;
  for (const who of ['learner', 'second', 'stranger', 'teacher', 'staff', 'employer', 'other-staff', 'admin'])
    tokens.set(who, await tokenOf(web, who));
});
afterAll(() => web.close());

const params = () => ({ params: { id: classId } });
const as = (who: string) => ({ token: tokens.get(who) });
const replayFor = async (who: string) => (await call(web, 'replay', { ...as(who), ...params() })).body;

async function ready(who: string): Promise<ReadyReplay> {
  const replay = await replayFor(who);
  if (replay.state !== 'ready') throw new Error(`the replay is ${replay.state}`);
  return replay;
}

/** Segments of ten seconds as the recorder names them; their content is of no matter here. */
async function record(view: RecordingView, from: number, length: number): Promise<void> {
  for (let at = from; at < from + length; at += 10 * second) {
    const name = segmentName({ classId, view, startMs: at, durationMs: 10 * second, take: 'take0001' });
    await web.mediaStore.put(name, Buffer.from('segment'), { contentType: 'video/iso.segment' });
  }
}

/** What the class's coordinator would write, at minutes after the start. */
async function happened(minutes: number, type: string, payload: object, ...changes: ClassChange[]) {
  const { fence } = await takeOver(web.db, classId);
  const event = {
    type: type as ClassWrite['events'][number]['type'],
    at: start + minutes * minute,
    audience: 'all',
    actorId: null,
    payload: { ...payload },
  };
  await append(web.db, classId, fence, [{ events: [event], changes }]);
}

async function says(who: string, minutes: number, text: string): Promise<string> {
  const id = newId();
  const userId = web.world.idOf(who);
  await happened(
    minutes,
    'chat.sent',
    { messageId: id },
    {
      kind: 'chat-sent',
      id,
      at: start + minutes * minute,
      userId,
      role: who === 'teacher' ? 'host' : 'attendee',
      clientId: newId(),
      text,
    },
  );
  return id;
}

describe('the state of a replay', () => {
  it('follows the recording, and a missing one does not look as if none was meant', async () => {
    expect(await replayFor('learner')).toEqual({ state: 'none' });
    await web.db.prisma.liveClass.update({ where: { id: classId }, data: { record: true } });
    expect(await replayFor('learner')).toEqual({ state: 'failed', reason: 'nothing-recorded' });

    await web.db.prisma.liveClass.update({ where: { id: classId }, data: { state: 'live' } });
    expect(await replayFor('learner')).toEqual({ state: 'none' });
    await recordingStarted(web.db, { classId, at: start });
    expect(await replayFor('learner')).toEqual({ state: 'recording' });

    // Whether or not its coordinator lived to say so.
    await web.db.prisma.liveClass.update({ where: { id: classId }, data: { state: 'ended' } });
    expect(await replayFor('learner')).toEqual({ state: 'preparing' });
    await recordingEnded(web.db, { classId, at: start + 60 * minute });
    expect(await replayFor('learner')).toEqual({ state: 'preparing' });

    await recordingFailed(web.db, { classId, reason: 'storage-full' });
    expect(await replayFor('learner')).toEqual({ state: 'failed', reason: 'storage-full' });
  });

  it('is a failure when what was recorded is not in the store any more', async () => {
    await recordingReady(web.db, {
      classId,
      durationMs: 50 * minute,
      views: ['main', 'camera'],
      bytes: 1,
      hasPreview: true,
    });
    expect(await replayFor('learner')).toEqual({ state: 'failed', reason: 'storage-unavailable' });
  });
});

describe('a replay', () => {
  beforeAll(async () => {
    // Forty minutes, a pause of ten that the recorder left out, ten more; the screen was shared from 20 to 25.
    await record('main', start, 40 * minute);
    await record('main', start + 50 * minute, 10 * minute);
    await record('camera', start + 20 * minute, 5 * minute);
    await web.db.prisma.liveSpan.updateMany({
      where: { classId },
      data: { to: new Date(start + 40 * minute) },
    });
    await web.db.prisma.liveSpan.create({
      data: { classId, from: new Date(start + 50 * minute), to: new Date(start + 60 * minute) },
    });
    const index = { everyMs: 10_000, width: 160, height: 90, columns: 10, rows: 10 };
    await web.mediaStore.put(
      previewIndexName(classId),
      Buffer.from(JSON.stringify({ ...index, sheets: ['0000.jpg', '0001.jpg', '0002.jpg'] })),
      { contentType: 'application/json' },
    );
    await says('learner', -1, '老师好');
    await says('second', 30, '听得清楚');
    await says('teacher', 52, '继续上课');
    const regretted = await says('second', 31, '发错了');
    const deleted = { id: regretted, by: web.world.idOf('teacher'), at: start + 32 * minute };
    await happened(32, 'chat.deleted', { messageId: regretted }, { kind: 'chat-deleted', ...deleted });
    await happened(33, 'stage.changed', { userId: web.world.idOf('second') });
    await happened(34, 'stage.left', { userId: web.world.idOf('second') });
    // The store was asked a moment ago, when nothing was in it.
    web.pass(2 * minute);
  });

  it('has its length, its views and where the camera has a picture of its own', async () => {
    const { durationMs, from, views } = await ready('learner');
    expect([durationMs, from]).toEqual([50 * minute, start]);
    expect(views.map(({ view, spans }) => [view, spans])).toEqual([
      ['main', [{ from: 0, to: 50 * minute }]],
      ['camera', [{ from: 20 * minute, to: 25 * minute }]],
    ]);
  });

  it('signs its addresses for this person’s login session, for six hours', async () => {
    const { views, preview, expiresAt } = await ready('learner');
    expect(expiresAt - web.clock()).toBeGreaterThan(5.9 * 60 * minute);
    const [, token = '', file] = /^\/media\/([^/]+)\/(.+)$/.exec(views[0]?.url ?? '') ?? [];
    expect(file).toBe(`recordings/${classId}/main.m3u8`);
    expect(preview?.urls[2]).toBe(`/media/${token}/${previewSheetName(classId, 2)}`);
    const secret = 'a secret of the tests, long enough to be one';
    const claims = readPath(secret, token, web.clock());
    expect(claims).toMatchObject({
      prefix: `recordings/${classId}/`,
      sub: web.world.idOf('learner'),
      expiresAt,
    });
    const [, foreign = ''] = /^\/media\/([^/]+)\//.exec((await ready('second')).views[0]?.url ?? '') ?? [];
    expect(readPath(secret, foreign, web.clock())?.sid).not.toBe(claims?.sid);
  });

  it('puts questions, quizzes, the stage and pauses at their places', async () => {
    const { marks } = await ready('learner');
    expect(marks.questions).toMatchObject({
      total: 1,
      rows: [{ position: 10 * minute, answeredPosition: null, question: { text: '零线和地线有什么区别？' } }],
    });
    expect(marks.quizzes).toMatchObject([
      {
        position: 30 * minute,
        closedPosition: 31 * minute,
        quiz: { correct: [1], mine: [1], totals: { answered: 1, correct: 1 } },
      },
    ]);
    expect((await ready('second')).marks.quizzes[0]?.quiz.mine).toBeNull();
    expect(marks.stage.map(({ position, kind }) => [position, kind])).toEqual([
      [33 * minute, 'joined'],
      [34 * minute, 'left'],
    ]);
    expect(marks.pauses).toEqual([{ at: start + 40 * minute, position: 40 * minute, lastedMs: 10 * minute }]);
  });

  it('shows the answer where it was given, and as written later when it was', async () => {
    const answeredAt = (minutes: number) =>
      web.db.prisma.question.update({
        where: { id: web.world.questionId },
        data: {
          state: 'answered-text',
          answer: '零线带电。',
          answeredBy: web.world.idOf('teacher'),
          answeredAt: new Date(start + minutes * minute),
        },
      });
    await answeredAt(55);
    expect((await ready('learner')).marks.questions.rows[0]).toMatchObject({
      answeredPosition: 45 * minute,
      question: { answer: '零线带电。', answeredBy: names.instructor },
    });
    await answeredAt(600);
    expect((await ready('learner')).marks.questions.rows[0]?.answeredPosition).toBeNull();
  });

  it('shows chat by pages without what was deleted, other learners masked, whoever looks', async () => {
    const chatFor = async (who: string) =>
      (await call(web, 'replayChat', { ...as(who), ...params() })).body.rows;
    expect((await ready('learner')).marks.chat).toEqual({ total: 3, pages: [0] });
    const seen = await chatFor('learner');
    expect(seen.map(({ position, text, from }) => [position, text, from.name])).toEqual([
      [0, '老师好', names.learner],
      [30 * minute, '听得清楚', '司**'],
      [42 * minute, '继续上课', names.instructor],
    ]);
    for (const who of ['teacher', 'staff', 'employer', 'admin'])
      expect((await chatFor(who)).map(({ from }) => from.name)).toEqual(['欧**', '司**', names.instructor]);
    const beyond = await call(web, 'replayChat', { ...as('learner'), ...params(), query: { page: 7 } });
    expect(beyond.body.rows).toEqual([]);
    const everything = JSON.stringify([await ready('staff'), await chatFor('staff')]);
    for (const hidden of ['发错了', '被拦下的话', names.learner, names.second])
      expect(everything).not.toContain(hidden);
  });

  it('stays small however much was said', async () => {
    await web.db.sql(
      `INSERT INTO "ChatMessage" ("id", "classId", "seq", "at", "userId", "role", "clientId", "text")
       SELECT gen_random_uuid(), $1, 100 + n, $2::timestamptz + n * interval '100 ms', $3, 'attendee', gen_random_uuid(), 'x' || n
       FROM generate_series(1, 10000) n`,
      [classId, new Date(start + 53 * minute).toISOString(), web.world.idOf('second')],
    );
    const answer = await call(web, 'replay', { ...as('learner'), ...params() });
    expect(answer.bytes.length).toBeLessThan(100_000);
    const { chat } = (await ready('learner')).marks;
    expect([chat.total, chat.pages.length]).toEqual([10_003, Math.ceil(10_003 / replayLimits.chatPage)]);
    const page = await call(web, 'replayChat', { ...as('learner'), ...params(), query: { page: 20 } });
    expect(page.body.rows).toHaveLength(replayLimits.chatPage);
    expect(page.body.rows[0]?.position).toBe(chat.pages[20]);
  });

  it('is for whoever may see the class; an observer leaves a trace, nobody else learns of it', async () => {
    const outcome = async (who: string) => {
      const { error, body } = await call(web, 'replay', { ...as(who), ...params() });
      return error?.code ?? body.state;
    };
    for (const who of ['learner', 'second', 'teacher', 'staff', 'employer', 'admin'])
      expect([who, await outcome(who)]).toEqual([who, 'ready']);
    for (const who of ['stranger', 'other-staff']) {
      expect([who, await outcome(who)]).toEqual([who, 'not-found']);
      const chat = await call(web, 'replayChat', { ...as(who), ...params() });
      expect([who, chat.error?.code]).toEqual([who, 'not-found']);
    }
    const watched = await web.db.prisma.auditEntry.findMany({
      where: { action: 'class.replayed', targetId: classId },
      select: { actorId: true },
    });
    const actors = new Set(watched.map(({ actorId }) => actorId));
    expect(actors).toEqual(new Set(['staff', 'employer', 'admin'].map(web.world.idOf)));
  });
});

describe('whether a class is recorded', () => {
  const coming = () => web.world.coming.id;
  const set = (who: string, record: boolean, version: number, id = coming()) =>
    call(web, 'setRecording', { ...as(who), params: { id }, body: { record, version } });
  const summary = async () =>
    (await call(web, 'getClass', { ...as('teacher'), params: { id: coming() } })).body;

  it('is set by its instructor or in the schedule, until it begins', async () => {
    const { version, record } = await summary();
    expect(record).toBe(false);
    expect((await set('teacher', true, version)).body).toEqual({ record: true, version: version + 1 });
    expect((await summary()).record).toBe(true);
    expect((await set('teacher', false, version)).error?.code).toBe('outdated');
    const rescheduled = await call(web, 'rescheduleClass', {
      ...as('staff'),
      params: { id: coming() },
      body: { version: version + 1, record: false },
    });
    expect(rescheduled.body).toMatchObject({ record: false, version: version + 2 });
    const untouched = await call(web, 'rescheduleClass', {
      ...as('staff'),
      params: { id: coming() },
      body: { version: version + 2, title: '第二课' },
    });
    expect(untouched.body.record).toBe(false);
    expect((await set('learner', true, version + 3)).error?.code).toBe('forbidden');
    expect((await set('stranger', true, version + 3)).error?.code).toBe('not-found');
  });

  it('can be chosen when it is scheduled, and is off when nobody chose', async () => {
    const schedule = async (record?: boolean) => {
      const body = {
        groupId: web.world.group.id,
        title: '第四课',
        instructorId: web.world.idOf('teacher'),
        scheduledStart: web.clock() + 120 * minute,
        scheduledEnd: web.clock() + 180 * minute,
        ...(record === undefined ? {} : { record }),
      };
      return (await call(web, 'scheduleClass', { ...as('staff'), body })).body.record;
    };
    expect([await schedule(), await schedule(true)]).toEqual([false, true]);
  });

  it('is refused once the class has begun', async () => {
    const running = web.world.running.id;
    const { body } = await call(web, 'getClass', { ...as('teacher'), params: { id: running } });
    const late = await set('teacher', true, body.version, running);
    expect([late.status, late.error]).toEqual([409, { code: 'conflict', fields: ['body.state'] }]);
  });
});
