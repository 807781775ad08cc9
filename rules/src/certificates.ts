/** Who gets a certificate, and what its number is [CT1, CT2]. */
import { type CertificateLack, checkCharacter, numberCharacters } from '@keshi/contract/certificates';
import { courseRate } from './attendance.ts';
import { declaredMs, type AttendancePolicy } from './policy.ts';

/** What is on record about one learner and one course. */
export interface CertificateFacts {
  readonly identityConfirmed: boolean;
  /** Classes of the learner's groups that are still to be held, or held and not settled. */
  readonly classesRemaining: number;
  /** Classes of them that were held. */
  readonly classesHeld: number;
  /** [AT5] The sums over all of them. */
  readonly presentMs: number;
  readonly liveMs: number;
  /** What the ledger comes to. */
  readonly creditedMs: number;
  readonly lessons: { readonly complete: number; readonly total: number };
  /** Null: the course has no final exam. */
  readonly exam: 'passed' | 'not-taken' | 'not-graded' | 'failed' | null;
  readonly openIncidents: number;
  /** Questions in class asked while present. */
  readonly quiz: { readonly asked: number; readonly correct: number };
}

export interface CertificatePolicy {
  /** AT6: the least attendance rate, 0 to 1. */
  readonly minimumRate: number;
  /** The least credit, ms; null where the course declares no hours. */
  readonly requiredMs: number | null;
  /** The least correct rate in class, 0 to 1; null does not ask for one. */
  readonly minimumCorrectRate: number | null;
}

/** A certificate asks for the declared hours unless the course sets another number of hours. */
export function certificatePolicy(policy: AttendancePolicy): CertificatePolicy {
  return {
    minimumRate: policy.minimumRate,
    requiredMs:
      policy.requiredHours === null
        ? declaredMs(policy)
        : Math.round(policy.requiredHours * policy.classHourMs),
    minimumCorrectRate: policy.minimumCorrectRate,
  };
}

/**
 * What is missing for a certificate; empty when nothing is [CT1]. A course without live classes, lessons or a final exam
 * misses nothing there, but nobody gets a certificate of a course in which nothing was credited.
 */
export function certificateLacks(facts: CertificateFacts, policy: CertificatePolicy): CertificateLack[] {
  const lacks: CertificateLack[] = [];
  if (!facts.identityConfirmed) lacks.push({ kind: 'identity' });
  if (facts.classesRemaining > 0) lacks.push({ kind: 'classes', remaining: facts.classesRemaining });
  const { rate } = courseRate([facts]);
  if (facts.classesHeld > 0 && (rate === null || rate < policy.minimumRate))
    lacks.push({ kind: 'attendance', rate, minimum: policy.minimumRate });
  const requiredMs = policy.requiredMs ?? 0;
  if (facts.creditedMs < requiredMs || facts.creditedMs <= 0)
    lacks.push({ kind: 'hours', creditedMs: Math.max(0, facts.creditedMs), requiredMs });
  const { complete, total } = facts.lessons;
  if (complete < total) lacks.push({ kind: 'lessons', complete, total });
  if (facts.exam !== null && facts.exam !== 'passed') lacks.push({ kind: 'exam', outcome: facts.exam });
  if (facts.openIncidents > 0) lacks.push({ kind: 'incident', open: facts.openIncidents });
  const minimum = policy.minimumCorrectRate;
  const correctRate = facts.quiz.asked > 0 ? facts.quiz.correct / facts.quiz.asked : null;
  // Who was asked nothing has got nothing wrong.
  if (minimum !== null && correctRate !== null && correctRate < minimum)
    lacks.push({ kind: 'correct-rate', rate: correctRate, minimum });
  return lacks;
}

/** Random bytes a number needs. */
export const certificateNumberBytes = 11;

/** @param random `certificateNumberBytes` random bytes, each of which gives one character */
export function certificateNumberOf(year: number, random: Uint8Array): string {
  const drawn = [...random.subarray(0, certificateNumberBytes)].map((byte) => numberCharacters[byte % 32]);
  const characters = `${String(year).padStart(4, '0')}${drawn.join('')}`;
  const groups = (characters + checkCharacter(characters)).match(/.{4}/g) ?? [];
  return `KS${groups.join('-')}`;
}
