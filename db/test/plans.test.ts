import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAttendanceFacts } from '../src/attendance-facts.ts';
import { pageAudit } from '../src/audit.ts';
import { append, takeOver } from '../src/class-log.ts';
import { eventsSince, loadClass, ownPartOf } from '../src/class-state.ts';
import { getClass, listClassesFor } from '../src/classes.ts';
import { newId } from '../src/ids.ts';
import { openSession, rotateRefresh } from '../src/login-sessions.ts';
import { outagesBetween } from '../src/outages.ts';
import { dueClasses, markSettled } from '../src/class-settlements.ts';
import { creditOverTime, pageCredit } from '../src/credit-hours.ts';
import { hourSignInsOf } from '../src/hour-sign-ins.ts';
import { onChains, pageEntries, readChains } from '../src/ledger.ts';
import { signedHeadsOf } from '../src/ledger-roots.ts';
import { closeVisitsOfDeadNode, openVisitsOfNode, upsertIntervals } from '../src/presence.ts';
import { getRecording, listUnfinishedRecordings } from '../src/recordings.ts';
import { chatPage, chatPages, questionsAsked, stageTurns } from '../src/replay-facts.ts';
import { countScreeningHits } from '../src/screening.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { findForLogin } from '../src/login-accounts.ts';
import { namesOf } from '../src/person-names.ts';
import { listUsers } from '../src/user-list.ts';
import { minute, t0, world } from './world.ts';

/** As the driver is asked: a text, or an object with one. */
interface Asked {
  text: string;
  values: unknown[];
}

let test: TestDatabase;
let here: Awaited<ReturnType<typeof world>>;
let classId: string;
const asked: Asked[] = [];

/** Listens to every statement that goes over the pool, Prisma's as well; each goes on unchanged. */
function listen(pool: pg.Pool) {
  pool.on('connect', (client) => {
    const query = client.query;
    client.query = new Proxy(query, {
      apply(target, self, args: unknown[]) {
        const [first, second] = args;
        if (typeof first === 'string')
          asked.push({ text: first, values: Array.isArray(second) ? second : [] });
        else if (typeof first === 'object' && first !== null && 'text' in first) {
          const own = 'values' in first && Array.isArray(first.values) ? first.values : [];
          asked.push({ text: String(first.text), values: Array.isArray(second) ? second : own });
        }
        return Reflect.apply(target, self, args);
      },
    });
  });
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

function scans(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? '?'] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scans)];
}

/** Tables of which a statement that serves one request must never read the whole. */
const large = new Set(
  [
    'AuditEntry',
    'ChatMessage',
    'ClassEvent',
    'ClassMember',
    'Enrolment',
    'LiveClass',
    'LiveSpan',
    'LoginSession',
  ].concat([
    'ClassSettlement',
    'HourSignIn',
    'LedgerEntry',
    'LedgerRootChange',
    'Outage',
    'PresenceInterval',
    'Question',
    'QuestionVote',
    'Quiz',
    'QuizAnswer',
    'Recording',
    'ScreeningHit',
    'User',
    'Visit',
  ]),
);

/** What `work` asked of the database that reads a whole large table, as the planner would do it now. */
async function wholeReads(work: () => Promise<unknown>): Promise<string[]> {
  asked.length = 0;
  await work();
  const statements = asked.filter(({ text }) => /^\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)/i.test(text));
  expect(statements.length).toBeGreaterThan(0);
  const found: string[] = [];
  for (const { text, values } of [...statements]) {
    const { rows } = await test.db.pool.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
      `EXPLAIN (FORMAT JSON) ${text}`,
      values,
    );
    const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
    const whole = plan ? scans(plan).filter((table) => large.has(table)) : ['no plan'];
    if (whole.length > 0) found.push(`${whole.join(', ')}: ${text}`);
  }
  return found;
}

beforeAll(async () => {
  test = await testDatabase();
  const { db } = test;
  listen(db.pool);
  here = await world(db, 40);
  classId = (await here.schedule()).id;
  const [org, group, teacher] = [here.institution.id, here.group.id, here.instructorId];
  const fill = (text: string, values: unknown[] = []) => db.sql(text, values);
  await fill(
    `INSERT INTO "User" ("id", "orgId", "login", "passwordHash", "nameSealed", "nameIndex", "phoneIndex", "updatedAt")
     SELECT gen_random_uuid(), $1, 'many' || n, '', 'x', 'n' || n, 'p' || n, now() FROM generate_series(1, 8000) n`,
    [org],
  );
  await fill(
    `INSERT INTO "ClassGroup" ("id", "courseId", "name", "updatedAt")
     SELECT gen_random_uuid(), $1, 'g' || n, now() FROM generate_series(1, 300) n`,
    [here.course.id],
  );
  await fill(
    `INSERT INTO "Enrolment" ("groupId", "userId") SELECT g."id", u."id" FROM
       (SELECT "id", row_number() OVER () AS n FROM "ClassGroup" WHERE "id" <> $1) g
       JOIN (SELECT "id", row_number() OVER () AS n FROM "User" WHERE "login" LIKE 'many%') u ON u.n % 300 = g.n % 300`,
    [group],
  );
  await fill(
    `INSERT INTO "LiveClass" ("id", "groupId", "instructorId", "ordinal", "title", "state", "scheduledStart", "scheduledEnd", "updatedAt")
     SELECT gen_random_uuid(), g."id", u."id", n, '', 'ended', to_timestamp($2::float8 / 1000) - n * interval '1 day',
       to_timestamp($2::float8 / 1000) - n * interval '1 day' + interval '1 hour', now()
     FROM "ClassGroup" g JOIN LATERAL (SELECT "id" FROM "User" WHERE "id" <> $1 AND g."id" IS NOT NULL LIMIT 1) u ON true,
       generate_series(1, 20) n WHERE g."id" <> $3`,
    [teacher, t0, group],
  );
  const each = `FROM "LiveClass" c, generate_series(1, 8) n`;
  await fill(
    `INSERT INTO "ClassEvent" ("classId", "seq", "at", "type", "payload") SELECT c."id", n, now(), 'chat.sent', '{}' ${each}`,
  );
  await fill(`INSERT INTO "ChatMessage" ("id", "classId", "seq", "at", "userId", "role", "clientId", "text")
    SELECT gen_random_uuid(), c."id", n, now(), gen_random_uuid(), 'attendee', gen_random_uuid(), '' ${each}`);
  await fill(`INSERT INTO "Question" ("id", "classId", "at", "userId", "clientId", "text")
    SELECT gen_random_uuid(), c."id", now(), gen_random_uuid(), gen_random_uuid(), '' ${each}`);
  await fill(`INSERT INTO "Quiz" ("id", "classId", "kind", "stem", "options", "correct", "seconds", "openedAt", "closesAt", "closedAt")
    SELECT gen_random_uuid(), c."id", 'single', '', '[]', '[]', 9, now(), now(), now() ${each}`);
  await fill(`INSERT INTO "QuizAnswer" ("quizId", "userId", "choice", "correct", "at")
    SELECT "id", gen_random_uuid(), '[0]', true, now() FROM "Quiz"`);
  await fill(
    `INSERT INTO "QuestionVote" ("questionId", "userId", "at") SELECT "id", gen_random_uuid(), now() FROM "Question"`,
  );
  await fill(`INSERT INTO "Visit" ("id", "classId", "userId", "role", "nodeId", "openedAt", "lastSeenAt", "closedAt", "closeCause")
    SELECT gen_random_uuid(), c."id", gen_random_uuid(), 'attendee', 'node' || n, now(), now(), now(), 'left' ${each}`);
  await fill(`INSERT INTO "PresenceInterval" ("id", "visitId", "classId", "userId", "from", "lastProof", "cause")
    SELECT gen_random_uuid(), "id", "classId", "userId", now(), now(), 'left' FROM "Visit"`);
  await fill(
    `INSERT INTO "LiveSpan" ("id", "classId", "from", "to") SELECT gen_random_uuid(), "id", now(), now() FROM "LiveClass"`,
  );
  await fill(`INSERT INTO "Recording" ("classId", "state", "startedAt", "durationMs", "updatedAt")
    SELECT "id", 'ready', now(), 1, now() FROM "LiveClass"`);
  await fill(`INSERT INTO "ClassMember" ("classId", "userId") SELECT "classId", "userId" FROM "Visit"`);
  await fill(`INSERT INTO "ScreeningHit" ("id", "classId", "userId", "at", "surface", "category", "terms", "textSealed", "orgPath")
    SELECT gen_random_uuid(), c."id", gen_random_uuid(), now(), 'chat', '', '[]', '', '/x' || n || '/' ${each}`);
  await fill(`INSERT INTO "Outage" ("id", "kind", "scope", "from", "to")
    SELECT gen_random_uuid(), 'sfu', 'n', now() - n * interval '1 hour', now() - n * interval '1 hour' FROM generate_series(1, 5000) n`);
  await fill(`INSERT INTO "AuditEntry" ("at", "actorId", "orgPath", "action")
    SELECT now() - n * interval '1 minute', gen_random_uuid(), '/o' || n % 400 || '/', 'x' FROM generate_series(1, 20000) n`);
  await fill(`INSERT INTO "LoginSession" ("id", "userId", "refreshHash", "expiresAt", "endedAt", "endReason")
    SELECT gen_random_uuid(), "id", '', now(), now(), 'logout' FROM "User"`);
  await fill(`UPDATE "ClassSettlement" SET "settledChanges" = "changes"`);
  await fill(`INSERT INTO "HourSignIn" ("id", "classId", "userId", "hour", "at", "method")
    SELECT gen_random_uuid(), "classId", "userId", 1, now(), 'face' FROM "Visit"`);
  await fill(
    `INSERT INTO "LedgerEntry" ("learnerId", "seq", "courseId", "key", "at", "earnedAt", "deltaMs", "balanceMs", "content",
       "previousHash", "hash")
     SELECT u."id", n, $1, 'k' || n, now(), now(), 0, 0, '{"kind":"reversal"}', repeat('0', 64), repeat('0', 64)
     FROM "User" u, generate_series(1, 6) n WHERE u."login" LIKE 'many%'`,
    [here.course.id],
  );
  await fill(`INSERT INTO "LedgerRoot" ("day", "madeAt", "position", "learners", "entries", "merkleRoot", "changesHash",
      "previousHash", "keyId", "hash", "signature") VALUES ('2026-09-01', now(), 1, 1, 1, '', '', '', '', '', '')`);
  await fill(`INSERT INTO "LedgerRootChange" ("day", "learnerId", "seq", "hash")
    SELECT '2026-09-01', "id", 6, '' FROM "User"`);
  await fill('ANALYZE');
});
afterAll(() => test.close());

describe('statements that serve one request read no large table whole:', () => {
  const learner = () => here.learnerIds[0] ?? '';
  const cases: Record<string, () => Promise<unknown>> = {
    'a coordinator takes over and resumes': async () => {
      await takeOver(test.db, classId);
      await loadClass(test.db, classId);
    },
    'a group of writes': async () => {
      const { fence } = await takeOver(test.db, classId);
      const userId = learner();
      const id = newId();
      await append(test.db, classId, fence, [
        {
          events: [
            { type: 'chat.sent', at: t0, audience: 'all', actorId: userId, payload: { messageId: id } },
          ],
          changes: [
            { kind: 'chat-sent', id, at: t0, userId, role: 'attendee', clientId: newId(), text: '一' },
            { kind: 'chat-deleted', id, by: userId, at: t0 },
            { kind: 'member-changed', userId, handRaisedAt: t0 },
            { kind: 'class-changed', slowModeSeconds: 1 },
            { kind: 'span-closed', at: t0 },
          ],
        },
      ]);
    },
    'a page catches up': () => eventsSince(test.db, classId, 0, { userId: learner(), hosts: false }),
    'a replay': async () => {
      await getRecording(test.db, classId);
      await chatPages(test.db, classId, 200);
      await chatPage(test.db, classId, { page: 1, size: 200 });
      await questionsAsked(test.db, classId, 500);
      await stageTurns(test.db, classId, { hostId: here.instructorId, limit: 500 });
    },
    'recordings to be finished': () => listUnfinishedRecordings(test.db),
    'what is one’s own': () => ownPartOf(test.db, classId, learner()),
    'reports of presence': () =>
      upsertIntervals(test.db, [
        { id: newId(), visitId: newId(), classId, userId: learner(), from: t0, lastProof: t0, cause: 'open' },
      ]),
    'the janitor': async () => {
      await openVisitsOfNode(test.db, 'node3');
      await closeVisitsOfDeadNode(test.db, 'node3');
    },
    'the facts of a report': () => loadAttendanceFacts(test.db, classId),
    'outages in a range': () => outagesBetween(test.db, Date.now() - 90 * minute, Date.now() - 60 * minute),
    'one class': () => getClass(test.db, classId, learner()),
    'the classes of a learner': () =>
      listClassesFor(test.db, {
        userId: learner(),
        observes: [],
        as: 'attendee',
        from: t0,
        to: t0 + 7 * 24 * 60 * minute,
      }),
    'the classes of an instructor': () =>
      listClassesFor(test.db, { userId: here.instructorId, observes: [], as: 'host' }),
    'a login': async () => {
      await findForLogin(test.db, 'many77');
      await findForLogin(test.db, '13812345678');
      const hash = { refreshHash: 'a', userAgent: '', now: t0, expiresAt: t0 + minute };
      const { id } = await openSession(test.db, { ...hash, userId: learner() });
      await rotateRefresh(test.db, {
        id,
        presentedHash: 'a',
        nextHash: 'b',
        now: t0 + 1,
        graceMs: 0,
        expiresAt: t0 + minute,
      });
    },
    names: () => namesOf(test.db, here.learnerIds),
    'a person by name': () => listUsers(test.db, { under: here.platform.path, query: '张三1' }),
    'the log of one organisation': () => pageAudit(test.db, { under: '/o17/' }),
    'classes to settle': async () => {
      await dueClasses(test.db, { endedBefore: t0 + minute });
      await markSettled(test.db, { classId, changes: 0, policy: {}, at: t0 });
    },
    'sign-ins of some learners': () => hourSignInsOf(test.db, classId, here.learnerIds),
    'chains that get longer': () =>
      onChains(test.db, { learnerIds: here.learnerIds, courseId: here.course.id, keys: ['k1'] }, () => ({
        entries: [],
        result: null,
      })),
    'entries of a learner': async () => {
      await pageEntries(test.db, { learnerId: learner() });
      await readChains(test.db, here.learnerIds);
      await signedHeadsOf(test.db, here.learnerIds);
    },
    'hours of a learner': async () => {
      await creditOverTime(test.db, { learnerId: learner(), by: 'day', from: t0, to: t0 + minute });
      await pageCredit(test.db, { under: '/', userId: learner() });
    },
    'alerts of classes': () => countScreeningHits(test.db, [classId]),
  };
  it.each(Object.keys(cases))('%s', async (name) => {
    expect(await wholeReads(cases[name] ?? (() => Promise.resolve()))).toEqual([]);
  });

  it('and the check would see one that does', async () => {
    const found = await wholeReads(() => test.db.sql(`SELECT * FROM "Visit" WHERE "device" = 'phone'`));
    expect(found).toEqual([expect.stringMatching(/^Visit: /)]);
  });
});
