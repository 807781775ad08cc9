/**
 * Bench `exam`: a cohort of two thousand opens one exam within 60 s, saves every 15 s and hands in within the last 60 s, while
 * the pages' service and PostgreSQL are killed in the middle; whatever was acknowledged must be there afterwards, once. Then
 * saves as fast as they go, against a bare `node:http` server with the same group commit into the same tables: what it costs
 * to know who asks, what they may, and whether what they send is an answer. `--viewers` is the size of the cohort.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@keshi/e2e/postgres';
import { createLogger } from '@keshi/runtime/log';
import { startRedis } from '@keshi/runtime/testing/redis';
import { z } from 'zod';
import { startCluster } from '../../start/cluster/services.ts';
import { type Cohort, seedCohort } from './exam/cohort.ts';
import { post, targetOf } from './exam/requests.ts';
import { sit, type SittingPlan, type Written } from './exam/sitting.ts';
import { processorSeconds } from './fanout/server-costs.ts';
import { alone, median, quantile, type BenchOptions, type Figure } from './figure.ts';

const fullCohort = 2_000;
const sockets = 256;
const atOnce = 64;
const hammerMs = 5_000;
/** A person may save only so often: a small cohort is done before the time is over. */
const savesEach = 60;
const mostRounds = 5;

/** A smaller cohort is as dense as the full one, and shorter. */
function planOf(size: number): SittingPlan {
  const minute = Math.max(5_000, (60_000 * size) / fullCohort);
  return {
    openWithinMs: minute,
    saveEveryMs: Math.min(15_000, minute),
    writeMs: 3 * minute,
    submitWithinMs: minute,
  };
}

/** @public bench.ts loads it by name. */
export async function run({ rounds, viewers }: BenchOptions): Promise<Figure[]> {
  const size = viewers ?? fullCohort;
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'keshi-exam-'));
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const postgres = await startPostgres();
    closers.push(() => postgres.stop());
    const redis = await startRedis();
    closers.push(() => redis.stop());
    const cluster = await startCluster({
      dataDir,
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      signalingNodes: 1,
      sfuNodes: 0,
      env: { LOG_LEVEL: 'warn', DEMO: 'false' },
    });
    closers.push(() => cluster.stop());
    const log = createLogger({ name: 'exam', level: 'error', format: 'json' });
    const cohort = await seedCohort({ dataDir, databaseUrl: postgres.url, size, log });
    closers.push(() => cohort.close());

    const plan = planOf(size);
    const ours = targetOf(cluster.url, sockets);
    const crash = delay(plan.openWithinMs + plan.saveEveryMs * 0.7).then(async () => {
      await Promise.all([cluster.web.kill(), postgres.crash()]);
      await postgres.start();
      await cluster.web.start();
    });
    const [{ written, times }] = await Promise.all([sit(ours, cohort, plan), crash]);
    const { lost, duplicated } = await compare(cohort, written);

    const bare = await startBare(postgres.url);
    closers.push(() => bare.stop());
    const measured: { ours: number; bare: number }[] = [];
    const turns = Math.min(rounds, mostRounds);
    await reopen(cohort);
    for (let turn = 0; turn < turns; turn++) {
      const one = () => hammer(ours.origin, cohort, written, cluster.web.pid());
      const other = () => hammer(bare.origin, cohort, written, bare.pid);
      const [first, second] = turn % 2 === 0 ? [one, other] : [other, one];
      const [a, b] = [await first(), await second()];
      measured.push(turn % 2 === 0 ? { ours: a, bare: b } : { ours: b, bare: a });
    }
    return [
      {
        figure: 'autosaves_per_core_s',
        value: median(measured.map((round) => round.ours)),
        unit: 'saves a second of processor time',
        against: 'bare node:http',
        againstValue: median(measured.map((round) => round.bare)),
        ratio: median(measured.map((round) => round.ours / round.bare)),
        rounds: turns,
      },
      alone('answers_lost', lost, 'answers'),
      alone('answers_duplicated', duplicated, 'answers'),
      alone('open_p99_ms', quantile(times.openMs, 0.99), 'ms'),
      alone('save_p99_ms', quantile(times.saveMs, 0.99), 'ms'),
      alone('submit_p99_ms', quantile(times.submitMs, 0.99), 'ms'),
    ];
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** What was acknowledged and is not there, or is there twice. */
async function compare(
  cohort: Cohort,
  written: readonly Written[],
): Promise<{ lost: number; duplicated: number }> {
  const { sql } = cohort.db;
  const stored = await sql<{ attemptId: string; position: number; choice: number }>(
    `SELECT "attemptId", "position", ("answer"->'choice'->>0)::int AS "choice" FROM "ExamAnswer"`,
  );
  const found = new Map(
    stored.map(({ attemptId, position, choice }) => [`${attemptId}/${position}`, choice]),
  );
  let lost = 0;
  for (const { attemptId, acknowledged } of written)
    for (const [position, choice] of acknowledged)
      if (found.get(`${attemptId}/${position}`) !== choice) lost += 1;
  const [attempts] = await sql<{ n: number }>('SELECT count(*)::int AS "n" FROM "ExamAttempt"');
  const [gradings] = await sql<{ n: number }>('SELECT count(*)::int AS "n" FROM "ExamGrading"');
  const unsubmitted = written.filter(({ submitted }) => !submitted).length;
  const twice = (attempts?.n ?? 0) - written.length + Math.max(0, (gradings?.n ?? 0) - written.length);
  return { lost: lost + unsubmitted, duplicated: stored.length - found.size + twice };
}

/** The papers are written on, so that saves are taken as during the exam. */
async function reopen({ db }: Cohort): Promise<void> {
  await db.sql(
    'UPDATE "ExamAttempt" SET "endedAt" = NULL, "submittedAt" = NULL, "endCause" = NULL, "lastSeenAt" = now()',
  );
}

let sequence = 1_000;

/** Saves a second of the server's processor time, with as many under way as a busy minute has. */
async function hammer(
  origin: string,
  cohort: Cohort,
  written: readonly Written[],
  pid: number,
): Promise<number> {
  const target = targetOf(origin, atOnce);
  const tokens = new Map(cohort.candidates.map(({ userId, token }) => [userId, token]));
  let saves = 0;
  let failed = 0;
  const before = processorSeconds([pid]);
  const until = Date.now() + hammerMs;
  const worker = async (n: number) => {
    for (let turn = n; Date.now() < until && turn < savesEach * written.length; turn += atOnce) {
      const who = written[turn % written.length];
      if (!who) return;
      sequence += 1;
      const answers = [{ position: turn % 20, answer: { kind: 'single', choice: [turn % 4] } }];
      const body = { lease: who.lease, sequence, visible: true, answers };
      const answer = await post(
        target,
        `/api/attempts/${who.attemptId}/saves`,
        tokens.get(who.userId) ?? '',
        body,
      );
      if (answer.status === 200) saves += 1;
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, n) => worker(n)));
  const spent = processorSeconds([pid]) - before;
  target.agent.destroy();
  if (failed > saves / 100) throw new Error(`${failed} of ${saves + failed} saves failed`);
  return saves / spent;
}

async function startBare(databaseUrl: string) {
  const file = fileURLToPath(new URL('./exam/bare-server.ts', import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [message]: unknown[] = await once(child, 'message');
  const { port } = z.object({ port: z.number() }).parse(message);
  return {
    origin: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}
