/** Issuing certificates: what is decided and what is stored are one transaction for each few learners [CT1, CT2]. */
import { appendAuditIn } from '@keshi/db/audit';
import { insertCertificate } from '@keshi/db/certificates';
import { certificateHolders, learnersOfGroup } from '@keshi/db/certificate-facts';
import type { Db } from '@keshi/db/client';
import type { Course } from '@keshi/db/courses';
import type { Group } from '@keshi/db/groups';
import { lockChains } from '@keshi/db/ledger';
import type { Clock } from '@keshi/runtime/clock';
import type { Signer } from '@keshi/runtime/signed-record';
import { coursePolicy, type Eligibility } from './eligibility.ts';
import { makeCertificate } from './sealing.ts';

export interface Issued {
  issued: number;
  already: number;
  refused: number;
}

/** Learners in one transaction: their chains are locked as long as it lasts. */
const batch = 50;

export function createIssue({
  db,
  clock,
  signer,
  eligibility,
}: {
  db: Db;
  clock: Clock;
  signer: Signer;
  eligibility: Eligibility;
}) {
  interface Asked {
    course: Course;
    group: Group;
    by: string;
    address: string;
  }

  async function issueSome(asked: Asked, userIds: readonly string[]): Promise<Issued> {
    const { course, group, by, address } = asked;
    const policy = coursePolicy(course.policy);
    const quiz = await eligibility.quizSums(course.id, userIds, policy);
    return db.transaction(async (sql) => {
      // No hours are taken back, and nobody else issues, until this is stored.
      await lockChains(sql, userIds);
      const holders = await certificateHolders(sql, { courseId: course.id, userIds });
      const open = userIds.filter((userId) => !holders.has(userId));
      const candidates = await eligibility.candidates(sql, {
        courseId: course.id,
        userIds: open,
        policy,
        quiz,
      });
      const at = clock();
      let issued = 0;
      for (const { learner, attendance, exam, lacks } of candidates) {
        // Nobody gives himself one.
        if (lacks.length > 0 || learner.userId === by) continue;
        const made = makeCertificate(signer, {
          learner,
          course,
          group: group.name,
          classHourMs: policy.classHourMs,
          attendance: learner.classesHeld > 0 ? attendance : null,
          exam,
          at,
        });
        const { number } = made.record;
        const stored = await insertCertificate(sql, db.personal, {
          number,
          userId: learner.userId,
          courseId: course.id,
          groupId: group.id,
          orgPath: course.orgPath,
          issuedAt: at,
          issuedBy: by,
          record: made.signed,
          keyId: made.keyId,
          signature: made.signature,
          holder: made.holder,
        });
        if (!stored) continue;
        issued += 1;
        await appendAuditIn(sql, {
          actorId: by,
          orgPath: course.orgPath,
          action: 'certificate.issued',
          targetType: 'user',
          targetId: learner.userId,
          detail: { number, courseId: course.id },
          address,
        });
      }
      return { issued, already: holders.size, refused: userIds.length - holders.size - issued };
    });
  }

  /** To these learners of the group, or to all of them; who lacks something gets none. */
  return async function issue(asked: Asked & { userIds: readonly string[] | null }): Promise<Issued> {
    const { userIds, ...about } = asked;
    const sum: Issued = { issued: 0, already: 0, refused: 0 };
    for (let offset = 0; ;) {
      const page = await learnersOfGroup(db, {
        groupId: about.group.id,
        ...(userIds && { userIds }),
        offset,
        limit: batch,
      });
      if (page.userIds.length === 0) return sum;
      offset += page.userIds.length;
      const some = await issueSome(about, page.userIds);
      sum.issued += some.issued;
      sum.already += some.already;
      sum.refused += some.refused;
    }
  };
}
export type Issue = ReturnType<typeof createIssue>;
