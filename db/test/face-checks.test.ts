import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  askFaceChecks,
  claimFaceCheck,
  dropFaceChecks,
  faceChecksOfClass,
  getFaceCheck,
  settleFaceCheck,
  settleSilent,
  tracesOf,
  type FaceCheck,
  type FaceCheckOutcome,
} from '../src/face-checks.ts';
import { hourSignInsOf } from '../src/hour-sign-ins.ts';
import { beginWaiting, decideRecognition, recognitionsOf } from '../src/recognitions.ts';
import { testDatabase, type TestDatabase } from '../src/testing/database.ts';
import { t0 } from './world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const newCheck = (changes: Partial<FaceCheck> = {}): FaceCheck => ({
  id: randomUUID(),
  kind: 'class',
  contextId: randomUUID(),
  userId: randomUUID(),
  purpose: 'sign-in',
  hour: 1,
  cause: 'schedule',
  nonce: randomBytes(18).toString('base64url'),
  pictures: 1,
  motion: null,
  askedAt: t0,
  deadline: t0 + 60_000,
  ...changes,
});
const outcome = (check: FaceCheck, changes: Partial<FaceCheckOutcome> = {}): FaceCheckOutcome => ({
  id: check.id,
  at: t0 + 5_000,
  verdict: 'match',
  signed: null,
  traces: [],
  pictures: null,
  signIn: { classId: check.contextId, userId: check.userId, hour: 1, at: t0 + 4_000 },
  ...changes,
});

describe('[PR3] a question', () => {
  it('is asked of one person once at a time in one place, however many ask', async () => {
    const { db } = database;
    const check = newCheck();
    const again = newCheck({ contextId: check.contextId, userId: check.userId });
    const elsewhere = newCheck({ userId: check.userId });
    const asked = await Promise.all([askFaceChecks(db, [check, elsewhere]), askFaceChecks(db, [again])]);
    expect(asked.flatMap((ids) => [...ids])).toHaveLength(2);
  });

  it('is answered once and settled once, with the sign-in in the same moment [AT7]', async () => {
    const { db } = database;
    const check = newCheck();
    const { id, userId, nonce, contextId } = check;
    await askFaceChecks(db, [check]);
    const at = t0 + 4_000;
    expect(await claimFaceCheck(db, { id, userId, nonce: 'another', at })).toBe(false);
    expect(await claimFaceCheck(db, { id, userId: randomUUID(), nonce, at })).toBe(false);
    const claims = await Promise.all([1, 2, 3].map(() => claimFaceCheck(db, { id, userId, nonce, at })));
    expect(claims.filter(Boolean)).toHaveLength(1);
    await beginWaiting(db, contextId, [{ userId, hour: 1, since: t0, cause: 'errors' }]);
    const settled = await Promise.all([1, 2].map(() => settleFaceCheck(db, outcome(check))));
    expect(settled.filter(Boolean)).toHaveLength(1);
    expect(await hourSignInsOf(db, contextId, [userId])).toMatchObject([{ method: 'face', at }]);
    expect(await recognitionsOf(db, contextId)).toEqual([]);
  });

  it('without an answer is none; with one that nobody judged it is our own failure, and after its time alone', async () => {
    const { db } = database;
    const [silent, answered, fresh] = [newCheck(), newCheck(), newCheck()];
    await askFaceChecks(db, [silent, answered, fresh]);
    await claimFaceCheck(db, { ...answered, at: t0 + 1_000 });
    await claimFaceCheck(db, { ...fresh, at: t0 + 59_000 });
    const ids = [silent.id, answered.id, fresh.id];
    const done = await settleSilent(db, { ids, at: t0 + 70_000, judgedBefore: t0 + 40_000 });
    const verdicts = new Map(done.map(({ id, verdict }) => [id, verdict]));
    expect(verdicts).toEqual(
      new Map([
        [silent.id, 'no-answer'],
        [answered.id, 'error'],
      ]),
    );
    // The answer that comes after all changes nothing that was said.
    expect(await settleFaceCheck(db, outcome(silent))).toBe(false);
    expect(await hourSignInsOf(db, silent.contextId, null)).toEqual([]);
  });

  it('is dropped without a verdict when its learner has gone, unless it was answered', async () => {
    const { db } = database;
    const [gone, answered] = [newCheck(), newCheck()];
    await askFaceChecks(db, [gone, answered]);
    await claimFaceCheck(db, { ...answered, at: t0 + 1_000 });
    await dropFaceChecks(db, { ids: [gone.id, answered.id], at: t0 + 2_000 });
    expect(await getFaceCheck(db, gone.id)).toMatchObject({ settledAt: t0 + 2_000, verdict: null });
    expect(await getFaceCheck(db, answered.id)).toMatchObject({ settledAt: null });
    // The place is free for another question.
    const anew = newCheck({ contextId: gone.contextId, userId: gone.userId });
    expect((await askFaceChecks(db, [anew])).size).toBe(1);
  });

  it('leaves traces by which a picture is known again, and all a takeover needs', async () => {
    const { db } = database;
    const check = newCheck();
    await askFaceChecks(db, [check]);
    await claimFaceCheck(db, { ...check, at: t0 + 4_000 });
    const trace = { digest: 'a'.repeat(64), hash: 'b'.repeat(64) };
    await settleFaceCheck(db, outcome(check, { verdict: 'error', signIn: null, traces: [trace] }));
    expect(await tracesOf(db, check.userId)).toEqual([{ ...trace, at: t0 + 4_000 }]);
    const open = newCheck({ contextId: check.contextId, userId: check.userId, askedAt: t0 + 10_000 });
    await askFaceChecks(db, [open]);
    const { checks, errors } = await faceChecksOfClass(db, check.contextId);
    expect(checks.map(({ id }) => id)).toEqual([check.id, open.id]);
    expect(errors).toEqual(new Map([[check.userId, 1]]));
  });
});

describe('[AT7] who waits for a person', () => {
  it('is decided once; waiting counts, and who was refused may wait anew', async () => {
    const { db } = database;
    const [classId, userId, by] = [randomUUID(), randomUUID(), randomUUID()];
    const wait = (since: number) => beginWaiting(db, classId, [{ userId, hour: 1, since, cause: 'no-face' }]);
    await wait(t0);
    await wait(t0 + 1_000);
    expect(await recognitionsOf(db, classId)).toMatchObject([{ since: t0, decision: null }]);
    const decide = (decision: 'confirmed' | 'refused', at: number) =>
      decideRecognition(db, { classId, userId, hour: 1, by, at, decision });
    expect(await decide('refused', t0 + 60_000)).toBe(true);
    expect(await decide('confirmed', t0 + 60_000)).toBe(false);
    await wait(t0 + 90_000);
    const twice = await Promise.all([1, 2].map(() => decide('confirmed', t0 + 120_000)));
    expect(twice.filter(Boolean)).toHaveLength(1);
    expect(await hourSignInsOf(db, classId, [userId])).toMatchObject([
      { method: 'person', at: t0 + 120_000, countsFrom: t0 + 90_000 },
    ]);
  });
});
