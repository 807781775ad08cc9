/**
 * From a frame that leaves the client to its verdict there, through the services as they run: HTTP, the pages' service,
 * PostgreSQL, the sealed queue in Redis, a proctor with one thread, and back. At the load the node can just carry, which
 * is measured first, and at five times as much, where the widening of intervals is the product's own [PR7].
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { checkAnswer } from '@keshi/contract/http/checks';
import { createDb, type Db } from '@keshi/db/client';
import { askFaceChecks, type FaceCheck } from '@keshi/db/face-checks';
import { migrate } from '@keshi/db/migrate';
import { silent, testKeys } from '@keshi/db/testing/database';
import { testWrappingKeys } from '@keshi/db/testing/vault';
import { openVault } from '@keshi/db/vault';
import { startPostgres } from '@keshi/e2e/postgres';
import { nextCheck } from '@keshi/rules/identity-checks';
import { defaultIdentityPolicy } from '@keshi/rules/identity-policy';
import { createLogger } from '@keshi/runtime/log';
import { createRedisState } from '@keshi/runtime/state/redis/state';
import { startRedis } from '@keshi/runtime/testing/redis';
import { createProctorLoad, type ProctorLoad } from '@keshi/signaling/identity/proctor-load';
import { startChild } from '../fanout/child.ts';
import { createRandom, type Random } from '../simulate/random.ts';
import type { ProctorAnswers, ServeAnswers } from './messages.ts';
import { newCheck, seedLearners, type Learner } from './people.ts';

export interface Outcome {
  purpose: 'check' | 'exam';
  /** `judged` says nothing about whom it shows; `error` is our own failure, said as such; others are codes of refusals. */
  as: string;
  ms: number;
  /** [PR7] Its next check comes later than it would. */
  putOff: boolean;
}

export interface VerdictPath {
  /** Verdicts a second, asked for as fast as they come. */
  capacity(seconds: number): Promise<number>;
  /** At so many a second; `widening` lets the queue lengthen intervals. Resolves when the last one is answered. */
  at(perSecond: number, seconds: number, widening: boolean): Promise<Outcome[]>;
  close(): Promise<void>;
}

/** Of what is asked: checks of exams, which go first as sign-ins do. */
const examShare = 0.1;
/** At once, to find how much goes through: enough that neither the thread nor what is before it ever waits. */
const atOnce = 6;
const loadLookMs = 1_000;
const tickMs = 20;

export async function openVerdictPath(given: {
  learners: number;
  frames: readonly Buffer[];
  descriptors: readonly string[];
}): Promise<VerdictPath> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).toReversed()) await step();
  };
  try {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    closers.push(
      () => postgres.stop(),
      () => redis.stop(),
    );
    await migrate(postgres.url);
    const db = createDb({ url: postgres.url, keys: testKeys, log: silent });
    closers.push(() => db.close());
    await db.sql('CREATE DATABASE vault');
    const vaultUrl = new URL(postgres.url);
    vaultUrl.pathname = '/vault';
    const env = { DATABASE_URL: postgres.url, VAULT_URL: vaultUrl.href, REDIS_URL: redis.url };
    const web = startChild<ServeAnswers>(new URL('./serve.ts', import.meta.url), env);
    const proctor = startChild<ProctorAnswers>(new URL('./judge-node.ts', import.meta.url), env);
    closers.push(
      () => web.stop(),
      () => proctor.stop(),
    );
    const [port] = await Promise.all([web.ask('port', null), proctor.ask('ready', null)]);
    const vault = await openVault({ url: vaultUrl.href, keys: testWrappingKeys, log: silent });
    const { descriptors, frames } = given;
    const learners = await seedLearners(db, vault, { count: given.learners, descriptors });
    await vault.close();
    const log = createLogger({ name: 'faces', level: 'silent', format: 'json' });
    const state = await createRedisState({ url: redis.url, log });
    closers.push(() => state.close());
    const load = createProctorLoad({ jobs: state.jobs, log });
    return pathOver({ db, port, learners, frames, load, close });
  } catch (error) {
    await close();
    throw error;
  }
}

function pathOver(of: {
  db: Db;
  port: number;
  learners: readonly Learner[];
  frames: readonly Buffer[];
  load: ProctorLoad;
  close: () => Promise<void>;
}): VerdictPath {
  const { db, port, learners, frames, load } = of;
  const random = createRandom(7);
  let sent = 0;

  interface Due {
    learner: Learner;
    check: FaceCheck;
    putOff: boolean;
  }

  /** Never rejects: what has no answer is an outcome as well. */
  async function answered({ learner, check: { id, nonce, purpose }, putOff }: Due): Promise<Outcome> {
    const frame = frames[sent++ % frames.length];
    const body = frame ? bundled(unique(frame)) : Buffer.alloc(0);
    const since = performance.now();
    const as = await fetch(`http://127.0.0.1:${port}/api/checks/${id}/pictures?nonce=${nonce}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${learner.token}`,
        'content-type': 'application/vnd.keshi.pictures',
      },
      body: new Uint8Array(body),
    })
      .then(verdictIn)
      .catch(() => 'no answer');
    return { purpose: purpose === 'exam' ? 'exam' : 'check', as, ms: performance.now() - since, putOff };
  }

  const purposeNow = () => (random.next() < examShare ? 'exam' : 'check');

  return {
    async capacity(seconds) {
      const until = performance.now() + seconds * 1_000;
      let judged = 0;
      const worker = async (n: number) => {
        for (let turn = n; performance.now() < until; turn += atOnce) {
          const learner = learners[turn % learners.length];
          if (!learner) continue;
          const check = newCheck(learner.userId, purposeNow());
          await askFaceChecks(db, [check]);
          if ((await answered({ learner, check, putOff: false })).as === 'judged') judged += 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, (_, n) => worker(n)));
      return judged / seconds;
    },
    async at(perSecond, seconds, widening) {
      const pending: Promise<Outcome>[] = [];
      // Each of them stands for as many as it takes: asked again after the policy's times, all shortened by one factor.
      const meanMs = (learners.length / perSecond) * 1_000;
      const policy = shortened(meanMs);
      const next = learners.map((learner) => ({ learner, at: random.next() * meanMs }));
      const began = performance.now();
      let lookedAt = began;
      for (let now = 0; now < seconds * 1_000; now = performance.now() - began) {
        if (widening && performance.now() - lookedAt > loadLookMs) {
          lookedAt = performance.now();
          await load.look();
        }
        const due = next.flatMap((each): Due[] => {
          if (each.at > now) return [];
          const planned = plannedAfter(each.at, widening ? load.stretch() : 1, random, policy);
          each.at = planned.at;
          const { learner } = each;
          return [{ learner, check: newCheck(learner.userId, purposeNow()), putOff: planned.widened }];
        });
        // One statement for all that are due, as a coordinator does.
        await askFaceChecks(
          db,
          due.map(({ check }) => check),
        );
        pending.push(...due.map(answered));
        await pause(tickMs);
      }
      return Promise.all(pending);
    },
    close: of.close,
  };
}

function plannedAfter(at: number, stretch: number, random: Random, policy: typeof defaultIdentityPolicy) {
  const last = { at, verdict: 'match', wasRecheck: false } as const;
  const next = nextCheck(last, { place: 'class', random: random.next(), stretch }, policy);
  return { at: next.at, widened: next.kind === 'check' && next.widened };
}

/** The default policy with that mean, and the same proportions. */
function shortened(meanMs: number): typeof defaultIdentityPolicy {
  const part = meanMs / defaultIdentityPolicy.meanMs;
  const { longestMs, longestUnderLoadMs } = defaultIdentityPolicy;
  return {
    ...defaultIdentityPolicy,
    meanMs,
    longestMs: longestMs * part,
    longestUnderLoadMs: longestUnderLoadMs * part,
  };
}

async function verdictIn(response: Response): Promise<string> {
  const body: unknown = await response.json();
  if (!response.ok) return String(Object(Object(body).error).code ?? response.status);
  return checkAnswer.parse(body).verdict === 'error' ? 'error' : 'judged';
}

/** A camera never yields the same bytes twice: a comment of its own behind the picture's first marker. */
function unique(jpeg: Buffer): Buffer {
  const comment = randomBytes(16);
  const header = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), header, comment, jpeg.subarray(2)]);
}

function bundled(jpeg: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(jpeg.length);
  return Buffer.concat([length, jpeg]);
}
