/** What is found about attempts: when they end, when a person has marked, and when a question turns out to be wrong [EX4]. */
import type { GradedLine, GradingCause } from '@keshi/contract/exams';
import { itemAnswer, partsOf, type ShownItem, withoutAnswers } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import {
  type Attempt,
  type AttemptChange,
  type AttemptFacts,
  endedAttemptsWith,
  expiredAttempts,
  onAttempt,
} from '@keshi/db/exam-attempts';
import { attemptHistory } from '@keshi/db/exam-board';
import { getItem } from '@keshi/db/items';
import { closedAfterMs, isExpired, onTheWayMs } from '@keshi/rules/exams/attempts';
import { type Grade, gradeAttempt, withMark } from '@keshi/rules/exams/grading';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { isDeepStrictEqual } from 'node:util';
import type { Contents } from './contents.ts';

export interface GraderDeps {
  db: Db;
  clock: Clock;
  contents: Contents;
  log: Logger;
}

type Grading = NonNullable<AttemptChange['grading']>;

export function createGrader({ db, clock, contents, log }: GraderDeps) {
  /**
   * `anew`: the places that are graded, all of them when not given. `corrected`: a revision of a question to grade by
   * instead of the one it was graded by before, or asked.
   */
  async function grade(
    { attempt, exam, answers, lines }: AttemptFacts,
    options: {
      anew?: number;
      corrected?: { itemId: string; revision: number };
      struck?: ReadonlySet<number>;
    } = {},
  ): Promise<Grade> {
    const { anew, corrected, struck } = options;
    const asked = attempt.paper.map(({ itemId, revision }, position) =>
      corrected?.itemId === itemId ? corrected : { itemId, revision: lines[position]?.revision ?? revision },
    );
    const known = await contents.of(asked);
    return gradeAttempt(
      known.map((content, position) => ({
        content,
        revision: asked[position]?.revision ?? 1,
        points: attempt.paper[position]?.points ?? 0,
        answer: answers.get(position)?.answer ?? null,
      })),
      exam,
      {
        kept: anew === undefined ? [] : lines.filter(({ position }) => position !== anew),
        ...(struck ? { struck } : {}),
      },
    );
  }

  const version = (
    grade: Grade,
    of: { byId: string | null; cause: GradingCause; reason: string },
  ): Grading => ({ ...grade, ...of, at: clock() });

  const ended = async (
    facts: AttemptFacts,
    end: NonNullable<AttemptChange['end']>,
  ): Promise<AttemptChange> => ({
    end,
    grading: version(await grade(facts), { byId: null, cause: 'automatic', reason: '' }),
  });

  /** [EX2] Ends what nobody handed in by its deadline, and grades what is stored. Twice does nothing more. */
  async function expire(id: string, now: number): Promise<Attempt | null> {
    return onAttempt(db, id, async (facts) => {
      const { deadline, endedAt } = facts.attempt;
      if (deadline === null || !isExpired({ deadline, ended: endedAt !== null }, now)) return null;
      return ended(facts, { at: deadline, cause: 'deadline' });
    });
  }

  return {
    expire,

    /**
     * [EX3] Hands in, once: however often it is sent, the first stands. Throws `taken-over` when another page writes, and
     * `exam-over` when the deadline was there first.
     */
    async submit(
      id: string,
      { sid, lease, at }: { sid: string; lease: number; at: number },
    ): Promise<Attempt | null> {
      return onAttempt(db, id, async (facts) => {
        const { attempt } = facts;
        if (attempt.submittedAt !== null) return null;
        const over = attempt.deadline !== null && at > attempt.deadline + onTheWayMs;
        if (attempt.endedAt !== null || over) throw new AppError('exam-over');
        if (lease < attempt.lease || sid !== attempt.writerSid) throw new AppError('taken-over');
        return ended(facts, { at, cause: 'submitted' });
      });
    },

    /** Ends what is past its deadline. May be done by two at once: each attempt ends once. */
    async endExpired(signal?: AbortSignal): Promise<void> {
      const now = clock();
      for (const id of await expiredAttempts(db, now - closedAfterMs)) {
        if (signal?.aborted) return;
        try {
          await expire(id, now);
        } catch (error) {
          log.error({ err: error, attemptId: id }, 'an attempt could not be ended');
        }
      }
    },

    /** Throws `outdated` when the grading is not the one that was looked at, `conflict` for a line a person need not read. */
    async mark(
      id: string,
      mark: { position: number; earned: number; note: string; gradingVersion: number; byId: string },
    ): Promise<void> {
      const { position, earned, note, gradingVersion, byId } = mark;
      await onAttempt(db, id, async ({ attempt, exam, lines }) => {
        if (attempt.gradingVersion !== gradingVersion) throw new AppError('outdated');
        const line = lines[position];
        if (attempt.paper[position]?.kind !== 'short-answer' || !line) throw new AppError('conflict');
        if (earned > line.points) throw new AppError('invalid-input', { fields: ['body.earned'] });
        const grade = withMark(lines, { position, earned, note }, exam);
        return { grading: version(grade, { byId, cause: 'marked', reason: '' }) };
      });
    },

    /** [EX1] Throws `not-found` for no such late answer, `already-done` once somebody has decided. */
    async decideLate(
      id: string,
      late: {
        position: number;
        lease: number;
        sequence: number;
        accepted: boolean;
        reason: string;
        byId: string;
      },
    ): Promise<void> {
      const { position, lease, sequence, accepted, reason, byId } = late;
      const same = (one: { position: number; lease: number; sequence: number }) =>
        one.position === position && one.lease === lease && one.sequence === sequence;
      const at = clock();
      await onAttempt(db, id, async (facts) => {
        if (facts.attempt.endedAt === null) throw new AppError('conflict');
        const { strays } = await attemptHistory(db, id);
        const stray = strays.find((one) => same(one) && one.standing === 'late');
        if (!stray) throw new AppError('not-found');
        if (stray.accepted !== null) throw new AppError('already-done');
        const decided = { position, lease, sequence, accepted, at, byId };
        if (!accepted) return { late: decided };
        const answers = new Map(facts.answers);
        answers.set(position, { answer: itemAnswer.nullable().parse(stray.answer), lease, at: stray.at });
        // Whatever was said of the answer before is about another one.
        const struck = facts.lines[position]?.by === 'strike' ? { struck: new Set([position]) } : {};
        const found = await grade({ ...facts, answers }, { anew: position, ...struck });
        return { late: decided, grading: version(found, { byId, cause: 'late-accepted', reason }) };
      });
    },

    /**
     * [EX4] Every ended attempt with the question is graded anew: by the revision in use, or with its points for everybody.
     * Throws `conflict` when the revision in use cannot be read with the answers that were given.
     */
    async regrade(
      examId: string,
      of: { itemId: string; how: 'by-revision' | 'strike'; reason: string; byId: string },
    ): Promise<{ attempts: number; changed: number }> {
      const { itemId, how, reason, byId } = of;
      const item = await getItem(db, itemId);
      if (!item) throw new AppError('invalid-input', { fields: ['body.itemId'] });
      const ids = await endedAttemptsWith(db, { examId, itemId });
      let changed = 0;
      for (const id of ids) {
        await onAttempt(db, id, async (facts) => {
          const position = facts.attempt.paper.findIndex((question) => question.itemId === itemId);
          const question = facts.attempt.paper[position];
          if (!question) return null;
          if (how === 'by-revision') await demandReadable(question, item.revision);
          const found = await grade(facts, {
            anew: position,
            ...(how === 'strike'
              ? { struck: new Set([position]) }
              : { corrected: { itemId, revision: item.revision } }),
          });
          if (sameLines(facts.lines, found.lines)) return null;
          changed += 1;
          return { grading: version(found, { byId, cause: 'regraded', reason }) };
        });
      }
      return { attempts: ids.length, changed };
    },
  };

  /** An answer speaks in places of what was shown: another revision can be read with it only if those are the same. */
  async function demandReadable(
    asked: { itemId: string; revision: number },
    revision: number,
  ): Promise<void> {
    const [before, now] = await contents.of([asked, { itemId: asked.itemId, revision }]);
    if (!before || !now) throw new AppError('conflict');
    if (!showsAlike(withoutAnswers(before), withoutAnswers(now))) throw new AppError('conflict');
  }
}
export type Grader = ReturnType<typeof createGrader>;

function sameLines(before: readonly GradedLine[], now: readonly GradedLine[]): boolean {
  return before.length === now.length && now.every((line, index) => line.earned === before[index]?.earned);
}

/** Options keep their places when their words change; what is sorted by its words does not. */
function showsAlike(then: ShownItem, now: ShownItem): boolean {
  if (then.kind === 'ordering' && now.kind === 'ordering')
    return isDeepStrictEqual(then.entries, now.entries);
  if (then.kind === 'matching' && now.kind === 'matching')
    return isDeepStrictEqual([then.lefts, then.rights], [now.lefts, now.rights]);
  if (then.kind === 'fill-in' && now.kind === 'fill-in') return then.blanks === now.blanks;
  return then.kind === now.kind && partsOf(then) === partsOf(now);
}
