/** [WL6, PR3, PR4] Face checks in a lesson: the same questions and verdicts as in a class, asked by the lesson. */
import { randomBytes } from 'node:crypto';
import type { StudyChallenge } from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import {
  askFaceChecks,
  dropFaceChecks,
  type FaceCheckState,
  getFaceCheck,
  settleSilent,
} from '@keshi/db/face-checks';
import { judgedWithinMs, silentAfterMs } from '@keshi/rules/check-plan';
import { standingOf } from '@keshi/rules/identity-checks';
import type { Judged } from '@keshi/rules/study-challenges';
import type { Challenge } from '@keshi/rules/study-state';

type Pending = Extract<Challenge, { state: 'pending' }>;

export interface FaceAsk {
  userId: string;
  lessonId: string;
  challenge: Pending;
}

/** The row of a question to the camera; it is made where there is none yet, so that a crash in between loses nothing. */
export async function faceCheckOf(
  db: Db,
  { userId, lessonId, challenge }: FaceAsk,
): Promise<FaceCheckState | null> {
  const known = await getFaceCheck(db, challenge.id);
  if (known) return known;
  const { way } = challenge;
  await askFaceChecks(db, [
    {
      id: challenge.id,
      kind: 'lesson',
      contextId: lessonId,
      userId,
      purpose: challenge.attempt === 2 ? 'recheck' : 'check',
      hour: null,
      cause: challenge.attempt === 2 ? 'failed' : 'schedule',
      nonce: randomBytes(18).toString('base64url'),
      pictures: way.kind === 'face' ? way.pictures : 1,
      motion: null,
      askedAt: challenge.askedAt,
      deadline: challenge.deadline,
    },
  ]);
  return getFaceCheck(db, challenge.id);
}

export function askOf(check: FaceCheckState, attempt: 1 | 2): StudyChallenge {
  return {
    kind: 'face',
    id: check.id,
    deadline: check.deadline,
    attempt,
    ask: {
      id: check.id,
      nonce: check.nonce,
      purpose: check.purpose === 'recheck' ? 'recheck' : 'check',
      hour: null,
      pictures: check.pictures,
      motion: check.motion,
      deadline: check.deadline,
    },
  };
}

/**
 * What a question came to by now; null while it may still be answered, or its answer is being judged. `seen` false:
 * nothing was heard of the learner since, so that silence is absence, and no verdict.
 */
export async function judgedFace(
  db: Db,
  check: FaceCheckState,
  { now, seen }: { now: number; seen: boolean },
): Promise<Judged | 'silent' | null> {
  if (check.settledAt !== null) return judgedOf(check);
  if (check.answeredAt !== null) {
    if (now < check.answeredAt + judgedWithinMs) return null;
  } else {
    if (now < check.deadline + silentAfterMs) return null;
    if (!seen) {
      await dropFaceChecks(db, { ids: [check.id], at: now });
      return 'silent';
    }
  }
  const [silent] = await settleSilent(db, { ids: [check.id], at: now, judgedBefore: now - judgedWithinMs });
  const settled = silent ?? (await getFaceCheck(db, check.id));
  return settled && settled.settledAt !== null ? judgedOf(settled) : null;
}

function judgedOf({ verdict, answeredAt }: FaceCheckState): Judged | 'silent' {
  // Answered and without a verdict: it may not be asked of this person, who is not to blame.
  if (verdict === null) return answeredAt === null ? 'silent' : 'excused';
  if (verdict === 'error') return 'excused';
  if (verdict === 'no-answer' || verdict === 'late') return 'silent';
  const standing = standingOf(verdict);
  return standing === 'passed' ? 'passed' : standing === 'open' ? 'open' : 'failed';
}
