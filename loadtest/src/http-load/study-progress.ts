/**
 * Scenario `study-progress`: 100,000 learners study at once, each with a report every ten seconds, over HTTP to one pages'
 * service and one PostgreSQL. At its end what is stored is compared to what was answered: not one report may be lost.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDb } from '@keshi/db/client';
import { migrate } from '@keshi/db/migrate';
import { silent, testKeys } from '@keshi/db/testing/database';
import { startPostgres } from '@keshi/e2e/postgres';
import { startChild } from '../fanout/child.ts';
import { mergeSummaries } from '../load/generators.ts';
import type { ServeAnswers } from '../study/messages.ts';
import { seedStudyWorld, startAll } from '../study/world.ts';
import { sampleCores } from './cores.ts';
import { runK6 } from './k6.ts';
import type { HttpLoad, HttpLoadResult } from './http-load.ts';

const program = new URL('../study/serve.ts', import.meta.url);
const everyMs = 10_000;
const fullLearners = 100_000;
const fullHoldMs = 60_000;
const leastHoldMs = 20_000;
/** So much of the full load one machine of two cores has to bear; of more it shows how much it bears. */
const mustReachTo = 0.1;
/** A report on its way is a virtual user of some MB: more of them would take the memory of what is measured. */
const mostOnTheWay = 1_000;

export const studyProgress: HttpLoad = {
  name: 'study-progress',
  says: '100,000 learners of recorded lessons, each with a report every 10 s, answered once it is stored: 10,000 reports a second are asked for, and reached_per_s says how many this machine answered',
  async run({ scale, k6, say, signal, onOutput }): Promise<HttpLoadResult> {
    const learners = Math.max(10, Math.round(fullLearners * scale));
    const holdMs = Math.min(fullHoldMs, Math.max(leastHoldMs, fullHoldMs * 100 * scale));
    const closers: (() => Promise<unknown>)[] = [];
    try {
      const folder = await mkdtemp(join(tmpdir(), 'keshi-study-progress-'));
      closers.push(() => rm(folder, { recursive: true, force: true }));
      const postgres = await startPostgres();
      closers.push(() => postgres.stop());
      await migrate(postgres.url);
      const db = createDb({ url: postgres.url, keys: testKeys, log: silent });
      closers.push(() => db.close());
      // The product keeps keys of faces elsewhere, and refuses to start without.
      await db.sql('CREATE DATABASE vault');
      const vault = new URL(postgres.url);
      vault.pathname = '/vault';
      say(`${learners} learners are made`);
      const { lessonId, people } = await seedStudyWorld(db, { learners });
      const server = startChild<ServeAnswers>(program, {
        SIDE: 'ours',
        DATABASE_URL: postgres.url,
        VAULT_URL: vault.href,
      });
      closers.push(() => server.stop());
      const url = `http://127.0.0.1:${await server.ask('port', null)}`;
      say('they begin to study');
      const sessions = await startAll(url, lessonId, people);
      // The first report of each tells of ten seconds, and they have to have passed.
      await delay(everyMs, undefined, { signal });

      const cores = sampleCores({ servicePid: server.pid, databaseUrl: postgres.url });
      closers.push(() => Promise.resolve(cores.stop()));
      say(`${learners / (everyMs / 1_000)} reports a second for ${holdMs / 1_000} s`);
      const summary = await runK6({
        k6,
        script: 'study-progress.ts',
        plan: {
          settings: {
            ...{ url, lessonId, learners, everyMs, holdMs },
            mustReach: scale <= mustReachTo,
            vus: Math.min(mostOnTheWay, Math.max(20, Math.ceil(learners / 10))),
          },
          learners: people.map(({ token }, n) => ({ token, sessionId: sessions[n] ?? '' })),
        },
        folder,
        signal,
        ...(onOutput && { onOutput }),
      });
      const spent = cores.spent();
      const { figures, crossed } = mergeSummaries([summary]);
      const count = (name: string) => figures[name]?.['count'] ?? 0;
      const [stored] = await db.sql<{ counted: string }>(
        'SELECT coalesce(sum("countedMs"), 0) AS "counted" FROM "StudyProgress" WHERE "lessonId" = $1',
        [lessonId],
      );
      const lostMs = Math.max(0, count('credited_ms') - Number(stored?.counted ?? 0));
      const answered = count('reports_answered');
      return {
        settings: { learners, everyMs, holdMs, asked_per_s: learners / (everyMs / 1_000) },
        figures: {
          ...figures,
          reached_per_s: { value: answered / (holdMs / 1_000) },
          /** Of the pages' service and PostgreSQL together, and of the service alone. */
          reports_per_core_s: {
            value: answered / (spent.service + spent.database),
            service_alone: answered / spent.service,
          },
          reports_lost: { value: Math.ceil(lostMs / everyMs) },
        },
        crossed: [...crossed, ...(lostMs > 0 ? ['reports_lost: value==0'] : [])],
        samples: cores.samples,
        lines: cores.lines,
      };
    } finally {
      for (const step of closers.toReversed()) await step();
    }
  },
};
