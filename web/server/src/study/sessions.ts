/**
 * What happens rarely in a lesson, one learner at a time and under a lock: a session begins [WL4], a challenge is
 * answered [WL6], and reports that come while the camera is asked.
 */
import type { ChallengeAnswer, StudyReport } from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import { type EarningPlace, earningPlaces, takeEarningLeases } from '@keshi/db/earning-leases';
import { peopleWithFace } from '@keshi/db/face-checks';
import { challengeItems, failuresElsewhere } from '@keshi/db/study-lessons';
import { lockStudy, type StoredStudy, type StudyKey, storeStudies } from '@keshi/db/study-progress';
import { creditedOnDay, recordSession } from '@keshi/db/study-sessions';
import { onTheWayMs } from '@keshi/rules/check-plan';
import { accept, type Accepted, begin, completed } from '@keshi/rules/study';
import { answered, askedAgain, type Chance, expired, type Judged } from '@keshi/rules/study-challenges';
import { countedMs, dayOf, type StudyState, unstudied } from '@keshi/rules/study-state';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { faceCheckOf, judgedFace } from './face.ts';
import type { StudyLessonFacts } from './lessons.ts';
import { isRight, questionOf } from './questions.ts';
import { readState } from './stored-state.ts';

export interface SessionsDeps {
  db: Db;
  clock: Clock;
  chance: Chance;
  /** Whether anything here can judge faces. */
  judgesFaces: boolean;
}

/** Questions that a session may be asked from. */
const mostItems = 20;
/** How long what somebody failed in one lesson makes for caution in the others, ms. */
const failuresHoldMs = 24 * 3_600_000;

export function createSessions({ db, clock, chance, judgesFaces }: SessionsDeps) {
  async function onState<T>(
    key: StudyKey,
    lesson: StudyLessonFacts,
    work: (within: Db, stored: StoredStudy, state: StudyState) => Promise<{ state: StudyState; result: T }>,
  ): Promise<T> {
    return db.transaction(async (sql) => {
      const at = clock();
      const stored = await lockStudy(sql, {
        ...key,
        courseId: lesson.row.courseId,
        state: unstudied,
        at,
      });
      const before = readState(stored.state);
      // On the connection that holds the lock: another one might wait for those who wait for it.
      const { state, result } = await work({ ...db, sql }, stored, before);
      if (state !== before)
        await storeStudies({ sql }, [
          {
            ...key,
            version: stored.version,
            state,
            countedMs: countedMs(state),
            completedAt: state.completedAt,
            at: clock(),
            token: null,
          },
        ]);
      return result;
    });
  }

  /** Takes in what a question to the camera came to by now; `judging` when its answer has come and nothing more. */
  async function withFace(
    within: Db,
    key: StudyKey,
    lesson: StudyLessonFacts,
    state: StudyState,
  ): Promise<{ state: StudyState; judging: boolean }> {
    const { challenge, session } = state;
    if (challenge.state !== 'pending' || challenge.way.kind !== 'face') return { state, judging: false };
    const check = await faceCheckOf(within, { ...key, challenge });
    // Another question to this person about this lesson is still open: it is over before long.
    if (!check) return { state, judging: true };
    const now = clock();
    const seen = challenge.repeated || (session !== null && session.heardAt > challenge.askedAt);
    const judged = await judgedFace(within, check, { now, seen });
    if (judged === null) return { state, judging: check.answeredAt !== null };
    const given = { now, policy: lesson.policy, chance };
    if (judged === 'silent') return { state: expired(state, given), judging: false };
    return { state: afterAnswer(state, judged, lesson), judging: false };
  }

  function afterAnswer(state: StudyState, judged: Judged, lesson: StudyLessonFacts): StudyState {
    const { facts, policy } = lesson;
    const now = clock();
    const leftMs = facts.lengthMs - countedMs(state);
    return completed(answered(state, judged, { now, policy, chance, leftMs }), {
      lesson: facts,
      policy,
      now,
    });
  }

  async function judgedOf(
    within: Db,
    answer: Exclude<ChallengeAnswer, { kind: 'face' | 'again' }>,
    state: StudyState,
  ): Promise<Judged> {
    const { challenge } = state;
    if (challenge.state !== 'pending' || challenge.id !== answer.id || challenge.way.kind !== answer.kind)
      throw new AppError('challenge-over');
    if (clock() > challenge.deadline + onTheWayMs) throw new AppError('challenge-over');
    if (answer.kind === 'attend')
      return challenge.way.kind === 'attend' && challenge.way.number === answer.choice ? 'passed' : 'failed';
    const question = challenge.way.kind === 'item' ? await questionOf(within, challenge.way.itemId) : null;
    // It was taken back since it was asked: nobody can be held to it.
    if (!question) return 'excused';
    return isRight(question, answer.choice) ? 'passed' : 'failed';
  }

  return {
    /** Takes the lease; answers what ended by it. */
    async start(
      key: StudyKey,
      lesson: StudyLessonFacts,
      id: string,
    ): Promise<{ state: StudyState; ended: EarningPlace | null }> {
      const { userId } = key;
      return onState(key, lesson, async (within, stored, before) => {
        const now = clock();
        const day = dayOf(now);
        const { state: current } = await withFace(within, key, lesson, before);
        const [people, items, failures, earnedMs] = await Promise.all([
          judgesFaces ? peopleWithFace(within, [userId]) : new Set<string>(),
          challengeItems(within.sql, key.lessonId, mostItems),
          failuresElsewhere(within.sql, { ...key, since: now - failuresHoldMs }),
          creditedOnDay(within, { userId, day }),
        ]);
        const { session } = current;
        if (session)
          await recordSession(
            within,
            { ...session, ...key, courseId: stored.courseId, endedAt: session.heardAt },
            dayOf(session.startedAt),
          );
        const place = { kind: 'lesson' as const, contextId: key.lessonId, token: id };
        const [taken] = await takeEarningLeases(within, [{ userId, ...place }], now);
        const state = begin(current, {
          now,
          lesson: lesson.facts,
          policy: lesson.policy,
          chance,
          id,
          elsewhere: { day, ms: earnedMs },
          means: { face: people.has(userId), items, failures },
        });
        return { state, result: { state, ended: taken?.ended ?? null } };
      });
    },

    /** A report while the camera is asked, or one whose state has to be read anew. */
    async report(key: StudyKey, lesson: StudyLessonFacts, report: StudyReport): Promise<Accepted> {
      return onState(key, lesson, async (within, _stored, before) => {
        const { state, judging } = await withFace(within, key, lesson, before);
        const place = (await earningPlaces(within, [key.userId])).get(key.userId);
        const accepted = accept(state, report, {
          now: clock(),
          lesson: lesson.facts,
          policy: lesson.policy,
          holdsLease: place?.token === report.sessionId,
          chance,
          judging,
        });
        return { state: accepted.state, result: accepted };
      });
    },

    /** Throws `challenge-over` when that is not asked any more, and `conflict` when the session is not the account's. */
    async answer(
      key: StudyKey,
      lesson: StudyLessonFacts,
      sessionId: string,
      answer: ChallengeAnswer,
    ): Promise<StudyState> {
      return onState(key, lesson, async (within, _stored, before) => {
        const place = (await earningPlaces(within, [key.userId])).get(key.userId);
        if (before.session?.id !== sessionId || place?.token !== sessionId) throw new AppError('conflict');
        const { state: current } = await withFace(within, key, lesson, before);
        const now = clock();
        const given = { now, policy: lesson.policy, chance };
        if (answer.kind === 'again') {
          const state = askedAgain(expired(current, given), given);
          return { state: heard(state, now), result: state };
        }
        if (answer.kind === 'face') return { state: heard(current, now), result: current };
        const state = afterAnswer(current, await judgedOf(within, answer, current), lesson);
        return { state: heard(state, now), result: state };
      });
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;

const heard = (state: StudyState, at: number): StudyState =>
  state.session ? { ...state, session: { ...state.session, heardAt: at } } : state;
