/** The product and its peers over one PostgreSQL, and the learners who report to them. */
import { startPostgres } from '@keshi/e2e/postgres';
import { createDb, type Db } from '@keshi/db/client';
import { migrate } from '@keshi/db/migrate';
import { silent, testKeys } from '@keshi/db/testing/database';
import { allThreadsSeconds, postmasterOf, treeSeconds } from '../capacity/processor.ts';
import { startChild } from '../fanout/child.ts';
import { reportFor, type Reporter } from './learners.ts';
import type { ServeAnswers, SideName } from './messages.ts';
import { seedStudyWorld, startAll, type StudyPerson } from './world.ts';

export interface StudySide {
  readonly name: SideName;
  /** Reports answered per second of processor time of the server and the database. */
  turn(ms: number): Promise<number>;
}

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
    const { lessonId, people } = await seedStudyWorld(db, { learners });
    await seedBare(db, people);
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
      const sessions = name === 'ours' ? await startAll(`http://127.0.0.1:${port}`, lessonId, people) : [];
      const reporters = people.map(({ userId, token }, n): Reporter => {
        const base = { userId, sessionId: sessions[n] ?? '', seq: 0, answered: 0, position: 0 };
        if (name !== 'ours') return { ...base, path: '/', headers: { 'x-user': userId } };
        const headers = { authorization: `Bearer ${token}` };
        return { ...base, path: `/api/study/${lessonId}/reports`, headers };
      });
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

/** The same learners, as the peers store them. */
async function seedBare(db: Db, people: readonly StudyPerson[]): Promise<void> {
  await db.sql(
    'CREATE TABLE "BareStudy" ("userId" uuid PRIMARY KEY, "seq" int NOT NULL, "position" int NOT NULL, "at" timestamptz NOT NULL) WITH (fillfactor = 60)',
  );
  await db.sql('INSERT INTO "BareStudy" SELECT u, 0, 0, now() FROM unnest($1::uuid[]) AS u', [
    people.map(({ userId }) => userId),
  ]);
}
