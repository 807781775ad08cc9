/**
 * [PR3, PR4] Questions to people in a class whether they are still the same: each is stored before it is asked, answered at
 * most once, and over once, with a verdict or (its learner having gone) without.
 */
import {
  frameTrace,
  verdict,
  type FrameTrace,
  type ProctorPurpose,
  type SignedVerdict,
  type Verdict,
} from '@keshi/contract/proctor';
import { z } from 'zod';
import type { Db, Row } from './client.ts';
import { recordHourSignIn } from './hour-sign-ins.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { stopWaiting } from './recognitions.ts';

export type FaceCheckPurpose = Exclude<ProctorPurpose, 'enrol'>;
export type FaceCheckCause = 'schedule' | 'failed' | 'detector' | 'return' | 'virtual-camera';
export type FaceCheckPlace = 'class' | 'lesson' | 'exam';

export interface FaceCheck {
  id: string;
  kind: FaceCheckPlace;
  contextId: string;
  userId: string;
  purpose: FaceCheckPurpose;
  /** Of a sign-in to a class, from 1. */
  hour: number | null;
  cause: FaceCheckCause;
  nonce: string;
  pictures: number;
  /** In the learner's own left and right. */
  motion: 'left' | 'right' | null;
  askedAt: number;
  deadline: number;
}

export interface FaceCheckState extends FaceCheck {
  answeredAt: number | null;
  settledAt: number | null;
  verdict: Verdict | null;
}

interface FaceCheckRow extends Row {
  id: string;
  kind: FaceCheckPlace;
  contextId: string;
  userId: string;
  purpose: FaceCheckPurpose;
  hour: number | null;
  cause: FaceCheckCause;
  nonce: string;
  pictures: number;
  motion: 'left' | 'right' | null;
  askedAt: Date;
  deadline: Date;
  answeredAt: Date | null;
  settledAt: Date | null;
  verdict: string | null;
}

const columns = `"id", "kind", "contextId", "userId", "purpose", "hour", "cause", "nonce", "pictures", "motion", "askedAt",
  "deadline", "answeredAt", "settledAt", "verdict"`;

function toState({ askedAt, deadline, answeredAt, settledAt, ...row }: FaceCheckRow): FaceCheckState {
  return {
    ...row,
    askedAt: fromDate(askedAt),
    deadline: fromDate(deadline),
    answeredAt: fromDateOrNull(answeredAt),
    settledAt: fromDateOrNull(settledAt),
    verdict: row.verdict === null ? null : verdict.parse(row.verdict),
  };
}

/** One statement however many. Answers the ids that were stored: who has an open question already gets no second one. */
export async function askFaceChecks(db: Db, checks: readonly FaceCheck[]): Promise<Set<string>> {
  if (checks.length === 0) return new Set();
  const of = <T>(pick: (check: FaceCheck) => T) => checks.map(pick);
  const rows = await db.sql<Row & { id: string }>(
    `INSERT INTO "FaceCheck" ("id", "kind", "contextId", "userId", "purpose", "hour", "cause", "nonce", "pictures", "motion",
       "askedAt", "deadline")
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::text[],
       $9::int[], $10::text[], $11::timestamptz[], $12::timestamptz[])
     ON CONFLICT ("kind", "contextId", "userId") WHERE "settledAt" IS NULL DO NOTHING RETURNING "id"`,
    [
      of(({ id }) => id),
      of(({ kind }) => kind),
      of(({ contextId }) => contextId),
      of(({ userId }) => userId),
      of(({ purpose }) => purpose),
      of(({ hour }) => hour),
      of(({ cause }) => cause),
      of(({ nonce }) => nonce),
      of(({ pictures }) => pictures),
      of(({ motion }) => motion),
      of(({ askedAt }) => toDate(askedAt)),
      of(({ deadline }) => toDate(deadline)),
    ],
  );
  return new Set(rows.map(({ id }) => id));
}

/** As they stand now, whoever has moved them on. */
export async function readFaceChecks(db: Db, ids: readonly string[]): Promise<FaceCheckState[]> {
  if (ids.length === 0) return [];
  const rows = await db.sql<FaceCheckRow>(`SELECT ${columns} FROM "FaceCheck" WHERE "id" = ANY($1::uuid[])`, [
    ids,
  ]);
  return rows.map(toState);
}

export async function getFaceCheck(db: Db, id: string): Promise<FaceCheckState | null> {
  const [check] = await readFaceChecks(db, [id]);
  return check ?? null;
}

/** So many of the latest questions to one person say where things stand. */
const latestOfPerson = 6;

/** For a coordinator that begins: the latest questions of everybody in a class, oldest first, and our own failures. */
export async function faceChecksOfClass(
  db: Db,
  classId: string,
): Promise<{ checks: FaceCheckState[]; errors: Map<string, number> }> {
  const rows = await db.sql<FaceCheckRow & { errors: number }>(
    `SELECT * FROM (
       SELECT ${columns}, (count(*) FILTER (WHERE "verdict" = 'error') OVER (PARTITION BY "userId"))::int AS "errors",
         row_number() OVER (PARTITION BY "userId" ORDER BY "askedAt" DESC, "id" DESC) AS "age"
       FROM "FaceCheck" WHERE "kind" = 'class' AND "contextId" = $1
     ) AS "recent" WHERE "age" <= ${latestOfPerson} ORDER BY "askedAt", "id"`,
    [classId],
  );
  return {
    checks: rows.map(({ errors: _errors, age: _age, ...row }) => toState(row)),
    errors: new Map(rows.map(({ userId, errors }) => [userId, errors])),
  };
}

/**
 * Takes the answer to a question, once. False when it has been answered or is over: what comes then is no answer to it.
 * `at` is when the pictures had arrived.
 */
export async function claimFaceCheck(
  db: Db,
  { id, userId, nonce, at }: { id: string; userId: string; nonce: string; at: number },
): Promise<boolean> {
  const rows = await db.sql(
    `UPDATE "FaceCheck" SET "answeredAt" = $4
     WHERE "id" = $1 AND "userId" = $2 AND "nonce" = $3 AND "answeredAt" IS NULL AND "settledAt" IS NULL RETURNING "id"`,
    [id, userId, nonce, toDate(at)],
  );
  return rows.length > 0;
}

export interface FaceCheckOutcome {
  id: string;
  at: number;
  verdict: Verdict;
  /** As the proctor signed it; null where no picture was judged. */
  signed: SignedVerdict | null;
  traces: readonly FrameTrace[];
  /** Sealed under the learner's key; of a check that did not pass. */
  pictures: { keyId: string; sealed: readonly Uint8Array[] } | null;
  /** A sign-in that passed. */
  signIn: { classId: string; userId: string; hour: number; at: number } | null;
}

/** The verdict, and what follows from it, in one transaction. False when it was over already: then nothing is stored. */
export async function settleFaceCheck(db: Db, outcome: FaceCheckOutcome): Promise<boolean> {
  const { id, signed, pictures, signIn } = outcome;
  return db.transaction(async (sql) => {
    const rows = await sql<Row & { answeredAt: Date | null }>(
      `UPDATE "FaceCheck" SET "settledAt" = $2, "verdict" = $3, "record" = $4, "keyId" = $5, "signature" = $6, "traces" = $7
       WHERE "id" = $1 AND "settledAt" IS NULL RETURNING "answeredAt"`,
      [
        id,
        toDate(outcome.at),
        outcome.verdict,
        signed && JSON.stringify(signed.record),
        signed && signed.keyId,
        signed && signed.signature,
        outcome.traces.length > 0 ? JSON.stringify(outcome.traces) : null,
      ],
    );
    const [row] = rows;
    if (!row) return false;
    if (pictures)
      await sql(
        `INSERT INTO "FaceCheckPicture" ("checkId", "position", "keyId", "pictureSealed", "takenAt")
         SELECT $1, "position" - 1, $2, "picture", $3 FROM unnest($4::bytea[]) WITH ORDINALITY AS "one" ("picture", "position")`,
        [
          id,
          pictures.keyId,
          row.answeredAt ?? toDate(outcome.at),
          pictures.sealed.map((one) => Buffer.from(one)),
        ],
      );
    if (signIn) {
      await recordHourSignIn({ sql }, { ...signIn, by: { method: 'face' }, verdictId: id, countsFrom: null });
      await stopWaiting(sql, signIn);
    }
    return true;
  });
}

/**
 * What nobody has answered by its deadline, `no-answer`; what was answered and not judged in time is our own failure
 * [PR3]. Answers what was settled here: the others have been moved on by somebody else.
 */
export async function settleSilent(
  db: Db,
  { ids, at, judgedBefore }: { ids: readonly string[]; at: number; judgedBefore: number },
): Promise<FaceCheckState[]> {
  if (ids.length === 0) return [];
  const rows = await db.sql<FaceCheckRow>(
    `UPDATE "FaceCheck" SET "settledAt" = $2,
       "verdict" = CASE WHEN "answeredAt" IS NULL THEN 'no-answer' ELSE 'error' END
     WHERE "id" = ANY($1::uuid[]) AND "settledAt" IS NULL AND ("answeredAt" IS NULL OR "answeredAt" < $3)
     RETURNING ${columns}`,
    [ids, toDate(at), toDate(judgedBefore)],
  );
  return rows.map(toState);
}

/** [PR3] Their learners have gone, or cannot be asked: silence then is absence, and no verdict. What was answered stays. */
export async function dropFaceChecks(
  db: Db,
  { ids, at }: { ids: readonly string[]; at: number },
): Promise<void> {
  if (ids.length === 0) return;
  await db.sql(
    `UPDATE "FaceCheck" SET "settledAt" = $2
     WHERE "id" = ANY($1::uuid[]) AND "settledAt" IS NULL AND "answeredAt" IS NULL`,
    [ids, toDate(at)],
  );
}

/** The same for one that was answered with what may not be looked at. */
export async function dropAnswered(db: Db, { id, at }: { id: string; at: number }): Promise<void> {
  await db.sql(`UPDATE "FaceCheck" SET "settledAt" = $2 WHERE "id" = $1 AND "settledAt" IS NULL`, [
    id,
    toDate(at),
  ]);
}

const storedTraces = z.array(frameTrace);

/** What was seen of somebody before, the latest last: a feed that stands still is noticed by it. */
export async function tracesOf(db: Db, userId: string, most = 16): Promise<(FrameTrace & { at: number })[]> {
  const rows = await db.sql<Row & { traces: unknown; at: Date }>(
    `SELECT "traces", COALESCE("answeredAt", "askedAt") AS "at" FROM "FaceCheck"
     WHERE "userId" = $1 AND "traces" IS NOT NULL ORDER BY "askedAt" DESC LIMIT $2`,
    [userId, most],
  );
  return rows
    .reverse()
    .flatMap(({ traces, at }) => storedTraces.parse(traces).map((trace) => ({ ...trace, at: fromDate(at) })))
    .slice(-most);
}

/** Of these people, whose face may be asked for: consent stands, and there is a reference that was not refused [PR1]. */
export async function peopleWithFace(db: Db, userIds: readonly string[]): Promise<Set<string>> {
  if (userIds.length === 0) return new Set();
  const rows = await db.sql<Row & { userId: string }>(
    `SELECT "face"."userId" FROM "FaceEnrolment" AS "face"
     WHERE "face"."userId" = ANY($1::uuid[]) AND "face"."state" <> 'refused'
       AND (SELECT "consent"."action" FROM "ConsentRecord" AS "consent" WHERE "consent"."userId" = "face"."userId"
            ORDER BY "consent"."at" DESC, "consent"."id" DESC LIMIT 1) = 'given'`,
    [userIds],
  );
  return new Set(rows.map(({ userId }) => userId));
}
