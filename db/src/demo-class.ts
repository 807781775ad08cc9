/** The demo's class of yesterday, with facts as they come about: written through the same functions as real ones. */
import type { PresenceCause } from '@keshi/contract/domain';
import type { ClassChange } from './class-changes.ts';
import { append, type NewClassEvent, takeOver } from './class-log.ts';
import { scheduleClass } from './classes.ts';
import type { Db } from './client.ts';
import { askFaceChecks, settleSilent } from './face-checks.ts';
import { recordHourSignIn } from './hour-sign-ins.ts';
import { newId } from './ids.ts';
import { recordOutage } from './outages.ts';
import { type StoredInterval, type StoredVisit, upsertIntervals, upsertVisits } from './presence.ts';

const minute = 60_000;
const node = 'demo-node';
const withoutSignIn = 5;
/** Was there and answered neither the check nor the recheck: a finding for somebody to decide. */
const silent = { learner: 8, at: [66, 67.3] } as const;

/** Presence of the learners in order, minutes after the start: [from, to, why it ended]. The class pauses from 45 to 55. */
const presence: readonly (readonly [number, number, PresenceCause])[][] = [
  [
    [-3, 45, 'paused'],
    [45, 90, 'ended'],
  ],
  [
    [6, 45, 'paused'],
    [45, 90, 'ended'],
  ],
  [
    [-1, 45, 'paused'],
    [45, 78, 'left'],
  ],
  [
    [0, 17, 'lost'],
    [19, 45, 'paused'],
    [45, 61, 'lost'],
    [64, 90, 'ended'],
  ],
  [
    [-2, 24, 'hidden'],
    [33, 45, 'paused'],
    [45, 90, 'ended'],
  ],
  [[2, 38, 'left']],
  [
    [-4, 29.8, 'node-lost'],
    [32.5, 45, 'paused'],
    [45, 90, 'ended'],
  ],
  [],
  [
    [-1, 45, 'paused'],
    [45, 90, 'ended'],
  ],
  [
    [1, 45, 'paused'],
    [45, 70, 'hidden'],
    [74, 90, 'ended'],
  ],
];

const quizzes = [
  {
    at: 20,
    stem: '人体的安全电压一般不超过多少伏？',
    options: ['12 V', '36 V', '110 V', '220 V'],
    correct: 1,
    wrong: [3, 5],
  },
  {
    at: 68,
    stem: '发现有人触电，第一步应当做什么？',
    options: ['立即拉开触电者', '切断电源', '泼水降温', '拨打电话后离开'],
    correct: 1,
    wrong: [4],
  },
] as const;

const chat = [
  { at: 1, who: 0, text: '老师好，声音很清楚' },
  { at: 1.2, who: 8, text: '老师好' },
  { at: 12, who: 4, text: '欧姆定律的三个公式记住了' },
  { at: 56, who: 1, text: '刚才的图可以再放一次吗？' },
  { at: 57, who: 'host', text: '可以，我再讲一遍图 3。' },
] as const;

export async function seedHeldClass(
  db: Db,
  input: { groupId: string; instructorId: string; learnerIds: readonly string[]; start: number },
): Promise<void> {
  const { groupId, instructorId, learnerIds, start } = input;
  const at = (minutes: number) => Math.round(start + minutes * minute);
  const { id: classId } = await scheduleClass(db, {
    groupId,
    instructorId,
    title: '电路与安全用电',
    scheduledStart: start,
    scheduledEnd: at(90),
  });
  await seedPresence(db, { classId, instructorId, learnerIds, at });
  await seedSilence(db, { classId, userId: learnerIds[silent.learner] ?? instructorId, at });
  await recordOutage(db, { kind: 'signaling', scope: node, from: at(30), to: at(31.5), retryMs: 2000 });

  const { fence } = await takeOver(db, classId);
  const write = (minutes: number, event: Omit<NewClassEvent, 'at' | 'audience'>, ...changes: ClassChange[]) =>
    append(db, classId, fence, [{ events: [{ ...event, at: at(minutes), audience: 'all' }], changes }]);
  const turn = (minutes: number, ...changes: ClassChange[]) =>
    write(minutes, { type: 'class.changed', actorId: instructorId, payload: {} }, ...changes);

  const say = async ({ at: minutes, who, text }: (typeof chat)[number]) => {
    const userId = who === 'host' ? instructorId : (learnerIds[who] ?? instructorId);
    const id = newId(at(minutes));
    const role = who === 'host' ? ('host' as const) : ('attendee' as const);
    await write(
      minutes,
      { type: 'chat.sent', actorId: userId, payload: { messageId: id } },
      { kind: 'chat-sent', id, at: at(minutes), userId, role, clientId: newId(at(minutes)), text },
    );
  };
  const sayBetween = async (from: number, to: number) => {
    for (const message of chat) if (message.at >= from && message.at < to) await say(message);
  };

  await turn(
    0,
    { kind: 'class-changed', state: 'live', startedAt: at(0) },
    { kind: 'span-opened', id: newId(at(0)), at: at(0) },
  );
  await sayBetween(0, 20);
  await seedQuiz(quizzes[0]);
  await seedQuestion(
    learnerIds[3] ?? instructorId,
    35,
    '零线和地线到底有什么区别？',
    '零线是工作回路，地线是保护用的，平时没有电流。',
  );
  await turn(45, { kind: 'class-changed', state: 'paused' }, { kind: 'span-closed', at: at(45) });
  await turn(
    55,
    { kind: 'class-changed', state: 'live' },
    { kind: 'span-opened', id: newId(at(55)), at: at(55) },
  );
  await sayBetween(55, 68);
  await seedQuiz(quizzes[1]);
  await seedQuestion(learnerIds[9] ?? instructorId, 82, '漏电保护器多久要测试一次？', null);
  await turn(
    90,
    { kind: 'class-changed', state: 'ended', endedAt: at(90) },
    { kind: 'span-closed', at: at(90) },
  );

  async function seedQuiz(quiz: (typeof quizzes)[number]): Promise<void> {
    const id = newId(at(quiz.at));
    const there = learnerIds.flatMap((userId, i) =>
      isThere(i, quiz.at) ? [{ userId, wrong: quiz.wrong.some((learner) => learner === i) }] : [],
    );
    const { stem, options, correct } = quiz;
    const times = { openedAt: at(quiz.at), closesAt: at(quiz.at + 1) };
    await write(
      quiz.at,
      { type: 'quiz.opened', actorId: instructorId, payload: { quizId: id } },
      {
        kind: 'quiz-opened',
        id,
        quizKind: 'single',
        stem,
        options,
        correct: [correct],
        seconds: 60,
        asked: there.length,
        ...times,
      },
      ...there.map(({ userId, wrong }, i) => ({
        kind: 'quiz-answered' as const,
        quizId: id,
        userId,
        choice: [wrong ? 0 : correct],
        correct: !wrong,
        at: at(quiz.at) + 8000 + i * 2500,
      })),
    );
    await write(
      quiz.at + 1,
      { type: 'quiz.closed', actorId: instructorId, payload: { quizId: id } },
      { kind: 'quiz-closed', id, at: at(quiz.at + 1) },
    );
  }

  async function seedQuestion(
    userId: string,
    minutes: number,
    text: string,
    answer: string | null,
  ): Promise<void> {
    const id = newId(at(minutes));
    await write(
      minutes,
      { type: 'question.asked', actorId: userId, payload: { questionId: id } },
      { kind: 'question-asked', id, at: at(minutes), userId, clientId: newId(at(minutes)), text },
    );
    if (answer === null) return;
    const answered = { answer, answeredBy: instructorId, answeredAt: at(minutes + 3) };
    await write(
      minutes + 3,
      { type: 'question.changed', actorId: instructorId, payload: { questionId: id } },
      { kind: 'question-changed', id, state: 'answered-text', ...answered },
    );
  }
}

async function seedSilence(
  db: Db,
  { classId, userId, at }: { classId: string; userId: string; at: (minutes: number) => number },
): Promise<void> {
  for (const [index, minutes] of silent.at.entries()) {
    const id = newId(at(minutes));
    const asked = { askedAt: at(minutes), deadline: at(minutes + 1), pictures: 1, motion: null, hour: null };
    const purpose = index === 0 ? ('check' as const) : ('recheck' as const);
    const cause = index === 0 ? ('schedule' as const) : ('failed' as const);
    await askFaceChecks(db, [
      { id, kind: 'class', contextId: classId, userId, purpose, cause, nonce: id, ...asked },
    ]);
    const settledAt = at(minutes + 1.1);
    await settleSilent(db, { ids: [id], at: settledAt, judgedBefore: settledAt });
  }
}

function isThere(learner: number, minutes: number): boolean {
  return (presence[learner] ?? []).some(([from, to]) => from <= minutes && minutes < to);
}

async function seedPresence(
  db: Db,
  given: {
    classId: string;
    instructorId: string;
    learnerIds: readonly string[];
    at: (minutes: number) => number;
  },
): Promise<void> {
  const { classId, instructorId, learnerIds, at } = given;
  const visits: StoredVisit[] = [];
  const intervals: StoredInterval[] = [];
  const visit = (
    userId: string,
    role: StoredVisit['role'],
    from: number,
    to: number,
    cause: PresenceCause,
  ): string => {
    const id = newId(at(from));
    const device = visits.length % 3 === 1 ? ('phone' as const) : ('desktop' as const);
    const closed = { at: at(to), cause: cause === 'open' ? ('lost' as const) : cause };
    const times = { openedAt: at(from), lastSeenAt: at(to), closed };
    visits.push({
      id,
      classId,
      userId,
      role,
      nodeId: node,
      device,
      visible: cause !== 'hidden',
      rttMs: 18 + visits.length * 3,
      ...times,
    });
    return id;
  };
  visit(instructorId, 'host', -6, 90, 'ended');
  for (const [i, userId] of learnerIds.entries()) {
    let connection: { id: string; until: number } | undefined;
    for (const [from, to, cause] of presence[i] ?? []) {
      // A pause and a hidden page do not end a connection; a loss and a leave do.
      if (!connection || from > connection.until) {
        const last = (presence[i] ?? []).find(
          ([start, , why]) => start >= from && why !== 'paused' && why !== 'hidden',
        );
        const [, until, why] = last ?? ([from, to, cause] as const);
        connection = { id: visit(userId, 'attendee', from, until, why), until };
      }
      const id = newId(at(from));
      intervals.push({
        id,
        visitId: connection.id,
        classId,
        userId,
        from: at(from),
        lastProof: at(to),
        cause,
      });
    }
  }
  await upsertVisits(db, visits);
  await upsertIntervals(db, intervals);
  // One of them came and did not sign in, so that it can be seen what that costs.
  for (const [i, userId] of learnerIds.entries()) {
    const arrival = presence[i]?.[0]?.[0];
    if (arrival === undefined || i === withoutSignIn) continue;
    const moment = at(Math.max(0, arrival) + 2);
    await recordHourSignIn(db, { classId, userId, hour: 1, at: moment, by: { method: 'face' } });
  }
}
