/** Certificates as they are stored [CT2]: issued once, read, revoked. */
import {
  type CertificateHolder,
  certificateHolder,
  type CertificateRecord,
  certificateRecord,
  type RevocationGround,
  revocationGround,
} from '@keshi/contract/certificates';
import { appendAuditIn } from './audit.ts';
import type { Db, Row, Sql } from './client.ts';
import { Refused } from './failures.ts';
import { newId } from './ids.ts';
import { fromDate, toDate } from './instants.ts';

export interface NewCertificate {
  number: string;
  userId: string;
  courseId: string;
  groupId: string;
  orgPath: string;
  issuedAt: number;
  issuedBy: string;
  /** The text that is signed. */
  record: string;
  keyId: string;
  signature: string;
  holder: CertificateHolder;
}

export interface StoredCertificate {
  number: string;
  userId: string;
  courseId: string;
  groupId: string;
  /** The institution's path, and the employer's of the group if there is one. */
  orgPaths: string[];
  issuedAt: number;
  signed: string;
  record: CertificateRecord;
  keyId: string;
  signature: string;
  holder: CertificateHolder;
  revoked: { at: number; ground: RevocationGround } | null;
}

/** In a transaction of the caller's. False when the learner has one of this course that holds. */
export async function insertCertificate(
  sql: Sql,
  personal: Db['personal'],
  one: NewCertificate,
): Promise<boolean> {
  const rows = await sql(
    `INSERT INTO "Certificate" ("id", "number", "userId", "courseId", "groupId", "orgPath", "issuedAt", "issuedBy", "record",
       "keyId", "signature", "holderSealed")
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT ("userId", "courseId") WHERE "revokedAt" IS NULL DO NOTHING RETURNING "id"`,
    [
      newId(one.issuedAt),
      one.number,
      one.userId,
      one.courseId,
      one.groupId,
      one.orgPath,
      toDate(one.issuedAt),
      one.issuedBy,
      one.record,
      one.keyId,
      one.signature,
      personal.seal('Certificate.holder', JSON.stringify(one.holder)),
    ],
  );
  return rows.length > 0;
}

type Stored = Row & {
  number: string;
  userId: string;
  courseId: string;
  groupId: string;
  orgPath: string;
  employerPath: string | null;
  issuedAt: Date;
  record: string;
  keyId: string;
  signature: string;
  holderSealed: string;
  revokedAt: Date | null;
  revokeGround: string | null;
};

const select = `SELECT c."number", c."userId", c."courseId", c."groupId", c."orgPath", e."path" AS "employerPath", c."issuedAt",
    c."record", c."keyId", c."signature", c."holderSealed", c."revokedAt", c."revokeGround"
  FROM "Certificate" c LEFT JOIN "ClassGroup" g ON g."id" = c."groupId"
    LEFT JOIN "Organization" e ON e."id" = g."employerOrgId"`;

function fromRow(db: Db, row: Stored): StoredCertificate {
  const { orgPath, employerPath, record, holderSealed, revokedAt, revokeGround, ...own } = row;
  return {
    ...own,
    orgPaths: employerPath === null ? [orgPath] : [orgPath, employerPath],
    issuedAt: fromDate(row.issuedAt),
    signed: record,
    record: certificateRecord.parse(JSON.parse(record)),
    holder: certificateHolder.parse(JSON.parse(db.personal.open('Certificate.holder', holderSealed))),
    revoked:
      revokedAt === null ? null : { at: fromDate(revokedAt), ground: revocationGround.parse(revokeGround) },
  };
}

export async function getCertificate(db: Db, number: string): Promise<StoredCertificate | null> {
  const [row] = await db.sql<Stored>(`${select} WHERE c."number" = $1`, [number]);
  return row ? fromRow(db, row) : null;
}

/** Of these learners in the course, by learner: the one that holds, else the latest. */
export async function certificatesOf(
  db: Db,
  { courseIds, userIds }: { courseIds: readonly string[]; userIds: readonly string[] },
): Promise<StoredCertificate[]> {
  const rows = await db.sql<Stored>(
    `SELECT DISTINCT ON (t."userId", t."courseId") t.* FROM (${select}
       WHERE c."userId" = ANY($1::uuid[]) AND c."courseId" = ANY($2::uuid[])) AS t
     ORDER BY t."userId", t."courseId", t."revokedAt" DESC NULLS FIRST`,
    [userIds, courseIds],
  );
  return rows.map((row) => fromRow(db, row));
}

/** Every one somebody was given, latest first. */
export async function certificatesOfPerson(db: Db, userId: string): Promise<StoredCertificate[]> {
  const rows = await db.sql<Stored>(
    `${select} WHERE c."userId" = $1 ORDER BY c."issuedAt" DESC, c."id" DESC`,
    [userId],
  );
  return rows.map((row) => fromRow(db, row));
}

/** Numbers of those of the group that hold, in the order of issue. */
export async function holdingOfGroup(db: Db, groupId: string): Promise<{ number: string; userId: string }[]> {
  return db.sql(
    `SELECT "number", "userId" FROM "Certificate" WHERE "groupId" = $1 AND "revokedAt" IS NULL ORDER BY "issuedAt", "id"`,
    [groupId],
  );
}

/** Throws `Refused`: `not-found`, and `outdated` when it has been revoked already. */
export async function revokeCertificate(
  db: Db,
  input: {
    number: string;
    by: string;
    ground: RevocationGround;
    reason: string;
    address: string;
    at: number;
  },
): Promise<void> {
  await db.transaction(async (sql) => {
    const [row] = await sql<{ orgPath: string; userId: string; courseId: string; revokedAt: Date | null }>(
      'SELECT "orgPath", "userId", "courseId", "revokedAt" FROM "Certificate" WHERE "number" = $1 FOR UPDATE',
      [input.number],
    );
    if (!row) throw new Refused('not-found', 'certificate');
    if (row.revokedAt !== null) throw new Refused('outdated', 'certificate');
    await sql(
      `UPDATE "Certificate" SET "revokedAt" = $2, "revokedBy" = $3, "revokeGround" = $4, "revokeSealed" = $5
       WHERE "number" = $1`,
      [
        input.number,
        toDate(input.at),
        input.by,
        input.ground,
        db.personal.seal('Certificate.revocation', input.reason),
      ],
    );
    await appendAuditIn(sql, {
      actorId: input.by,
      orgPath: row.orgPath,
      action: 'certificate.revoked',
      targetType: 'user',
      targetId: row.userId,
      detail: { number: input.number, courseId: row.courseId, ground: input.ground },
      address: input.address,
    });
  });
}

/** Ids of the keys that signed a certificate. */
export async function certificateKeyIds(db: Db): Promise<string[]> {
  const rows = await db.sql<{ keyId: string }>('SELECT DISTINCT "keyId" FROM "Certificate"');
  return rows.map(({ keyId }) => keyId);
}
