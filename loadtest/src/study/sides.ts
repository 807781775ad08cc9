/** The product and its peers over one PostgreSQL, and the learners who report to them. */
import { readdirSync, readFileSync } from 'node:fs';
import { startPostgres } from '@keshi/e2e/postgres';
import { createDb } from '@keshi/db/client';
import { createCourse } from '@keshi/db/courses';
import { createGroup, enrol } from '@keshi/db/groups';
import { newId } from '@keshi/db/ids';
import { migrate } from '@keshi/db/migrate';
import { createOrganization } from '@keshi/db/organizations';
import { silent, testKeys } from '@keshi/db/testing/database';
import { createUsers } from '@keshi/db/users';
import { createTokens } from '@keshi/web-server/auth/tokens';
import { allThreadsSeconds } from '../capacity/processor.ts';
import { startChild } from '../fanout/child.ts';
import { reportFor, type Reporter } from './learners.ts';
import { benchSecret, type ServeAnswers, type SideName } from './messages.ts';

export interface StudySide {
  readonly name: SideName;
  /** Reports answered per second of processor time of the server and the database. */
  turn(ms: number): Promise<number>;
}

const hour = 3_600_000;
const program = new URL('./serve.ts', import.meta.url);

export async function openStudySides({ learners }: { learners: number }) {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).toReversed()) await step();
  };
  try {
    const postgres = await startPostgres();
    closers.push(() => postgres.stop());
    await migrate(postgres.url);
    const db = createDb({ url: postgres.url, keys: testKeys, log: silent });
    closers.push(() => db.close());
    // The product keeps keys of faces elsewhere, and refuses to start without.
    await db.sql('CREATE DATABASE vault');
    const vault = new URL(postgres.url);
    vault.pathname = '/vault';
    const { lessonId, people } = await seed(db, learners);
    const child = (name: SideName) => {
      const started = startChild<ServeAnswers>(program, {
        SIDE: name,
        DATABASE_URL: postgres.url,
        VAULT_URL: vault.href,
      });
      closers.push(() => started.stop());
      return started;
    };
    const databasePid = postmasterOf(postgres.url);

    async function open(name: SideName) {
      const server = child(name);
      const port = await server.ask('port', null);
      const reporters = await Promise.all(
        people.map(async ({ userId, token }): Promise<Reporter> => {
          const base = { userId, sessionId: '', seq: 0, answered: 0, position: 0 };
          if (name !== 'ours') return { ...base, path: '/', headers: { 'x-user': userId } };
          const headers = { authorization: `Bearer ${token}` };
          const started = await fetch(`http://127.0.0.1:${port}/api/study/${lessonId}/start`, {
            method: 'POST',
            headers,
          });
          const { sessionId } = (await started.json()) as { sessionId: string };
          return { ...base, path: `/api/study/${lessonId}/reports`, headers, sessionId };
        }),
      );
      const side: StudySide = {
        name,
        async turn(ms) {
          const spent = () => allThreadsSeconds(server.pid) + treeSeconds(databasePid);
          const before = spent();
          const count = await reportFor(port, reporters, ms);
          return count / (spent() - before);
        },
      };
      return { side, server, port, reporters };
    }

    const ours = await open('ours');
    const all = [ours.side, (await open('bare')).side, (await open('single')).side];
    return {
      all,
      /** Kills ours in the middle of reports; answers how many that were answered are not stored. */
      async killOurs(): Promise<number> {
        const reporting = reportFor(ours.port, ours.reporters, 60_000);
        setTimeout(() => void ours.server.stop(), 1_500);
        await reporting;
        const rows = await db.sql<{ userId: string; seq: number }>(
          `SELECT "userId", ("state"->'session'->>'seq')::int AS "seq" FROM "StudyProgress" WHERE "lessonId" = $1`,
          [lessonId],
        );
        const stored = new Map(rows.map(({ userId, seq }) => [userId, seq]));
        return ours.reporters.reduce(
          (sum, { userId, answered }) => sum + Math.max(0, answered - (stored.get(userId) ?? 0)),
          0,
        );
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function seed(db: ReturnType<typeof createDb>, learners: number) {
  const school = await createOrganization(db, { parentId: null, kind: 'institution', name: '学校' });
  const { created } = await createUsers(
    db,
    Array.from({ length: learners }, (_, n) => ({
      orgId: school.id,
      login: `learner${n + 1}`,
      passwordHash: 'none',
      name: `学员${n + 1}`,
      memberships: [{ orgId: school.id, role: 'learner' as const }],
    })),
  );
  const userIds = created.map(({ id }) => id);
  // Nothing is asked while it is measured what a report costs.
  const policy = { challengeMeanMs: 100 * hour, challengeLongestMs: 200 * hour };
  const course = await createCourse(db, { orgId: school.id, title: '电工基础', policy });
  const group = await createGroup(db, { courseId: course.id, name: '一班' });
  await enrol(db, { groupId: group.id, userIds });
  const lessonId = newId();
  await db.prisma.lesson.create({
    data: {
      id: lessonId,
      courseId: course.id,
      ordinal: 1,
      title: '第一课',
      kind: 'video',
      state: 'published',
      durationMs: 20 * hour,
      mediaKey: `lessons/${lessonId}/${newId()}/`,
    },
  });
  await db.sql(
    'CREATE TABLE "BareStudy" ("userId" uuid PRIMARY KEY, "seq" int NOT NULL, "position" int NOT NULL, "at" timestamptz NOT NULL) WITH (fillfactor = 60)',
  );
  await db.sql('INSERT INTO "BareStudy" SELECT u, 0, 0, now() FROM unnest($1::uuid[]) AS u', [userIds]);
  // Valid for as long as the bench takes: a page renews its own.
  const tokens = createTokens(benchSecret, () => Date.now() + hour);
  const people = await Promise.all(
    userIds.map(async (userId) => {
      const sid = newId();
      await db.prisma.loginSession.create({
        data: { id: sid, userId, refreshHash: sid, expiresAt: new Date(Date.now() + 24 * hour) },
      });
      const memberships = [{ role: 'learner' as const, orgId: school.id, orgPath: school.path }];
      const { token } = await tokens.signAccess({ sub: userId, sid, memberships });
      return { userId, token };
    }),
  );
  return { lessonId, people };
}

/** The process of the database server behind an address. */
export function postmasterOf(url: string): number {
  const { port } = new URL(url);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = textOf(`/proc/${name}/cmdline`);
    if (command.includes('postgres\0') && command.includes(`\0-p\0${port}\0`)) return Number(name);
  }
  throw new Error('no database to be found');
}

/** Of a process and its children, those that have ended included. */
export function treeSeconds(pid: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = textOf(`/proc/${name}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(name) === pid) ticks += sum(fields.slice(11, 15));
    else if (Number(fields[1]) === pid) ticks += sum(fields.slice(11, 13));
  }
  return ticks / 100;
}

const sum = (texts: readonly string[]) => texts.reduce((total, text) => total + Number(text), 0);

/** Empty when the process ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
