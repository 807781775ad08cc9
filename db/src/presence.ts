/**
 * Presence as facts: visits (connections) and intervals (from first to last proof). Signaling writes what it knows again and
 * again, several nodes at once and in any order, so every write is idempotent and monotone: the result depends on what was
 * written, never on how often or in which order [AT3].
 */
import { type ClassRole, classRole, type PresenceCause, presenceCause } from '@keshi/contract/domain';
import { z } from 'zod';
import type { Db, Row } from './client.ts';
import { fromDate, fromDateOrNull } from './instants.ts';

export type CloseCause = Exclude<PresenceCause, 'open'>;

export interface StoredVisit {
  id: string;
  classId: string;
  userId: string;
  role: ClassRole;
  nodeId: string;
  device: 'desktop' | 'phone' | 'tablet' | 'unknown';
  openedAt: number;
  lastSeenAt: number;
  visible: boolean;
  rttMs: number | null;
  closed: { at: number; cause: CloseCause } | null;
}

export interface StoredInterval {
  id: string;
  visitId: string;
  classId: string;
  userId: string;
  from: number;
  lastProof: number;
  cause: PresenceCause;
}

/**
 * Where two writers disagree about how something ended, the later in this list knows better: the janitor and a silent line
 * only infer an end, a leave or a replacement was seen. `open` never wins against an end.
 */
const certainty: readonly PresenceCause[] = [
  'open',
  'node-lost',
  'lost',
  'hidden',
  'identity-overdue',
  'paused',
  'ended',
  'left',
  'replaced',
];
const rank = (cause: PresenceCause) => certainty.indexOf(cause);
/** The same order in SQL. */
const rankOf = (column: string) => `array_position(ARRAY['${certainty.join("','")}'], ${column})`;

const instant = (ms: number) => new Date(ms).toISOString();

/** One statement however many; a row may occur several times. */
export async function upsertIntervals(db: Db, intervals: readonly StoredInterval[]): Promise<void> {
  if (intervals.length === 0) return;
  const merged = new Map<string, StoredInterval>();
  for (const interval of intervals) {
    const known = merged.get(interval.id);
    merged.set(interval.id, known ? mergeIntervals(known, interval) : interval);
  }
  const rows = [...merged.values()].map((row) => ({
    ...row,
    from: instant(row.from),
    lastProof: instant(row.lastProof),
  }));
  await db.sql(
    `INSERT INTO "PresenceInterval" AS i ("id", "visitId", "classId", "userId", "from", "lastProof", "cause")
     SELECT * FROM jsonb_to_recordset($1) AS r("id" uuid, "visitId" uuid, "classId" uuid, "userId" uuid,
       "from" timestamptz, "lastProof" timestamptz, "cause" text) ORDER BY r."id"
     ON CONFLICT ("id") DO UPDATE SET
       "from" = LEAST(i."from", EXCLUDED."from"),
       "lastProof" = GREATEST(i."lastProof", EXCLUDED."lastProof"),
       "cause" = CASE WHEN ${rankOf('EXCLUDED."cause"')} > ${rankOf('i."cause"')} THEN EXCLUDED."cause" ELSE i."cause" END
     WHERE EXCLUDED."from" < i."from" OR EXCLUDED."lastProof" > i."lastProof"
       OR ${rankOf('EXCLUDED."cause"')} > ${rankOf('i."cause"')}`,
    [JSON.stringify(rows)],
  );
}

function mergeIntervals(a: StoredInterval, b: StoredInterval): StoredInterval {
  return {
    ...a,
    from: Math.min(a.from, b.from),
    lastProof: Math.max(a.lastProof, b.lastProof),
    cause: rank(b.cause) > rank(a.cause) ? b.cause : a.cause,
  };
}

/** One statement however many; a row may occur several times. What was seen last says how the page is now. */
export async function upsertVisits(db: Db, visits: readonly StoredVisit[]): Promise<void> {
  if (visits.length === 0) return;
  const merged = new Map<string, StoredVisit>();
  for (const { rttMs, ...rest } of visits) {
    const visit = { ...rest, rttMs: rttMs === null ? null : Math.round(rttMs) };
    const known = merged.get(visit.id);
    merged.set(visit.id, known ? mergeVisits(known, visit) : visit);
  }
  const rows = [...merged.values()].map(({ closed, ...row }) => ({
    ...row,
    openedAt: instant(row.openedAt),
    lastSeenAt: instant(row.lastSeenAt),
    closedAt: closed && instant(closed.at),
    closeCause: closed && closed.cause,
  }));
  const later = `(EXCLUDED."lastSeenAt", EXCLUDED."visible", COALESCE(EXCLUDED."rttMs", -1), EXCLUDED."device")
       > (v."lastSeenAt", v."visible", COALESCE(v."rttMs", -1), v."device")`;
  const surer = `(COALESCE(${rankOf('EXCLUDED."closeCause"')}, 0), COALESCE(EXCLUDED."closedAt", 'epoch'))
       > (COALESCE(${rankOf('v."closeCause"')}, 0), COALESCE(v."closedAt", 'epoch'))`;
  await db.sql(
    `INSERT INTO "Visit" AS v ("id", "classId", "userId", "role", "nodeId", "device", "openedAt", "lastSeenAt", "visible",
       "rttMs", "closedAt", "closeCause")
     SELECT * FROM jsonb_to_recordset($1) AS r("id" uuid, "classId" uuid, "userId" uuid, "role" text, "nodeId" text,
       "device" text, "openedAt" timestamptz, "lastSeenAt" timestamptz, "visible" boolean, "rttMs" int,
       "closedAt" timestamptz, "closeCause" text) ORDER BY r."id"
     ON CONFLICT ("id") DO UPDATE SET
       "openedAt" = LEAST(v."openedAt", EXCLUDED."openedAt"),
       "lastSeenAt" = GREATEST(v."lastSeenAt", EXCLUDED."lastSeenAt"),
       "visible" = CASE WHEN ${later} THEN EXCLUDED."visible" ELSE v."visible" END,
       "rttMs" = CASE WHEN ${later} THEN EXCLUDED."rttMs" ELSE v."rttMs" END,
       "device" = CASE WHEN ${later} THEN EXCLUDED."device" ELSE v."device" END,
       "closedAt" = CASE WHEN ${surer} THEN EXCLUDED."closedAt" ELSE v."closedAt" END,
       "closeCause" = CASE WHEN ${surer} THEN EXCLUDED."closeCause" ELSE v."closeCause" END`,
    [JSON.stringify(rows)],
  );
}

function mergeVisits(a: StoredVisit, b: StoredVisit): StoredVisit {
  const state = ({ lastSeenAt, visible, rttMs, device }: StoredVisit) =>
    [lastSeenAt, Number(visible), rttMs ?? -1, device] as const;
  const end = ({ closed }: StoredVisit) => [closed ? rank(closed.cause) : -1, closed?.at ?? 0] as const;
  const seen = isAfter(state(b), state(a)) ? b : a;
  return {
    ...seen,
    openedAt: Math.min(a.openedAt, b.openedAt),
    closed: isAfter(end(b), end(a)) ? b.closed : a.closed,
  };
}

/** Compares place by place, as SQL compares rows. */
function isAfter(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  for (const [place, value] of a.entries()) {
    const other = b[place] ?? value;
    if (value !== other) return value > other;
  }
  return false;
}

/** Everything on record for a class, in the order of time. */
export async function intervalsOfClass(
  db: Db,
  classId: string,
): Promise<(StoredInterval & { nodeId: string })[]> {
  const rows = await db.sql<IntervalRow>(
    `SELECT i."id", i."visitId", i."classId", i."userId", i."from", i."lastProof", i."cause", COALESCE(v."nodeId", '') AS "nodeId"
     FROM "PresenceInterval" i LEFT JOIN "Visit" v ON v."id" = i."visitId" WHERE i."classId" = $1 ORDER BY i."userId", i."from"`,
    [classId],
  );
  return rows.map(toInterval);
}

export async function intervalsOfPerson(
  db: Db,
  classId: string,
  userId: string,
): Promise<(StoredInterval & { nodeId: string })[]> {
  return intervalsOfPeople(db, [{ classId, userId }]);
}

/** Of several people, each in a class, in one statement; in the order of their beginning. */
export async function intervalsOfPeople(
  db: Db,
  people: readonly { classId: string; userId: string }[],
): Promise<(StoredInterval & { nodeId: string })[]> {
  if (people.length === 0) return [];
  const rows = await db.sql<IntervalRow>(
    `SELECT i."id", i."visitId", i."classId", i."userId", i."from", i."lastProof", i."cause", COALESCE(v."nodeId", '') AS "nodeId"
     FROM unnest($1::uuid[], $2::uuid[]) AS p("classId", "userId")
     JOIN "PresenceInterval" i ON i."classId" = p."classId" AND i."userId" = p."userId"
     LEFT JOIN "Visit" v ON v."id" = i."visitId" ORDER BY i."from"`,
    [people.map(({ classId }) => classId), people.map(({ userId }) => userId)],
  );
  return rows.map(toInterval);
}

/** All visits of a class, in the order they began. */
export async function visitsOfClass(db: Db, classId: string): Promise<StoredVisit[]> {
  const rows = await db.sql<VisitRow>(`${selectVisits()} WHERE "classId" = $1 ORDER BY "openedAt", "id"`, [
    classId,
  ]);
  return rows.map(toVisit);
}

/** A visit is written more rarely than the interval of it that grows. */
const lastSeen = `GREATEST("lastSeenAt", (SELECT max(i."lastProof") FROM "PresenceInterval" i WHERE i."visitId" = "Visit"."id"))`;

/** How many learners are connected to each of these classes: those heard of at or after `since`. */
export async function onlineCounts(
  db: Db,
  classIds: readonly string[],
  since: number,
): Promise<Map<string, number>> {
  if (classIds.length === 0) return new Map();
  const rows = await db.sql<{ classId: string; n: number }>(
    `SELECT "classId", count(DISTINCT "userId")::int AS n FROM "Visit"
     WHERE "classId" = ANY($1::uuid[]) AND "role" = 'attendee' AND "closedAt" IS NULL
       AND ("lastSeenAt" >= $2 OR ${lastSeen} >= $2)
     GROUP BY "classId"`,
    [classIds, instant(since)],
  );
  return new Map(rows.map(({ classId, n }) => [classId, n]));
}

export async function openVisitsOfNode(db: Db, nodeId: string): Promise<StoredVisit[]> {
  const rows = await db.sql<VisitRow>(
    `${selectVisits(`${lastSeen} AS "lastSeenAt"`)} WHERE "nodeId" = $1 AND "closedAt" IS NULL ORDER BY "id"`,
    [nodeId],
  );
  return rows.map(toVisit);
}

/** Nodes that have open visits: the janitor compares them with those that live. */
export async function nodesWithOpenVisits(db: Db): Promise<string[]> {
  const rows = await db.sql<{ nodeId: string }>(
    'SELECT DISTINCT "nodeId" FROM "Visit" WHERE "closedAt" IS NULL',
  );
  return rows.map(({ nodeId }) => nodeId);
}

/**
 * [AT9] What a node that died left open is closed at its last proof, never at the moment the death was noticed. Answers the
 * visits closed now. Running it again, or while the node comes back and reports a better end, does no harm.
 */
export async function closeVisitsOfDeadNode(
  db: Db,
  nodeId: string,
): Promise<{ visitId: string; classId: string; userId: string }[]> {
  return db.sql<{ visitId: string; classId: string; userId: string }>(
    `WITH closed AS (
       UPDATE "Visit" SET "closedAt" = ${lastSeen}, "closeCause" = 'node-lost'
       WHERE "nodeId" = $1 AND "closedAt" IS NULL RETURNING "id", "classId", "userId"
     ), intervals AS (
       UPDATE "PresenceInterval" i SET "cause" = 'node-lost' FROM closed WHERE i."visitId" = closed."id" AND i."cause" = 'open'
     )
     SELECT "id" AS "visitId", "classId", "userId" FROM closed`,
    [nodeId],
  );
}

const selectVisits = (
  lastSeenAt = '"lastSeenAt"',
) => `SELECT "id", "classId", "userId", "role", "nodeId", "device",
  "openedAt", ${lastSeenAt}, "visible", "rttMs", "closedAt", "closeCause" FROM "Visit"`;
const device = z.enum(['desktop', 'phone', 'tablet', 'unknown']);
const closeCause = presenceCause.exclude(['open']);

type IntervalRow = Row &
  Omit<StoredInterval, 'from' | 'lastProof'> & { from: Date; lastProof: Date; nodeId: string };
type VisitRow = Row &
  Omit<StoredVisit, 'role' | 'device' | 'openedAt' | 'lastSeenAt' | 'closed'> & {
    role: string;
    device: string;
    openedAt: Date;
    lastSeenAt: Date;
    closedAt: Date | null;
    closeCause: string | null;
  };

function toInterval(row: IntervalRow): StoredInterval & { nodeId: string } {
  return {
    ...row,
    from: fromDate(row.from),
    lastProof: fromDate(row.lastProof),
    cause: presenceCause.parse(row.cause),
  };
}

function toVisit({ closedAt, closeCause: cause, ...row }: VisitRow): StoredVisit {
  const at = fromDateOrNull(closedAt);
  return {
    ...row,
    role: classRole.parse(row.role),
    device: device.parse(row.device),
    openedAt: fromDate(row.openedAt),
    lastSeenAt: fromDate(row.lastSeenAt),
    closed: at === null ? null : { at, cause: closeCause.parse(cause) },
  };
}
