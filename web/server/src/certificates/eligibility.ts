/** Who may get a certificate of a course, and what the others lack [CT1]: gathers the facts and asks the rules. */
import type { CertificateLack } from '@keshi/contract/certificates';
import { storedPolicy } from '@keshi/contract/policy';
import { certificateFacts, type CertificateFactsRow, endedClassesOf } from '@keshi/db/certificate-facts';
import type { Db, Sql } from '@keshi/db/client';
import { courseRate } from '@keshi/rules/attendance';
import { certificateLacks, type CertificatePolicy, certificatePolicy } from '@keshi/rules/certificates';
import { standingOf } from '@keshi/rules/identity-state';
import { resolvePolicy } from '@keshi/rules/policy';
import type { Clock } from '@keshi/runtime/clock';
import type { ResultsReader } from '../attendance/class-results.ts';
import { consentVersion } from '../identity/consent-text.ts';

export interface Candidate {
  learner: CertificateFactsRow;
  attendance: number | null;
  /** The share of points in the final exam; null without one. */
  exam: number | null;
  lacks: CertificateLack[];
}

export interface CoursePolicy extends CertificatePolicy {
  classHourMs: number;
}

/** @param stored the course's own numbers, as they are stored */
export function coursePolicy(stored: unknown): CoursePolicy {
  const policy = resolvePolicy(storedPolicy.catch({}).parse(stored));
  return { ...certificatePolicy(policy), classHourMs: policy.classHourMs };
}

export type QuizSums = ReadonlyMap<string, { asked: number; correct: number }>;

export function createEligibility({ db, clock, results }: { db: Db; clock: Clock; results: ResultsReader }) {
  return {
    /** Answers in class over all classes of the course, as the board of each has them. Empty where nobody asks for it. */
    async quizSums(courseId: string, userIds: readonly string[], policy: CoursePolicy): Promise<QuizSums> {
      const sums = new Map<string, { asked: number; correct: number }>();
      if (policy.minimumCorrectRate === null) return sums;
      const wanted = new Set(userIds);
      for (const classId of await endedClassesOf(db, { courseId, userIds }))
        for (const row of (await results.of(classId, null))?.rows ?? []) {
          if (!wanted.has(row.userId)) continue;
          const { asked, correct } = sums.get(row.userId) ?? { asked: 0, correct: 0 };
          sums.set(row.userId, { asked: asked + row.quizAsked, correct: correct + row.quizCorrect });
        }
      return sums;
    },

    /** By login. `sql` may be a transaction: then what is decided holds as long as it lasts. */
    async candidates(
      sql: Sql,
      of: { courseId: string; userIds: readonly string[]; policy: CoursePolicy; quiz: QuizSums },
    ): Promise<Candidate[]> {
      const { courseId, userIds, policy, quiz } = of;
      const learners = await certificateFacts(sql, db.personal, { courseId, userIds, now: clock() });
      return learners.map((learner) => {
        const { consent, ...identity } = learner.identity;
        const facts = {
          ...learner,
          identityConfirmed: standingOf({
            ...identity,
            consent: consent && { action: consent.action, current: consent.version === consentVersion },
          }).confirmed,
          exam: null,
          quiz: quiz.get(learner.userId) ?? { asked: 0, correct: 0 },
        };
        return {
          learner,
          attendance: courseRate([learner]).rate,
          exam: null,
          lacks: certificateLacks(facts, policy),
        };
      });
    },
  };
}
export type Eligibility = ReturnType<typeof createEligibility>;
