import { itemContent } from '@keshi/contract/items';
import { examOutcomes } from '@keshi/db/exam-outcomes';
import { closedAfterMs, lostAfterMs, onTheWayMs } from '@keshi/rules/exams/attempts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  contents,
  minute,
  openPaper,
  rightAnswers,
  save,
  secrets,
  seedBank,
  seedExam,
} from './exam-steps.ts';
import { call, cookieOf, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let items: string[];
const people = ['learner', 'second', 'evil', 'teacher', 'staff'] as const;
const tokens = { learner: '', second: '', evil: '', teacher: '', staff: '' };
const cookies = new Map<string, string>();

async function logIn(who: (typeof people)[number]): Promise<void> {
  const answer = await call(web, 'login', { body: { login: who, password: web.world.password } });
  tokens[who] = answer.body.accessToken;
  cookies.set(who, cookieOf(answer));
}

beforeAll(async () => {
  web = await runWeb();
  items = await seedBank(web);
  for (const who of people) await logIn(who);
});
afterAll(() => web.close());

/** Server time goes on; the same logins get new tokens. */
async function pass(ms: number): Promise<void> {
  web.pass(ms);
  for (const who of people) {
    const answer = await call(web, 'refresh', { headers: { cookie: cookies.get(who) ?? '' } });
    if (answer.status !== 200) throw new Error(`no new token for ${who}: ${answer.error?.code}`);
    tokens[who] = answer.body.accessToken;
    cookies.set(who, cookieOf(answer));
  }
}
const everything = Object.fromEntries(rightAnswers.map((answer, position) => [position, answer]));
const resultOf = (token: string, id: string) => call(web, 'attemptResult', { token, params: { id } });

describe('from the bank to the grade', () => {
  it('[F1, EX4] a question is written, reviewed by another, and asked as it was', async () => {
    const { teacher, staff, learner } = tokens;
    const content = { kind: 'true-false' as const, stem: '地线可以省略。', correct: false };
    const created = await call(web, 'createItem', {
      token: teacher,
      params: { id: web.world.course.id },
      body: { content, contentPoint: '安全用电', difficulty: 2 },
    });
    expect(created.body).toMatchObject({
      state: 'draft',
      revision: 1,
      yours: true,
      contentPoint: '安全用电',
    });
    const { id } = created.body;
    const move = (token: string, state: 'in-review' | 'approved', version: number) =>
      call(web, 'setItemState', { token, params: { id }, body: { state, version } });
    expect((await move(teacher, 'approved', 1)).error?.code).toBe('conflict');
    expect((await move(teacher, 'in-review', 1)).body.state).toBe('in-review');
    expect((await move(teacher, 'approved', 2)).error?.code).toBe('forbidden');
    expect((await move(staff, 'approved', 1)).error?.code).toBe('outdated');
    expect((await move(staff, 'approved', 2)).body.state).toBe('approved');

    const exam = await seedExam(web, [id]);
    const paper = await openPaper(web, learner, exam);
    expect(paper.questions[0]?.item).toEqual({ kind: 'true-false', stem: '地线可以省略。', media: [] });
    const changed = await call(web, 'updateItem', {
      token: teacher,
      params: { id },
      body: { content: { ...content, stem: '接地线可以省略。', correct: true }, version: 3 },
    });
    expect(changed.body).toMatchObject({ revision: 2, state: 'draft' });
    // Others are asked what was approved, until the new words are.
    const other = await openPaper(web, tokens.second, exam);
    expect(other.questions[0]?.item.stem).toBe('地线可以省略。');
    const again = await openPaper(web, learner, exam);
    expect(again.questions[0]?.item.stem).toBe('地线可以省略。');
    await save(web, learner, again, { 0: { kind: 'true-false', value: false } });
    await call(web, 'submitAttempt', {
      token: learner,
      params: { id: again.id },
      body: { lease: again.lease },
    });
    expect((await resultOf(learner, again.id)).body.attempt.grade).toMatchObject({
      earned: 100,
      passed: true,
    });
  });

  it('[EX2, EX3, EX5] what is saved is graded; a person marks what a person has to read', async () => {
    const exam = await seedExam(web, items);
    const paper = await openPaper(web, tokens.learner, exam);
    expect(paper.questions.map(({ item }) => item.kind)).toEqual(contents.map(({ kind }) => kind));
    const saved = await save(web, tokens.learner, paper, everything);
    expect(saved.body).toMatchObject({ standing: 'accepted', ask: null });
    const submit = () =>
      call(web, 'submitAttempt', {
        token: tokens.learner,
        params: { id: paper.id },
        body: { lease: paper.lease },
      });
    const ten = await Promise.all(Array.from({ length: 10 }, submit));
    expect(new Set(ten.map(({ body }) => body.submittedAt)).size).toBe(1);
    expect(await web.db.prisma.examGrading.count({ where: { attemptId: paper.id } })).toBe(1);
    const waiting = (await resultOf(tokens.learner, paper.id)).body;
    expect(waiting.attempt.grade).toEqual({ earned: 600, most: 700, waiting: 1, passed: true });
    const learnerId = web.world.idOf('learner');
    const mark = (earned: number, gradingVersion: number) =>
      call(web, 'markAnswer', {
        token: tokens.teacher,
        params: { id: paper.id },
        body: { position: 6, earned, note: '可以', gradingVersion },
      });
    expect((await mark(101, 1)).error?.code).toBe('invalid-input');
    expect((await mark(50, 1)).body.grade).toEqual({ earned: 650, most: 700, waiting: 0, passed: true });
    expect((await mark(60, 1)).error?.code).toBe('outdated');
    const outcomes = await examOutcomes(web.db, web.world.course.id, [learnerId, web.world.idOf('evil')]);
    expect(outcomes.get(learnerId)).toMatchObject({ state: 'passed' });
    expect(outcomes.get(web.world.idOf('evil'))?.state).toBe('not-taken');
  });
});

describe('[EX6] what is right', () => {
  it('reaches no learner before nobody can write any more, in any answer of the server', async () => {
    const exam = await seedExam(web, items);
    const heard: string[] = [];
    const listening = async <T extends { bytes: Buffer }>(asked: Promise<T>): Promise<T> => {
      const answer = await asked;
      heard.push(answer.bytes.toString('utf8'));
      return answer;
    };
    const { second: token } = tokens;
    const paper = await openPaper(web, token, exam);
    await listening(call(web, 'openAttempt', { token, params: { id: exam } }));
    const now = await openPaper(web, token, exam);
    await listening(save(web, token, now, everything));
    await listening(
      call(web, 'submitAttempt', { token, params: { id: now.id }, body: { lease: now.lease } }),
    );
    const during = await listening(resultOf(token, now.id));
    await listening(call(web, 'ownExams', { token }));
    await listening(call(web, 'ownExam', { token, params: { id: exam } }));
    for (const name of ['getItem', 'readAttempt', 'previewExam', 'examStatistics', 'listItems'] as const) {
      const id =
        { getItem: items[0], readAttempt: paper.id, listItems: web.world.course.id }[String(name)] ?? exam;
      const answer = await listening(call(web, name, { token, params: { id } }));
      expect([name, [403, 404].includes(answer.status)]).toEqual([name, true]);
    }
    expect(during.body.questions).toBe(null);
    const said = heard.join('\n');
    for (const secret of Object.values(secrets)) expect(said.includes(secret)).toBe(false);
    for (const name of ['correct', 'accepted', 'rubric', 'pairs'])
      expect([name, said.includes(`"${name}":`)]).toEqual([name, false]);

    // Somebody else has more time: until then nobody is told.
    const granted = await call(web, 'allowTime', {
      token: tokens.teacher,
      params: { id: exam, userId: web.world.idOf('evil') },
      body: { extraMs: 20 * minute, ground: 'need' },
    });
    expect(granted.status).toBe(204);
    await pass(70 * minute);
    expect((await resultOf(tokens.second, now.id)).body.questions).toBe(null);
    await pass(11 * minute);
    const after = (await resultOf(tokens.second, now.id)).body;
    expect(after.questions?.map(({ line }) => line.earned)).toEqual([100, 100, 100, 100, 100, 100, null]);
    expect(after.questions?.[0]?.content).toMatchObject({ correct: [1], explanation: secrets.explanation });
  });
});

describe('[EX1] time', () => {
  it('opens and closes by the server', async () => {
    const now = web.clock();
    const coming = await seedExam(web, items, { opensAt: now + 10 * minute });
    const over = await seedExam(web, items, { opensAt: now - 20 * minute, closesAt: now - 1 });
    const open = (id: string) => call(web, 'openAttempt', { token: tokens.evil, params: { id } });
    expect([(await open(coming)).error?.code, (await open(over)).error?.code]).toEqual([
      'exam-not-open',
      'exam-over',
    ]);
  });

  it('[EX2] ends by itself with what was saved, and a refused answer is kept as refused', async () => {
    const exam = await seedExam(web, items, { durationMs: 2 * minute, attempts: 2 });
    const paper = await openPaper(web, tokens.evil, exam);
    await save(web, tokens.evil, paper, { 0: { kind: 'single', choice: [1] } });
    await pass(2 * minute - 1_000);
    await save(web, tokens.evil, paper, {});
    web.pass(onTheWayMs);
    expect((await save(web, tokens.evil, paper, { 1: rightAnswers[1] ?? null })).body.standing).toBe(
      'accepted',
    );
    web.pass(closedAfterMs);
    const late = await save(web, tokens.evil, paper, { 2: rightAnswers[2] ?? null });
    expect(late.body.standing).toBe('refused');
    const result = await resultOf(tokens.evil, paper.id);
    expect(result.body.attempt).toMatchObject({ state: 'expired', grade: { earned: 200 } });
    const submitted = await call(web, 'submitAttempt', {
      token: tokens.evil,
      params: { id: paper.id },
      body: { lease: paper.lease },
    });
    expect(submitted.error?.code).toBe('exam-over');
    const stray = await web.db.prisma.examStrayAnswer.findMany({ where: { attemptId: paper.id } });
    expect(stray.map(({ position, standing }) => [position, standing])).toEqual([[2, 'refused']]);
  });

  it('keeps what comes after a lost connection as late, for a person to accept', async () => {
    const exam = await seedExam(web, items, { durationMs: 2 * minute });
    const paper = await openPaper(web, tokens.second, exam);
    await save(web, tokens.second, paper, { 0: { kind: 'single', choice: [0] } });
    // The page is gone for the last minute, and writes on.
    await pass(2 * minute + lostAfterMs + closedAfterMs);
    const sent = await save(web, tokens.second, paper, {
      0: rightAnswers[0] ?? null,
      2: rightAnswers[2] ?? null,
    });
    expect(sent.body.standing).toBe('late');
    expect((await resultOf(tokens.second, paper.id)).body.attempt.grade?.earned).toBe(0);
    const read = await call(web, 'readAttempt', { token: tokens.teacher, params: { id: paper.id } });
    expect(read.body.late.map(({ position, standing }) => [position, standing])).toEqual([
      [0, 'late'],
      [2, 'late'],
    ]);
    const decide = (position: number, accepted: boolean) => {
      const one = read.body.late.find((late) => late.position === position);
      if (!one) throw new Error('no late answer');
      return call(web, 'decideLate', {
        token: tokens.teacher,
        params: { id: paper.id },
        body: { position, lease: one.lease, sequence: one.sequence, accepted, reason: '断网有记录' },
      });
    };
    expect((await decide(0, true)).body).toMatchObject({ grade: { earned: 100 } });
    expect((await decide(0, false)).error?.code).toBe('already-done');
    const left = await decide(2, false);
    expect(left.body.grade?.earned).toBe(100);
    expect(left.body.gradings.map(({ cause, reason }) => [cause, reason])).toEqual([
      ['automatic', ''],
      ['late-accepted', '断网有记录'],
    ]);
  });

  it('extra time is had at once', async () => {
    const exam = await seedExam(web, items, { durationMs: 2 * minute });
    const paper = await openPaper(web, tokens.learner, exam);
    const granted = await call(web, 'allowTime', {
      token: tokens.teacher,
      params: { id: exam, userId: web.world.idOf('learner') },
      body: { extraMs: 10 * minute, ground: 'technical' },
    });
    expect(granted.error).toBe(null);
    const { body } = await save(web, tokens.learner, paper, {});
    expect(body.deadline).toBe((paper.deadline ?? 0) + 10 * minute);
  });
});

describe('[EX2] the writer', () => {
  it('sent twice, late and out of order, each answer stands once and the latest wins', async () => {
    const exam = await seedExam(web, items);
    const paper = await openPaper(web, tokens.evil, exam);
    const choose = (place: number, sequence: number) =>
      save(web, tokens.evil, paper, { 0: { kind: 'single', choice: [place] } }, { sequence });
    await Promise.all([choose(2, 3), choose(0, 1), choose(1, 2), choose(2, 3), choose(0, 1)]);
    await choose(1, 2);
    const rows = await web.db.prisma.examAnswer.findMany({ where: { attemptId: paper.id } });
    expect(rows.map(({ answer, sequence }) => [answer, sequence])).toEqual([
      [{ kind: 'single', choice: [2] }, 3],
    ]);
    await save(web, tokens.evil, paper, { 0: null }, { sequence: 4 });
    expect((await openPaper(web, tokens.evil, exam)).questions[0]?.answer).toBe(null);
  });

  it('of two tabs the later one writes, and the earlier one is told', async () => {
    const exam = await seedExam(web, items);
    const [one, other] = [
      await openPaper(web, tokens.second, exam),
      await openPaper(web, tokens.second, exam),
    ];
    expect(other.id).toBe(one.id);
    const first = await save(web, tokens.second, one, { 0: { kind: 'single', choice: [0] } });
    expect(first.error?.code).toBe('taken-over');
    expect((await save(web, tokens.second, other, { 0: rightAnswers[0] ?? null })).status).toBe(200);
    const submitted = await call(web, 'submitAttempt', {
      token: tokens.second,
      params: { id: one.id },
      body: { lease: one.lease },
    });
    expect(submitted.error?.code).toBe('taken-over');
  });

  it('two pages that begin at once have one attempt', async () => {
    const exam = await seedExam(web, items, { attempts: 5 });
    const both = await Promise.all([1, 2, 3, 4].map(() => openPaper(web, tokens.learner, exam)));
    expect(new Set(both.map(({ id }) => id)).size).toBe(1);
    expect(new Set(both.map(({ lease }) => lease)).size).toBe(4);
  });

  it('[EX7] a login elsewhere waits for a person where no face can be asked for', async () => {
    const exam = await seedExam(web, items);
    const paper = await openPaper(web, tokens.learner, exam);
    await save(web, tokens.learner, paper, { 0: rightAnswers[0] ?? null });
    await logIn('learner');
    const open = () => call(web, 'openAttempt', { token: tokens.learner, params: { id: exam } });
    expect((await open()).body).toEqual({ state: 'held', why: 'elsewhere', ask: null });
    expect((await save(web, tokens.learner, paper, { 0: null })).error?.code).toBe('taken-over');
    const board = await call(web, 'examBoard', { token: tokens.staff, params: { id: exam } });
    expect(board.body.rows.find(({ attemptId }) => attemptId === paper.id)?.waitsFor).toBe('entry');
    const entry = () =>
      call(web, 'letIn', {
        token: tokens.staff,
        params: { id: paper.id },
        body: { reason: '当面核对了证件' },
      });
    expect((await entry()).status).toBe(204);
    expect((await entry()).error?.code).toBe('conflict');
    const inside = (await open()).body;
    expect(inside.state === 'open' && inside.paper.questions[0]?.answer).toEqual(rightAnswers[0]);
    const read = await call(web, 'readAttempt', { token: tokens.teacher, params: { id: paper.id } });
    expect(read.body.events.map(({ kind }) => kind)).toContain('waiting');
    expect(read.body.questions).toEqual([]);
  });

  it('[EX7] leaving the page is recorded, and costs nothing', async () => {
    const exam = await seedExam(web, items);
    const paper = await openPaper(web, tokens.second, exam);
    await save(web, tokens.second, paper, everything, { visible: false });
    await save(web, tokens.second, paper, {}, { visible: true });
    await call(web, 'submitAttempt', {
      token: tokens.second,
      params: { id: paper.id },
      body: { lease: paper.lease },
    });
    const read = await call(web, 'readAttempt', { token: tokens.teacher, params: { id: paper.id } });
    expect(read.body.events.map(({ kind }) => kind)).toEqual(['opened', 'hidden', 'shown', 'submitted']);
    expect(read.body.grade?.earned).toBe(600);
  });
});

describe('what is no answer', () => {
  it('is refused with its code, and stores nothing', async () => {
    const exam = await seedExam(web, items);
    const paper = await openPaper(web, tokens.learner, exam);
    const codeOf = async (answers: Parameters<typeof save>[3]) =>
      (await save(web, tokens.learner, paper, answers)).error?.code;
    expect(await codeOf({ 7: rightAnswers[0] ?? null })).toBe('invalid-input');
    expect(await codeOf({ 199: null })).toBe('invalid-input');
    expect(await codeOf({ 0: rightAnswers[2] ?? null })).toBe('invalid-input');
    expect(await codeOf({ 6: { kind: 'short-answer', text: '长'.repeat(8_001) } })).toBe('invalid-input');
    expect(await codeOf({ 6: { kind: 'short-answer', text: 'x'.repeat(1_000_000) } })).toBe('too-large');
    const foreign = await save(web, tokens.second, paper, { 0: rightAnswers[0] ?? null });
    expect(foreign.error?.code).toBe('not-found');
    const stranger = await call(web, 'openAttempt', {
      token: await tokenOf(web, 'stranger'),
      params: { id: exam },
    });
    expect(stranger.error?.code).toBe('not-found');
    expect(await web.db.prisma.examAnswer.count({ where: { attemptId: paper.id } })).toBe(0);
  });

  it('a place that was not shown earns nothing', async () => {
    const exam = await seedExam(web, items.slice(0, 1));
    const paper = await openPaper(web, tokens.learner, exam);
    await save(web, tokens.learner, paper, { 0: { kind: 'single', choice: [17] } });
    await call(web, 'submitAttempt', {
      token: tokens.learner,
      params: { id: paper.id },
      body: { lease: paper.lease },
    });
    expect((await resultOf(tokens.learner, paper.id)).body.attempt.grade?.earned).toBe(0);
  });
});

describe('[EX4] planning and correcting', () => {
  const plan = () => ({ by: 'rule' as const, lines: [{ kind: 'single' as const, count: 1, points: 100 }] });
  const body = (changed: object = {}) => ({
    kind: 'quiz' as const,
    title: '单元测验',
    opensAt: web.clock() - minute,
    closesAt: web.clock() + 60 * minute,
    durationMs: null,
    attempts: 1,
    passPercent: 60,
    plan: plan(),
    ...changed,
  });
  const create = (changed: object = {}) =>
    call(web, 'createExam', {
      token: tokens.teacher,
      params: { id: web.world.course.id },
      body: body(changed),
    });

  it('refuses what cannot be', async () => {
    for (const wrong of [
      { passPercent: 101 },
      { passPercent: -1 },
      { passPercent: 59.5 },
      { attempts: 0 },
      { closesAt: web.clock() - 2 * minute },
      { closesAt: null },
      { durationMs: 1 },
      { plan: { by: 'rule', lines: [] } },
      { plan: { by: 'fixed', questions: [{ itemId: items[0], points: 0 }] } },
    ])
      expect([wrong, (await create(wrong)).error?.code]).toEqual([wrong, 'invalid-input']);
  });

  it('is not published while the bank cannot fill it, and stands once somebody has begun', async () => {
    const short = (await create({ plan: { by: 'rule', lines: [{ count: 90, points: 100 }] } })).body;
    expect(short.missing[0]?.count).toBeGreaterThan(0);
    const publish = (id: string, version: number) =>
      call(web, 'setExamState', {
        token: tokens.teacher,
        params: { id },
        body: { state: 'published', version },
      });
    expect((await publish(short.id, short.version)).error?.code).toBe('conflict');
    const exam = (await create()).body;
    expect((await call(web, 'openAttempt', { token: tokens.learner, params: { id: exam.id } })).status).toBe(
      404,
    );
    expect((await publish(exam.id, exam.version)).body.state).toBe('published');
    const preview = await call(web, 'previewExam', { token: tokens.teacher, params: { id: exam.id } });
    expect(preview.body.questions.map(({ kind }) => kind)).toEqual(['single']);
    await openPaper(web, tokens.learner, exam.id);
    const change = (changed: object) =>
      call(web, 'updateExam', {
        token: tokens.teacher,
        params: { id: exam.id },
        body: {
          ...body({ opensAt: exam.opensAt, closesAt: exam.closesAt, ...changed }),
          version: exam.version + 1,
        },
      });
    expect((await change({ passPercent: 10 })).error?.code).toBe('conflict');
    expect((await change({ plan: { by: 'rule', lines: [{ count: 2, points: 100 }] } })).error?.code).toBe(
      'conflict',
    );
    expect((await change({ title: '单元测验（一）' })).body.title).toBe('单元测验（一）');
  });

  it('a correction adds a grading with who, why and what, and leaves the earlier ones', async () => {
    const [id = ''] = await seedBank(web, contents.slice(0, 1));
    const exam = await seedExam(web, [id]);
    const [wrong, right] = [
      await openPaper(web, tokens.learner, exam),
      await openPaper(web, tokens.second, exam),
    ];
    await save(web, tokens.learner, wrong, { 0: { kind: 'single', choice: [0] } });
    await save(web, tokens.second, right, { 0: { kind: 'single', choice: [1] } });
    for (const [token, paper] of [
      [tokens.learner, wrong],
      [tokens.second, right],
    ] as const)
      await call(web, 'submitAttempt', { token, params: { id: paper.id }, body: { lease: paper.lease } });
    const item = (await call(web, 'getItem', { token: tokens.teacher, params: { id } })).body;
    const corrected = { ...item.content, correct: [0] };
    await call(web, 'updateItem', {
      token: tokens.teacher,
      params: { id },
      body: { content: itemContent.parse(corrected), version: item.version },
    });
    // Nothing has changed by that alone.
    expect((await resultOf(tokens.learner, wrong.id)).body.attempt.grade?.earned).toBe(0);
    const regrade = (how: 'by-revision' | 'strike') =>
      call(web, 'regradeExam', {
        token: tokens.teacher,
        params: { id: exam },
        body: { itemId: id, how, reason: '答案有误' },
      });
    expect((await regrade('by-revision')).body).toEqual({ attempts: 2, changed: 2 });
    expect((await regrade('by-revision')).body).toEqual({ attempts: 2, changed: 0 });
    expect((await resultOf(tokens.learner, wrong.id)).body.attempt.grade?.earned).toBe(100);
    expect((await regrade('strike')).body).toEqual({ attempts: 2, changed: 1 });
    const read = await call(web, 'readAttempt', { token: tokens.teacher, params: { id: right.id } });
    expect(read.body.gradings.map(({ cause, reason, earned, by }) => [cause, reason, earned, by])).toEqual([
      ['automatic', '', 100, null],
      ['regraded', '答案有误', 0, '诸葛文远'],
      ['regraded', '答案有误', 100, '诸葛文远'],
    ]);
    const statistics = (await call(web, 'examStatistics', { token: tokens.staff, params: { id: exam } }))
      .body;
    expect(statistics).toMatchObject({ attempts: 2, graded: 2, passed: 2, meanRate: 1 });
  });

  it('the database itself refuses to change what was asked and what was found', async () => {
    const { prisma } = web.db;
    await expect(prisma.bankItemRevision.updateMany({ data: { revision: 9 } })).rejects.toThrow();
    await expect(prisma.examGrading.updateMany({ data: { earned: 0 } })).rejects.toThrow();
    await expect(prisma.examAttempt.updateMany({ data: { paper: [] } })).rejects.toThrow();
    await expect(prisma.examEvent.deleteMany({})).rejects.toThrow();
  });
});
