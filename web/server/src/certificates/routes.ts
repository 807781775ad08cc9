import type { CertificateLack } from '@keshi/contract/certificates';
import type { CertificateRow } from '@keshi/contract/http/certificates';
import { routes } from '@keshi/contract/http/routes';
import { learnersOfGroup } from '@keshi/db/certificate-facts';
import {
  certificatesOf,
  holdingOfGroup,
  revokeCertificate,
  type StoredCertificate,
} from '@keshi/db/certificates';
import type { Db } from '@keshi/db/client';
import { type Course, getCourse } from '@keshi/db/courses';
import { maskName } from '@keshi/db/crypto';
import { employersOf } from '@keshi/db/employers';
import { getGroup, type Group } from '@keshi/db/groups';
import { type Action, type Actor, can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import { isInReach, peopleReach, type PeopleReach } from '../people-reach.ts';
import type { Archive } from './archive.ts';
import { type Candidate, coursePolicy, type CoursePolicy, type Eligibility } from './eligibility.ts';
import type { Issue } from './issue.ts';
import type { Shelf } from './shelf.ts';

interface Deps {
  db: Db;
  clock: Clock;
  eligibility: Eligibility;
  issue: Issue;
  shelf: Shelf;
  archive: Archive;
}

const summaryOf = ({ number, issuedAt, revoked }: StoredCertificate) => ({ number, issuedAt, revoked });

/** How far one learner is; what is lacking stands only where no certificate holds. */
export function progressOf(
  { learner, attendance, lacks }: Candidate,
  policy: CoursePolicy,
  certificate: StoredCertificate | undefined,
) {
  const shown: CertificateLack[] = lacks;
  return {
    creditedMs: learner.creditedMs,
    requiredMs: policy.requiredMs,
    classHourMs: policy.classHourMs,
    attendance: learner.classesHeld > 0 ? attendance : null,
    lacks: shown,
    certificate: certificate ? summaryOf(certificate) : null,
  };
}

/** What staff does with the certificates of a group. */
export function groupCertificateRoutes({ db, clock, eligibility, issue, shelf, archive }: Deps) {
  async function find(
    actor: Actor,
    id: string,
    ...actions: readonly Action[]
  ): Promise<{ group: Group; course: Course; reach: PeopleReach }> {
    const group = await getGroup(db, id);
    if (!group) throw new AppError('not-found');
    const resource = { kind: 'group', orgPaths: group.orgPaths } as const;
    authorise(actor, 'report.read', resource, { hidden: true });
    // A certificate is the institution's, also where the people are an employer's.
    for (const action of actions) authorise(actor, action, ofInstitution(group));
    const course = await getCourse(db, group.courseId);
    if (!course) throw new AppError('not-found');
    return { group, course, reach: peopleReach(actor, 'report.read', resource) };
  }

  return {
    groupCertificates: bind(routes.groupCertificates, async ({ actor, params, query }) => {
      const { group, course, reach } = await find(actor, params.id);
      const { q, ...page } = query;
      const { total, userIds } = await learnersOfGroup(db, {
        groupId: group.id,
        query: q,
        ...(reach && { employers: reach }),
        ...page,
      });
      const policy = coursePolicy(course.policy);
      const quiz = await eligibility.quizSums(course.id, userIds, policy);
      const [candidates, certificates] = await Promise.all([
        eligibility.candidates(db.sql, { courseId: course.id, userIds, policy, quiz }),
        certificatesOf(db, { courseIds: [course.id], userIds }),
      ]);
      const held = new Map(certificates.map((one) => [one.userId, one]));
      return {
        total,
        rows: candidates.map((candidate): CertificateRow => {
          const { userId, login, name } = candidate.learner;
          return {
            userId,
            login,
            name: maskName(name),
            ...progressOf(candidate, policy, held.get(userId)),
          };
        }),
        mayIssue: can(actor, 'certificate.issue', ofInstitution(group)),
        courseTitle: course.title,
      };
    }),

    issueCertificates: bind(routes.issueCertificates, async ({ actor, params, body, http }) => {
      const { group, course } = await find(actor, params.id, 'certificate.issue');
      const userIds = 'all' in body ? null : body.userIds;
      return issue({ course, group, userIds, by: actor.userId, address: http.address });
    }),

    certificatesZip: bind(
      routes.certificatesZip,
      async ({ actor, params, audit }) => {
        const { group } = await find(actor, params.id, 'certificate.issue', 'personal.unmask');
        const numbers = (await holdingOfGroup(db, group.id)).map(({ number }) => number);
        if (numbers.length === 0) throw new AppError('not-found');
        await audit({
          action: 'certificate.printed',
          targetType: 'group',
          targetId: group.id,
          orgPath: group.orgPaths[0],
          detail: { people: numbers.length },
        });
        return {
          name: `${group.courseTitle} ${group.name}.zip`,
          type: 'application/zip',
          content: archive(numbers),
        };
      },
      { limit: 'export' },
    ),

    revokeCertificate: bind(routes.revokeCertificate, async ({ actor, params, body, http }) => {
      const stored = await shelf.find(params.number);
      authorise(actor, 'report.read', { kind: 'group', orgPaths: stored.orgPaths }, { hidden: true });
      authorise(actor, 'certificate.revoke', { kind: 'group', orgPaths: stored.orgPaths.slice(0, 1) });
      const employers = await employersOf(db, [stored.userId]);
      const reach = peopleReach(actor, 'report.read', { kind: 'group', orgPaths: stored.orgPaths });
      if (!isInReach(reach, employers.get(stored.userId) ?? [])) throw new AppError('not-found');
      const at = clock();
      await revokeCertificate(db, {
        ...body,
        number: stored.number,
        by: actor.userId,
        address: http.address,
        at,
      });
      return { ...summaryOf(stored), revoked: { at, ground: body.ground } };
    }),
  };
}

const ofInstitution = ({ orgPaths }: { orgPaths: readonly string[] }) =>
  ({ kind: 'group', orgPaths: orgPaths.slice(0, 1) }) as const;
