/** What a coordinator's write changes besides the log, and the statements for it: one per kind, however many changes. */
import type { ClassRole, ClassState, MediaSource, QuestionState, QuizKind } from '@keshi/contract/domain';
import type { Sql } from './client.ts';

/** Instants are ms. Ids of new rows are made by the coordinator (`newId`). */
export type ClassChange =
  | {
      kind: 'chat-sent';
      id: string;
      at: number;
      userId: string;
      role: ClassRole;
      clientId: string;
      text: string;
    }
  | { kind: 'chat-deleted'; id: string; by: string; at: number }
  | { kind: 'question-asked'; id: string; at: number; userId: string; clientId: string; text: string }
  | {
      kind: 'question-changed';
      id: string;
      state: QuestionState;
      answer: string | null;
      answeredBy: string | null;
      answeredAt: number | null;
    }
  | { kind: 'question-voted'; id: string; userId: string; vote: boolean; at: number }
  /** A prepared one (its id) or one made up now (a new id); its content becomes what is given here. */
  | {
      kind: 'quiz-opened';
      id: string;
      quizKind: QuizKind;
      stem: string;
      options: readonly string[];
      correct: readonly number[];
      seconds: number;
      asked: number;
      openedAt: number;
      closesAt: number;
    }
  /** A second answer of the same person takes the place of the first. */
  | {
      kind: 'quiz-answered';
      quizId: string;
      userId: string;
      choice: readonly number[];
      correct: boolean;
      at: number;
    }
  | { kind: 'quiz-closed'; id: string; at: number }
  /** Absent fields stay as they are. */
  | {
      kind: 'member-changed';
      userId: string;
      handRaisedAt?: number | null;
      stage?: 'invited' | 'on' | null;
      held?: readonly MediaSource[];
      mutedUntil?: number | null;
      bannedAt?: number | null;
    }
  /** Absent fields stay as they are. */
  | {
      kind: 'class-changed';
      state?: ClassState;
      startedAt?: number;
      endedAt?: number;
      slowModeSeconds?: number;
    }
  /** Live time begins or ends [AT5]. */
  | { kind: 'span-opened'; id: string; at: number }
  | { kind: 'span-closed'; at: number };

type Of<K extends ClassChange['kind']> = Extract<ClassChange, { kind: K }>;

/** A change and the sequence number of the first event of its write. */
export interface SequencedChange {
  change: ClassChange;
  seq: number;
}

/** New rows first, then what refers to them, so that a question asked and answered in one group works. */
export async function applyChanges(
  sql: Sql,
  classId: string,
  changes: readonly SequencedChange[],
): Promise<void> {
  const of = <K extends ClassChange['kind']>(kind: K) =>
    changes.flatMap(({ change, seq }) => (isKind(change, kind) ? [{ ...change, seq }] : []));
  await insertChat(sql, classId, of('chat-sent'));
  await deleteChat(
    sql,
    classId,
    latest(of('chat-deleted'), (change) => change.id),
  );
  await insertQuestions(sql, classId, of('question-asked'));
  await changeQuestions(
    sql,
    classId,
    latest(of('question-changed'), (change) => change.id),
  );
  await vote(
    sql,
    latest(of('question-voted'), (change) => `${change.id} ${change.userId}`),
  );
  await openQuizzes(sql, classId, of('quiz-opened'));
  await answer(
    sql,
    latest(of('quiz-answered'), (change) => `${change.quizId} ${change.userId}`),
  );
  await closeQuizzes(sql, classId, of('quiz-closed'));
  await changeMembers(sql, classId, of('member-changed'));
  await changeClass(sql, classId, of('class-changed'));
  // In their own order: a class may pause and go on within one group.
  for (const { change } of changes) {
    if (change.kind === 'span-opened') {
      await sql('INSERT INTO "LiveSpan" ("id", "classId", "from") VALUES ($1, $2, $3)', [
        change.id,
        classId,
        instant(change.at),
      ]);
    } else if (change.kind === 'span-closed') {
      await sql('UPDATE "LiveSpan" SET "to" = GREATEST("from", $2) WHERE "classId" = $1 AND "to" IS NULL', [
        classId,
        instant(change.at),
      ]);
    }
  }
}

function isKind<K extends ClassChange['kind']>(change: ClassChange, kind: K): change is Of<K> {
  return change.kind === kind;
}

/** One statement cannot touch a row twice; of several changes of one row the last one stands. */
function latest<T>(changes: readonly T[], key: (change: T) => string): T[] {
  return [...new Map(changes.map((change) => [key(change), change])).values()];
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

const instantOrNull = (ms: number | null) => (ms === null ? null : instant(ms));

async function insertChat(
  sql: Sql,
  classId: string,
  changes: readonly (Of<'chat-sent'> & { seq: number })[],
) {
  if (changes.length === 0) return;
  await sql(
    `INSERT INTO "ChatMessage" ("id", "classId", "seq", "at", "userId", "role", "clientId", "text")
     SELECT r."id", $1, r."seq", r."at", r."userId", r."role", r."clientId", r."text" FROM jsonb_to_recordset($2) AS
       r("id" uuid, "seq" int, "at" timestamptz, "userId" uuid, "role" text, "clientId" uuid, "text" text)`,
    [classId, JSON.stringify(changes.map((change) => ({ ...change, at: instant(change.at) })))],
  );
}

async function deleteChat(sql: Sql, classId: string, changes: readonly Of<'chat-deleted'>[]) {
  if (changes.length === 0) return;
  // The text goes, the fact stays.
  await sql(
    `UPDATE "ChatMessage" m SET "deletedAt" = r."at", "deletedBy" = r."by", "text" = ''
     FROM jsonb_to_recordset($2) AS r("id" uuid, "at" timestamptz, "by" uuid)
     WHERE m."id" = r."id" AND m."classId" = $1 AND m."deletedAt" IS NULL`,
    [classId, JSON.stringify(changes.map((change) => ({ ...change, at: instant(change.at) })))],
  );
}

async function insertQuestions(sql: Sql, classId: string, changes: readonly Of<'question-asked'>[]) {
  if (changes.length === 0) return;
  await sql(
    `INSERT INTO "Question" ("id", "classId", "at", "userId", "clientId", "text")
     SELECT r."id", $1, r."at", r."userId", r."clientId", r."text" FROM jsonb_to_recordset($2) AS
       r("id" uuid, "at" timestamptz, "userId" uuid, "clientId" uuid, "text" text)`,
    [classId, JSON.stringify(changes.map((change) => ({ ...change, at: instant(change.at) })))],
  );
}

async function changeQuestions(sql: Sql, classId: string, changes: readonly Of<'question-changed'>[]) {
  if (changes.length === 0) return;
  await sql(
    `UPDATE "Question" q SET "state" = r."state", "answer" = r."answer", "answeredBy" = r."answeredBy",
       "answeredAt" = r."answeredAt"
     FROM jsonb_to_recordset($2) AS
       r("id" uuid, "state" text, "answer" text, "answeredBy" uuid, "answeredAt" timestamptz)
     WHERE q."id" = r."id" AND q."classId" = $1`,
    [
      classId,
      JSON.stringify(changes.map((change) => ({ ...change, answeredAt: instantOrNull(change.answeredAt) }))),
    ],
  );
}

async function vote(sql: Sql, changes: readonly Of<'question-voted'>[]) {
  if (changes.length === 0) return;
  const rows = JSON.stringify(changes.map((change) => ({ ...change, at: instant(change.at) })));
  const shape = 'AS r("id" uuid, "userId" uuid, "vote" boolean, "at" timestamptz)';
  await sql(
    `INSERT INTO "QuestionVote" ("questionId", "userId", "at")
     SELECT r."id", r."userId", r."at" FROM jsonb_to_recordset($1) ${shape} WHERE r."vote" ON CONFLICT DO NOTHING`,
    [rows],
  );
  await sql(
    `DELETE FROM "QuestionVote" v USING jsonb_to_recordset($1) ${shape}
     WHERE NOT r."vote" AND v."questionId" = r."id" AND v."userId" = r."userId"`,
    [rows],
  );
  // Counted anew instead of added to, so that a vote sent twice counts once.
  await sql(
    `UPDATE "Question" q SET "votes" = (SELECT count(*) FROM "QuestionVote" v WHERE v."questionId" = q."id")
     WHERE q."id" = ANY($1::uuid[])`,
    [[...new Set(changes.map((change) => change.id))]],
  );
}

async function openQuizzes(sql: Sql, classId: string, changes: readonly Of<'quiz-opened'>[]) {
  if (changes.length === 0) return;
  const rows = changes.map((change) => ({
    ...change,
    openedAt: instant(change.openedAt),
    closesAt: instant(change.closesAt),
  }));
  await sql(
    `INSERT INTO "Quiz" ("id", "classId", "kind", "stem", "options", "correct", "seconds", "asked", "openedAt", "closesAt")
     SELECT r."id", $1, r."quizKind", r."stem", r."options", r."correct", r."seconds", r."asked", r."openedAt", r."closesAt"
     FROM jsonb_to_recordset($2) AS r("id" uuid, "quizKind" text, "stem" text, "options" jsonb, "correct" jsonb,
       "seconds" int, "asked" int, "openedAt" timestamptz, "closesAt" timestamptz)
     ON CONFLICT ("id") DO UPDATE SET "kind" = EXCLUDED."kind", "stem" = EXCLUDED."stem",
       "options" = EXCLUDED."options", "correct" = EXCLUDED."correct", "seconds" = EXCLUDED."seconds",
       "asked" = EXCLUDED."asked", "openedAt" = EXCLUDED."openedAt", "closesAt" = EXCLUDED."closesAt"
     WHERE "Quiz"."openedAt" IS NULL AND "Quiz"."classId" = EXCLUDED."classId"`,
    [classId, JSON.stringify(rows)],
  );
}

async function answer(sql: Sql, changes: readonly Of<'quiz-answered'>[]) {
  if (changes.length === 0) return;
  await sql(
    `INSERT INTO "QuizAnswer" ("quizId", "userId", "choice", "correct", "at")
     SELECT r."quizId", r."userId", r."choice", r."correct", r."at" FROM jsonb_to_recordset($1) AS
       r("quizId" uuid, "userId" uuid, "choice" jsonb, "correct" boolean, "at" timestamptz)
     ON CONFLICT ("quizId", "userId") DO UPDATE SET "choice" = EXCLUDED."choice", "correct" = EXCLUDED."correct",
       "at" = EXCLUDED."at"`,
    [JSON.stringify(changes.map((change) => ({ ...change, at: instant(change.at) })))],
  );
}

async function closeQuizzes(sql: Sql, classId: string, changes: readonly Of<'quiz-closed'>[]) {
  for (const { id, at } of changes) {
    await sql('UPDATE "Quiz" SET "closedAt" = $3 WHERE "id" = $2 AND "classId" = $1 AND "closedAt" IS NULL', [
      classId,
      id,
      instant(at),
    ]);
  }
}

async function changeMembers(sql: Sql, classId: string, changes: readonly Of<'member-changed'>[]) {
  if (changes.length === 0) return;
  const merged = new Map<string, Of<'member-changed'>>();
  for (const change of changes) merged.set(change.userId, { ...merged.get(change.userId), ...change });
  const rows = [...merged.values()].map(({ handRaisedAt, mutedUntil, bannedAt, ...rest }) => ({
    ...rest,
    ...(handRaisedAt !== undefined && { handRaisedAt: instantOrNull(handRaisedAt) }),
    ...(mutedUntil !== undefined && { mutedUntil: instantOrNull(mutedUntil) }),
    ...(bannedAt !== undefined && { bannedAt: instantOrNull(bannedAt) }),
  }));
  // `?` asks whether the key is there at all: null is a value.
  await sql(
    `MERGE INTO "ClassMember" m USING (SELECT j, (j->>'userId')::uuid AS "userId" FROM jsonb_array_elements($2) AS j) r
     ON m."classId" = $1 AND m."userId" = r."userId"
     WHEN MATCHED THEN UPDATE SET
       "handRaisedAt" = CASE WHEN j ? 'handRaisedAt' THEN (j->>'handRaisedAt')::timestamptz ELSE m."handRaisedAt" END,
       "stage" = CASE WHEN j ? 'stage' THEN j->>'stage' ELSE m."stage" END,
       "held" = COALESCE(j->'held', m."held"),
       "mutedUntil" = CASE WHEN j ? 'mutedUntil' THEN (j->>'mutedUntil')::timestamptz ELSE m."mutedUntil" END,
       "bannedAt" = CASE WHEN j ? 'bannedAt' THEN (j->>'bannedAt')::timestamptz ELSE m."bannedAt" END
     WHEN NOT MATCHED THEN INSERT ("classId", "userId", "handRaisedAt", "stage", "held", "mutedUntil", "bannedAt")
       VALUES ($1, r."userId", (j->>'handRaisedAt')::timestamptz, j->>'stage', COALESCE(j->'held', '[]'),
         (j->>'mutedUntil')::timestamptz, (j->>'bannedAt')::timestamptz)`,
    [classId, JSON.stringify(rows)],
  );
}

async function changeClass(sql: Sql, classId: string, changes: readonly Of<'class-changed'>[]) {
  if (changes.length === 0) return;
  let merged: Of<'class-changed'> = { kind: 'class-changed' };
  for (const change of changes) merged = { ...merged, ...change };
  await sql(
    `UPDATE "LiveClass" SET "state" = COALESCE($2, "state"), "startedAt" = COALESCE($3, "startedAt"),
       "endedAt" = COALESCE($4, "endedAt"), "slowModeSeconds" = COALESCE($5, "slowModeSeconds") WHERE "id" = $1`,
    [
      classId,
      merged.state ?? null,
      instantOrNull(merged.startedAt ?? null),
      instantOrNull(merged.endedAt ?? null),
      merged.slowModeSeconds ?? null,
    ],
  );
}
