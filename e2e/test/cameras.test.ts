/**
 * What people do who want to be counted without being there, in a real browser, each with a camera swapped inside the page:
 * it passes a sign-in and then shows nobody, somebody else, a photo. What that earns is read from what is stored, by the
 * rules that credit is settled with, against the bounds of docs/threat-model.md. Checks come every few seconds here.
 */
import { loadAttendanceFacts } from '@keshi/db/attendance-facts';
import { enrol } from '@keshi/db/groups';
import { hourSignInsOf } from '@keshi/db/hour-sign-ins';
import { createUsers } from '@keshi/db/users';
import { attendance } from '@keshi/rules/attendance';
import { answerMs } from '@keshi/rules/check-plan';
import { resolvePolicy } from '@keshi/rules/policy';
import type { Request } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shell } from '../../web/client/src/i18n/zh-CN/shell.ts';
import type { RunningWeb } from '../../web/server/test/running-web.ts';
import { keepEvidence } from '../src/evidence.ts';
import { openPeople, type People, type PersonBefore } from '../src/people.ts';
import { openProctored, type Proctored } from './proctored.ts';
import type { Scene } from '../src/scenes.ts';

const second = 1_000;
/** The longest time between two checks. */
const gapMs = 10 * second;
const checkPolicy = { checkMeanMs: 6 * second, checkExamMeanMs: 6 * second, checkLongestMs: gapMs };
/** A heartbeat and what a busy machine adds to what is told within a second. */
const slackMs = 3 * second;

/** What a camera shows once the sign-in was passed, and the verdict it has to come to. */
const swaps = [
  { login: 'nobody', scene: 'nobody', verdict: 'no-face' },
  { login: 'two', scene: 'two', verdict: 'many-faces' },
  { login: 'dark', scene: 'dark', verdict: 'too-dark' },
  { login: 'covered', scene: 'covered', verdict: 'camera-off' },
  { login: 'photo', scene: 'face', still: true, verdict: 'repeated' },
  { login: 'other', scene: 'other', verdict: 'mismatch' },
] as const;
const attackers = ['blocked', 'closed', 'replay'] as const;

let services: Proctored;
let web: RunningWeb;
let people: People;
const ids = new Map<string, string>();
const came = new Map<string, PersonBefore>();
/** The latest answer to a question that left the page. */
const answered = new Map<string, Request>();

beforeAll(async () => {
  services = await openProctored();
  ({ web } = services);
  const { course, school, passwordHash, running } = web.world;
  const policy = { signInWindowMs: 60 * second, checkTurnShare: 0, ...checkPolicy };
  await web.db.prisma.course.update({ where: { id: course.id }, data: { policy } });
  const logins = [...swaps.map(({ login }) => login), ...attackers];
  const { created } = await createUsers(
    web.db,
    logins.map((login) => ({
      orgId: school.id,
      login,
      name: login,
      passwordHash,
      memberships: [{ orgId: school.id, role: 'learner' as const }],
    })),
  );
  for (const { id, place } of created) ids.set(logins[place] ?? '', id);
  const { groupId } = await web.db.prisma.liveClass.findUniqueOrThrow({ where: { id: running.id } });
  await enrol(web.db, { groupId, userIds: [...ids.values()] });
  await services.knowFaces(ids);
  people = await openPeople();
}, 120_000);
afterAll(async () => {
  await people?.close();
  await services?.close();
});

const evidence = (name: string) =>
  keepEvidence(name, {
    pages: () => Object.fromEntries([...came].map(([login, { page }]) => [login, page])),
    output: () => web.lines.slice(-300).join(''),
  });
const idOf = (login: string) => ids.get(login) ?? '';

/** Into the class with their own login; the sign-in is asked for at once. */
async function comes(
  login: string,
  given: { scenes: readonly Scene[]; tampering?: string },
): Promise<PersonBefore> {
  const person = await people.come(given);
  came.set(login, person);
  const { page } = person;
  page.on('request', (request) => {
    if (request.url().includes('/api/checks/')) answered.set(login, request);
  });
  await page.goto(`${web.url}/login`);
  await page.getByLabel(shell.login.account, { exact: true }).fill(login);
  await page.getByLabel(shell.login.password, { exact: true }).fill(web.world.password);
  await page.getByRole('button', { name: shell.login.submit, exact: true }).click();
  await page.waitForURL((address) => !address.pathname.startsWith('/login'), { timeout: 60_000 });
  await page.goto(`${web.url}/class/${web.world.running.id}`);
  return person;
}

const signedIn = (login: string) =>
  expect
    .poll(() => hourSignInsOf(web.db, web.world.running.id, [idOf(login)]), {
      timeout: 40_000,
      message: `the sign-in of ${login}`,
    })
    .toMatchObject([{ hour: 1, method: 'face' }]);

async function checksOf(login: string) {
  return web.db.prisma.faceCheck.findMany({
    where: { userId: idOf(login), verdict: { not: null } },
    orderBy: { askedAt: 'asc' },
  });
}

/** Everything that was there, and what of it is credited once nothing more can come. */
async function presenceOf(login: string) {
  const facts = await loadAttendanceFacts(web.db, web.world.running.id);
  const one = facts?.learners.find(({ userId }) => userId === idOf(login));
  if (!facts || !one) throw new Error(`nothing is known of ${login}`);
  const { intervals, checks } = one;
  const { live, outages } = facts;
  const { presentMs } = attendance({
    intervals: intervals.map((interval) => ({ ...interval })),
    checks,
    live,
    outages,
    policy: resolvePolicy(),
    now: Date.now() + 10 * 60 * second,
    endedAt: null,
  });
  const from = Math.min(...intervals.map((interval) => interval.from));
  const open = intervals.filter(({ cause }) => cause === 'open').length;
  return { presentMs, from, open, lastProof: Math.max(...intervals.map((interval) => interval.lastProof)) };
}

/** As pictures are sent: its length, and what looks like a JPEG. It is never looked at. */
const oneJpeg = new Uint8Array([0, 0, 0, 4, 0xff, 0xd8, 0xff, 0xd9]);
const millis = (at: Date | null) => at?.getTime() ?? NaN;

it('[PR3, PR4, PR5] what a camera shows instead is found at the next check: nothing is credited from the last pass on, and a finding opens', async () => {
  evidence('swapped');
  await Promise.all(
    swaps.map(async ({ login, scene, ...how }) => {
      // A page may say that it is visible whatever it is: nothing follows from its word.
      const tampering =
        login === 'nobody'
          ? `Object.defineProperty(document, 'visibilityState', { get: () => 'visible' });
             Object.defineProperty(document, 'hidden', { get: () => false });`
          : '';
      const person = await comes(login, { scenes: ['face', scene], tampering });
      await signedIn(login);
      await person.show(scene, { still: 'still' in how });
    }),
  );
  const swappedAt = Date.now();
  for (const { login, verdict } of swaps) {
    await expect
      .poll(() => web.db.prisma.incident.findMany({ where: { userId: idOf(login) } }), {
        timeout: 90_000,
        interval: 500,
        message: `the finding about ${login}`,
      })
      .toMatchObject([{ kind: 'class', contextId: web.world.running.id, state: 'open' }]);
    const checks = await checksOf(login);
    const failed = checks.findIndex((check) => check.verdict !== 'match' && check.verdict !== 'uncertain');
    const [passed, found] = [checks[failed - 1], checks[failed]];
    if (!passed || !found) throw new Error(`${login}: ${checks.map((check) => check.verdict).join()}`);
    expect(
      checks.slice(failed, failed + 2).map((check) => check.verdict),
      login,
    ).toEqual([verdict, verdict]);
    // The next proof of the server's own came in its time, whatever the page did.
    const late = millis(found.askedAt) - Math.max(swappedAt, millis(passed.answeredAt));
    expect(late, login).toBeLessThan(gapMs + slackMs);
    // To the second: from coming to the last check that was passed, and nothing of what followed.
    const { presentMs, from, lastProof } = await presenceOf(login);
    // What was proven of it: no proof may have come between coming and that check [AT2].
    const honestMs = Math.min(lastProof, millis(passed.answeredAt)) - from;
    expect(presentMs, login).toBeGreaterThan(honestMs - second);
    expect(presentMs, login).toBeLessThan(honestMs + second);
    expect(lastProof, login).toBeLessThan(millis(found.settledAt) + slackMs);
  }
}, 240_000);

it('[PR4, PR5] who left and comes back is counted again from the check that is passed then, and not before', async () => {
  evidence('returning');
  const person = came.get('nobody');
  if (!person) throw new Error('nobody left');
  const before = await presenceOf('nobody');
  const known = (await checksOf('nobody')).length;
  await person.show('face');
  const chip = person.page.getByTestId('counted-chip');
  await expect.poll(() => chip.getAttribute('data-counting'), { timeout: 60_000 }).toBe('true');
  await expect
    .poll(async () => (await presenceOf('nobody')).presentMs, { timeout: 30_000 })
    .toBeGreaterThan(before.presentMs + 5 * second);
  const passed = (await checksOf('nobody')).slice(known).find((check) => check.verdict === 'match');
  const after = await presenceOf('nobody');
  const sinceMs = after.lastProof - millis(passed?.answeredAt ?? null);
  expect(after.presentMs - before.presentMs).toBeLessThan(sinceMs + second);
});

it('[AT1, PR3] a check that is kept from the network, a dialog that is taken out, an answer sent again: none earns', async () => {
  evidence('attacks');
  for (const [login] of came) await came.get(login)?.context.close();
  came.clear();
  // The dialog of every question is taken out of the page as it comes, and nobody sits there.
  const withoutDialogs = `new MutationObserver(() => {
    for (const dialog of document.querySelectorAll('[role=dialog], dialog')) dialog.remove();
  }).observe(document, { childList: true, subtree: true })`;
  const [blocked, , replaying] = await Promise.all([
    comes('blocked', { scenes: ['face'] }),
    comes('closed', { scenes: ['nobody'], tampering: withoutDialogs }),
    comes('replay', { scenes: ['face'] }),
  ]);
  await Promise.all([signedIn('blocked'), signedIn('replay')]);
  await blocked.page.route('**/api/checks/**', (route) => route.abort());

  // The same answer once more; then for a question that was put to somebody else.
  const sent = answered.get('replay');
  if (!sent) throw new Error('no answer has left the page');
  const again = async (url: string) => {
    const headers = await sent.allHeaders();
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: headers['authorization'] ?? '',
        'content-type': 'application/vnd.keshi.pictures',
      },
      body: oneJpeg,
    });
    const body: unknown = await response.json();
    return String(Object(Object(body).error).code);
  };
  expect(await again(sent.url())).toBe('already-done');
  const open = await expect
    .poll(() => web.db.prisma.faceCheck.findFirst({ where: { userId: idOf('blocked'), settledAt: null } }), {
      timeout: 30_000,
    })
    .not.toBeNull()
    .then(() =>
      web.db.prisma.faceCheck.findFirstOrThrow({ where: { userId: idOf('blocked'), settledAt: null } }),
    );
  expect(await again(`${web.url}/api/checks/${open.id}/pictures?nonce=${open.nonce}`)).toBe('not-found');
  await replaying.context.close();

  await expect
    .poll(async () => (await checksOf('blocked')).at(-1)?.verdict, { timeout: 120_000, interval: 500 })
    .toBe('no-answer');
  const checks = await checksOf('blocked');
  const unanswered = checks.find((check) => check.verdict === 'no-answer');
  const passed = checks.findLast((check) => check.verdict === 'match');
  if (!unanswered || !passed) throw new Error(checks.map((check) => check.verdict).join());
  const kept = await presenceOf('blocked');
  // Proofs stop with the deadline, and what was provisional until then goes with the failure.
  expect(millis(unanswered.deadline) - millis(passed.answeredAt)).toBeLessThan(gapMs + answerMs + slackMs);
  expect(kept.lastProof).toBeLessThan(millis(unanswered.deadline) + slackMs);
  expect(kept.presentMs).toBeLessThan(millis(passed.answeredAt) - kept.from + slackMs);

  // Without the dialog the question is answered all the same: what the camera shows decides, and it shows nobody.
  expect((await checksOf('closed')).map((check) => check.verdict)).toContain('no-face');
  expect(await hourSignInsOf(web.db, web.world.running.id, [idOf('closed')])).toEqual([]);
  expect((await presenceOf('closed')).presentMs).toBeLessThan(second);
}, 240_000);

it('[AT3, B6] a second device ends the first: one place earns, and no second is counted twice', async () => {
  evidence('devices');
  await comes('replay', { scenes: ['face'] });
  await signedIn('replay');
  const other = await comes('replay', { scenes: ['face'] });
  await expect
    .poll(() => other.page.getByTestId('counted-chip').getAttribute('data-counting'), { timeout: 60_000 })
    .toBe('true');
  await expect
    .poll(() => web.db.prisma.loginSession.count({ where: { userId: idOf('replay'), endedAt: null } }), {
      timeout: 30_000,
    })
    .toBe(1);
  await expect.poll(async () => (await presenceOf('replay')).open, { timeout: 30_000 }).toBe(1);
  const { presentMs, from, lastProof } = await presenceOf('replay');
  expect(presentMs).toBeLessThanOrEqual(lastProof - from);
}, 180_000);
