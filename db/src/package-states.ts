/** [WL9] What packages of courseware have stored for learners, and which say that they are complete. */
import { type PackagePart, packagePart } from '@keshi/contract/lessons';
import { z } from 'zod';
import type { Db } from './client.ts';
import { Refused } from './failures.ts';
import { fromDateOrNull, toDate } from './instants.ts';

export interface PackageState {
  cmi: Record<string, string>;
  status: string;
  completedAt: number | null;
}

const stored = z.record(z.string(), z.string());
/** A package that stores more than this is storing something else than where its learner is. */
const mostElements = 1_000;
const mostCharacters = 256 * 1024;

/** By the id of the part; of those alone that have been opened. */
export async function packageStates(
  db: Db,
  of: { lessonId: string; userId: string },
): Promise<ReadonlyMap<string, PackageState>> {
  const rows = await db.prisma.packageState.findMany({ where: of });
  return new Map(
    rows.map(({ part, cmi, status, completedAt }) => [
      part,
      { cmi: stored.parse(cmi), status, completedAt: fromDateOrNull(completedAt) },
    ]),
  );
}

/**
 * Adds what a part of the package has set. Once complete it stays so, whatever it says later. Throws `Refused` `conflict` when it
 * would be more than is kept for anybody.
 */
export async function savePackageState(
  db: Db,
  input: {
    lessonId: string;
    userId: string;
    part: string;
    cmi: Record<string, string>;
    status: string;
    complete: boolean;
    now: number;
  },
): Promise<void> {
  await db.transaction(async (sql) => {
    const [row] = await sql<{ elements: number; characters: number }>(
      `INSERT INTO "PackageState" AS p ("lessonId", "userId", "part", "cmi", "status", "startedAt", "completedAt", "updatedAt")
       VALUES ($1, $2, $7, $3::jsonb, $4, $5, CASE WHEN $6 THEN $5::timestamptz END, $5)
       ON CONFLICT ("lessonId", "userId", "part") DO UPDATE SET "cmi" = p."cmi" || excluded."cmi",
         "status" = CASE WHEN p."completedAt" IS NULL THEN excluded."status" ELSE p."status" END,
         "completedAt" = coalesce(p."completedAt", excluded."completedAt"), "updatedAt" = excluded."updatedAt"
       RETURNING length(p."cmi"::text) AS characters,
         (SELECT count(*)::int FROM jsonb_object_keys(p."cmi")) AS elements`,
      [
        input.lessonId,
        input.userId,
        JSON.stringify(input.cmi),
        input.status,
        toDate(input.now),
        input.complete,
        input.part,
      ],
    );
    if (!row || row.elements > mostElements || row.characters > mostCharacters)
      throw new Refused('conflict', 'package state');
  });
}

/**
 * [WL9] When everything in a package that tells so has said that this learner is through with it; null while anything
 * has not. Where nothing tells, all of it has to: so a package that never says a word completes no lesson.
 */
export function packageCompletedAt(
  parts: readonly Pick<PackagePart, 'id' | 'reports'>[],
  states: ReadonlyMap<string, Pick<PackageState, 'completedAt'>>,
): number | null {
  const telling = parts.filter(({ reports }) => reports);
  const at = (telling.length > 0 ? telling : parts).map(({ id }) => states.get(id)?.completedAt ?? null);
  return at.length > 0 && at.every((each) => each !== null) ? Math.max(...at) : null;
}

/** As the package that is published with the lesson now has it; null while it is not complete, or there is none. */
export async function lessonCompletedByPackage(
  db: Db,
  of: { lessonId: string; userId: string },
): Promise<number | null> {
  const [row] = await db.sql<{ parts: unknown }>(
    `SELECT r."media"->'parts' AS parts FROM "Lesson" l JOIN "LessonRevision" r ON r."lessonId" = l."id"
     WHERE l."id" = $1 AND r."media"->>'kind' = 'package' AND starts_with(l."mediaKey", 'lessons/' || l."id" || '/' || r."id" || '/')`,
    [of.lessonId],
  );
  if (!row) return null;
  return packageCompletedAt(z.array(packagePart).parse(row.parts), await packageStates(db, of));
}
