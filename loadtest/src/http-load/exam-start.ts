/**
 * Scenario `exam-start`: a cohort of 2,000 opens one exam within 60 s, each saves every 15 s and hands in, over HTTP to the
 * pages' service behind its front. At its end what is stored is compared to what was answered: no answer may be lost, or
 * be there twice.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@keshi/e2e/postgres';
import { createLogger } from '@keshi/runtime/log';
import { startRedis } from '@keshi/runtime/testing/redis';
import { startCluster } from '../../../start/cluster/services.ts';
import { type Cohort, questionsPerPaper, seedCohort } from '../exam/cohort.ts';
import { mergeSummaries } from '../load/generators.ts';
import { sampleCores } from './cores.ts';
import { type ExamStartSettings, standingAnswers } from './exam-plan.ts';
import type { HttpLoad, HttpLoadResult } from './http-load.ts';
import { runK6 } from './k6.ts';

const fullCohort = 2_000;
const fullOpenMs = 60_000;
const leastOpenMs = 4_000;
const fullSaveEveryMs = 15_000;
const fullSaves = 12;
const leastSaves = 4;
const learnersPerUser = 100;
/** k6 reads its plan and compiles its script before the first opens. */
const headStartMs = 5_000;

export const examStart: HttpLoad = {
  name: 'exam-start',
  says: '2,000 learners open one exam within 60 s, save every 15 s for three minutes, and hand in within 60 s',
  async run({ scale, k6, say, signal, onOutput }): Promise<HttpLoadResult> {
    const learners = Math.max(10, Math.round(fullCohort * scale));
    // A smaller cohort is as dense as the full one, and shorter.
    const openWithinMs = Math.max(leastOpenMs, Math.round(fullOpenMs * scale));
    const saveEveryMs = Math.min(fullSaveEveryMs, openWithinMs);
    const savesEach = Math.max(leastSaves, Math.round(fullSaves * scale));
    const closers: (() => Promise<unknown>)[] = [];
    try {
      const folder = await mkdtemp(join(tmpdir(), 'keshi-exam-start-'));
      closers.push(() => rm(folder, { recursive: true, force: true }));
      const postgres = await startPostgres();
      closers.push(() => postgres.stop());
      const redis = await startRedis();
      closers.push(() => redis.stop());
      const cluster = await startCluster({
        dataDir: folder,
        databaseUrl: postgres.url,
        redisUrl: redis.url,
        signalingNodes: 1,
        sfuNodes: 0,
        env: { LOG_LEVEL: 'warn', DEMO: 'false' },
        ...(onOutput && { onOutput }),
      });
      closers.push(() => cluster.stop());
      say(`${learners} learners and their exam are made`);
      const log = createLogger({ name: 'exam-start', level: 'error', format: 'json' });
      const cohort = await seedCohort({ dataDir: folder, databaseUrl: postgres.url, size: learners, log });
      closers.push(() => cohort.close());

      const cores = sampleCores({ servicePid: cluster.web.pid(), databaseUrl: postgres.url });
      closers.push(() => Promise.resolve(cores.stop()));
      say(`they open within ${openWithinMs / 1_000} s and save ${savesEach} times`);
      const settings: ExamStartSettings = {
        ...{ url: cluster.url, examId: cohort.examId, learners, questions: questionsPerPaper },
        ...{ openWithinMs, saveEveryMs, savesEach },
        startAtMs: Date.now() + headStartMs,
        vus: Math.ceil(learners / learnersPerUser),
      };
      const plan = {
        settings,
        learners: cohort.candidates.map(({ token }, place) => ({ token, place })),
      };
      const summary = await runK6({
        ...{ k6, script: 'exam-start.ts', plan, folder, signal },
        ...(onOutput && { onOutput }),
      });
      const spent = cores.spent();
      const { figures, crossed } = mergeSummaries([summary]);
      const { lost, twice } = await compare(cohort, settings);
      const saves = figures['saves_answered']?.['count'] ?? 0;
      return {
        settings: { learners, openWithinMs, saveEveryMs, savesEach },
        figures: {
          ...figures,
          answers_lost: { value: lost },
          answers_twice: { value: twice },
          saves_per_core_s: {
            value: saves / (spent.service + spent.database),
            service_alone: saves / spent.service,
          },
        },
        crossed: [
          ...crossed,
          ...(lost > 0 ? ['answers_lost: value==0'] : []),
          ...(twice > 0 ? ['answers_twice: value==0'] : []),
        ],
        samples: cores.samples,
        lines: cores.lines,
      };
    } finally {
      for (const step of closers.toReversed()) await step();
    }
  },
};

/** Answers that should stand and do not; attempts, gradings or answers that nobody made. */
async function compare(
  { db, candidates }: Cohort,
  { savesEach, questions, learners }: ExamStartSettings,
): Promise<{ lost: number; twice: number }> {
  const stored = await db.sql<{ userId: string; position: number; choice: number }>(
    `SELECT a."userId", w."position", (w."answer"->'choice'->>0)::int AS "choice"
     FROM "ExamAnswer" w JOIN "ExamAttempt" a ON a."id" = w."attemptId" WHERE a."endedAt" IS NOT NULL`,
  );
  const found = new Map(stored.map(({ userId, position, choice }) => [`${userId}/${position}`, choice]));
  let lost = 0;
  let expected = 0;
  for (const [place, { userId }] of candidates.entries())
    for (const [position, choice] of standingAnswers(place, savesEach, questions)) {
      expected += 1;
      if (found.get(`${userId}/${position}`) !== choice) lost += 1;
    }
  const [counts] = await db.sql<{ attempts: number; gradings: number }>(
    `SELECT (SELECT count(*)::int FROM "ExamAttempt") AS "attempts",
       (SELECT count(*)::int FROM "ExamGrading") AS "gradings"`,
  );
  const more = (count: number | undefined, most: number) => Math.max(0, (count ?? 0) - most);
  const twice =
    more(stored.length, expected) + more(counts?.attempts, learners) + more(counts?.gradings, learners);
  return { lost, twice };
}
