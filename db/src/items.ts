/** The question bank of a course. A revision is never changed: what was asked stays what it was [EX4]. */
import {
  itemContent,
  type ItemContent,
  itemKind,
  type ItemKind,
  itemState,
  type ItemState,
  partsOf,
  stemKeyOf,
  withoutAnswers,
} from '@keshi/contract/items';
import type { Db } from './client.ts';
import { outdatedOrMissing, Refused, refusing } from './failures.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { containing } from './text-search.ts';

export interface BankItem {
  id: string;
  courseId: string;
  lessonId: string | null;
  kind: ItemKind;
  state: ItemState;
  contentPoint: string;
  difficulty: number;
  revision: number;
  stem: string;
  version: number;
}

export interface WholeItem extends BankItem {
  content: ItemContent;
  /** Who wrote the revision in use. */
  writtenById: string;
  revisions: { revision: number; at: number }[];
  duplicates: string[];
}

/** What a writer says. */
export interface ItemDraft {
  lessonId: string | null;
  contentPoint: string;
  difficulty: number;
  content: ItemContent;
}

const columns = {
  id: true,
  courseId: true,
  lessonId: true,
  kind: true,
  state: true,
  contentPoint: true,
  difficulty: true,
  revision: true,
  stem: true,
  version: true,
} as const;

function fromRow(row: Prisma.BankItemGetPayload<{ select: typeof columns }>): BankItem {
  return { ...row, kind: itemKind.parse(row.kind), state: itemState.parse(row.state) };
}

export interface ItemFilter extends PageRequest {
  courseId: string;
  kind?: ItemKind | undefined;
  state?: ItemState | undefined;
  contentPoint?: string | undefined;
  difficulty?: number | undefined;
  query?: string;
}

/** Newest first. */
export async function listItems(db: Db, filter: ItemFilter): Promise<Page<BankItem> & { approved: number }> {
  const { courseId, kind, state, contentPoint, difficulty, query } = filter;
  const where: Prisma.BankItemWhereInput = {
    courseId,
    ...(kind && { kind }),
    ...(state && { state }),
    ...(contentPoint && { contentPoint }),
    ...(difficulty && { difficulty }),
    ...(query && { stem: containing(query) }),
  };
  const [total, approved, rows] = await Promise.all([
    db.prisma.bankItem.count({ where }),
    db.prisma.bankItem.count({ where: { courseId, approvedRevision: { not: null } } }),
    db.prisma.bankItem.findMany({ where, select: columns, orderBy: { id: 'desc' }, ...pageOf(filter) }),
  ]);
  return { total, approved, rows: rows.map(fromRow) };
}

export async function getItem(db: Db, id: string): Promise<WholeItem | null> {
  const row = await db.prisma.bankItem.findUnique({
    where: { id },
    select: {
      ...columns,
      stemKey: true,
      revisions: {
        select: { revision: true, createdAt: true, createdById: true },
        orderBy: { revision: 'desc' },
        take: 100,
      },
    },
  });
  if (!row) return null;
  const { revisions, stemKey, ...item } = row;
  const [used, duplicates] = await Promise.all([
    db.prisma.bankItemRevision.findUniqueOrThrow({
      where: { itemId_revision: { itemId: id, revision: item.revision } },
      select: { content: true, createdById: true },
    }),
    stemKey === '' ? [] : sameStems(db, { courseId: item.courseId, stemKeys: [stemKey] }),
  ]);
  return {
    ...fromRow(item),
    content: itemContent.parse(used.content),
    writtenById: used.createdById,
    revisions: revisions.map(({ revision, createdAt }) => ({ revision, at: fromDate(createdAt) })),
    duplicates: duplicates.map((one) => one.id).filter((other) => other !== id),
  };
}

/** Questions of the course with one of these stems, those that were retired left out. */
export async function sameStems(
  db: Db,
  { courseId, stemKeys }: { courseId: string; stemKeys: readonly string[] },
): Promise<{ id: string; stemKey: string }[]> {
  return db.prisma.bankItem.findMany({
    where: { courseId, stemKey: { in: [...stemKeys] }, state: { not: 'retired' } },
    select: { id: true, stemKey: true },
    take: mostInPool,
  });
}

/** Throws `Refused`: `not-found` for an unknown course. All of them or none. */
export async function createItems(
  db: Db,
  input: { courseId: string; byId: string; drafts: readonly ItemDraft[]; state?: ItemState },
): Promise<string[]> {
  const ids = input.drafts.map(() => newId());
  const rows = input.drafts.map((draft, index) => ({
    id: ids[index],
    ...partsOfRow(draft),
    content: draft.content,
  }));
  await refusing('item', () =>
    db.transaction(async (sql) => {
      const json = JSON.stringify(rows);
      await sql(
        `INSERT INTO "BankItem" ("id", "courseId", "lessonId", "state", "kind", "contentPoint", "difficulty", "stem", "stemKey", "parts",
           "approvedRevision", "updatedAt")
         SELECT r."id", $1, r."lessonId", $2, r."kind", r."contentPoint", r."difficulty", r."stem", r."stemKey", r."parts",
           CASE WHEN $2 = 'approved' THEN 1 END, now()
         FROM jsonb_to_recordset($3::jsonb) AS r("id" uuid, "lessonId" uuid, "kind" text, "contentPoint" text, "difficulty" int,
           "stem" text, "stemKey" text, "parts" int)`,
        [input.courseId, input.state ?? 'draft', json],
      );
      await sql(
        `INSERT INTO "BankItemRevision" ("itemId", "revision", "content", "createdById")
         SELECT r."id", 1, r."content", $1 FROM jsonb_to_recordset($2::jsonb) AS r("id" uuid, "content" jsonb)`,
        [input.byId, json],
      );
    }),
  );
  return ids;
}

/**
 * `version` is the one the editor saw. Other words are a new revision; a change of words or of what they are about makes
 * it a draft again. Throws `Refused`: `outdated`, `not-found`.
 */
export async function updateItem(
  db: Db,
  input: { id: string; version: number; byId: string; draft: ItemDraft; newWords: boolean },
): Promise<void> {
  const { id, version, byId, draft, newWords } = input;
  const done = await refusing('item', () =>
    db.transaction(async (sql) => {
      const row = partsOfRow(draft);
      const [changed] = await sql<{ revision: number }>(
        `UPDATE "BankItem" SET "lessonId" = $3, "kind" = $4, "contentPoint" = $5, "difficulty" = $6, "stem" = $7, "stemKey" = $8,
           "parts" = $9, "revision" = "revision" + $10, "state" = CASE WHEN $10 = 1 THEN 'draft' ELSE "state" END,
           "approvedRevision" = CASE WHEN "kind" = $4 AND "parts" = $9 THEN "approvedRevision" END,
           "version" = "version" + 1, "updatedAt" = now()
         WHERE "id" = $1 AND "version" = $2 RETURNING "revision"`,
        [
          id,
          version,
          row.lessonId,
          row.kind,
          row.contentPoint,
          row.difficulty,
          row.stem,
          row.stemKey,
          row.parts,
          newWords ? 1 : 0,
        ],
      );
      if (!changed) return false;
      if (newWords)
        await sql(
          'INSERT INTO "BankItemRevision" ("itemId", "revision", "content", "createdById") VALUES ($1, $2, $3, $4)',
          [id, changed.revision, JSON.stringify(draft.content), byId],
        );
      return true;
    }),
  );
  if (!done) await outdatedOrMissing('item', getItem(db, id));
}

/** What is approved may be asked; what is returned or retired may not any more. Throws `Refused`: `outdated`, `not-found`. */
export async function setItemState(
  db: Db,
  { id, version, state }: { id: string; version: number; state: ItemState },
): Promise<void> {
  const rows = await db.sql(
    `UPDATE "BankItem" SET "approvedRevision" = CASE
         WHEN $3 = 'approved' THEN "revision" WHEN $3 = 'retired' OR "state" = 'approved' THEN NULL ELSE "approvedRevision" END,
       "state" = $3, "version" = "version" + 1, "updatedAt" = now()
     WHERE "id" = $1 AND "version" = $2 RETURNING "id"`,
    [id, version, state],
  );
  if (rows.length === 0) await outdatedOrMissing('item', getItem(db, id));
}

/** Up to so many questions can be drawn from. */
const mostInPool = 20_000;

/** Questions of a course that may be asked, all or those named, as far as drawing needs to know them. */
export async function itemPool(db: Db, { courseId, ids }: { courseId: string; ids?: readonly string[] }) {
  const rows = await db.prisma.bankItem.findMany({
    where: { courseId, approvedRevision: { not: null }, ...(ids && { id: { in: [...ids] } }) },
    select: {
      id: true,
      approvedRevision: true,
      kind: true,
      contentPoint: true,
      difficulty: true,
      parts: true,
    },
    orderBy: { id: 'asc' },
    take: mostInPool,
  });
  return rows.map(({ approvedRevision, ...row }) => ({
    ...row,
    revision: approvedRevision ?? 1,
    kind: itemKind.parse(row.kind),
  }));
}

/** Of questions as they were, by `id/revision`. Throws when one is unknown: revisions never go. */
export async function itemContents(
  db: Db,
  wanted: readonly { itemId: string; revision: number }[],
): Promise<Map<string, ItemContent>> {
  if (wanted.length === 0) return new Map();
  const rows = await db.sql<{ itemId: string; revision: number; content: unknown }>(
    `SELECT r."itemId", r."revision", r."content" FROM "BankItemRevision" r
     JOIN unnest($1::uuid[], $2::int[]) AS w("itemId", "revision") ON w."itemId" = r."itemId" AND w."revision" = r."revision"`,
    [wanted.map(({ itemId }) => itemId), wanted.map(({ revision }) => revision)],
  );
  const found = new Map(rows.map((row) => [revisionKey(row), itemContent.parse(row.content)]));
  for (const one of wanted) if (!found.has(revisionKey(one))) throw new Refused('not-found', 'item revision');
  return found;
}

export const revisionKey = ({ itemId, revision }: { itemId: string; revision: number }) =>
  `${itemId}/${revision}`;

export async function contentPointsOf(db: Db, courseIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await db.sql<{ courseId: string; points: string[] }>(
    `SELECT "courseId", array_agg(DISTINCT "contentPoint" ORDER BY "contentPoint") AS "points" FROM "BankItem"
     WHERE "courseId" = ANY($1::uuid[]) AND "contentPoint" <> '' GROUP BY 1`,
    [courseIds],
  );
  return new Map(rows.map(({ courseId, points }) => [courseId, points]));
}

/** What lists and drawing need to know of it stands beside it. */
function partsOfRow({ lessonId, contentPoint, difficulty, content }: ItemDraft) {
  const { kind, stem } = content;
  const [stemKey, parts] = [stemKeyOf(stem), partsOf(withoutAnswers(content))];
  return { lessonId, contentPoint, difficulty, kind, stem, stemKey, parts };
}

/** The whole bank but what was retired, for taking it elsewhere, in the order it was written. */
export async function allItems(
  db: Db,
  courseId: string,
): Promise<{ content: ItemContent; contentPoint: string; difficulty: number }[]> {
  const rows = await db.sql<{ content: unknown; contentPoint: string; difficulty: number }>(
    `SELECT r."content", i."contentPoint", i."difficulty" FROM "BankItem" i
     JOIN "BankItemRevision" r ON r."itemId" = i."id" AND r."revision" = i."revision"
     WHERE i."courseId" = $1 AND i."state" <> 'retired' ORDER BY i."id" LIMIT $2`,
    [courseId, mostInPool],
  );
  return rows.map((row) => ({ ...row, content: itemContent.parse(row.content) }));
}
