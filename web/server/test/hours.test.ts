import { randomUUID } from 'node:crypto';
import { ledgerRootsFile } from '@keshi/contract/ledger';
import { pageAudit } from '@keshi/db/audit';
import { recordHourSignIn } from '@keshi/db/hour-sign-ins';
import readXlsx from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trustedKeys } from '../src/ledger/root-signer.ts';
import { verifyLedger } from '../src/ledger/verify.ts';
import { startWorker } from './ledger-world.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { names } from './world.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
let web: RunningWeb;
const tokens = new Map<string, string>();
const token = (who: string) => tokens.get(who);
let learnerId: string;
let worker: ReturnType<typeof startWorker>;

beforeAll(async () => {
  web = await runWeb();
  for (const who of [
    'learner',
    'second',
    'stranger',
    'teacher',
    'other-teacher',
    'staff',
    'employer',
    'other-employer',
    'other-staff',
    'regulator',
  ])
    tokens.set(who, await tokenOf(web, who));
  learnerId = web.world.idOf('learner');
  await recordHourSignIn(web.db, {
    classId: web.world.held.id,
    userId: learnerId,
    hour: 1,
    at: web.world.held.scheduledStart + minute,
    by: { method: 'face' },
  });
  worker = startWorker(web.db, { clock: web.clock });
  await worker.sweep();
});
afterAll(() => web.close());

const own = async (who = 'learner') =>
  (await call(web, 'hoursOf', { token: token(who), params: { userId: 'me' } })).body;
const decision = (extra: object = {}) => ({
  courseId: web.world.course.id,
  reason: '监控确认替课',
  evidenceId: randomUUID(),
  ...extra,
});

describe('one’s own hours', () => {
  it('[CH1, E3] by course, with what does not count and why', async () => {
    const { courses, days, name } = await own();
    expect(name).toBe(names.learner);
    expect(courses).toMatchObject([
      {
        courseTitle: '电工基础',
        creditedMs: 60 * minute,
        inRangeMs: 60 * minute,
        classHourMs: 45 * minute,
        hours: 1,
        presentMs: 60 * minute,
        liveMs: 60 * minute,
        violations: 0,
        eligible: true,
      },
    ]);
    expect(days).toBe(1);
    const entries = await call(web, 'ledgerEntries', { token: token('second'), params: { userId: 'me' } });
    expect(entries.body).toMatchObject({
      total: 1,
      rows: [
        {
          seq: 1,
          deltaMs: 0,
          said: {
            kind: 'settlement',
            classTitle: '第一课',
            hour: 1,
            signIn: null,
            uncredited: [
              { reason: 'late', ms: 20 * minute },
              { reason: 'no-sign-in', ms: 30 * minute },
              { reason: 'left', ms: 10 * minute },
            ].sort((a, b) => b.ms - a.ms),
          },
        },
      ],
    });
  });

  it('[PR2] are provisional until the identity is confirmed', async () => {
    const provisional = async () => (await own()).courses.map((course) => course.provisional);
    expect(await provisional()).toEqual([true]);
    const userId = web.world.idOf('learner');
    const at = new Date();
    const decided = { state: 'confirmed', decidedAt: at, decidedBy: 'authority' };
    await web.db.prisma.identityDocument.create({
      data: {
        userId,
        kind: 'resident-id',
        numberSealed: 's',
        numberIndex: 'i',
        ...decided,
        givenAt: at,
      },
    });
    expect(await provisional()).toEqual([false]);
    await web.db.prisma.faceEnrolment.create({ data: { userId, keyId: randomUUID(), enrolledAt: at } });
    expect(await provisional()).toEqual([true]);
    await web.db.prisma.faceEnrolment.update({ where: { userId }, data: decided });
    expect(await provisional()).toEqual([false]);
  });

  it('[E3] over time, by day, week and month of Asia/Shanghai', async () => {
    for (const by of ['day', 'week', 'month'] as const) {
      const { body } = await call(web, 'hoursTrend', {
        token: token('learner'),
        params: { userId: 'me' },
        query: { by },
      });
      expect(body.periods).toHaveLength(1);
      const [period] = body.periods;
      expect(period?.creditedMs).toBe(60 * minute);
      // Midnight of Asia/Shanghai.
      expect(((period?.from ?? 1) + 8 * 60 * minute) % day).toBe(0);
    }
    const before = { to: web.world.held.scheduledStart };
    const { body } = await call(web, 'hoursTrend', {
      token: token('learner'),
      params: { userId: 'me' },
      query: before,
    });
    expect(body.periods).toEqual([]);
    expect((await own('stranger')).courses).toEqual([]);
  });
});

describe('[B10] hours of others', () => {
  const list = async (who: string, query: object = {}) =>
    (await call(web, 'listHours', { token: token(who), query })).body;

  it('are seen by whoever supervises or teaches them, masked', async () => {
    for (const who of ['staff', 'employer', 'regulator', 'teacher']) {
      const { rows } = await list(who);
      const row = rows.find(({ userId }) => userId === learnerId);
      expect(row, who).toMatchObject({ name: '欧**', groups: ['一班'], creditedMs: 60 * minute });
      expect(JSON.stringify(rows)).not.toContain(names.learner);
    }
    for (const who of ['other-staff', 'other-employer', 'other-teacher'])
      expect((await list(who)).rows.map(({ userId }) => userId)).not.toContain(learnerId);
  });

  it('are narrowed by range, course, group and search', async () => {
    const inRange = async (query: object) =>
      (await list('staff', query)).rows.find(({ userId }) => userId === learnerId)?.inRangeMs;
    expect(await inRange({ from: web.clock() })).toBe(0);
    expect(await inRange({ to: web.clock() })).toBe(60 * minute);
    expect((await list('staff', { courseId: web.world.otherCourse.id })).total).toBe(0);
    expect((await list('staff', { groupId: web.world.group.id })).total).toBe(3);
    expect((await list('staff', { q: 'learn' })).total).toBe(1);
    expect((await list('staff', { q: '一班' })).total).toBe(3);
    expect((await list('staff', { limit: 1, offset: 1 })).rows).toHaveLength(1);
  });

  it('are exported as CSV and XLSX, to one decimal, rounded down, and the export is logged', async () => {
    const csv = await call(web, 'hoursFile', { token: token('staff'), params: { format: 'csv' } });
    const line = csv.bytes
      .toString('utf8')
      .split('\r\n')
      .find((one) => one.includes('learner'));
    expect(line).toMatch(/,欧\*\*,learner,电工基础,一班,1\.3,1:00:00,1:00:00,1,1:00:00,1:00:00,已核验,正常$/);
    expect(csv.bytes.toString('utf8')).not.toContain(names.learner);
    const xlsx = await call(web, 'hoursFile', {
      token: token('staff'),
      params: { format: 'xlsx' },
      query: { lang: 'en' },
    });
    const [sheet] = await readXlsx(xlsx.bytes);
    expect(JSON.stringify(sheet)).toContain('Credit hours');
    const { rows } = await pageAudit(web.db, { under: '', action: 'hours.exported' });
    expect(rows.map(({ detail }) => detail)).toContainEqual({ format: 'csv', people: 3 });
  });
});

describe('[CH3] decisions of staff', () => {
  it('take all hours back, once however often it is sent, with the words sealed and the act on the log', async () => {
    const params = { userId: learnerId };
    const body = decision({ ground: 'stand-in' as const });
    const ask = () =>
      call(web, 'reverseHours', { token: token('staff'), params, body: { ...body, ground: 'stand-in' } });
    const answers = [await ask(), await ask()];
    expect(answers.map((one) => one.body)).toMatchObject([
      { deltaMs: -60 * minute, balanceMs: 0, violations: 1, eligible: true, already: false },
      { deltaMs: -60 * minute, balanceMs: 0, already: true },
    ]);
    expect((await own()).courses[0]).toMatchObject({ creditedMs: 0, inRangeMs: 0, violations: 1 });
    const stored = await web.db.sql<{ textSealed: string }>('SELECT "textSealed" FROM "CreditDecision"');
    expect(stored).toHaveLength(1);
    expect(stored[0]?.textSealed).not.toContain('替课');
    const { rows } = await pageAudit(web.db, { under: web.world.school.path, action: 'hours.reversed' });
    expect(rows).toMatchObject([
      { targetId: learnerId, detail: { evidenceId: body.evidenceId, seconds: -3600 } },
    ]);

    const reversal = answers[0]?.body.seq ?? 0;
    const back = await call(web, 'restoreHours', {
      token: token('staff'),
      params,
      body: { ...decision(), ground: 'appeal-granted', reversal },
    });
    expect(back.body).toMatchObject({ deltaMs: 60 * minute, violations: 0, eligible: true });
    expect((await own()).courses[0]).toMatchObject({ creditedMs: 60 * minute, violations: 0 });
    const lines = await call(web, 'ledgerEntries', { token: token('learner'), params: { userId: 'me' } });
    expect(lines.body.rows.map(({ said }) => said)).toMatchObject([
      { kind: 'restoration', reversal, ground: 'appeal-granted' },
      { kind: 'reversal', ground: 'stand-in', restored: true },
      { kind: 'settlement' },
    ]);
  });

  it('end the subsidy with the second violation that stands', async () => {
    const params = { userId: learnerId };
    const reverse = () =>
      call(web, 'reverseHours', { token: token('staff'), params, body: { ...decision(), ground: 'idle' } });
    expect((await reverse()).body).toMatchObject({ violations: 1, eligible: true });
    const second = (await reverse()).body;
    expect(second).toMatchObject({ violations: 2, eligible: false });
    expect((await own()).courses[0]).toMatchObject({ violations: 2, eligible: false });
    await call(web, 'restoreHours', {
      token: token('staff'),
      params,
      body: { ...decision(), ground: 'mistake', reversal: second.seq },
    });
    expect((await own()).courses[0]).toMatchObject({ violations: 1, eligible: true });
  });

  it('are refused to everybody else, for people who are not theirs, and without a reason', async () => {
    const body = { ...decision(), ground: 'idle' as const };
    const ask = async (who: string, userId: string, more: object = {}) =>
      (await call(web, 'reverseHours', { token: token(who), params: { userId }, body: { ...body, ...more } }))
        .error?.code;
    for (const who of ['learner', 'teacher', 'employer', 'regulator', 'other-staff'])
      expect(await ask(who, learnerId)).toBe('forbidden');
    expect(await ask('staff', web.world.idOf('other-staff'))).toBe('not-found');
    expect(await ask('staff', learnerId, { reason: ' ' })).toBe('invalid-input');
    expect(await ask('staff', learnerId, { courseId: randomUUID() })).toBe('not-found');
    const wrong = await call(web, 'restoreHours', {
      token: token('staff'),
      params: { userId: learnerId },
      body: { ...decision(), ground: 'mistake', reversal: 1 },
    });
    expect(wrong.error?.code).toBe('not-found');
  });
});

describe('[CH2] roots', () => {
  it('are handed out as a file that verifies, with the key that signed', async () => {
    web.pass(day);
    // Server time has jumped, and with it the sessions have ended.
    await startWorker(web.db, { clock: web.clock }).sweep();
    const staff = await tokenOf(web, 'staff');
    const { body } = await call(web, 'listLedgerRoots', { token: staff });
    expect(body.total).toBe(1);
    const file = await call(web, 'ledgerRootsFile', { token: staff });
    const roots = ledgerRootsFile.parse(JSON.parse(file.bytes.toString('utf8')));
    const keys = trustedKeys(Object.values(roots.publicKeys).map((key) => Buffer.from(key, 'base64')));
    expect(await verifyLedger(web.db, keys, roots.roots)).toMatchObject({ roots: 1, problems: [] });
    expect(JSON.stringify(roots)).not.toContain(names.learner);
  });
});
