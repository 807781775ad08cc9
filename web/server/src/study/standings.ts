/** Where a lesson stands, as its learner is told [WL3, WL8]. */
import {
  type StudyChallenge,
  type StudyReason,
  studyReason,
  type StudyStanding,
} from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import type { StudyKey } from '@keshi/db/study-progress';
import type { Accepted } from '@keshi/rules/study';
import { askableAt } from '@keshi/rules/study-challenges';
import { countedMs, firstUncredited, type StudyState } from '@keshi/rules/study-state';
import { askOf, faceCheckOf } from './face.ts';
import type { StudyLessonFacts } from './lessons.ts';
import { optionsOf, questionOf } from './questions.ts';

export function createStandings({ db }: { db: Db }) {
  /** What is asked, without what is right. Null when nothing is, or what was asked is gone. */
  async function challengeOf(key: StudyKey, state: StudyState): Promise<StudyChallenge | null> {
    const { challenge } = state;
    if (challenge.state !== 'pending') return null;
    const { id, way, deadline, attempt } = challenge;
    switch (way.kind) {
      case 'face': {
        const check = await faceCheckOf(db, { ...key, challenge });
        return check && askOf(check, attempt);
      }
      case 'item': {
        const question = await questionOf(db, way.itemId);
        return (
          question && {
            kind: 'item',
            id,
            deadline,
            attempt,
            stem: question.stem,
            options: optionsOf(question, id),
            left: way.rest.length,
          }
        );
      }
      case 'attend':
        return { kind: 'attend', id, deadline, attempt, number: way.number, choices: [...way.choices] };
    }
  }

  return {
    async of(
      key: StudyKey,
      lesson: StudyLessonFacts,
      state: StudyState,
      { creditedMs, reason }: Pick<Accepted, 'creditedMs' | 'reason'>,
      at: number,
    ): Promise<StudyStanding> {
      const { lengthMs } = lesson.facts;
      const { challenge } = state;
      const complete = state.completedAt !== null;
      const why = reasonNow(state, reason);
      return {
        countedMs: countedMs(state),
        lengthMs,
        coverage: state.coverage.map(({ from, to }) => [from, to]),
        resumeAt: complete ? Math.min(state.position, lengthMs) : firstUncredited(state, lengthMs),
        complete,
        counting: why === 'counting',
        reason: why,
        creditedMs,
        challenge: await challengeOf(key, state),
        locked: challenge.state === 'locked' ? challenge.why : null,
        askableAt: askableAt(state),
        refused: refusedOf(state),
        at,
      };
    },
  };
}
export type Standings = ReturnType<typeof createStandings>;

/** What holds from now on says more than what the last report came to. */
function reasonNow({ challenge, completedAt }: StudyState, reason: StudyReason): StudyReason {
  if (reason === 'no-lease') return reason;
  if (completedAt !== null) return 'complete';
  if (challenge.state === 'pending') return 'challenge-pending';
  return challenge.state === 'locked' ? challenge.why : reason;
}

function refusedOf({ refused }: StudyState): StudyStanding['refused'] {
  return studyReason.options
    .flatMap((reason) => (refused[reason] ? [{ reason, ms: refused[reason] }] : []))
    .sort((a, b) => b.ms - a.ms);
}
