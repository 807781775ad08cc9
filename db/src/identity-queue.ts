/** [PR1, PR2, B11] People whose identity a person has to decide, masked in the list; and that decision. */
import {
  type AuthorityOutcome,
  authorityOutcome,
  type DocumentKind,
  documentKind,
  type DocumentState,
  documentState,
  type FaceState,
  faceState,
  type PhotoOutcome,
  photoOutcome,
} from '@keshi/contract/identity';
import type { Db } from './client.ts';
import { maskDocument, maskName, maskPhone } from './crypto.ts';
import { Refused } from './failures.ts';
import { fromDate, toDate } from './instants.ts';
import type { Page, PageRequest } from './page.ts';
import { pageOf } from './page.ts';
import { lockPerson } from './person-lock.ts';
import type { Scope } from './scope.ts';
import { literally } from './text-search.ts';

export interface QueueRow {
  userId: string;
  login: string;
  maskedName: string;
  maskedPhone: string | null;
  orgName: string;
  document: { kind: DocumentKind; maskedNumber: string; state: DocumentState };
  face: { state: FaceState; enrolledAt: number; hasPicture: boolean } | null;
  /** Names the document and the face as they are: a decision is about these and no later ones. */
  seen: string;
  /** `none` where no authority is asked at all. */
  authority: AuthorityOutcome;
  photo: PhotoOutcome | null;
  since: number;
}

interface Stored extends Record<string, unknown> {
  userId: string;
  login: string;
  nameSealed: string;
  phoneSealed: string | null;
  orgName: string;
  kind: string;
  numberSealed: string;
  documentState: string;
  documentVersion: number;
  faceState: string | null;
  faceVersion: number | null;
  enrolledAt: Date | null;
  hasPicture: boolean;
  outcome: string | null;
  photo: string | null;
  since: Date;
}

/**
 * Those whose document or face is undecided and whom the authority did not decide: it said so, it has been silent since
 * `waitedSince`, or none is asked (`asked: false`). Longest waiting first.
 */
export async function pageIdentityQueue(
  db: Db,
  filter: {
    /** The beginning of a login, or a whole name or phone. */
    query?: string;
    under: Scope;
    except: string;
    asked: boolean;
    waitedSince: number;
    userId?: string;
  } & PageRequest,
): Promise<Page<QueueRow>> {
  const { skip, take } = pageOf(filter);
  const paths = [filter.under].flat().map((path) => `${literally(path)}%`);
  const from = `
    FROM "IdentityDocument" d
    JOIN "User" u ON u."id" = d."userId"
    JOIN "Organization" home ON home."id" = u."orgId"
    LEFT JOIN "FaceEnrolment" f ON f."userId" = d."userId"
    LEFT JOIN "FacePicture" p ON p."userId" = d."userId"
    LEFT JOIN "IdentityCheck" c ON c."userId" = d."userId"
    WHERE d."state" <> 'refused' AND (d."state" = 'pending' OR f."state" = 'provisional')
      AND d."userId" <> $1 AND u."disabledAt" IS NULL
      AND (NOT $2::boolean OR c."state" IS DISTINCT FROM 'due' OR c."askedAt" <= $3)
      AND ($4::uuid IS NULL OR d."userId" = $4)
      AND EXISTS (SELECT 1 FROM "Membership" m JOIN "Organization" o ON o."id" = m."orgId"
                  WHERE m."userId" = d."userId" AND o."path" LIKE ANY($5::text[]))
      AND ($6::text = '' OR u."login" LIKE $7 OR u."nameIndex" = ANY($8) OR u."phoneIndex" = ANY($9))`;
  const { query = '' } = filter;
  const values = [
    filter.except,
    filter.asked,
    toDate(filter.waitedSince),
    filter.userId ?? null,
    paths,
    query,
    `${literally(query)}%`,
    db.personal.indexes('User.name', query),
    db.personal.indexes('User.phone', query),
  ];
  const [count, rows] = await Promise.all([
    db.sql<{ total: string }>(`SELECT count(*) AS "total" ${from}`, values),
    db.sql<Stored>(
      `SELECT d."userId", u."login", u."nameSealed", u."phoneSealed", home."name" AS "orgName", d."kind", d."numberSealed",
         d."state" AS "documentState", d."version" AS "documentVersion", f."state" AS "faceState",
         f."version" AS "faceVersion", f."enrolledAt", p."userId" IS NOT NULL AS "hasPicture", c."outcome", c."photo",
         GREATEST(d."givenAt", f."enrolledAt") AS "since"
       ${from} ORDER BY "since", d."userId" OFFSET $10 LIMIT $11`,
      [...values, skip, take],
    ),
  ]);
  return { total: Number(count[0]?.total ?? 0), rows: rows.map((row) => fromStored(db, row, filter.asked)) };
}

function fromStored(db: Db, row: Stored, asked: boolean): QueueRow {
  return {
    userId: row.userId,
    login: row.login,
    maskedName: maskName(db.personal.open('User.name', row.nameSealed)),
    maskedPhone: row.phoneSealed && maskPhone(db.personal.open('User.phone', row.phoneSealed)),
    orgName: row.orgName,
    document: {
      kind: documentKind.parse(row.kind),
      maskedNumber: maskDocument(db.personal.open('IdentityDocument.number', row.numberSealed)),
      state: documentState.parse(row.documentState),
    },
    face:
      row.faceState === null || row.enrolledAt === null
        ? null
        : {
            state: faceState.parse(row.faceState),
            enrolledAt: fromDate(row.enrolledAt),
            hasPicture: row.hasPicture,
          },
    seen: seenOf(
      { version: row.documentVersion },
      row.enrolledAt === null ? null : { version: row.faceVersion ?? 0, enrolledAt: row.enrolledAt },
    ),
    authority: row.outcome !== null ? authorityOutcome.parse(row.outcome) : asked ? 'waiting' : 'none',
    photo: row.photo === null ? null : photoOutcome.parse(row.photo),
    since: fromDate(row.since),
  };
}

function seenOf(document: { version: number }, face: { version: number; enrolledAt: Date } | null): string {
  return `${document.version}/${face ? `${face.version}.${fromDate(face.enrolledAt)}` : '-'}`;
}

/**
 * Name, number and phone whole; who looked and why is in the audit log by the same transaction, or nothing is shown.
 * Throws `not-found` without a document.
 */
export async function revealIdentity(
  db: Db,
  input: { userId: string; actorId: string; reason: string; address: string },
): Promise<{ name: string; phone: string | null; number: string; kind: DocumentKind }> {
  return db.prisma.$transaction(async (tx) => {
    const row = await tx.identityDocument.findUnique({
      where: { userId: input.userId },
      select: {
        kind: true,
        numberSealed: true,
        user: { select: { nameSealed: true, phoneSealed: true, org: { select: { path: true } } } },
      },
    });
    if (!row) throw new Refused('not-found', 'document');
    await tx.auditEntry.create({
      data: {
        actorId: input.actorId,
        orgPath: row.user.org.path,
        action: 'identity.revealed',
        targetType: 'user',
        targetId: input.userId,
        detail: { reason: input.reason },
        address: input.address,
      },
      select: { id: true },
    });
    return {
      name: db.personal.open('User.name', row.user.nameSealed),
      phone: row.user.phoneSealed && db.personal.open('User.phone', row.user.phoneSealed),
      number: db.personal.open('IdentityDocument.number', row.numberSealed),
      kind: documentKind.parse(row.kind),
    };
  });
}

export interface Decision {
  userId: string;
  decidedBy: string;
  decision: 'confirm' | 'refuse';
  reason: string;
  /** `QueueRow.seen`, as whoever decides saw it. */
  seen: string;
  now: number;
}

/** Decides what is undecided. Throws `Refused`: `outdated` when it is not what was seen, `not-found` without a document. */
export async function decideIdentity(db: Db, input: Decision): Promise<void> {
  const { userId, reason, decidedBy } = input;
  const decided = {
    state: input.decision === 'confirm' ? 'confirmed' : 'refused',
    decidedAt: toDate(input.now),
    decidedBy,
    reason,
    version: { increment: 1 },
  };
  await db.prisma.$transaction(async (tx) => {
    await lockPerson(tx, userId);
    const [document, face] = await Promise.all([
      tx.identityDocument.findUnique({ where: { userId }, select: { state: true, version: true } }),
      tx.faceEnrolment.findUnique({
        where: { userId },
        select: { state: true, version: true, enrolledAt: true },
      }),
    ]);
    if (!document) throw new Refused('not-found', 'document');
    if (seenOf(document, face) !== input.seen) throw new Refused('outdated', 'identity');
    if (document.state === 'refused' || (document.state === 'confirmed' && face?.state !== 'provisional'))
      throw new Refused('outdated', 'identity');
    // A document that is confirmed stays so when it is the face that is refused.
    if (document.state === 'pending')
      await tx.identityDocument.update({ where: { userId }, data: decided, select: { userId: true } });
    if (face?.state === 'provisional')
      await tx.faceEnrolment.update({ where: { userId }, data: decided, select: { userId: true } });
  });
}
