import { checkHints } from '@keshi/contract/class-checks';
import { pageAudit } from '@keshi/db/audit';
import { recordHourSignIn } from '@keshi/db/hour-sign-ins';
import { createUsers } from '@keshi/db/users';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRootSigner, trustedKeys } from '../src/ledger/root-signer.ts';
import { verifyLedger } from '../src/ledger/verify.ts';
import { storeCheck } from './check-rows.ts';
import { drawJpeg } from './drawn-faces.ts';
import { enrolFace, giveConsent } from './identity-steps.ts';
import { startIncidentWorker } from './incident-worker.ts';
import { ledgerKey, startWorker } from './ledger-world.ts';
import { call, type RunningWeb, runWeb, tokenOf, verdictSigner } from './running-web.ts';
import { names } from './world.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
let web: RunningWeb;
let learnerId: string;
let staff: string;
let learner: string;
const keys = trustedKeys([Buffer.from(createRootSigner(ledgerKey).publicKey, 'base64')]);
const holds = async () => expect((await verifyLedger(web.db, keys)).problems).toEqual([]);

beforeEach(async () => {
  web = await runWeb();
  learnerId = web.world.idOf('learner');
  const { created } = await createUsers(web.db, [
    {
      orgId: web.world.school.id,
      login: 'second-staff',
      passwordHash: web.world.passwordHash,
      name: '第二教务',
      memberships: [{ orgId: web.world.school.id, role: 'staff' }],
    },
  ]);
  expect(created).toHaveLength(1);
  [staff, learner] = await Promise.all([tokenOf(web, 'staff'), tokenOf(web, 'learner')]);
  await recordHourSignIn(web.db, {
    classId: web.world.held.id,
    userId: learnerId,
    hour: 1,
    at: web.world.held.scheduledStart + minute,
    by: { method: 'face' },
  });
  await startWorker(web.db, { clock: web.clock }).sweep();
});
afterEach(() => web.close());

const picture = () => drawJpeg({ grain: 77 });
async function failTwice(extra: { forged?: 'match' } = {}): Promise<void> {
  for (const at of [20, 21])
    await storeCheck(web.db, web.vault, {
      classId: web.world.held.id,
      userId: learnerId,
      verdict: 'mismatch',
      at: web.world.held.scheduledStart + at * minute,
      picture: await picture(),
      signer: verdictSigner,
      ...extra,
    });
  await startIncidentWorker(web.db, web.vault, web.clock).sweep();
}
const list = async (token = staff, filter: 'waiting' | 'decided' | 'appeals' | 'overdue' = 'waiting') =>
  (await call(web, 'listIncidents', { token, query: { filter } })).body;
const only = async (token = staff) => {
  const { rows } = await list(token);
  const [row] = rows;
  if (!row || rows.length > 1) throw new Error(`${rows.length} incidents wait`);
  return row;
};
const credited = async () =>
  (await call(web, 'hoursOf', { token: learner, params: { userId: 'me' } })).body.courses[0]?.creditedMs;
const own = async () => (await call(web, 'ownIncidents', { token: learner })).body.rows;
const decide = (
  of: { id: string; version: number },
  body: { decision: 'confirm'; ground: 'stand-in' } | { decision: 'dismiss' | 'live-look' },
  token = staff,
) =>
  call(web, 'decideIncident', {
    token,
    params: { id: of.id },
    body: { ...body, reason: '与证件照不符', version: of.version },
  });
const confirm = { decision: 'confirm', ground: 'stand-in' } as const;

describe('the queue [CH4]', () => {
  it('shows whoever decides what is found, masked, with records that verify and the class around it', async () => {
    await failTwice();
    const { counts } = await list();
    expect(counts).toEqual({ waiting: 1, overdue: 0, appeals: 0, decided: 0 });
    const row = await only();
    expect(row).toMatchObject({ login: 'learner', name: '欧**', title: '第一课', checks: 2, overdue: false });
    const { body, status } = await call(web, 'getIncident', { token: staff, params: { id: row.id } });
    expect(status, web.lines.at(-1)).toBe(200);
    expect(JSON.stringify(body)).not.toContain(names.learner);
    expect(body.checkList).toMatchObject([
      { verdict: 'mismatch', proof: 'signed', distances: [0.8123], modelVersion: 'test-1', pictures: 1 },
      { verdict: 'mismatch', proof: 'signed' },
    ]);
    expect(body.around?.spans.length).toBeGreaterThan(0);
    expect(body.mayDecide).toBe(true);
    const seen = await call(web, 'getIncident', {
      token: await tokenOf(web, 'school-admin'),
      params: { id: row.id },
    });
    expect(seen.body.mayDecide).toBe(false);
  });

  it('says where a record is not what was signed', async () => {
    await failTwice({ forged: 'match' });
    const row = await only();
    const { body } = await call(web, 'getIncident', { token: staff, params: { id: row.id } });
    expect(body.checkList.map(({ proof }) => proof)).toEqual(['altered', 'altered']);
  });

  it('shows pictures beside the enrolled one, and each look is on the log', async () => {
    await giveConsent(web, learner);
    await enrolFace(web, learner);
    await failTwice();
    const { id } = await only();
    const { body } = await call(web, 'incidentPictures', { token: staff, params: { id } });
    const taken = await picture();
    expect(body.pictures.map((one) => one.picture)).toEqual([
      taken.toString('base64'),
      taken.toString('base64'),
    ]);
    expect(body.reference).not.toBeNull();
    // What is evidence stays, whatever happens to consent; the reference goes.
    await call(web, 'withdrawConsent', { token: learner, body: { locale: 'zh-CN' } });
    const after = await call(web, 'incidentPictures', { token: staff, params: { id } });
    expect(after.body.pictures).toEqual(body.pictures);
    expect(after.body.reference).toBeNull();
    const { rows } = await pageAudit(web.db, {
      under: web.world.school.path,
      action: 'incident.pictures-seen',
    });
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ actorId: web.world.idOf('staff'), targetId: learnerId });
  });

  it('[PR6] a withdrawal right after the failure takes no evidence away', async () => {
    await giveConsent(web, learner);
    await enrolFace(web, learner);
    for (const at of [20, 21])
      await storeCheck(web.db, web.vault, {
        classId: web.world.held.id,
        userId: learnerId,
        verdict: 'mismatch',
        at: web.world.held.scheduledStart + at * minute,
        picture: await picture(),
      });
    await call(web, 'withdrawConsent', { token: learner, body: { locale: 'zh-CN' } });
    const { id } = await only();
    const { body } = await call(web, 'incidentPictures', { token: staff, params: { id } });
    expect(body.pictures).toHaveLength(2);
  });
});

describe('decisions [CH3]', () => {
  it('confirmed takes all hours back; granted on appeal by another person, they return; the ledger holds', async () => {
    await failTwice();
    const row = await only();
    expect(await credited()).toBe(60 * minute);
    expect((await decide(row, { decision: 'live-look' })).status).toBe(204);
    expect(await decide(row, confirm)).toMatchObject({ error: { code: 'outdated' } });
    const looked = await only();
    const answers = await Promise.all([decide(looked, confirm), decide(looked, confirm)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    expect(await credited()).toBe(0);
    const [mine] = await own();
    expect(mine).toMatchObject({
      state: 'confirmed',
      title: '第一课',
      mayAppeal: true,
      decision: { reason: '与证件照不符', ground: 'stand-in' },
      checks: [{ verdict: 'mismatch' }, { verdict: 'mismatch' }],
    });
    const appeal = (version: number) =>
      call(web, 'appealIncident', {
        token: learner,
        params: { id: row.id },
        body: { text: '当时摄像头反光，是我本人。', version },
      });
    expect((await appeal(1)).error?.code).toBe('outdated');
    expect((await appeal(mine?.version ?? 0)).status).toBe(204);
    const appealed = await only();
    expect((await list()).counts).toMatchObject({ waiting: 1, appeals: 1 });
    const judge = (token: string, decision: 'grant' | 'refuse') =>
      call(web, 'decideAppeal', {
        token,
        params: { id: row.id },
        body: { decision, reason: '复核为本人', version: appealed.version },
      });
    expect((await judge(staff, 'refuse')).error?.code).toBe('forbidden');
    expect((await judge(await tokenOf(web, 'second-staff'), 'grant')).status).toBe(204);
    expect(await credited()).toBe(60 * minute);
    expect(await own()).toMatchObject([
      { state: 'granted', mayAppeal: false, appealDecision: { reason: '复核为本人' } },
    ]);
    expect((await list(staff, 'decided')).rows).toMatchObject([{ id: row.id, state: 'granted' }]);
    const { rows } = await pageAudit(web.db, { under: web.world.school.path, targetId: learnerId });
    expect(rows.map(({ action }) => action)).toEqual(
      expect.arrayContaining([
        'incident.opened',
        'incident.look-asked',
        'incident.confirmed',
        'hours.reversed',
        'incident.appealed',
        'incident.appeal-granted',
        'hours.restored',
      ]),
    );
    const stored = await web.db.sql<{ text: string }>('SELECT "Incident"::text AS "text" FROM "Incident"');
    for (const text of ['与证件照不符', '反光', '复核为本人']) expect(stored[0]?.text).not.toContain(text);
    await holds();
  });

  it('are written with the ledger’s entry in one commit: what fails in between leaves neither', async () => {
    await failTwice();
    const row = await only();
    // The very last write of the commit fails, as if the machine died there.
    await web.db.sql(
      `ALTER TABLE "AuditEntry" ADD CONSTRAINT "dies" CHECK ("action" <> 'incident.confirmed') NOT VALID`,
    );
    expect((await decide(row, confirm)).status).toBe(500);
    expect(await credited()).toBe(60 * minute);
    expect(await only()).toMatchObject({ state: 'open', version: row.version });
    await web.db.sql('ALTER TABLE "AuditEntry" DROP CONSTRAINT "dies"');
    expect((await decide(row, confirm)).status).toBe(204);
    expect(await credited()).toBe(0);
    await holds();
  });

  it('dismissed costs nothing; an appeal comes in time or not at all; nobody sees others’', async () => {
    await failTwice();
    const row = await only();
    await decide(row, confirm);
    web.pass(16 * day);
    const late = await tokenOf(web, 'learner');
    const [mine] = (await call(web, 'ownIncidents', { token: late })).body.rows;
    expect(mine).toMatchObject({ state: 'confirmed', mayAppeal: false });
    const answer = await call(web, 'appealIncident', {
      token: late,
      params: { id: row.id },
      body: { text: '太晚了', version: mine?.version ?? 0 },
    });
    expect(answer.error?.code).toBe('outdated');
    const second = await tokenOf(web, 'second');
    expect((await call(web, 'ownIncidents', { token: second })).body.rows).toEqual([]);
    const other = await call(web, 'appealIncident', {
      token: second,
      params: { id: row.id },
      body: { text: '不是我的', version: mine?.version ?? 0 },
    });
    expect(other.error?.code).toBe('not-found');
  });

  it('that undoes what checks took back is told to the class they were in [PR5]', async () => {
    const hints: unknown[] = [];
    await web.state.bus.subscribe(checkHints, (hint) => hints.push(hint));
    await failTwice();
    const row = await only();
    await decide(row, { decision: 'live-look' });
    expect(hints).toEqual([]);
    await decide(await only(), { decision: 'dismiss' });
    await expect
      .poll(() => hints)
      .toEqual([{ classId: web.world.held.id, userId: learnerId, checkId: null, decided: true }]);
  });
});
