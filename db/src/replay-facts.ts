/** What a replay shows beside its picture: chat, questions and the stage of an ended class, without what was deleted. */
import { type ClassRole, classRole } from '@keshi/contract/domain';
import { z } from 'zod';
import { type StoredQuestion, toQuestion } from './class-state.ts';
import type { Db, Row } from './client.ts';
import { fromDate } from './instants.ts';

export interface ReplayMessage {
  id: string;
  at: number;
  userId: string;
  role: ClassRole;
  text: string;
}

/** How many messages there are, and when the first of each page of `size` was sent. */
export async function chatPages(
  db: Db,
  classId: string,
  size: number,
): Promise<{ total: number; starts: number[] }> {
  const rows = await db.sql<{ at: Date; total: number }>(
    `SELECT "at", "total" FROM (
       SELECT "at", row_number() OVER (ORDER BY "seq") AS "place", (count(*) OVER ())::int AS "total"
       FROM "ChatMessage" WHERE "classId" = $1 AND "deletedAt" IS NULL) AS numbered
     WHERE ("place" - 1) % $2 = 0 ORDER BY "place"`,
    [classId, size],
  );
  return { total: rows[0]?.total ?? 0, starts: rows.map(({ at }) => fromDate(at)) };
}

/** Page `page` from 0, oldest first. */
export async function chatPage(
  db: Db,
  classId: string,
  { page, size }: { page: number; size: number },
): Promise<ReplayMessage[]> {
  const rows = await db.sql<Row & Omit<ReplayMessage, 'at' | 'role'> & { at: Date; role: string }>(
    `SELECT "id", "at", "userId", "role", "text" FROM "ChatMessage"
     WHERE "classId" = $1 AND "deletedAt" IS NULL ORDER BY "seq" OFFSET $2 LIMIT $3`,
    [classId, page * size, size],
  );
  return rows.map((row) => ({ ...row, at: fromDate(row.at), role: classRole.parse(row.role) }));
}

/** Oldest first, at most `limit` of `total`. */
export async function questionsAsked(
  db: Db,
  classId: string,
  limit: number,
): Promise<{ total: number; rows: StoredQuestion[] }> {
  const where = { classId, state: { not: 'deleted' } };
  const [total, rows] = await Promise.all([
    db.prisma.question.count({ where }),
    db.prisma.question.findMany({
      where,
      select: {
        id: true,
        at: true,
        userId: true,
        text: true,
        state: true,
        votes: true,
        answer: true,
        answeredBy: true,
        answeredAt: true,
      },
      orderBy: [{ at: 'asc' }, { id: 'asc' }],
      take: limit,
    }),
  ]);
  return { total, rows: rows.map(toQuestion) };
}

export interface StageTurn {
  at: number;
  userId: string;
  kind: 'joined' | 'left';
}

/** Hundreds of changes of one's own microphone are one stay on the stage: events read, at most. */
const stageEvents = 5_000;
const stagePayload = z.object({ userId: z.string() });

/** Who came on the stage and who left it, in order, the host left out; at most `limit`. */
export async function stageTurns(
  db: Db,
  classId: string,
  { hostId, limit }: { hostId: string; limit: number },
): Promise<StageTurn[]> {
  const rows = await db.sql<{ at: Date; type: string; payload: unknown }>(
    `SELECT "at", "type", "payload" FROM "ClassEvent"
     WHERE "classId" = $1 AND "audience" = 'all' AND "type" IN ('stage.changed', 'stage.left') ORDER BY "seq" LIMIT $2`,
    [classId, stageEvents],
  );
  const on = new Set<string>();
  const turns: StageTurn[] = [];
  for (const { at, type, payload } of rows) {
    const { userId } = stagePayload.parse(payload);
    const kind = type === 'stage.left' ? 'left' : 'joined';
    if (userId === hostId || on.has(userId) === (kind === 'joined')) continue;
    if (kind === 'joined') on.add(userId);
    else on.delete(userId);
    turns.push({ at: fromDate(at), userId, kind });
  }
  return turns.slice(0, limit);
}
