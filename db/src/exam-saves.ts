/**
 * [EX1, EX2] Answers of many learners in one commit. The rows of their attempts are locked in one order, so that two
 * batches that concern the same attempts wait and do not block each other; what becomes of each answer is the caller's
 * rule. Sent twice is stored once: an answer only takes the place of one that was written before it.
 */
import type { ItemAnswer } from '@keshi/contract/items';
import type { Db, Sql } from './client.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface Save {
  attemptId: string;
  /** The login it comes from. */
  sid: string;
  lease: number;
  sequence: number;
  visible: boolean;
  answers: readonly { position: number; answer: ItemAnswer | null }[];
  /** When it reached the server. */
  at: number;
}

export interface SavedState {
  lease: number;
  sameLogin: boolean;
  deadline: number | null;
  submitted: boolean;
  ended: boolean;
  lastSeenAt: number;
  checkDueAt: number | null;
}

export type Standing = 'accepted' | 'late' | 'refused' | 'taken-over';

export interface SaveResult {
  standing: Standing;
  deadline: number | null;
  checkDueAt: number | null;
}

interface LockedRow extends Record<string, unknown> {
  id: string;
  lease: number;
  writerSid: string;
  deadline: Date | null;
  submittedAt: Date | null;
  endedAt: Date | null;
  lastSeenAt: Date;
  visible: boolean;
  checkDueAt: Date | null;
}

interface AnswerRow {
  attemptId: string;
  position: number;
  lease: number;
  sequence: number;
  answer: ItemAnswer | null;
  at: Date;
  standing: Standing;
}

interface EventRow {
  attemptId: string;
  at: Date;
  kind: 'hidden' | 'shown' | 'lost' | 'back';
}

/** Answers in the order of `saves`; null for an attempt that does not exist. `lostAfterMs`: silence of this length is noted. */
export async function storeSaves(
  db: Db,
  saves: readonly Save[],
  decide: (state: SavedState, lease: number, at: number) => Standing,
  { lostAfterMs }: { lostAfterMs: number },
): Promise<(SaveResult | null)[]> {
  return db.transaction(async (sql) => {
    const ids = [...new Set(saves.map(({ attemptId }) => attemptId))].sort();
    const locked = await sql<LockedRow>(
      `SELECT "id", "lease", "writerSid", "deadline", "submittedAt", "endedAt", "lastSeenAt", "visible", "checkDueAt" FROM "ExamAttempt"
       WHERE "id" = ANY($1::uuid[]) ORDER BY "id" FOR UPDATE`,
      [ids],
    );
    const rows = new Map(locked.map((row) => [row.id, { ...row, timesLeft: 0, touched: false }]));
    const accepted = new Map<string, AnswerRow>();
    const strays: AnswerRow[] = [];
    const events: EventRow[] = [];
    const results = saves.map((save): SaveResult | null => {
      const row = rows.get(save.attemptId);
      if (!row) return null;
      const deadline = fromDateOrNull(row.deadline);
      const checkDueAt = fromDateOrNull(row.checkDueAt);
      const seenAt = fromDate(row.lastSeenAt);
      const state = {
        lease: row.lease,
        sameLogin: row.writerSid === save.sid,
        deadline,
        submitted: row.submittedAt !== null,
        ended: row.endedAt !== null,
        lastSeenAt: seenAt,
        checkDueAt,
      };
      const standing = decide(state, save.lease, save.at);
      const at = toDate(save.at);
      const of = { attemptId: save.attemptId, lease: save.lease, sequence: save.sequence, at, standing };
      for (const answer of save.answers) {
        if (standing === 'accepted') keepNewest(accepted, { ...of, ...answer });
        else if (standing !== 'taken-over') strays.push({ ...of, ...answer });
      }
      if (standing !== 'taken-over' && row.endedAt === null) {
        const about = { attemptId: save.attemptId };
        if (save.at - seenAt >= lostAfterMs)
          events.push({ ...about, at: row.lastSeenAt, kind: 'lost' }, { ...about, at, kind: 'back' });
        if (save.visible !== row.visible) {
          events.push({ ...about, at, kind: save.visible ? 'shown' : 'hidden' });
          if (!save.visible) row.timesLeft += 1;
        }
        row.visible = save.visible;
        row.lastSeenAt = save.at > seenAt ? at : row.lastSeenAt;
        row.touched = true;
      }
      return { standing, deadline, checkDueAt };
    });
    await storeAnswers(sql, [...accepted.values()]);
    await storeStrays(sql, strays);
    await touch(
      sql,
      [...rows.values()].filter(({ touched }) => touched),
    );
    await storeEvents(sql, events);
    return results;
  });
}

function keepNewest(accepted: Map<string, AnswerRow>, row: AnswerRow): void {
  const key = `${row.attemptId}/${row.position}`;
  const before = accepted.get(key);
  const older =
    before && (before.lease > row.lease || (before.lease === row.lease && before.sequence >= row.sequence));
  if (!older) accepted.set(key, row);
}

const json = (answer: ItemAnswer | null) => (answer === null ? null : JSON.stringify(answer));

async function storeAnswers(sql: Sql, rows: readonly AnswerRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql(
    `INSERT INTO "ExamAnswer" ("attemptId", "position", "lease", "sequence", "answer", "at")
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::jsonb[], $6::timestamptz[])
     ON CONFLICT ("attemptId", "position") DO UPDATE SET "lease" = EXCLUDED."lease", "sequence" = EXCLUDED."sequence",
       "answer" = EXCLUDED."answer", "at" = EXCLUDED."at"
     WHERE (EXCLUDED."lease", EXCLUDED."sequence") > ("ExamAnswer"."lease", "ExamAnswer"."sequence")`,
    columnsOf(rows),
  );
}

async function storeStrays(sql: Sql, rows: readonly AnswerRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql(
    `INSERT INTO "ExamStrayAnswer" ("attemptId", "position", "lease", "sequence", "answer", "at", "standing")
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::jsonb[], $6::timestamptz[], $7::text[])
     ON CONFLICT DO NOTHING`,
    [...columnsOf(rows), rows.map(({ standing }) => standing)],
  );
}

function columnsOf(rows: readonly AnswerRow[]): unknown[] {
  return [
    rows.map(({ attemptId }) => attemptId),
    rows.map(({ position }) => position),
    rows.map(({ lease }) => lease),
    rows.map(({ sequence }) => sequence),
    rows.map(({ answer }) => json(answer)),
    rows.map(({ at }) => at),
  ];
}

async function touch(
  sql: Sql,
  rows: readonly { id: string; lastSeenAt: Date; visible: boolean; timesLeft: number }[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql(
    `UPDATE "ExamAttempt" a SET "lastSeenAt" = r."at", "visible" = r."visible", "timesLeft" = a."timesLeft" + r."left"
     FROM unnest($1::uuid[], $2::timestamptz[], $3::bool[], $4::int[]) AS r("id", "at", "visible", "left") WHERE a."id" = r."id"`,
    [
      rows.map(({ id }) => id),
      rows.map(({ lastSeenAt }) => lastSeenAt),
      rows.map(({ visible }) => visible),
      rows.map(({ timesLeft }) => timesLeft),
    ],
  );
}

async function storeEvents(sql: Sql, rows: readonly EventRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql(
    'INSERT INTO "ExamEvent" ("attemptId", "at", "kind") SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[])',
    [rows.map(({ attemptId }) => attemptId), rows.map(({ at }) => at), rows.map(({ kind }) => kind)],
  );
}
