/**
 * The coordinator's writes to a class in progress. Every one demands the fencing number that `takeOver` gave: a
 * coordinator that lost its lease without noticing is refused and writes nothing. What was answered is stored.
 */
import type { ClassEvent } from '@keshi/contract/signaling';
import { applyChanges, type ClassChange } from './class-changes.ts';
import type { Db, Sql } from './client.ts';
import { Refused } from './failures.ts';
import { isUnavailable } from './unavailable.ts';

/** Another coordinator has taken the class over. This one must stop at once and tell nobody anything more. */
export class FencedOut extends Error {
  override readonly name = 'FencedOut';
  readonly classId: string;

  constructor(classId: string) {
    super(`class ${classId} has another coordinator`);
    this.classId = classId;
  }
}

/** `hosts`: the host and observers; else one person's id. */
export type Audience = 'all' | 'hosts' | (string & {});

/**
 * Ids and numbers, never names or texts: those live once in their own rows, so that a deletion deletes. `eventsSince`
 * brings along what `messageId` and `questionId` refer to.
 */
export type EventPayload = Record<string, string | number | boolean | null | readonly string[]>;

export interface NewClassEvent {
  type: ClassEvent['type'];
  at: number;
  audience: Audience;
  actorId: string | null;
  payload: EventPayload;
}

/** One command's doing. A `chat-sent` needs at least one event: the message has the sequence number of the first. */
export interface ClassWrite {
  events: readonly NewClassEvent[];
  changes: readonly ClassChange[];
}

export type WriteResult =
  /** The sequence numbers of its events, in order. */
  | { kind: 'stored'; seqs: number[] }
  /** The same person sent the same `clientId` before: nothing was written, this is what was stored then. */
  | { kind: 'duplicate'; id: string }
  /** This write alone is impossible, e.g. a vote for a question that does not exist. Nothing of it was written. */
  | { kind: 'failed'; error: unknown };

/** Makes the caller the coordinator: from here on every other one's writes throw `FencedOut`. */
export async function takeOver(db: Db, classId: string): Promise<{ fence: number; seq: number }> {
  const [row] = await db.sql<{ fence: number; seq: number }>(
    'UPDATE "LiveClass" SET "fence" = "fence" + 1 WHERE "id" = $1 RETURNING "fence", "seq"',
    [classId],
  );
  if (!row) throw new Refused('not-found', 'class');
  return row;
}

/**
 * Stores several commands of one class in one transaction: gather what came in within some ms and answer them all after
 * it. Results stand in the order of `writes`. Throws `FencedOut`, and `DatabaseUnavailable`, after which it is not known
 * whether the group was stored: take over again and look.
 */
export async function append(
  db: Db,
  classId: string,
  fence: number,
  writes: readonly ClassWrite[],
): Promise<WriteResult[]> {
  if (writes.length === 0) return [];
  try {
    return await db.transaction((sql) => appendGroup(sql, classId, fence, writes));
  } catch (error) {
    if (error instanceof FencedOut || isUnavailable(error)) throw error;
    if (writes.length === 1) return [{ kind: 'failed', error }];
  }
  // One of them is impossible. Each alone, so that it fails alone.
  const results: WriteResult[] = [];
  for (const write of writes) results.push(...(await append(db, classId, fence, [write])));
  return results;
}

async function appendGroup(
  sql: Sql,
  classId: string,
  fence: number,
  writes: readonly ClassWrite[],
): Promise<WriteResult[]> {
  // The lock lasts to the end of the transaction: a takeover waits for it and then sees this group's sequence number.
  const [row] = await sql<{ seq: number }>(
    'SELECT "seq" FROM "LiveClass" WHERE "id" = $1 AND "fence" = $2 FOR NO KEY UPDATE',
    [classId, fence],
  );
  if (!row) throw new FencedOut(classId);

  const known = await sentBefore(sql, classId, writes);
  let seq = row.seq;
  const events: (NewClassEvent & { seq: number })[] = [];
  const changes: { change: ClassChange; seq: number }[] = [];
  const results = writes.map((write): WriteResult => {
    const keys = sendersKeys(write);
    const duplicate = keys.map(({ key }) => known.get(key)).find((id) => id !== undefined);
    if (duplicate !== undefined) return { kind: 'duplicate', id: duplicate };
    for (const { key, id } of keys) known.set(key, id);
    const first = seq + 1;
    const own = write.events.map((event) => ({ ...event, seq: (seq += 1) }));
    events.push(...own);
    changes.push(...write.changes.map((change) => ({ change, seq: first })));
    return { kind: 'stored', seqs: own.map((event) => event.seq) };
  });
  await applyChanges(sql, classId, changes);
  await sql(
    `WITH counted AS (UPDATE "LiveClass" SET "seq" = $2, "updatedAt" = now() WHERE "id" = $1)
     INSERT INTO "ClassEvent" ("classId", "seq", "at", "type", "audience", "actorId", "payload")
     SELECT $1, r."seq", r."at", r."type", r."audience", r."actorId", r."payload" FROM jsonb_to_recordset($3) AS
       r("seq" int, "at" timestamptz, "type" text, "audience" text, "actorId" uuid, "payload" jsonb)`,
    [
      classId,
      seq,
      JSON.stringify(events.map((event) => ({ ...event, at: new Date(event.at).toISOString() }))),
    ],
  );
  return results;
}

/** What identifies a message that a page may send twice, because it did not hear the answer. */
function sendersKeys(write: ClassWrite): { key: string; id: string; userId: string; clientId: string }[] {
  return write.changes.flatMap((change) =>
    change.kind === 'chat-sent' || change.kind === 'question-asked'
      ? [{ ...change, key: `${change.userId} ${change.clientId}` }]
      : [],
  );
}

/** By sender and `clientId`: the id of what was stored. */
async function sentBefore(
  sql: Sql,
  classId: string,
  writes: readonly ClassWrite[],
): Promise<Map<string, string>> {
  const keys = writes.flatMap(sendersKeys);
  if (keys.length === 0) return new Map();
  const rows = await sql<{ id: string; userId: string; clientId: string }>(
    `WITH k AS (SELECT * FROM unnest($2::uuid[], $3::uuid[]) AS k("userId", "clientId"))
     SELECT m."id", m."userId", m."clientId" FROM "ChatMessage" m JOIN k USING ("userId", "clientId") WHERE m."classId" = $1
     UNION ALL
     SELECT q."id", q."userId", q."clientId" FROM "Question" q JOIN k USING ("userId", "clientId") WHERE q."classId" = $1`,
    [classId, keys.map((key) => key.userId), keys.map((key) => key.clientId)],
  );
  return new Map(rows.map((row) => [`${row.userId} ${row.clientId}`, row.id]));
}
