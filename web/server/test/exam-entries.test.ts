/** [PR1, EX7] An exam that asks for identity, and learners whose face cannot be asked for: a person looks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minute, openPaper, rightAnswers, save, seedBank, seedExam } from './exam-steps.ts';
import { call, cookieOf, type RunningWeb, runWeb } from './running-web.ts';

let web: RunningWeb;
let items: string[];
const people = ['learner', 'second', 'staff'] as const;
const tokens = { learner: '', second: '', staff: '' };
const cookies = new Map<string, string>();
beforeAll(async () => {
  web = await runWeb();
  items = await seedBank(web);
  for (const who of people) {
    const answer = await call(web, 'login', { body: { login: who, password: web.world.password } });
    tokens[who] = answer.body.accessToken;
    cookies.set(who, cookieOf(answer));
  }
});
afterAll(() => web?.close());

/** Server time goes on; the same logins get new tokens. */
async function pass(ms: number): Promise<void> {
  web.pass(ms);
  for (const who of people) {
    const answer = await call(web, 'refresh', { headers: { cookie: cookies.get(who) ?? '' } });
    tokens[who] = answer.body.accessToken;
    cookies.set(who, cookieOf(answer));
  }
}

const open = (id: string, who: 'learner' | 'second' = 'learner') =>
  call(web, 'openAttempt', { token: tokens[who], params: { id } });
const admit = (id: string, who: 'learner' | 'second' = 'learner') =>
  call(web, 'admitToExam', {
    token: tokens.staff,
    params: { id, userId: web.world.idOf(who) },
    body: { reason: '当面核对了证件' },
  });
async function rowOf(id: string, who: 'learner' | 'second' = 'learner') {
  const { body } = await call(web, 'examBoard', { token: tokens.staff, params: { id } });
  return body.rows.find(({ userId }) => userId === web.world.idOf(who));
}
const atDoor = { state: 'held', why: 'door', ask: null };

describe('who has no face on record', () => {
  it('begins once a person has seen who it is, and not before', async () => {
    const exam = await seedExam(web, items, { identity: 'required' });
    // Whoever is not at the door is let in by nobody.
    expect((await admit(exam)).error?.code).toBe('conflict');
    expect((await open(exam)).body).toEqual(atDoor);
    expect((await open(exam)).body).toEqual(atDoor);
    expect(await rowOf(exam)).toMatchObject({ state: 'not-started', waitsFor: 'beginning', attemptId: null });
    expect((await admit(exam)).status).toBe(204);
    expect((await admit(exam)).error?.code).toBe('conflict');
    expect((await rowOf(exam))?.waitsFor).toBeNull();

    const paper = await openPaper(web, tokens.learner, exam);
    expect((await save(web, tokens.learner, paper, { 0: rightAnswers[0] ?? null })).status).toBe(200);
    const read = await call(web, 'readAttempt', { token: tokens.staff, params: { id: paper.id } });
    expect(read.body.events.map(({ kind }) => kind)).toEqual(['recognised', 'opened']);
    const [entry] = await web.db.sql<{ action: string; actorId: string }>(
      `SELECT "action", "actorId" FROM "AuditEntry" WHERE "action" = 'exam.admitted' ORDER BY "at" DESC LIMIT 1`,
    );
    expect(entry?.actorId).toBe(web.world.idOf('staff'));
  });

  it('is let in to each attempt anew', async () => {
    const exam = await seedExam(web, items, { identity: 'required', attempts: 2 });
    await open(exam);
    await admit(exam);
    const paper = await openPaper(web, tokens.learner, exam);
    await call(web, 'submitAttempt', {
      token: tokens.learner,
      params: { id: paper.id },
      body: { lease: paper.lease },
    });
    expect((await open(exam)).body).toEqual(atDoor);
  });

  it('loses nothing by waiting, not even at the end of the window', async () => {
    const exam = await seedExam(web, items, {
      identity: 'required',
      closesAt: web.clock() + 20 * minute,
      durationMs: 15 * minute,
    });
    for (let waited = 0; waited < 10; waited += 0.5) {
      expect((await open(exam)).body).toEqual(atDoor);
      await pass(minute / 2);
    }
    await admit(exam);
    const begun = web.clock();
    const paper = await openPaper(web, tokens.learner, exam);
    // All of its quarter of an hour, of which the window would have cut off five minutes.
    expect(paper.deadline).toBeGreaterThan(begun + 14.9 * minute);
  });

  it('who went away is not at the door, and has not waited', async () => {
    const exam = await seedExam(web, items, { identity: 'required', closesAt: web.clock() + 20 * minute });
    expect((await open(exam, 'second')).body).toEqual(atDoor);
    await pass(2 * minute);
    expect((await rowOf(exam, 'second'))?.waitsFor).toBeNull();
    expect((await admit(exam, 'second')).error?.code).toBe('conflict');
    await pass(19 * minute);
    expect((await open(exam, 'second')).error?.code).toBe('exam-over');
  });

  it('nobody waits where the exam does not ask', async () => {
    const exam = await seedExam(web, items);
    expect((await open(exam)).body.state).toBe('open');
  });
});

describe('what was right', () => {
  it('[EX6] is shown to nobody while somebody who waited still writes', async () => {
    const exam = await seedExam(web, items, {
      identity: 'required',
      show: 'answers',
      closesAt: web.clock() + 3 * minute,
      durationMs: 15 * minute,
      attempts: 1,
    });
    await open(exam);
    await admit(exam);
    const paper = await openPaper(web, tokens.learner, exam);
    await call(web, 'submitAttempt', {
      token: tokens.learner,
      params: { id: paper.id },
      body: { lease: paper.lease },
    });
    for (let waited = 0; waited < 4; waited += 0.5) {
      expect((await open(exam, 'second')).body).toEqual(atDoor);
      await pass(minute / 2);
    }
    const result = () => call(web, 'attemptResult', { token: tokens.learner, params: { id: paper.id } });
    // The window has closed for the first, and the other is still at the door.
    expect((await result()).body.questions).toBeNull();
    await open(exam, 'second');
    await admit(exam, 'second');
    expect((await open(exam, 'second')).body.state).toBe('open');
    await pass(minute);
    expect((await result()).body.questions).toBeNull();
    await pass(4 * minute);
    expect((await result()).body.questions).not.toBeNull();
  });
});
