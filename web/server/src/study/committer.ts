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
import { createGroupCommit } from '@keshi/runtime/group-commit';
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
  /** Lets what has arrived be stored; what comes afterwards is refused. */
  close(): Promise<void>;
}

interface Waiting extends Submission {
  at: number;
}

type Outcome =
  | Committed
  /** Somebody else wrote it meanwhile: it is decided anew. */
  | { kind: 'overtaken' }
  | { kind: 'refused'; error: unknown };

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
  const known = new Map<string, Known>();
  const group = createGroupCommit<Waiting, Outcome>({ write: commit, most: mostOfOne, waitMs: gatherMs });

  async function commit(batch: readonly Waiting[]): Promise<Outcome[]> {
    const began = performance.now();
    try {
      const outcomes = await decideAndStore(batch);
      committed?.(batch.length, performance.now() - began);
      return batch.map((one) => outcomes.get(one) ?? { kind: 'overtaken' });
    } catch (error) {
      // It may have been stored although its answer was lost: nothing that was known is trusted.
      for (const one of batch) known.delete(keyOf(one));
      throw error;
    }
  }

  async function decideAndStore(batch: readonly Waiting[]): Promise<Map<Waiting, Outcome>> {
    const outcomes = new Map<Waiting, Outcome>();
    const groups = Map.groupBy(batch, keyOf);
    await readMissing(groups);
    const writes: StudyWrite[] = [];
    const decided = new Map<string, { state: StudyState; each: [Waiting, Accepted][] }>();
    const answer = (each: readonly [Waiting, Accepted][]) => {
      for (const [one, accepted] of each) outcomes.set(one, { kind: 'stored', accepted });
    };
    for (const [key, of] of groups) {
      const now = known.get(key);
      if (!now) {
        for (const one of of) outcomes.set(one, { kind: 'refused', error: new AppError('not-found') });
        continue;
      }
      const result = decide(now, of, outcomes);
      if (result.each.length === 0) continue;
      if (result.state === now.state) {
        answer(result.each);
        continue;
      }
      decided.set(key, result);
      const [first] = of;
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
        answer(each);
      } else known.delete(key);
    }
    return outcomes;
  }

  function decide(now: Known, of: readonly Waiting[], outcomes: Map<Waiting, Outcome>) {
    let { state } = now;
    const each: [Waiting, Accepted][] = [];
    for (const one of of) {
      try {
        one.authorise(now.enrolled);
      } catch (error) {
        outcomes.set(one, { kind: 'refused', error });
        continue;
      }
      const { challenge } = state;
      if (challenge.state === 'pending' && challenge.way.kind === 'face') {
        outcomes.set(one, { kind: 'asks-face' });
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
    async submit(submission) {
      const one = { ...submission, at: clock() };
      for (let tries = 0; tries < mostTries; tries += 1) {
        const outcome = await group.add(one);
        if (outcome.kind === 'refused') throw outcome.error;
        if (outcome.kind !== 'overtaken') return outcome;
      }
      throw new AppError('unavailable', { retryMs: 1_000 });
    },
    forget: (key) => void known.delete(keyOf(key)),
    close: () => group.close(),
  };
}
