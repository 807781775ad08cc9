/**
 * [EX7, PR4] Who writes an exam is asked to show themself: at random times, and when a login elsewhere wants to go on. A
 * question is a row like those of classes; whether one is due is looked at when the page tells of itself.
 */
import type { IdentityAsk } from '@keshi/contract/class-checks';
import type { Db } from '@keshi/db/client';
import { type Attempt, getAttempt, setCheckDue } from '@keshi/db/exam-attempts';
import {
  askFaceChecks,
  type FaceCheckCause,
  type FaceCheckState,
  getFaceCheck,
  latestFaceCheck,
  peopleWithFace,
  settleSilent,
} from '@keshi/db/face-checks';
import { policyAroundExam } from '@keshi/db/exam-courses';
import { newId } from '@keshi/db/ids';
import { answerMs, burstPictures, judgedWithinMs, silentAfterMs } from '@keshi/rules/check-plan';
import { seeded } from '@keshi/rules/exams/seeded';
import { nextCheck, randomWait } from '@keshi/rules/identity-checks';
import type { Clock } from '@keshi/runtime/clock';
import { randomBytes } from 'node:crypto';
import { identityPolicyOf } from '../checks/identity-policy.ts';

export function createSittingChecks({ db, clock, faces }: { db: Db; clock: Clock; faces: boolean }) {
  const random = () => randomBytes(4).readUInt32BE() / 0x1_0000_0000;

  const policyOf = async (examId: string) => identityPolicyOf(await policyAroundExam(db, examId));

  /** Null when the face of this person cannot be asked for: a person has to look [PR1]. */
  async function ask(
    of: { examId: string; userId: string },
    how: { purpose: 'exam' | 'recheck'; cause: FaceCheckCause; pictures: number },
  ): Promise<FaceCheckState | null> {
    if (!faces || !(await peopleWithFace(db, [of.userId])).has(of.userId)) return null;
    const askedAt = clock();
    const check = {
      id: newId(),
      kind: 'exam' as const,
      contextId: of.examId,
      userId: of.userId,
      hour: null,
      nonce: randomBytes(18).toString('base64url'),
      motion: null,
      askedAt,
      deadline: askedAt + answerMs,
      ...how,
    };
    await askFaceChecks(db, [check]);
    // Another page may have been asked at the same moment: there is one open question, whoever made it.
    return latestFaceCheck(db, { kind: 'exam', contextId: of.examId, userId: of.userId });
  }

  async function latest(of: { examId: string; userId: string }): Promise<FaceCheckState | null> {
    const check = await latestFaceCheck(db, { kind: 'exam', contextId: of.examId, userId: of.userId });
    if (!check || check.settledAt !== null || clock() < check.deadline + silentAfterMs) return check;
    // Nobody answers any more, or we did not come to a verdict in time, which is held against nobody [PR3].
    await settleSilent(db, { ids: [check.id], at: clock(), judgedBefore: clock() - judgedWithinMs });
    return getFaceCheck(db, check.id);
  }

  return {
    /** Whether a person has to see who it is before an attempt begins [PR1]. */
    async needsPerson(exam: { identity: 'required' | 'not-required' }, userId: string): Promise<boolean> {
      if (exam.identity !== 'required') return false;
      return !faces || !(await peopleWithFace(db, [userId])).has(userId);
    },

    /** When the first check of an attempt is due; null where nobody's face is asked for. */
    async firstDue(
      at: number,
      exam: { id: string; identity: 'required' | 'not-required' },
    ): Promise<number | null> {
      if (exam.identity !== 'required' || !faces) return null;
      const { examMeanMs, longestMs } = await policyOf(exam.id);
      return at + randomWait(random(), examMeanMs, longestMs);
    },

    /**
     * What is to be answered now by who writes, if anything. When the next check comes is drawn from the attempt's own
     * seed, which no page sees: every node comes to the same moment.
     */
    async due(attemptId: string): Promise<IdentityAsk | null> {
      const attempt = await getAttempt(db, attemptId);
      if (!attempt || attempt.endedAt !== null) return null;
      const last = await latest(attempt);
      if (last && last.settledAt === null) return last.answeredAt === null ? askOf(last) : null;
      if (!last?.verdict) return opened(attempt, { purpose: 'exam', cause: 'schedule', pictures: 1 });
      const next = nextCheck(
        {
          at: last.answeredAt ?? last.deadline,
          verdict: last.verdict,
          wasRecheck: last.purpose === 'recheck',
        },
        { place: 'exam', random: seeded(`${attempt.seed}/${last.id}`)(), stretch: 1 },
        await policyOf(attempt.examId),
      );
      if (next.at > clock()) {
        await setCheckDue(db, { id: attemptId, at: next.at });
        return null;
      }
      return next.kind === 'recheck'
        ? opened(attempt, { purpose: 'recheck', cause: 'failed', pictures: burstPictures })
        : opened(attempt, { purpose: 'exam', cause: 'schedule', pictures: 1 });
    },

    /** A login elsewhere wants to go on. Null: a person has to let it in. */
    async askEntry(attempt: Attempt): Promise<FaceCheckState | null> {
      const last = await latest(attempt);
      if (last && last.settledAt === null && last.cause === 'return') return last;
      return ask(attempt, { purpose: 'recheck', cause: 'return', pictures: burstPictures });
    },

    latest,
    askOf,
  };

  async function opened(attempt: Attempt, how: Parameters<typeof ask>[1]): Promise<IdentityAsk | null> {
    const check = await ask(attempt, how);
    // Whose face cannot be asked for is not asked again and again.
    if (!check) await setCheckDue(db, { id: attempt.id, at: null });
    return check && check.settledAt === null ? askOf(check) : null;
  }
}
export type SittingChecks = ReturnType<typeof createSittingChecks>;

function askOf(check: FaceCheckState): IdentityAsk {
  const { id, nonce, pictures, motion, deadline } = check;
  return {
    id,
    nonce,
    purpose: check.purpose === 'recheck' ? 'recheck' : 'check',
    hour: null,
    pictures,
    motion,
    deadline,
  };
}
