/** What a coordinator needs beyond `loadClass` to go on exactly where another stopped. */
import { quizKind, type QuizKind } from '@keshi/contract/domain';
import { z } from 'zod';
import type { StoredEvent } from './class-state.ts';
import type { Db } from './client.ts';
import { fromDate } from './instants.ts';

/** Who voted for which question. */
export async function votersOf(db: Db, classId: string): Promise<Map<string, string[]>> {
  const rows = await db.sql<{ questionId: string; userIds: string[] }>(
    `SELECT v."questionId", array_agg(v."userId"::text) AS "userIds"
     FROM "Question" q JOIN "QuestionVote" v ON v."questionId" = q."id" WHERE q."classId" = $1 GROUP BY v."questionId"`,
    [classId],
  );
  return new Map(rows.map(({ questionId, userIds }) => [questionId, userIds]));
}

/** The learners of the class's group, by id, names unmasked. */
export async function learnersOfClass(db: Db, classId: string): Promise<Map<string, string>> {
  const rows = await db.sql<{ id: string; nameSealed: string }>(
    `SELECT u."id", u."nameSealed" FROM "LiveClass" c
     JOIN "Enrolment" e ON e."groupId" = c."groupId" AND e."endedAt" IS NULL JOIN "User" u ON u."id" = e."userId"
     WHERE c."id" = $1`,
    [classId],
  );
  return new Map(rows.map(({ id, nameSealed }) => [id, db.personal.open('User.name', nameSealed)]));
}

/** The latest events of every audience, oldest first. */
export async function latestEvents(db: Db, classId: string, limit: number): Promise<StoredEvent[]> {
  const rows = await db.sql<Omit<StoredEvent, 'at'> & { at: Date }>(
    `SELECT "seq", "at", "type", "audience", "actorId", "payload" FROM "ClassEvent"
     WHERE "classId" = $1 ORDER BY "seq" DESC LIMIT $2`,
    [classId, limit],
  );
  return rows.reverse().map((row) => ({ ...row, at: fromDate(row.at) }));
}

export interface PreparedQuestion {
  kind: QuizKind;
  stem: string;
  options: string[];
  correct: number[];
  seconds: number;
}

/** A question prepared for this class and not asked yet. */
export async function preparedQuestion(
  db: Db,
  classId: string,
  quizId: string,
): Promise<PreparedQuestion | null> {
  const row = await db.prisma.quiz.findFirst({
    where: { id: quizId, classId, openedAt: null },
    select: { kind: true, stem: true, options: true, correct: true, seconds: true },
  });
  if (!row) return null;
  return {
    kind: quizKind.parse(row.kind),
    stem: row.stem,
    options: z.array(z.string()).parse(row.options),
    correct: z.array(z.int()).parse(row.correct),
    seconds: row.seconds,
  };
}

/** Whether the message is of this class, deleted or not. */
export async function hasMessage(db: Db, classId: string, messageId: string): Promise<boolean> {
  const row = await db.prisma.chatMessage.findFirst({
    where: { id: messageId, classId },
    select: { id: true },
  });
  return row !== null;
}
