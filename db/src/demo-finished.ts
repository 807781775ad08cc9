/** The demo's course that is over: one learner of it lacks nothing for a certificate, the others each something. */
import { append, takeOver } from './class-log.ts';
import type { ClassChange } from './class-changes.ts';
import { scheduleClass } from './classes.ts';
import type { Db } from './client.ts';
import { recordConsent } from './consents.ts';
import { enrol } from './groups.ts';
import { recordHourSignIn } from './hour-sign-ins.ts';
import { giveDocument } from './identity-documents.ts';
import { newId } from './ids.ts';
import { toDate } from './instants.ts';
import { upsertIntervals, upsertVisits } from './presence.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const node = 'demo-node';
const lengthMinutes = 90;

/** Of each learner in order: until which minute present, whether known by document, and which question was answered wrong. */
const learners = [
  { until: 90, document: '652901199003079011', wrong: [] },
  { until: 90, document: '652901199203079028', wrong: [1] },
  { until: 50, document: '652901199503079035', wrong: [0] },
  { until: 90, document: null, wrong: [] },
] as const;

const quizzes = [
  {
    at: 30,
    stem: '停电作业的第一步是什么？',
    options: ['断开电源', '验电', '挂接地线', '挂标示牌'],
    correct: 0,
  },
  {
    at: 45,
    stem: '验电前应当先做什么？',
    options: ['直接验电', '在有电处试验电器', '挂标示牌', '通知用户'],
    correct: 1,
  },
] as const;

/** `learnerIds` as many as there are above. Does nothing where the group has held its class. */
export async function seedFinishedCourse(
  db: Db,
  given: {
    groupId: string;
    instructorId: string;
    staffId: string;
    learnerIds: readonly string[];
    now: number;
  },
): Promise<void> {
  const { groupId, instructorId, staffId, learnerIds, now } = given;
  const start = Math.floor((now - 7 * day) / minute) * minute;
  await enrol(db, { groupId, userIds: learnerIds });
  if ((await db.prisma.liveClass.count({ where: { groupId } })) > 0) return;
  // Enrolled before the class, or its hours were nobody's.
  const createdAt = toDate(start - day);
  await db.prisma.enrolment.updateMany({ where: { groupId }, data: { createdAt } });
  for (const [i, userId] of learnerIds.entries()) {
    const number = learners[i]?.document;
    if (number) await identify(db, { userId, number, staffId, now });
  }
  await hold(db, { groupId, instructorId, learnerIds, start });
}

/** Known by document and confirmed by staff; has chosen the way without a face. */
async function identify(
  db: Db,
  { userId, number, staffId, now }: { userId: string; number: string; staffId: string; now: number },
): Promise<void> {
  await giveDocument(db, { userId, kind: 'id-card', number, now, replace: false });
  await db.prisma.identityDocument.update({
    where: { userId },
    data: { state: 'confirmed', decidedAt: toDate(now), decidedBy: staffId },
    select: { userId: true },
  });
  await db.prisma.identityCheck.deleteMany({ where: { userId } });
  const shown = { hash: '0'.repeat(64), version: 'demo', locale: 'zh-CN', text: '演示数据：不采集人脸。' };
  await recordConsent(db, { userId, action: 'refused', shown, address: '', now });
}

async function hold(
  db: Db,
  given: { groupId: string; instructorId: string; learnerIds: readonly string[]; start: number },
): Promise<void> {
  const { groupId, instructorId, learnerIds, start } = given;
  const at = (minutes: number) => start + minutes * minute;
  const { id: classId } = await scheduleClass(db, {
    groupId,
    instructorId,
    title: '停电、验电与挂牌上锁',
    scheduledStart: start,
    scheduledEnd: at(lengthMinutes),
  });
  const visits = [
    { userId: instructorId, role: 'host' as const, until: lengthMinutes },
    ...learnerIds.map((userId, i) => ({ userId, role: 'attendee' as const, until: learners[i]?.until ?? 0 })),
  ].map((one) => ({ ...one, id: newId(at(-2)) }));
  await upsertVisits(
    db,
    visits.map(({ id, userId, role, until }) => ({
      id,
      classId,
      userId,
      role,
      nodeId: node,
      device: 'desktop' as const,
      openedAt: at(-2),
      lastSeenAt: at(until),
      visible: true,
      rttMs: 24,
      closed: { at: at(until), cause: until < lengthMinutes ? ('left' as const) : ('ended' as const) },
    })),
  );
  await upsertIntervals(
    db,
    visits.slice(1).map(({ id, userId, until }) => ({
      id: newId(at(-2)),
      visitId: id,
      classId,
      userId,
      from: at(-2),
      lastProof: at(until),
      cause: until < lengthMinutes ? ('left' as const) : ('ended' as const),
    })),
  );
  for (const [i, userId] of learnerIds.entries())
    for (const hour of [1, 2]) {
      const moment = (hour - 1) * 45 + 2;
      if (moment < (learners[i]?.until ?? 0))
        await recordHourSignIn(db, { classId, userId, hour, at: at(moment), by: { method: 'face' } });
    }

  const { fence } = await takeOver(db, classId);
  const write = (
    minutes: number,
    type: 'class.changed' | 'quiz.opened' | 'quiz.closed',
    payload: Record<string, string>,
    ...changes: ClassChange[]
  ) =>
    append(db, classId, fence, [
      { events: [{ type, actorId: instructorId, payload, at: at(minutes), audience: 'all' }], changes },
    ]);
  await write(
    0,
    'class.changed',
    {},
    { kind: 'class-changed', state: 'live', startedAt: at(0) },
    { kind: 'span-opened', id: newId(at(0)), at: at(0) },
  );
  for (const [place, { at: asked, stem, options, correct }] of quizzes.entries()) {
    const id = newId(at(asked));
    const answers = learnerIds.map((userId, i) => {
      const right = !learners[i]?.wrong.some((wrong) => wrong === place);
      const choice = [right ? correct : 3];
      return {
        kind: 'quiz-answered' as const,
        quizId: id,
        userId,
        choice,
        correct: right,
        at: at(asked) + 9000,
      };
    });
    await write(
      asked,
      'quiz.opened',
      { quizId: id },
      {
        kind: 'quiz-opened',
        id,
        quizKind: 'single',
        stem,
        options: [...options],
        correct: [correct],
        seconds: 60,
        asked: learnerIds.length,
        openedAt: at(asked),
        closesAt: at(asked + 1),
      },
      ...answers,
    );
    await write(asked + 1, 'quiz.closed', { quizId: id }, { kind: 'quiz-closed', id, at: at(asked + 1) });
  }
  await write(
    lengthMinutes,
    'class.changed',
    {},
    { kind: 'class-changed', state: 'ended', endedAt: at(lengthMinutes) },
    { kind: 'span-closed', at: at(lengthMinutes) },
  );
}
