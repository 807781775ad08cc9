/** [E2, E3] Sessions of study that are over, and what study came to by day, week or month. */
import type { Db, Sql } from './client.ts';
import { toDate } from './instants.ts';

export interface EndedSession {
  id: string;
  userId: string;
  lessonId: string;
  courseId: string;
  startedAt: number;
  endedAt: number;
  /** Credited, by the day of Asia/Shanghai. */
  byDay: Readonly<Record<string, number>>;
}

/** A session that credited nothing is on record as well: its day is the one it began on. */
export async function recordSession(
  { sql }: { sql: Sql },
  session: EndedSession,
  beganOn: string,
): Promise<void> {
  const days = Object.entries(session.byDay).filter(([, ms]) => ms > 0);
  for (const [day, creditedMs] of days.length > 0 ? days : ([[beganOn, 0]] as const))
    await sql(
      `INSERT INTO "StudySession" ("id", "day", "userId", "lessonId", "courseId", "startedAt", "endedAt", "creditedMs")
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT ("id", "day") DO NOTHING`,
      [
        session.id,
        day,
        session.userId,
        session.lessonId,
        session.courseId,
        toDate(session.startedAt),
        toDate(session.endedAt),
        creditedMs,
      ],
    );
}

/** What sessions credit that are not over is in the progress itself. */
const credits = `SELECT s."day", s."creditedMs", s."id" FROM "StudySession" s
    WHERE s."userId" = $1 AND s."day" >= $2 AND s."day" < $3 AND ($4::uuid[] IS NULL OR s."courseId" = ANY($4::uuid[]))
  UNION ALL SELECT d.key, d.value::int, (p."state"->'session'->>'id')::uuid
    FROM "StudyProgress" p CROSS JOIN LATERAL jsonb_each_text(p."state"->'session'->'byDay') d
    WHERE p."userId" = $1 AND jsonb_typeof(p."state"->'session') = 'object' AND d.key >= $2 AND d.key < $3
      AND ($4::uuid[] IS NULL OR p."courseId" = ANY($4::uuid[]))`;

/** [WL7] What somebody was credited on a day, by sessions that are over and by those that are not. */
export async function creditedOnDay(
  { sql }: { sql: Sql },
  { userId, day }: { userId: string; day: string },
): Promise<number> {
  const [row] = await sql<{ ms: string | null }>(`SELECT sum("creditedMs") AS ms FROM (${credits}) AS c`, [
    userId,
    day,
    `${day}~`,
    null,
  ]);
  return Number(row?.ms ?? 0);
}

export type Bucket = 'day' | 'week' | 'month';

export interface StudyOverTime {
  totalMs: number;
  days: number;
  sessions: number;
  /** `from` as a day of Asia/Shanghai; what came to nothing is left out. */
  periods: { from: string; creditedMs: number }[];
}

/** Days are half-open, `2026-11-28`. */
export async function studyOverTime(
  db: Db,
  of: { userId: string; by: Bucket; from: string; to: string; courseIds?: readonly string[] },
): Promise<StudyOverTime> {
  const values = [of.userId, of.from, of.to, of.courseIds ?? null];
  const [sums, periods] = await Promise.all([
    db.sql<{ ms: string | null; days: number; sessions: number }>(
      `SELECT sum("creditedMs") AS ms, (count(DISTINCT "day") FILTER (WHERE "creditedMs" > 0))::int AS days,
         count(DISTINCT "id")::int AS sessions FROM (${credits}) AS c`,
      values,
    ),
    db.sql<{ from: string; ms: string }>(
      `SELECT to_char(date_trunc($5, "day"::date), 'YYYY-MM-DD') AS "from", sum("creditedMs") AS ms
       FROM (${credits}) AS c GROUP BY 1 HAVING sum("creditedMs") > 0 ORDER BY 1`,
      [...values, of.by],
    ),
  ]);
  const [sum] = sums;
  return {
    totalMs: Number(sum?.ms ?? 0),
    days: sum?.days ?? 0,
    sessions: sum?.sessions ?? 0,
    periods: periods.map(({ from, ms }) => ({ from, creditedMs: Number(ms) })),
  };
}

export interface Note {
  id: string;
  position: number;
  text: string;
  at: number;
}

/** So many notes a lesson has at most. */
const mostNotes = 500;

/** False when the lesson has as many notes as it may. The same id is stored once. */
export async function addNote(
  db: Db,
  note: { id: string; userId: string; lessonId: string; position: number; text: string; at: number },
): Promise<boolean> {
  const rows = await db.sql(
    `INSERT INTO "StudyNote" ("id", "userId", "lessonId", "position", "text", "createdAt")
     SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM "StudyNote" n WHERE n."userId" = $2 AND n."lessonId" = $3) < $7
     ON CONFLICT ("id") DO UPDATE SET "id" = EXCLUDED."id" WHERE "StudyNote"."userId" = $2 AND "StudyNote"."lessonId" = $3
     RETURNING "id"`,
    [note.id, note.userId, note.lessonId, note.position, note.text, toDate(note.at), mostNotes],
  );
  return rows.length > 0;
}

/** False when there is none of that person. */
export async function removeNote(
  db: Db,
  { id, userId, lessonId }: { id: string; userId: string; lessonId: string },
): Promise<boolean> {
  const rows = await db.sql(
    'DELETE FROM "StudyNote" WHERE "id" = $1 AND "userId" = $2 AND "lessonId" = $3 RETURNING "id"',
    [id, userId, lessonId],
  );
  return rows.length > 0;
}

/** In the order of their place. */
export async function notesOf(db: Db, userId: string, lessonId: string): Promise<Note[]> {
  const rows = await db.sql<{ id: string; position: number; text: string; createdAt: Date }>(
    `SELECT "id", "position", "text", "createdAt" FROM "StudyNote" WHERE "userId" = $1 AND "lessonId" = $2
     ORDER BY "position", "createdAt"`,
    [userId, lessonId],
  );
  return rows.map(({ createdAt, ...row }) => ({ ...row, at: createdAt.getTime() }));
}
