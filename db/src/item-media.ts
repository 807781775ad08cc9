/** Pictures and sounds that questions of a course use, in any of their revisions: a past attempt still shows them. */
import type { Db } from './client.ts';

export async function usedItemMedia(db: Db, courseId: string): Promise<Set<string>> {
  const rows = await db.sql<{ key: string }>(
    `SELECT DISTINCT m->>'key' AS "key" FROM "BankItem" i JOIN "BankItemRevision" r ON r."itemId" = i."id"
       CROSS JOIN LATERAL jsonb_array_elements(r."content"->'media') m WHERE i."courseId" = $1`,
    [courseId],
  );
  return new Set(rows.map(({ key }) => key));
}
