/** Incidents as they are stored: one at a time, changed under its lock, and lists of them [CH3, CH4]. */
import {
  type IncidentFilter,
  type IncidentKind,
  incidentKind,
  incidentState,
  type IncidentStateName,
} from '@keshi/contract/incidents';
import { type ReversalGround, reversalGround } from '@keshi/contract/ledger';
import type { Db, Row, Sql } from './client.ts';
import type { IncidentText } from './crypto.ts';
import { Refused } from './failures.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import type { Scope } from './scope.ts';
import { literally } from './text-search.ts';

/** Texts are not among it: they are opened where they are shown. */
export interface Incident {
  id: string;
  kind: IncidentKind;
  contextId: string;
  userId: string;
  courseId: string;
  orgPath: string;
  openedAt: number;
  state: IncidentStateName;
  decideBy: number;
  escalatedAt: number | null;
  lookAskedAt: number | null;
  lookAskedBy: string | null;
  decidedAt: number | null;
  decidedBy: string | null;
  ground: ReversalGround | null;
  reversalSeq: number | null;
  appealBy: number | null;
  appealedAt: number | null;
  appealDecidedAt: number | null;
  appealDecidedBy: string | null;
  keyId: string;
  picturesGoneAt: number | null;
  version: number;
}

/** What a step writes; what it leaves out stays. */
export interface IncidentChange {
  state: IncidentStateName;
  decideBy?: number;
  escalatedAt?: number | null;
  look?: { at: number; by: string; reason: string };
  decision?: { at: number; by: string; reason: string; ground: ReversalGround | null };
  appealBy?: number;
  reversalSeq?: number;
  appeal?: { at: number; text: string };
  appealDecision?: { at: number; by: string; reason: string };
}

const columns = `i."id", i."kind", i."contextId", i."userId", i."courseId", i."orgPath", i."openedAt", i."state", i."decideBy",
  i."escalatedAt", i."lookAskedAt", i."lookAskedBy", i."decidedAt", i."decidedBy", i."ground", i."reversalSeq", i."appealBy",
  i."appealedAt", i."appealDecidedAt", i."appealDecidedBy", i."keyId", i."picturesGoneAt", i."version"`;

type Instants = 'openedAt' | 'decideBy';
type MaybeInstants =
  | 'escalatedAt'
  | 'lookAskedAt'
  | 'decidedAt'
  | 'appealBy'
  | 'appealedAt'
  | 'appealDecidedAt'
  | 'picturesGoneAt';
type Stored = Row &
  Omit<Incident, Instants | MaybeInstants | 'kind' | 'state' | 'ground'> &
  Record<Instants, Date> &
  Record<MaybeInstants, Date | null> & { kind: string; state: string; ground: string | null };

function toIncident(row: Stored): Incident {
  return {
    id: row.id,
    kind: incidentKind.parse(row.kind),
    contextId: row.contextId,
    userId: row.userId,
    courseId: row.courseId,
    orgPath: row.orgPath,
    openedAt: fromDate(row.openedAt),
    state: incidentState.parse(row.state),
    decideBy: fromDate(row.decideBy),
    escalatedAt: fromDateOrNull(row.escalatedAt),
    lookAskedAt: fromDateOrNull(row.lookAskedAt),
    lookAskedBy: row.lookAskedBy,
    decidedAt: fromDateOrNull(row.decidedAt),
    decidedBy: row.decidedBy,
    ground: reversalGround.nullable().parse(row.ground),
    reversalSeq: row.reversalSeq,
    appealBy: fromDateOrNull(row.appealBy),
    appealedAt: fromDateOrNull(row.appealedAt),
    appealDecidedAt: fromDateOrNull(row.appealDecidedAt),
    appealDecidedBy: row.appealDecidedBy,
    keyId: row.keyId,
    picturesGoneAt: fromDateOrNull(row.picturesGoneAt),
    version: row.version,
  };
}

export async function getIncident(db: Pick<Db, 'sql'>, id: string): Promise<Incident | null> {
  const [row] = await db.sql<Stored>(`SELECT ${columns} FROM "Incident" i WHERE i."id" = $1`, [id]);
  return row ? toIncident(row) : null;
}

/**
 * The incident under its lock, in a transaction of the caller's. Throws `not-found`, and `outdated` when it is not as
 * whoever asks has seen it.
 */
export async function lockIncident(sql: Sql, of: { id: string; version?: number }): Promise<Incident> {
  const [row] = await sql<Stored>(`SELECT ${columns} FROM "Incident" i WHERE i."id" = $1 FOR UPDATE`, [
    of.id,
  ]);
  if (!row) throw new Refused('not-found', 'incident');
  if (of.version !== undefined && row.version !== of.version) throw new Refused('outdated', 'incident');
  return toIncident(row);
}

/** Writes a step of an incident that is locked. */
export async function writeStep(
  sql: Sql,
  personal: Db['personal'],
  id: string,
  change: IncidentChange,
): Promise<void> {
  const { look, decision, appeal, appealDecision } = change;
  const sealed = (purpose: IncidentText, text: string | undefined) =>
    text === undefined ? null : personal.seal(purpose, text);
  const instant = (at: number | null | undefined) => (typeof at === 'number' ? toDate(at) : null);
  await sql(
    `UPDATE "Incident" SET "state" = $2, "decideBy" = COALESCE($3, "decideBy"),
       "escalatedAt" = CASE WHEN $4::boolean THEN $5 ELSE "escalatedAt" END,
       "lookAskedAt" = COALESCE($6, "lookAskedAt"), "lookAskedBy" = COALESCE($7, "lookAskedBy"),
       "lookReasonSealed" = COALESCE($8, "lookReasonSealed"),
       "decidedAt" = COALESCE($9, "decidedAt"), "decidedBy" = COALESCE($10, "decidedBy"),
       "reasonSealed" = COALESCE($11, "reasonSealed"), "ground" = COALESCE($12, "ground"),
       "appealBy" = COALESCE($13, "appealBy"), "reversalSeq" = COALESCE($14, "reversalSeq"),
       "appealedAt" = COALESCE($15, "appealedAt"), "appealSealed" = COALESCE($16, "appealSealed"),
       "appealDecidedAt" = COALESCE($17, "appealDecidedAt"), "appealDecidedBy" = COALESCE($18, "appealDecidedBy"),
       "appealReasonSealed" = COALESCE($19, "appealReasonSealed"), "version" = "version" + 1
     WHERE "id" = $1`,
    [
      id,
      change.state,
      instant(change.decideBy),
      change.escalatedAt !== undefined,
      instant(change.escalatedAt),
      instant(look?.at),
      look?.by ?? null,
      sealed('Incident.lookReason', look?.reason),
      instant(decision?.at),
      decision?.by ?? null,
      sealed('Incident.reason', decision?.reason),
      decision?.ground ?? null,
      instant(change.appealBy),
      change.reversalSeq ?? null,
      instant(appeal?.at),
      sealed('Incident.appeal', appeal?.text),
      instant(appealDecision?.at),
      appealDecision?.by ?? null,
      sealed('Incident.appealReason', appealDecision?.reason),
    ],
  );
}

export interface IncidentRow extends Incident {
  /** Of the class, lesson or exam. */
  title: string;
  ordinal: number | null;
  courseTitle: string;
  orgName: string;
  login: string;
  /** Not masked. */
  name: string;
  checks: number;
}

export interface IncidentTexts {
  lookReason: string | null;
  reason: string | null;
  appeal: string | null;
  appealReason: string | null;
}

type ListedRow = Stored & {
  title: string | null;
  ordinal: number | null;
  courseTitle: string;
  orgName: string;
  login: string;
  nameSealed: string;
  checks: number;
};

const listed = `${columns}, COALESCE(c."title", e."title", l."title") AS "title", c."ordinal", co."title" AS "courseTitle", o."name" AS "orgName", u."login", u."nameSealed",
  (SELECT count(*)::int FROM "IncidentCheck" k WHERE k."incidentId" = i."id") AS "checks"`;
const joined = `FROM "Incident" i JOIN "User" u ON u."id" = i."userId" JOIN "Course" co ON co."id" = i."courseId"
  JOIN "Organization" o ON o."id" = co."orgId" LEFT JOIN "LiveClass" c ON i."kind" = 'class' AND c."id" = i."contextId"
  LEFT JOIN "Exam" e ON i."kind" = 'exam' AND e."id" = i."contextId"
  LEFT JOIN "Lesson" l ON i."kind" = 'lesson' AND l."id" = i."contextId"`;

function toRow(db: Db, row: ListedRow): IncidentRow {
  return {
    ...toIncident(row),
    title: row.title ?? '',
    ordinal: row.ordinal,
    courseTitle: row.courseTitle,
    orgName: row.orgName,
    login: row.login,
    name: db.personal.open('User.name', row.nameSealed),
    checks: row.checks,
  };
}

const undecided = `i."state" IN ('open', 'live-look', 'appealed')`;
/** `$1` the scopes, `$2` who asks, `$3` what is searched for, `$4` now. */
const filters: Record<IncidentFilter, string> = {
  waiting: undecided,
  overdue: `${undecided} AND i."decideBy" <= $4`,
  appeals: `i."state" = 'appealed'`,
  decided: `NOT (${undecided})`,
};

export type IncidentCounts = Record<IncidentFilter, number>;

/** What waits first by its deadline, what is decided latest first; none about whoever asks. */
export async function pageIncidents(
  db: Db,
  filter: { under: Scope; except: string; filter: IncidentFilter; query?: string; now: number } & PageRequest,
): Promise<Page<IncidentRow> & { counts: IncidentCounts }> {
  const { skip, take } = pageOf(filter);
  const paths = [filter.under].flat().map((path) => `${literally(path)}%`);
  const query = filter.query ? `%${literally(filter.query)}%` : null;
  const where = `WHERE i."orgPath" LIKE ANY($1::text[]) AND i."userId" <> $2
    AND ($3::text IS NULL OR u."login" ILIKE $3 OR co."title" ILIKE $3 OR COALESCE(c."title", e."title", l."title") ILIKE $3)`;
  const values = [paths, filter.except, query, toDate(filter.now)];
  const order =
    filter.filter === 'decided' ? `COALESCE(i."appealDecidedAt", i."decidedAt") DESC` : `i."decideBy"`;
  const [counted, rows] = await Promise.all([
    db.sql<IncidentCounts & Row>(
      `SELECT ${Object.entries(filters)
        .map(([name, condition]) => `count(*) FILTER (WHERE ${condition})::int AS "${name}"`)
        .join(', ')} ${joined} ${where}`,
      values,
    ),
    db.sql<ListedRow>(
      `SELECT ${listed} ${joined} ${where} AND ${filters[filter.filter]} AND $4::timestamptz IS NOT NULL
       ORDER BY ${order}, i."id" OFFSET $5 LIMIT $6`,
      [...values, skip, take],
    ),
  ]);
  const counts = counted[0] ?? { waiting: 0, overdue: 0, appeals: 0, decided: 0 };
  return { total: counts[filter.filter], rows: rows.map((row) => toRow(db, row)), counts };
}

/** One with what it is about and what was written to it; null without it. */
export async function readIncident(
  db: Db,
  id: string,
): Promise<(IncidentRow & { texts: IncidentTexts }) | null> {
  const [row] = await withTexts(db, 'WHERE i."id" = $1', [id]);
  return row ?? null;
}

/** Those about one person, latest first. */
export async function incidentsOf(
  db: Db,
  userId: string,
): Promise<(IncidentRow & { texts: IncidentTexts })[]> {
  return withTexts(db, 'WHERE i."userId" = $1 ORDER BY i."openedAt" DESC, i."id" LIMIT 200', [userId]);
}

async function withTexts(db: Db, rest: string, values: readonly unknown[]) {
  const rows = await db.sql<ListedRow & Record<`${keyof IncidentTexts}Sealed`, string | null>>(
    `SELECT ${listed}, i."lookReasonSealed", i."reasonSealed", i."appealSealed", i."appealReasonSealed" ${joined} ${rest}`,
    values,
  );
  const opened = (purpose: IncidentText, sealed: string | null) =>
    sealed === null ? null : db.personal.open(purpose, sealed);
  return rows.map((row) => ({
    ...toRow(db, row),
    texts: {
      lookReason: opened('Incident.lookReason', row.lookReasonSealed),
      reason: opened('Incident.reason', row.reasonSealed),
      appeal: opened('Incident.appeal', row.appealSealed),
      appealReason: opened('Incident.appealReason', row.appealReasonSealed),
    },
  }));
}

/** How many wait for a person, and how many of these longer than they should. */
export async function countUndecided(db: Db, now: number): Promise<{ waiting: number; overdue: number }> {
  const [row] = await db.sql<{ waiting: number; overdue: number }>(
    `SELECT count(*)::int AS "waiting", count(*) FILTER (WHERE i."decideBy" <= $1)::int AS "overdue"
     FROM "Incident" i WHERE ${undecided}`,
    [toDate(now)],
  );
  return row ?? { waiting: 0, overdue: 0 };
}

/** Undecided ones past their term of which nobody else was told. */
export async function overdueIncidents(db: Db, now: number, limit = 200): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `SELECT i."id" FROM "Incident" i WHERE ${undecided} AND i."decideBy" <= $1 AND i."escalatedAt" IS NULL
     ORDER BY i."decideBy" LIMIT $2`,
    [toDate(now), limit],
  );
  return rows.map(({ id }) => id);
}
