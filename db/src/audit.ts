/** Who did what to what. Append-only: the database itself refuses to change an entry. */
import type { Db, Sql } from './client.ts';
import type { Prisma } from './generated/client.ts';
import { fromDate, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import { inScope, type Scope } from './scope.ts';

export type AuditDetail = Record<string, string | number | boolean | null | readonly string[]>;

export interface NewAuditEntry {
  /** Null when the system itself acted. */
  actorId: string | null;
  /** Path of the organisation it concerns: who supervises that path may read the entry. */
  orgPath: string;
  /** `noun.verb`, e.g. `class.cancelled`. */
  action: string;
  targetType?: string;
  targetId?: string;
  /** Never personal data: ids say whom. */
  detail?: AuditDetail;
  address?: string;
}

export interface AuditEntry extends Required<Omit<NewAuditEntry, 'detail'>> {
  id: string;
  at: number;
  detail: unknown;
}

export async function appendAudit(db: Db, ...entries: readonly NewAuditEntry[]): Promise<void> {
  await db.prisma.auditEntry.createMany({
    data: entries.map((entry) => ({ ...entry, detail: entry.detail ?? {} })),
  });
}

/** The same within a transaction of the caller's. */
export async function appendAuditIn(sql: Sql, entry: NewAuditEntry): Promise<void> {
  await sql(
    `INSERT INTO "AuditEntry" ("actorId", "orgPath", "action", "targetType", "targetId", "detail", "address")
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      entry.actorId,
      entry.orgPath,
      entry.action,
      entry.targetType ?? '',
      entry.targetId ?? '',
      JSON.stringify(entry.detail ?? {}),
      entry.address ?? '',
    ],
  );
}

export interface AuditFilter extends PageRequest {
  under: Scope;
  actorId?: string;
  action?: string;
  targetType?: string;
  targetId?: string;
  /** Half-open, ms. */
  from?: number;
  to?: number;
}

/** Newest first. The empty path stands for the whole log, entries that concern no organisation included. */
export async function pageAudit(db: Db, filter: AuditFilter): Promise<Page<AuditEntry>> {
  const { actorId, action, targetType, targetId, from, to } = filter;
  const where: Prisma.AuditEntryWhereInput = {
    OR: inScope(filter.under).map((orgPath) => ({ orgPath })),
    ...(actorId && { actorId }),
    ...(action && { action }),
    ...(targetType && { targetType }),
    ...(targetId && { targetId }),
    at: { gte: toDate(from ?? 0), ...(to !== undefined && { lt: toDate(to) }) },
  };
  const [total, rows] = await Promise.all([
    db.prisma.auditEntry.count({ where }),
    db.prisma.auditEntry.findMany({ where, orderBy: [{ at: 'desc' }, { id: 'desc' }], ...pageOf(filter) }),
  ]);
  return { total, rows: rows.map((row) => ({ ...row, id: row.id.toString(), at: fromDate(row.at) })) };
}
