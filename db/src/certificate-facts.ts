/**
 * What is on record about learners of one course that a certificate is decided from [CT1]. Sums are the database's,
 * decisions are not here. Everything is read over the connection given, so that it can be one transaction with the issue.
 */
import {
  type ConsentAction,
  consentAction,
  type DocumentKind,
  documentKind,
  type DocumentState,
  documentState,
  type FaceState,
  faceState,
} from '@keshi/contract/identity';
import type { Db, Row, Sql } from './client.ts';
import { maskDocument } from './crypto.ts';
import { peopleOfEmployers } from './employers.ts';
import type { Prisma } from './generated/client.ts';
import { toDate } from './instants.ts';
import { lessonsComplete } from './lesson-outcomes.ts';
import { pageOf, type PageRequest } from './page.ts';
import type { Scope } from './scope.ts';

export interface CertificateFactsRow {
  userId: string;
  login: string;
  /** Not masked. */
  name: string;
  identity: {
    phoneVerified: boolean;
    document: DocumentState | null;
    consent: { action: ConsentAction; version: string } | null;
    face: FaceState | null;
  };
  document: { kind: DocumentKind; masked: string } | null;
  classesRemaining: number;
  classesHeld: number;
  presentMs: number;
  liveMs: number;
  creditedMs: number;
  lessons: { complete: number; total: number };
  openIncidents: number;
}

type Figures = 'classesRemaining' | 'classesHeld' | 'groupLiveMs' | 'presentMs' | 'liveMs' | 'creditedMs';
type Stored = Row & {
  userId: string;
  login: string;
  nameSealed: string;
  phoneVerified: boolean;
  documentState: string | null;
  documentKind: string | null;
  numberSealed: string | null;
  consentAction: string | null;
  consentVersion: string | null;
  faceState: string | null;
  openIncidents: string;
} & Record<Figures, string | null>;

/**
 * In the order of logins. A class remains while it may still be held, and until its hours are in the ledger; one that was
 * scheduled and never held is none. Attendance is measured against all classes of the groups somebody is in [AT5].
 */
const statement = `SELECT u."id" AS "userId", u."login", u."nameSealed", u."phoneVerifiedAt" IS NOT NULL AS "phoneVerified",
    d."state" AS "documentState", d."kind" AS "documentKind", d."numberSealed",
    k."action" AS "consentAction", k."version" AS "consentVersion", f."state" AS "faceState",
    c."remaining" AS "classesRemaining", c."held" AS "classesHeld", c."liveMs" AS "groupLiveMs",
    l."presentMs", l."liveMs", b."balanceMs" AS "creditedMs",
    (SELECT count(*) FROM "Incident" i WHERE i."userId" = u."id" AND i."courseId" = $1
       AND i."state" IN ('open', 'live-look', 'appealed')) AS "openIncidents"
  FROM "User" u
  LEFT JOIN "IdentityDocument" d ON d."userId" = u."id"
  LEFT JOIN "FaceEnrolment" f ON f."userId" = u."id"
  LEFT JOIN LATERAL (SELECT "action", "version" FROM "ConsentRecord" r WHERE r."userId" = u."id"
    ORDER BY r."at" DESC, r."id" DESC LIMIT 1) k ON true
  LEFT JOIN LATERAL (SELECT "balanceMs" FROM "LedgerEntry" e WHERE e."courseId" = $1 AND e."learnerId" = u."id"
    ORDER BY e."seq" DESC LIMIT 1) b ON true
  CROSS JOIN LATERAL (
    SELECT sum((e."content"->>'presentMs')::bigint) AS "presentMs", sum((e."content"->>'liveMs')::bigint) AS "liveMs"
    FROM "LedgerEntry" e WHERE e."courseId" = $1 AND e."learnerId" = u."id" AND e."content"->>'source' = 'live'
      AND NOT EXISTS (SELECT 1 FROM "LedgerEntry" n WHERE n."courseId" = e."courseId" AND n."learnerId" = e."learnerId"
        AND n."seq" > e."seq" AND (n."content"->>'corrects')::int = e."seq")) l
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE v."state" IN ('live', 'paused') OR (v."state" = 'scheduled' AND v."scheduledEnd" > $3)
        OR (v."state" = 'ended' AND s."settledChanges" IS DISTINCT FROM s."changes")) AS "remaining",
      count(*) FILTER (WHERE v."state" = 'ended') AS "held",
      sum((SELECT sum(extract(epoch FROM p."to" - p."from") * 1000) FROM "LiveSpan" p WHERE p."classId" = v."id"))
        FILTER (WHERE v."state" = 'ended') AS "liveMs"
    FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId" JOIN "LiveClass" v ON v."groupId" = g."id"
      LEFT JOIN "ClassSettlement" s ON s."classId" = v."id"
    WHERE e."userId" = u."id" AND e."endedAt" IS NULL AND g."courseId" = $1) c
  WHERE u."id" = ANY($2::uuid[]) ORDER BY u."login"`;

export async function certificateFacts(
  sql: Sql,
  personal: Db['personal'],
  { courseId, userIds, now }: { courseId: string; userIds: readonly string[]; now: number },
): Promise<CertificateFactsRow[]> {
  const rows = await sql<Stored>(statement, [courseId, userIds, toDate(now)]);
  const lessons = await lessonsComplete(sql, { courseId, userIds });
  return rows.map((row) => {
    const kind = documentKind.nullable().parse(row.documentKind);
    return {
      userId: row.userId,
      login: row.login,
      name: personal.open('User.name', row.nameSealed),
      identity: {
        phoneVerified: row.phoneVerified,
        document: documentState.nullable().parse(row.documentState),
        consent:
          row.consentVersion === null
            ? null
            : { action: consentAction.parse(row.consentAction), version: row.consentVersion },
        face: faceState.nullable().parse(row.faceState),
      },
      document:
        kind === null || row.numberSealed === null
          ? null
          : { kind, masked: maskDocument(personal.open('IdentityDocument.number', row.numberSealed)) },
      classesRemaining: Number(row.classesRemaining ?? 0),
      classesHeld: Number(row.classesHeld ?? 0),
      presentMs: Number(row.presentMs ?? 0),
      // Whoever came late into a group missed its first classes; whoever changed groups brings along what he attended.
      liveMs: Math.max(Number(row.liveMs ?? 0), Math.round(Number(row.groupLiveMs ?? 0))),
      creditedMs: Number(row.creditedMs ?? 0),
      lessons: lessons.get(row.userId) ?? { complete: 0, total: 0 },
      openIncidents: Number(row.openIncidents),
    };
  });
}

/** Learners of a group, by login; with `query` those whose login begins so, with `employers` without other employers' people. */
export async function learnersOfGroup(
  db: Db,
  filter: { groupId: string; query?: string; userIds?: readonly string[]; employers?: Scope } & PageRequest,
): Promise<{ total: number; userIds: string[] }> {
  const where: Prisma.EnrolmentWhereInput = {
    groupId: filter.groupId,
    endedAt: null,
    ...(filter.userIds && { userId: { in: [...filter.userIds] } }),
    user: {
      ...(filter.query && { login: { startsWith: filter.query } }),
      ...(filter.employers && peopleOfEmployers(filter.employers)),
    },
  };
  const [total, rows] = await Promise.all([
    db.prisma.enrolment.count({ where }),
    db.prisma.enrolment.findMany({
      where,
      select: { userId: true },
      orderBy: [{ user: { login: 'asc' } }],
      ...pageOf(filter),
    }),
  ]);
  return { total, userIds: rows.map(({ userId }) => userId) };
}

/** The courses somebody learns in now, by title. */
export async function coursesLearnt(
  db: Db,
  userId: string,
): Promise<{ courseId: string; courseTitle: string; orgName: string; policy: unknown }[]> {
  return db.sql(
    `SELECT DISTINCT c."id" AS "courseId", c."title" AS "courseTitle", o."name" AS "orgName", c."policy"
     FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId" JOIN "Course" c ON c."id" = g."courseId"
       JOIN "Organization" o ON o."id" = c."orgId"
     WHERE e."userId" = $1 AND e."endedAt" IS NULL ORDER BY c."title", c."id"`,
    [userId],
  );
}

/** Of these learners those who have a certificate of the course that holds. */
export async function certificateHolders(
  sql: Sql,
  { courseId, userIds }: { courseId: string; userIds: readonly string[] },
): Promise<Set<string>> {
  const rows = await sql<{ userId: string }>(
    `SELECT "userId" FROM "Certificate" WHERE "userId" = ANY($1::uuid[]) AND "courseId" = $2 AND "revokedAt" IS NULL`,
    [userIds, courseId],
  );
  return new Set(rows.map(({ userId }) => userId));
}

/** Classes of the course that are over, of the groups these people are in. */
export async function endedClassesOf(
  db: Db,
  { courseId, userIds }: { courseId: string; userIds: readonly string[] },
): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `SELECT DISTINCT c."id" FROM "Enrolment" e JOIN "ClassGroup" g ON g."id" = e."groupId"
       JOIN "LiveClass" c ON c."groupId" = g."id"
     WHERE e."userId" = ANY($1::uuid[]) AND e."endedAt" IS NULL AND g."courseId" = $2 AND c."state" = 'ended'`,
    [userIds, courseId],
  );
  return rows.map(({ id }) => id);
}
