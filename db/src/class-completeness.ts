/** What is on record about a class that says whether it has what class hours consist of [A8]. */
import type { Db } from './client.ts';
import { fromDate } from './instants.ts';

export interface ClassParts {
  policy: unknown;
  points: number;
  prepared: number;
  asked: number[];
  /** Without an end while it goes on. */
  live: { from: number; to: number | null }[];
  /** When published tests and final exams of the course open. */
  exams: number[];
}

export async function classParts(db: Db, classId: string): Promise<ClassParts | null> {
  const [row] = await db.sql<{ courseId: string; policy: unknown; points: number }>(
    `SELECT co."id" AS "courseId", co."policy", jsonb_array_length(co."points") AS "points"
     FROM "LiveClass" c JOIN "ClassGroup" g ON g."id" = c."groupId" JOIN "Course" co ON co."id" = g."courseId"
     WHERE c."id" = $1`,
    [classId],
  );
  if (!row) return null;
  const [quizzes, live, exams] = await Promise.all([
    db.prisma.quiz.findMany({ where: { classId }, select: { openedAt: true }, take: 1_000 }),
    db.prisma.liveSpan.findMany({
      where: { classId },
      select: { from: true, to: true },
      orderBy: { from: 'asc' },
      take: 1_000,
    }),
    db.prisma.exam.findMany({
      where: {
        courseId: row.courseId,
        state: 'published',
        kind: { in: ['quiz', 'final'] },
        opensAt: { not: null },
      },
      select: { opensAt: true },
      take: 1_000,
    }),
  ]);
  return {
    policy: row.policy,
    points: row.points,
    prepared: quizzes.filter(({ openedAt }) => openedAt === null).length,
    asked: quizzes.flatMap(({ openedAt }) => (openedAt === null ? [] : [fromDate(openedAt)])),
    live: live.map(({ from, to }) => ({ from: fromDate(from), to: to && fromDate(to) })),
    exams: exams.flatMap(({ opensAt }) => (opensAt === null ? [] : [fromDate(opensAt)])),
  };
}
