/** [WL9] What packages of courseware have stored for learners, and which say that they are complete. */
import { z } from 'zod';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';

export interface PackageState {
  cmi: Record<string, string>;
  status: string;
  startedAt: number;
  completedAt: number | null;
}

const stored = z.record(z.string(), z.string());
/** A package that stores more than this is storing something else than where its learner is. */
const mostElements = 1_000;
const mostCharacters = 256 * 1024;

export async function packageState(
  db: Db,
  { lessonId, userId }: { lessonId: string; userId: string },
): Promise<PackageState | null> {
  const row = await db.prisma.packageState.findUnique({ where: { lessonId_userId: { lessonId, userId } } });
  return (
    row && {
      cmi: stored.parse(row.cmi),
      status: row.status,
      startedAt: fromDate(row.startedAt),
      completedAt: fromDateOrNull(row.completedAt),
    }
  );
}

/**
 * Adds what the package has set. Once complete it stays so, whatever it says later. Throws `Refused` `conflict` when it
 * would be more than is kept for anybody.
 */
export async function savePackageState(
  db: Db,
  input: {
    lessonId: string;
    userId: string;
    cmi: Record<string, string>;
    status: string;
    complete: boolean;
    now: number;
  },
): Promise<{ status: string; completedAt: number | null }> {
  return db.transaction(async (sql) => {
    const [row] = await sql<{
      status: string;
      completedAt: Date | null;
      elements: number;
      characters: number;
    }>(
      `INSERT INTO "PackageState" AS p ("lessonId", "userId", "cmi", "status", "startedAt", "completedAt", "updatedAt")
       VALUES ($1, $2, $3::jsonb, $4, $5, CASE WHEN $6 THEN $5::timestamptz END, $5)
       ON CONFLICT ("lessonId", "userId") DO UPDATE SET "cmi" = p."cmi" || excluded."cmi",
         "status" = CASE WHEN p."completedAt" IS NULL THEN excluded."status" ELSE p."status" END,
         "completedAt" = coalesce(p."completedAt", excluded."completedAt"), "updatedAt" = excluded."updatedAt"
       RETURNING p."status", p."completedAt", length(p."cmi"::text) AS characters,
         (SELECT count(*)::int FROM jsonb_object_keys(p."cmi")) AS elements`,
      [
        input.lessonId,
        input.userId,
        JSON.stringify(input.cmi),
        input.status,
        toDate(input.now),
        input.complete,
      ],
    );
    if (!row || row.elements > mostElements || row.characters > mostCharacters)
      throw new Refused('conflict', 'package state');
    return { status: row.status, completedAt: fromDateOrNull(row.completedAt) };
  });
}

/** When the package of this lesson said that this learner is through; null while it has not. */
export async function lessonCompletedByPackage(
  db: Db,
  of: { lessonId: string; userId: string },
): Promise<{ startedAt: number; completedAt: number } | null> {
  const state = await packageState(db, of);
  return state && state.completedAt !== null
    ? { startedAt: state.startedAt, completedAt: state.completedAt }
    : null;
}
