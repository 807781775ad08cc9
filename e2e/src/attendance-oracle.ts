/**
 * Attendance told a second time, as plainly as possible and without the product's own rules: one cell per millisecond
 * of the class, marked where a stored interval covers it. Slow, and hard to get wrong.
 */
import pg from 'pg';

export interface Facts {
  readonly classId: string;
  readonly live: readonly { from: number; to: number }[];
  /** By learner: every stored interval. */
  readonly intervals: ReadonlyMap<string, readonly { from: number; to: number; cause: string }[]>;
  /** Recorded outages of ours that overlap the class. */
  readonly outages: number;
}

/** Reads the facts of an ended class straight from its tables. */
export async function readFacts(databaseUrl: string, classId: string): Promise<Facts> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c TimeZone=UTC' });
  await client.connect();
  try {
    const ms = (column: string) => `(extract(epoch from "${column}") * 1000)::float8`;
    const spans = await client.query<{ from: number; to: number }>(
      `SELECT ${ms('from')} AS "from", ${ms('to')} AS "to" FROM "LiveSpan" WHERE "classId" = $1 ORDER BY 1`,
      [classId],
    );
    const rows = await client.query<{ userId: string; from: number; to: number; cause: string }>(
      `SELECT "userId", ${ms('from')} AS "from", ${ms('lastProof')} AS "to", "cause"
       FROM "PresenceInterval" WHERE "classId" = $1 ORDER BY 2`,
      [classId],
    );
    const outages = await client.query(
      'SELECT 1 FROM "Outage" o, "LiveClass" c WHERE c.id = $1 AND o."from" < c."endedAt" AND (o."to" IS NULL OR o."to" > c."startedAt")',
      [classId],
    );
    return {
      classId,
      live: spans.rows,
      intervals: Map.groupBy(rows.rows, ({ userId }) => userId),
      outages: outages.rowCount ?? 0,
    };
  } finally {
    await client.end();
  }
}

/** Proofs at most this far apart make one interval [AT2], whichever connection they came over. */
const proofGapMs = 30_000;

/** Present and live ms of one learner [AT2, AT3, AT5]; the facts must hold no outage. */
export function presentMs(facts: Facts, userId: string): { present: number; live: number } {
  const start = Math.min(...facts.live.map(({ from }) => from));
  const end = Math.max(...facts.live.map(({ to }) => to));
  const present = new Uint8Array(end - start);
  const rows = facts.intervals.get(userId) ?? [];
  const mark = (from: number, to: number) =>
    present.fill(1, Math.max(0, from - start), Math.max(0, to - start));
  for (const { from, to } of rows) mark(from, to);
  for (const [index, { to, cause }] of rows.entries()) {
    const next = rows[index + 1];
    if (next && cause !== 'hidden' && next.from > to && next.from - to <= proofGapMs) mark(to, next.from);
  }
  const live = new Uint8Array(end - start);
  for (const { from, to } of facts.live) live.fill(1, from - start, to - start);
  let both = 0;
  let taught = 0;
  for (let at = 0; at < live.length; at += 1) {
    taught += live[at] ?? 0;
    both += (live[at] ?? 0) & (present[at] ?? 0);
  }
  return { present: both, live: taught };
}
