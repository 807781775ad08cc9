/** A published lesson of a demo course, for the pages that show one. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startEmbedded } from '@keshi/db/embedded';
import { silent } from '@keshi/db/testing/database';
import pg from 'pg';
import { makeLessonMedia } from './lesson-media.ts';
import type { Product } from './product.ts';

/** In a course that `learner1` takes; answers its id. */
export async function addLesson(
  product: Product,
  { title = '触电急救', seconds = 24 }: { title?: string; seconds?: number } = {},
): Promise<string> {
  const lessonId = randomUUID();
  const mediaKey = `lessons/${lessonId}/${randomUUID()}/`;
  await makeLessonMedia(product.dataDir, mediaKey, seconds);
  const server = await startEmbedded({ dir: join(product.dataDir, 'postgres'), log: silent });
  const database = new pg.Client({ connectionString: server.url });
  await database.connect();
  await database.query(
    `INSERT INTO "Lesson" ("id", "courseId", "ordinal", "title", "kind", "state", "durationMs", "mediaKey", "updatedAt")
     SELECT $1, g."courseId", 900, $2, 'video', 'published', $3, $4, now() FROM "Enrolment" e
       JOIN "ClassGroup" g ON g."id" = e."groupId" JOIN "User" u ON u."id" = e."userId" WHERE u."login" = 'learner1' LIMIT 1`,
    [lessonId, title, seconds * 1000, mediaKey],
  );
  await database.end();
  return lessonId;
}
