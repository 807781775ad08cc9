import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openIncidentPictures } from '@keshi/db/incident-evidence';
import { getIncident } from '@keshi/db/incidents';
import { type TestDatabase, testDatabase } from '@keshi/db/testing/database';
import { testVault } from '@keshi/db/testing/vault';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSteps } from '../src/incidents/steps.ts';
import { storeCheck } from './check-rows.ts';
import { startIncidentWorker } from './incident-worker.ts';
import { ledgerWorld, type LedgerWorld, minute } from './ledger-world.ts';

let test: TestDatabase;
let keys: Awaited<ReturnType<typeof testVault>>;
let here: LedgerWorld;
let classId: string;
let first: string;
const start = Date.now() - 3 * 3_600_000;
const picture = Buffer.from('ffd8 a picture of a face ffd9');

async function world(learners = 2) {
  here = await ledgerWorld(test.db, learners);
  classId = await here.held(start);
  [first = ''] = here.learnerIds;
}
beforeEach(async () => {
  [test, keys] = await Promise.all([testDatabase(), testVault()]);
  await world();
});
afterEach(() => Promise.all([test.close(), keys.close()]));

const failed = (verdict: 'mismatch' | 'no-face' | 'match' | 'uncertain', at: number, userId = first) =>
  storeCheck(test.db, keys.vault, {
    classId,
    userId,
    verdict,
    at: start + at * minute,
    ...(verdict === 'match' ? {} : { picture }),
  });
const incidents = async () => test.db.prisma.incident.findMany({ orderBy: { openedAt: 'asc' } });
const unweighed = () => test.db.prisma.faceCheck.count({ where: { weighedAt: null } });
const checksOf = async (incidentId: string) =>
  (await test.db.prisma.incidentCheck.findMany({ where: { incidentId } }))
    .map(({ checkId }) => checkId)
    .sort();

describe('[PR4] checks become incidents', () => {
  it('two that failed in a row make one; what failed later belongs to it; nothing is looked at twice', async () => {
    const worker = startIncidentWorker(test.db, keys.vault);
    await failed('mismatch', 1);
    await failed('match', 2);
    await worker.sweep();
    expect(await incidents()).toEqual([]);
    const ids = [await failed('no-face', 3), await failed('uncertain', 4), await failed('mismatch', 5)];
    await worker.sweep();
    await worker.sweep();
    const [incident, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      kind: 'class',
      contextId: classId,
      userId: first,
      courseId: here.course.id,
      orgPath: here.school.path,
      state: 'open',
      version: 1,
    });
    expect(await checksOf(incident?.id ?? '')).toEqual([ids[0], ids[2]].sort());
    const later = await failed('mismatch', 9);
    await worker.sweep();
    expect(await checksOf(incident?.id ?? '')).toEqual([ids[0], ids[2], later].sort());
    expect(await incidents()).toMatchObject([{ version: 2 }]);
    expect(await unweighed()).toBe(0);
    const audit = await test.db.prisma.auditEntry.findMany({ orderBy: { id: 'asc' } });
    expect(audit.map(({ action }) => action)).toEqual(['incident.opened', 'incident.extended']);
  });

  it('by two workers at once there is one for each person, with every check once', async () => {
    for (const userId of here.learnerIds) for (const at of [1, 2, 3, 4]) await failed('mismatch', at, userId);
    const workers = [1, 2, 3].map(() => startIncidentWorker(test.db, keys.vault));
    await Promise.all(workers.flatMap((worker) => [worker.sweep(), worker.sweep()]));
    expect(await incidents()).toHaveLength(2);
    expect(await test.db.prisma.incidentCheck.count()).toBe(8);
    expect(await test.db.prisma.incidentPicture.count()).toBe(8);
  });

  it('after one was dismissed, what was looked at before counts no more, and two new failures open another', async () => {
    const worker = startIncidentWorker(test.db, keys.vault);
    await failed('mismatch', 1);
    await failed('mismatch', 2);
    await worker.sweep();
    const [row] = await incidents();
    const incident = await getIncident(test.db, row?.id ?? '');
    if (!incident) throw new Error('no incident');
    const steps = createSteps({ db: test.db, clock: Date.now });
    await steps.dismiss({ incident, by: here.staffId, reason: '光线', address: '' });
    await failed('mismatch', 3);
    await worker.sweep();
    expect(await incidents()).toHaveLength(1);
    await failed('mismatch', 4);
    await worker.sweep();
    expect((await incidents()).map(({ state }) => state).sort()).toEqual(['dismissed', 'open']);
  });
});

describe('[PR6] the pictures of an incident', () => {
  const openOne = async () => {
    await failed('mismatch', 1);
    await failed('mismatch', 2);
    await startIncidentWorker(test.db, keys.vault).sweep();
    const [row] = await incidents();
    const incident = await getIncident(test.db, row?.id ?? '');
    if (!incident) throw new Error('no incident');
    return incident;
  };

  it('open although the learner’s key and rows are gone, until the time to appeal is over', async () => {
    const incident = await openOne();
    const key = await test.db.prisma.faceKey.findUniqueOrThrow({ where: { userId: first } });
    await keys.vault.destroy(key.keyId);
    await test.db.prisma.faceKey.delete({ where: { userId: first } });
    await test.db.prisma.faceCheckPicture.deleteMany();
    const pictures = await openIncidentPictures(test.db, keys.vault, incident);
    expect(pictures.map((one) => one.picture.toString())).toEqual([picture.toString(), picture.toString()]);
    const stored = await test.db.prisma.incidentPicture.findMany();
    for (const { pictureSealed } of stored) expect(Buffer.from(pictureSealed).includes('face')).toBe(false);

    let now = Date.now();
    const clock = () => now;
    const worker = startIncidentWorker(test.db, keys.vault, clock);
    const steps = createSteps({ db: test.db, clock });
    await steps.confirm({ incident, by: here.staffId, reason: '替课', address: '' }, 'stand-in');
    now += 15 * 24 * 60 * minute;
    await worker.sweep();
    expect(await keys.vault.find(incident.keyId)).not.toBeNull();
    now += 24 * 60 * minute;
    await worker.sweep();
    expect(await keys.vault.find(incident.keyId)).toBeNull();
    expect(await test.db.prisma.incidentPicture.count()).toBe(0);
    expect(await test.db.prisma.keyDestruction.count()).toBe(0);
    expect(await openIncidentPictures(test.db, keys.vault, incident)).toEqual([]);
    // A failure that comes later still belongs to it, without its picture.
    await failed('mismatch', 8);
    await worker.sweep();
    expect(await checksOf(incident.id)).toHaveLength(3);
    expect(await test.db.prisma.incidentPicture.count()).toBe(0);
  });

  it('[CH4] stay while it is undecided, however long; it is escalated once, and health and metrics say so', async () => {
    await openOne();
    let now = Date.now();
    const worker = startIncidentWorker(test.db, keys.vault, () => now);
    expect((await worker.health.report()).checks.incidents).toMatchObject({ status: 'ok' });
    now += 60 * 24 * 60 * minute;
    await worker.sweep();
    await worker.sweep();
    expect(await incidents()).toMatchObject([{ state: 'open', version: 2 }]);
    const audit = await test.db.prisma.auditEntry.findMany({ where: { action: 'incident.escalated' } });
    expect(audit).toHaveLength(1);
    expect(await test.db.prisma.incidentPicture.count()).toBe(2);
    expect((await worker.health.report()).checks.incidents).toMatchObject({ status: 'degraded' });
    expect(await worker.metrics.text()).toMatch(/keshi_incidents_undecided\{[^}]*term="overdue"[^}]*\} 1/);
  });
});

it('loses and doubles nothing when its process is killed, again and again [AT9]', async () => {
  await world(40);
  await Promise.all(
    here.learnerIds.map(async (userId) => {
      for (const at of [1, 2]) await failed('mismatch', at, userId);
    }),
  );
  const program = fileURLToPath(new URL('./weigh-process.ts', import.meta.url));
  const env = { ...process.env, DATABASE_URL: test.url, VAULT_URL: keys.url };
  const count = () => test.db.prisma.incident.count();
  const counts: number[] = [];
  for (const least of [1, 20]) {
    const child = fork(program, { env, stdio: 'inherit' });
    const exited = once(child, 'exit');
    await expect.poll(count, { timeout: 60_000, interval: 1 }).toBeGreaterThanOrEqual(least);
    child.kill('SIGKILL');
    await exited;
    counts.push(await count());
    // At whatever moment it died, a check that was looked at has its incident, and one that was not has none.
    expect((await unweighed()) + 2 * (await count())).toBe(80);
    expect(await test.db.prisma.incidentPicture.count()).toBe(2 * (await count()));
  }
  await startIncidentWorker(test.db, keys.vault).sweep();
  expect(await count()).toBe(40);
  expect(await test.db.prisma.incidentCheck.count()).toBe(80);
  // At least one of them died before it was through.
  expect(Math.min(...counts)).toBeLessThan(40);
}, 120_000);
