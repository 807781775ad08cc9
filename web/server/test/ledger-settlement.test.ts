import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { newId } from '@keshi/db/ids';
import { entriesOfCourse, pageEntries } from '@keshi/db/ledger';
import { recordOutage } from '@keshi/db/outages';
import { upsertIntervals } from '@keshi/db/presence';
import { type TestDatabase, testDatabase } from '@keshi/db/testing/database';
import { updateCourse } from '@keshi/db/courses';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trustedKeys, createRootSigner } from '../src/ledger/root-signer.ts';
import { verifyLedger } from '../src/ledger/verify.ts';
import { storeCheck } from './check-rows.ts';
import { ledgerKey, ledgerWorld, type LedgerWorld, minute, startWorker } from './ledger-world.ts';

let test: TestDatabase;
let here: LedgerWorld;
let first: string;
let second: string;
const start = Date.now() - 5 * 3_600_000;
const hour = 45 * minute;
const keys = trustedKeys([Buffer.from(createRootSigner(ledgerKey).publicKey, 'base64')]);

beforeEach(async () => {
  test = await testDatabase();
  here = await ledgerWorld(test.db);
  [first = '', second = ''] = here.learnerIds;
});
afterEach(() => test.close());

const contents = async (learnerId = first) =>
  (await entriesOfCourse(test.db, learnerId, here.course.id)).map(({ content, deltaMs }) => ({
    ...content,
    deltaMs,
  }));
const holds = async () => expect((await verifyLedger(test.db, keys)).problems).toEqual([]);

describe('settlement of a class', () => {
  it('[AT7, AT10, CH2] enters every hour of everybody once, those that earn nothing with their reason', async () => {
    const classId = await here.held(start);
    await here.attends(classId, [first], start, start + 70 * minute);
    await here.signsIn(classId, [first], 1, start + 3 * minute);
    const worker = startWorker(test.db);
    await worker.sweep();
    await worker.sweep();
    expect(await contents()).toMatchObject([
      {
        kind: 'settlement',
        hour: 1,
        revision: 1,
        creditedMs: hour,
        deltaMs: hour,
        signIn: 'face',
        uncredited: [],
      },
      {
        hour: 2,
        creditedMs: 0,
        presentMs: 25 * minute,
        deltaMs: 0,
        signIn: null,
        uncredited: [
          { reason: 'no-sign-in', ms: 25 * minute },
          { reason: 'left', ms: 20 * minute },
        ],
      },
    ]);
    expect(await contents(second)).toMatchObject([
      { hour: 1, creditedMs: 0, uncredited: [{ reason: 'absent', ms: hour }] },
      { hour: 2, creditedMs: 0, uncredited: [{ reason: 'absent', ms: hour }] },
    ]);
    await holds();
  });

  it('waits for the grace, for facts that are on their way, and for ends that are not on record', async () => {
    const classId = await here.held(start);
    await here.signsIn(classId, [first], 1, start);
    let waiting = 1;
    let now = Date.now();
    const worker = startWorker(test.db, { clock: () => now, graceMs: 60_000, depth: () => waiting });
    const entries = async () => (await contents()).length;
    await worker.sweep();
    now += 61_000;
    await worker.sweep();
    expect(await entries()).toBe(0);
    // The facts of the class have just come; that nothing is done with them is told once it lasts.
    expect((await worker.health.report()).checks['settlement-lag']).toMatchObject({ status: 'ok' });
    now += 20 * minute;
    await worker.sweep();
    expect((await worker.health.report()).checks['settlement-lag']).toMatchObject({ status: 'degraded' });
    expect(await worker.metrics.text()).toMatch(/keshi_ledger_settlement_lag_seconds\{[^}]*\} [1-9]/);
    waiting = 0;
    const open = {
      id: newId(),
      visitId: newId(),
      classId,
      userId: first,
      from: start,
      lastProof: start + 90 * minute,
      cause: 'open' as const,
    };
    await upsertIntervals(test.db, [open]);
    now += 61_000;
    await worker.sweep();
    expect(await entries()).toBe(0);
    await upsertIntervals(test.db, [{ ...open, cause: 'ended' }]);
    now += 122_000;
    await worker.sweep();
    expect(await contents()).toMatchObject([{ creditedMs: hour }, { creditedMs: 0 }]);
    expect((await worker.health.report()).checks['settlement-lag']).toMatchObject({ status: 'ok' });
  });

  it('[PR5] takes back what failed checks took back, and gives it again once a person dismissed the finding', async () => {
    const classId = await here.held(start, 45);
    await here.attends(classId, [first], start, start + 45 * minute);
    await here.signsIn(classId, [first], 1, start);
    const failed = [30, 31].map((at) => ({ userId: first, classId, at: start + at * minute }));
    const checkIds: string[] = [];
    for (const check of failed)
      checkIds.push(await storeCheck(test.db, null, { ...check, verdict: 'mismatch' }));
    const worker = startWorker(test.db);
    await worker.sweep();
    const taken = { presentMs: 39 * minute, uncredited: [{ reason: 'identity-failed', ms: 6 * minute }] };
    expect(await contents()).toMatchObject([taken]);
    const incident = await test.db.prisma.incident.create({
      data: {
        id: newId(),
        kind: 'class',
        contextId: classId,
        userId: first,
        courseId: here.course.id,
        orgPath: '/',
        openedAt: new Date(start),
        decideBy: new Date(start),
        keyId: newId(),
        checks: { create: checkIds.map((checkId) => ({ checkId })) },
      },
    });
    await test.db.prisma.incident.update({
      where: { id: incident.id },
      data: { state: 'dismissed', decidedAt: new Date(), decidedBy: newId(), reasonSealed: 'sealed' },
    });
    await worker.sweep();
    expect(await contents()).toMatchObject([
      taken,
      { kind: 'correction', creditedMs: hour, deltaMs: hour - 39 * minute },
    ]);
    await holds();
  });

  it('[AT4] waits while somebody may return from an outage of ours, settles the others, and bridges', async () => {
    const now = Date.now();
    const begin = now - 46 * minute;
    const classId = await here.held(begin, 45);
    await here.attends(classId, [first], begin, begin + 40 * minute);
    await test.db.sql(`UPDATE "PresenceInterval" SET "cause" = 'node-lost'`);
    await here.attends(classId, [second], begin, begin + 45 * minute);
    for (const one of [first, second]) await here.signsIn(classId, [one], 1, begin);
    await recordOutage(test.db, {
      kind: 'signaling',
      scope: 'node',
      from: begin + 40 * minute,
      to: now - 1000,
      retryMs: 10_000,
    });
    let shift = 0;
    const worker = startWorker(test.db, { clock: () => Date.now() + shift });
    await worker.sweep();
    expect(await contents(first)).toEqual([]);
    expect(await contents(second)).toMatchObject([{ creditedMs: hour }]);
    // A single proof on the page of the ended class is a return.
    await here.attends(classId, [first], now, now);
    shift = 90_000;
    await worker.sweep();
    expect(await contents(first)).toMatchObject([{ kind: 'settlement', creditedMs: hour, uncredited: [] }]);
    await holds();
  });

  it('[CH2] corrects with a new entry when a fact comes late, by the policy of then', async () => {
    const classId = await here.held(start, 45);
    await here.attends(classId, [first], start, start + 20 * minute);
    await here.signsIn(classId, [first, second], 1, start);
    const worker = startWorker(test.db);
    await worker.sweep();
    const [settled] = await entriesOfCourse(test.db, first, here.course.id);
    await updateCourse(test.db, {
      id: here.course.id,
      version: here.course.version,
      policy: { classHourMs: 10 * minute },
    });
    await here.attends(classId, [first], start + 30 * minute, start + 40 * minute);
    await worker.sweep();
    await worker.sweep();
    const entries = await entriesOfCourse(test.db, first, here.course.id);
    expect(entries[0]).toEqual(settled);
    expect(entries.slice(1)).toMatchObject([
      {
        deltaMs: 10 * minute,
        balanceMs: 30 * minute,
        content: {
          kind: 'correction',
          corrects: 1,
          cause: 'late-facts',
          revision: 2,
          creditedMs: 30 * minute,
        },
      },
    ]);
    expect(await contents(second)).toHaveLength(1);
    await holds();
  });

  it('asks for no sign-in where the course asks for none, and stops at the declared hours [CH5]', async () => {
    await updateCourse(test.db, {
      id: here.course.id,
      version: here.course.version,
      policy: { signIn: 'not-required', declaredHours: 1.5 },
    });
    const classId = await here.held(start);
    await here.attends(classId, [first], start, start + 90 * minute);
    await startWorker(test.db).sweep();
    expect(await contents()).toMatchObject([
      { signIn: 'not-required', deltaMs: hour },
      { creditedMs: hour, deltaMs: hour / 2 },
    ]);
    await holds();
  });

  it('holds no personal data, and refuses to be changed', async () => {
    const classId = await here.held(start);
    await here.attends(classId, [first], start, start + 90 * minute);
    await startWorker(test.db).sweep();
    const { rows } = await pageEntries(test.db, { learnerId: first });
    expect(JSON.stringify(rows)).not.toMatch(/张|learner-/);
    for (const statement of [
      'UPDATE "LedgerEntry" SET "deltaMs" = 1',
      'DELETE FROM "LedgerEntry"',
      'TRUNCATE "LedgerEntry"',
    ])
      await expect(test.db.sql(statement)).rejects.toThrow('append-only');
    // Not even for the retention job.
    await expect(
      test.db.transaction(async (sql) => {
        await sql(`SET LOCAL keshi.retention = 'on'`);
        await sql('DELETE FROM "LedgerEntry"');
      }),
    ).rejects.toThrow('append-only');
  });

  it('one class that cannot be settled holds up no other', async () => {
    const broken = await here.held(start);
    const sound = await here.held(start + 100 * minute);
    await here.attends(sound, [first], start + 100 * minute, start + 190 * minute);
    await here.attends(broken, [first], start, start + 10 * minute);
    await test.db.sql(`ALTER TABLE "PresenceInterval" DROP CONSTRAINT "PresenceInterval_cause_check"`);
    await test.db.sql(`UPDATE "PresenceInterval" SET "cause" = 'nonsense' WHERE "classId" = $1`, [broken]);
    const worker = startWorker(test.db);
    await worker.sweep();
    expect((await contents()).map((entry) => 'classId' in entry && entry.classId)).toEqual([sound, sound]);
    expect(await worker.metrics.text()).toMatch(/keshi_ledger_settlement_failures_total\{[^}]*\} 1/);
  });
});

describe('several at once', () => {
  it('two settlers without a lease between them enter everything once', async () => {
    here = await ledgerWorld(test.db, 120);
    const classIds = [await here.held(start), await here.held(start + 100 * minute)];
    for (const [index, classId] of classIds.entries()) {
      const from = start + index * 100 * minute;
      await here.attends(classId, here.learnerIds, from, from + 90 * minute);
      await here.signsIn(classId, here.learnerIds, 1, from);
    }
    await Promise.all(
      [startWorker(test.db), startWorker(test.db), startWorker(test.db)].map((one) => one.sweep()),
    );
    const [count] = await test.db.sql<{ n: number }>('SELECT count(*)::int AS n FROM "LedgerEntry"');
    expect(count?.n).toBe(120 * 4);
    for (const one of here.learnerIds.slice(0, 5)) expect(await here.balanceOf(one)).toBe(90);
    await holds();
  });

  it('a settler that is killed again and again loses nothing and doubles nothing', async () => {
    here = await ledgerWorld(test.db, 400);
    const classId = await here.held(start);
    await here.attends(classId, here.learnerIds, start, start + 90 * minute);
    await here.signsIn(classId, here.learnerIds, 1, start);
    const program = fileURLToPath(new URL('./settle-process.ts', import.meta.url));
    const entered = async () =>
      (await test.db.sql<{ n: number }>('SELECT count(*)::int AS n FROM "LedgerEntry"'))[0]?.n ?? 0;
    const counts: number[] = [];
    for (const least of [1, 250, 500]) {
      const child = fork(program, { env: { ...process.env, DATABASE_URL: test.url }, stdio: 'inherit' });
      const exited = once(child, 'exit');
      // Killed as soon as some of it is there: in the middle of the rest.
      await expect.poll(entered, { timeout: 30_000, interval: 1 }).toBeGreaterThanOrEqual(least);
      child.kill('SIGKILL');
      await exited;
      counts.push(await entered());
    }
    await startWorker(test.db).sweep();
    expect(await entered()).toBe(800);
    const [sum] = await test.db.sql<{ sum: string }>('SELECT sum("deltaMs") AS sum FROM "LedgerEntry"');
    expect(Number(sum?.sum)).toBe(400 * hour);
    await holds();
    // At least one of them died before it was through.
    expect(Math.min(...counts)).toBeLessThan(800);
  });
});
