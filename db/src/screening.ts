/** Texts that were stopped before anyone saw them, kept as evidence (C8, J3). */
import type { ScreeningAlert } from '@keshi/contract/signaling';
import { z } from 'zod';
import type { Db } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import { fromDate, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';

export type Surface = ScreeningAlert['surface'];

export interface ScreeningHit {
  id: string;
  at: number;
  classId: string | null;
  classTitle: string;
  userId: string;
  /** What the person is in that class. */
  role: 'host' | 'attendee';
  surface: Surface;
  category: string;
  /** What matched. */
  terms: string[];
  /** The whole text, opened. */
  text: string;
}

/** `orgPath`: of the institution whose class it was. `id` if the alert has been given one already. */
export async function storeScreeningHit(
  db: Db,
  hit: Omit<ScreeningHit, 'id' | 'classTitle' | 'role'> & { id?: string; orgPath: string },
): Promise<string> {
  const { text, at, id = newId(at), ...fields } = hit;
  await db.prisma.screeningHit.create({
    data: { ...fields, id, at: toDate(at), textSealed: db.personal.seal('ScreeningHit.text', text) },
    select: { id: true },
  });
  return id;
}

/** Of the organisations in scope, or of the classes one teaches; latest first. */
export async function listScreeningHits(
  db: Db,
  filter: { under: Scope; taughtBy?: string; classId?: string } & PageRequest,
): Promise<Page<ScreeningHit>> {
  const taught = filter.taughtBy === undefined ? [] : await classesTaughtBy(db, filter.taughtBy);
  const where: Prisma.ScreeningHitWhereInput = {
    OR: [...inScope(filter.under).map((orgPath) => ({ orgPath })), { classId: { in: taught } }],
    ...(filter.classId && { classId: filter.classId }),
  };
  const [total, rows] = await Promise.all([
    db.prisma.screeningHit.count({ where }),
    db.prisma.screeningHit.findMany({ where, orderBy: [{ at: 'desc' }, { id: 'desc' }], ...pageOf(filter) }),
  ]);
  const classIds = rows.flatMap(({ classId }) => classId ?? []);
  const classes = await db.prisma.liveClass.findMany({
    where: { id: { in: [...new Set(classIds)] } },
    select: { id: true, title: true, instructorId: true },
  });
  const byId = new Map(classes.map((of) => [of.id, of]));
  return {
    total,
    rows: rows.map((row) => ({
      id: row.id,
      at: fromDate(row.at),
      classId: row.classId,
      classTitle: byId.get(row.classId ?? '')?.title ?? '',
      userId: row.userId,
      role:
        byId.get(row.classId ?? '')?.instructorId === row.userId ? ('host' as const) : ('attendee' as const),
      surface: z.enum(['chat', 'question', 'answer', 'quiz', 'course']).parse(row.surface),
      category: row.category,
      terms: z.array(z.string()).parse(row.terms),
      text: db.personal.open('ScreeningHit.text', row.textSealed),
    })),
  };
}

/** The latest hundred are enough: older evidence is the supervisors' business. */
async function classesTaughtBy(db: Db, instructorId: string): Promise<string[]> {
  const rows = await db.prisma.liveClass.findMany({
    where: { instructorId },
    select: { id: true },
    orderBy: { scheduledStart: 'desc' },
    take: 100,
  });
  return rows.map(({ id }) => id);
}

/** How many hits each of these classes has had: the alerts of the supervisors' wall. */
export async function countScreeningHits(db: Db, classIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.sql<{ classId: string; n: number }>(
    'SELECT "classId", count(*)::int AS n FROM "ScreeningHit" WHERE "classId" = ANY($1::uuid[]) GROUP BY "classId"',
    [classIds],
  );
  return new Map(rows.map(({ classId, n }) => [classId, n]));
}
