import type { CertificateSheet, OwnCertificate } from '@keshi/contract/http/certificates';
import { routes } from '@keshi/contract/http/routes';
import { coursesLearnt } from '@keshi/db/certificate-facts';
import { certificatesOfPerson, type StoredCertificate } from '@keshi/db/certificates';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { employersOf } from '@keshi/db/employers';
import { type Actor, can } from '@keshi/rules/access';
import { isSigned } from '@keshi/runtime/signed-record';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { AuditNote } from '../http/call.ts';
import { isInReach, peopleReach } from '../people-reach.ts';
import { codeOf } from './code.ts';
import { coursePolicy, type Eligibility } from './eligibility.ts';
import { type CertificateKeys, jsonWebKeys } from './keys.ts';
import { progressOf } from './routes.ts';
import type { Shelf } from './shelf.ts';

interface Deps {
  db: Db;
  keys: CertificateKeys;
  eligibility: Eligibility;
  shelf: Shelf;
}

/** What holders do with their certificates, and what anybody may see of one. */
export function holderCertificateRoutes({ db, keys, eligibility, shelf }: Deps) {
  /** The certificate, once the actor holds it or supervises its group; to others it does not exist. */
  async function seen(actor: Actor, number: string): Promise<{ stored: StoredCertificate; own: boolean }> {
    const stored = await shelf.find(number);
    if (stored.userId === actor.userId) {
      authorise(actor, 'report.read', {
        kind: 'person',
        userId: actor.userId,
        memberships: actor.memberships,
      });
      return { stored, own: true };
    }
    const resource = { kind: 'group', orgPaths: stored.orgPaths } as const;
    authorise(actor, 'report.read', resource, { hidden: true });
    const employers = await employersOf(db, [stored.userId]);
    if (!isInReach(peopleReach(actor, 'report.read', resource), employers.get(stored.userId) ?? []))
      throw new AppError('not-found');
    return { stored, own: false };
  }

  /** On a file the name stands whole: of somebody else it is unmasking, and logged. */
  async function demandWhole(
    actor: Actor,
    { stored, own }: { stored: StoredCertificate; own: boolean },
    audit: (note: AuditNote) => Promise<void>,
  ): Promise<void> {
    if (own) return;
    authorise(actor, 'personal.unmask', { kind: 'group', orgPaths: stored.orgPaths });
    await audit({
      action: 'certificate.printed',
      targetType: 'user',
      targetId: stored.userId,
      orgPath: stored.orgPaths[0],
      detail: { number: stored.number },
    });
  }

  return {
    getCertificate: bind(routes.getCertificate, async ({ actor, params }): Promise<CertificateSheet> => {
      const { stored, own } = await seen(actor, params.number);
      const { record, holder, keyId, signature, revoked } = stored;
      const verifyUrl = shelf.verifyUrl(stored.number);
      const institution = { kind: 'group', orgPaths: stored.orgPaths.slice(0, 1) } as const;
      return {
        record,
        keyId,
        signature,
        name: own ? holder.name : maskName(holder.name),
        document: holder.document?.masked ?? null,
        own,
        revoked,
        mayRevoke: revoked === null && !own && can(actor, 'certificate.revoke', institution),
        verifyUrl,
        code: codeOf(verifyUrl),
      };
    }),

    certificateFile: bind(
      routes.certificateFile,
      async ({ actor, params, audit }) => {
        const found = await seen(actor, params.number);
        await demandWhole(actor, found, audit);
        const { stored } = found;
        const name = `${stored.number}.${params.format}`;
        return params.format === 'pdf'
          ? { name, type: 'application/pdf', content: await shelf.pdf(stored) }
          : { name, type: 'application/json', content: shelf.json(stored) };
      },
      { limit: 'export' },
    ),

    ownCertificates: bind(routes.ownCertificates, async ({ actor }) => {
      const { userId } = actor;
      const [courses, held] = await Promise.all([
        coursesLearnt(db, userId),
        certificatesOfPerson(db, userId),
      ]);
      const rows: OwnCertificate[] = [];
      for (const { courseId, courseTitle, orgName, policy: stored } of courses) {
        const policy = coursePolicy(stored);
        const quiz = await eligibility.quizSums(courseId, [userId], policy);
        const [candidate] = await eligibility.candidates(db.sql, {
          courseId,
          userIds: [userId],
          policy,
          quiz,
        });
        if (!candidate) continue;
        const ofCourse = held.filter((one) => one.courseId === courseId);
        const certificate = ofCourse.find(({ revoked }) => revoked === null) ?? ofCourse[0];
        rows.push({ courseId, courseTitle, orgName, ...progressOf(candidate, policy, certificate) });
      }
      // Of a course one is not in any more the certificate stays.
      for (const one of held) {
        if (rows.some(({ courseId }) => courseId === one.courseId)) continue;
        const { record, number, issuedAt, revoked } = one;
        rows.push({
          courseId: one.courseId,
          courseTitle: record.course.title,
          orgName: record.issuer,
          creditedMs: record.creditedMs,
          requiredMs: null,
          classHourMs: record.classHourMs,
          attendance: record.attendancePermille === null ? null : record.attendancePermille / 1000,
          lacks: [],
          certificate: { number, issuedAt, revoked },
        });
      }
      return { rows };
    }),

    verifyCertificate: bind(routes.verifyCertificate, async ({ params }) => {
      const { signed, record, keyId, signature, revoked } = await shelf.find(params.number);
      const holds = isSigned(record, { keyId, signature }, keys.publicKeys);
      return { signed, keyId, signature, holds, revoked };
    }),

    certificateKeys: bind(routes.certificateKeys, () => Promise.resolve({ keys: jsonWebKeys(keys) })),
  };
}
