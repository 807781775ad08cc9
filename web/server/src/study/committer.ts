/**
 * Reports of many learners in one commit [WL1]: what arrives while one commit is under way goes with the next, so that
 * the database is asked twice for all of them at most, and nobody is answered before what he was credited is stored.
 */
import type { StudyReport } from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import { keyOf, readStudies, storeStudies, type StudyKey, type StudyWrite } from '@keshi/db/study-progress';
import { accept, type Accepted } from '@keshi/rules/study';
import type { Chance } from '@keshi/rules/study-challenges';
import { countedMs, type StudyState } from '@keshi/rules/study-state';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { StudyLessonFacts } from './lessons.ts';
import { readState } from './stored-state.ts';

export interface Submission extends StudyKey {
  report: StudyReport;
  lesson: StudyLessonFacts;
  /** Throws when this person may not study the lesson. */
  authorise(enrolled: boolean): void;
}

export type Committed =
  | { kind: 'stored'; accepted: Accepted }
  /** A question to the camera is open: its row is to be read first. */
  | { kind: 'asks-face' };

export interface Committer {
  /** Rejects with `not-found` when this person never began, and with `unavailable` while the database is away. */
  submit(submission: Submission): Promise<Committed>;
  /** Something else has written it. */
  forget(key: StudyKey): void;
  /** Lets what has arrived be stored. */
  close(): Promise<void>;
}

interface Waiting extends Submission {
  at: number;
  tries: number;
  resolve(committed: Committed): void;
  reject(error: unknown): void;
}

interface Known {
  version: number;
  state: StudyState;
  token: string | null;
  enrolled: boolean;
  readAt: number;
}

export interface CommitterDeps {
  db: Db;
  clock: Clock;
  chance: Chance;
  /** How long the first waits for others, ms. */
  gatherMs?: number;
  committed?: (reports: number, ms: number) => void;
}

const mostOfOne = 500;
const mostKnown = 20_000;
/** Enrolment and whatever others write without overtaking holds within this time, ms. */
const knownMs = 30_000;
const mostTries = 5;

export function createCommitter(deps: CommitterDeps): Committer {
  const { db, clock, chance, gatherMs = 5, committed } = deps;
  let waiting: Waiting[] = [];
  let running: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const known = new Map<string, Known>();

  function soon(): void {
    if (running || waiting.length === 0) return;
    if (waiting.length >= mostOfOne) return run();
    timer ??= setTimeout(run, gatherMs);
  }

  function run(): void {
    clearTimeout(timer);
    timer = undefined;
    if (running || waiting.length === 0) return;
    const batch = waiting.slice(0, mostOfOne);
    waiting = waiting.slice(mostOfOne);
    running = commit(batch)
      .catch((error: unknown) => {
        // It may have been stored although its answer was lost: nothing that was known is trusted.
        for (const one of batch) {
          known.delete(keyOf(one));
          one.reject(error);
        }
      })
      .finally(() => {
        running = null;
        soon();
      });
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    const began = performance.now();
    const groups = Map.groupBy(batch, keyOf);
    await readMissing(groups);
    const writes: StudyWrite[] = [];
    const decided = new Map<string, { state: StudyState; each: [Waiting, Accepted][] }>();
    for (const [key, group] of groups) {
      const now = known.get(key);
      if (!now) {
        for (const one of group) one.reject(new AppError('not-found'));
        continue;
      }
      const result = decide(now, group);
      if (result.each.length === 0) continue;
      if (result.state === now.state) {
        for (const [one, accepted] of result.each) finish(one, accepted);
        continue;
      }
      decided.set(key, result);
      const [first] = group;
      if (first)
        writes.push({
          userId: first.userId,
          lessonId: first.lessonId,
          version: now.version,
          state: result.state,
          countedMs: countedMs(result.state),
          completedAt: result.state.completedAt,
          at: clock(),
          token: result.state.session?.id ?? null,
        });
    }
    const stored = await storeStudies(db, writes);
    for (const [key, { state, each }] of decided) {
      const before = known.get(key);
      if (stored.has(key) && before) {
        known.set(key, { ...before, version: before.version + 1, state });
        for (const [one, accepted] of each) finish(one, accepted);
      } else {
        known.delete(key);
        for (const [one] of each) again(one);
      }
    }
    committed?.(batch.length, performance.now() - began);
  }

  function decide(now: Known, group: readonly Waiting[]) {
    let { state } = now;
    const each: [Waiting, Accepted][] = [];
    for (const one of group) {
      try {
        one.authorise(now.enrolled);
      } catch (error) {
        one.reject(error);
        continue;
      }
      const { challenge } = state;
      if (challenge.state === 'pending' && challenge.way.kind === 'face') {
        one.resolve({ kind: 'asks-face' });
        continue;
      }
      const holdsLease = now.token !== null && now.token === one.report.sessionId;
      const { facts, policy } = one.lesson;
      const accepted = accept(state, one.report, { now: one.at, lesson: facts, policy, holdsLease, chance });
      state = accepted.state;
      each.push([one, accepted]);
    }
    return { state, each };
  }

  function finish(one: Waiting, accepted: Accepted): void {
    one.resolve({ kind: 'stored', accepted });
  }

  function again(one: Waiting): void {
    one.tries += 1;
    if (one.tries >= mostTries) one.reject(new AppError('unavailable', { retryMs: 1_000 }));
    else waiting.push(one);
  }

  async function readMissing(groups: ReadonlyMap<string, readonly Waiting[]>): Promise<void> {
    const now = clock();
    const missing = [...groups].flatMap(([key, [first]]) => {
      const entry = known.get(key);
      const fresh = entry && Math.abs(now - entry.readAt) < knownMs;
      // A session this node has not heard of was begun elsewhere, or is none.
      if (fresh && entry.token === first?.report.sessionId) return [];
      return first ? [{ userId: first.userId, lessonId: first.lessonId }] : [];
    });
    for (const key of missing) known.delete(keyOf(key));
    for (const { study, token, enrolled } of await readStudies(db, missing))
      known.set(keyOf(study), {
        version: study.version,
        state: readState(study.state),
        token,
        enrolled,
        readAt: now,
      });
    while (known.size > mostKnown) {
      const [oldest] = known.keys();
      if (oldest === undefined || groups.has(oldest)) break;
      known.delete(oldest);
    }
  }

  return {
    submit: (submission) =>
      new Promise((resolve, reject) => {
        waiting.push({ ...submission, at: clock(), tries: 0, resolve, reject });
        soon();
      }),
    forget: (key) => void known.delete(keyOf(key)),
    async close() {
      while (running || waiting.length > 0) {
        run();
        await running;
      }
    },
  };
}
