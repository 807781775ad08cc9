/** A class in progress as it is stored: what a coordinator resumes from, and what a page missed. */
import {
  type ClassRole,
  classRole,
  type ClassState,
  classState,
  type MediaSource,
  mediaSource,
  type QuestionState,
  questionState,
  type QuizKind,
  quizKind,
} from '@keshi/contract/domain';
import type { ClassEvent } from '@keshi/contract/signaling';
import { z } from 'zod';
import type { Audience, EventPayload } from './class-log.ts';
import { type ClassRow, getClass } from './classes.ts';
import type { Db, Row } from './client.ts';
import { fromDate, fromDateOrNull } from './instants.ts';
import { namesOf } from './person-names.ts';

export interface StoredChat {
  id: string;
  seq: number;
  at: number;
  userId: string;
  role: ClassRole;
  clientId: string;
  text: string;
}

export interface StoredQuestion {
  id: string;
  at: number;
  userId: string;
  text: string;
  state: QuestionState;
  votes: number;
  answer: string | null;
  answeredBy: string | null;
  answeredAt: number | null;
}

/** A quiz that has been asked. */
export interface StoredQuiz {
  id: string;
  kind: QuizKind;
  stem: string;
  options: string[];
  correct: number[];
  seconds: number;
  openedAt: number;
  closesAt: number;
  closedAt: number | null;
  totals: { asked: number; answered: number; correct: number; perOption: number[] };
}

export interface StoredMember {
  userId: string;
  handRaisedAt: number | null;
  stage: 'invited' | 'on' | null;
  held: MediaSource[];
  mutedUntil: number | null;
  bannedAt: number | null;
}

export interface StoredClass {
  class: ClassRow & { state: ClassState; slowModeSeconds: number; seq: number; fence: number };
  /** Oldest first; an open one has no end. */
  spans: { from: number; to: number | null }[];
  members: StoredMember[];
  /** Oldest first, deleted ones left out. */
  questions: StoredQuestion[];
  /** In the order they were asked. */
  quizzes: StoredQuiz[];
  /** The latest fifty that are not deleted, oldest first. */
  chat: StoredChat[];
  /** Names, unmasked, of everybody mentioned here. */
  names: Map<string, string>;
}

/** Null without that class. After `takeOver` it cannot change any more except by the one who took over. */
export async function loadClass(db: Db, classId: string): Promise<StoredClass | null> {
  const row = await getClass(db, classId);
  if (!row) return null;
  const [counters, spans, members, questions, quizzes, chat] = await Promise.all([
    db.sql<{ slowModeSeconds: number; seq: number; fence: number; state: string }>(
      'SELECT "slowModeSeconds", "seq", "fence", "state" FROM "LiveClass" WHERE "id" = $1',
      [classId],
    ),
    spansOf(db, classId),
    membersOf(db, classId),
    questionsOf(db, classId),
    quizzesOf(db, classId),
    latestChat(db, classId, 50),
  ]);
  const counter = counters[0];
  if (!counter) return null;
  const mentioned = [
    row.instructorId,
    ...members.map((member) => member.userId),
    ...questions.flatMap((question) => [question.userId, question.answeredBy ?? question.userId]),
    ...chat.map((message) => message.userId),
  ];
  return {
    class: { ...row, ...counter, state: classState.parse(counter.state) },
    spans,
    members,
    questions,
    quizzes,
    chat,
    names: await namesOf(db, [...new Set(mentioned)]),
  };
}

export async function spansOf(db: Db, classId: string): Promise<{ from: number; to: number | null }[]> {
  const rows = await db.sql<{ from: Date; to: Date | null }>(
    'SELECT "from", "to" FROM "LiveSpan" WHERE "classId" = $1 ORDER BY "from"',
    [classId],
  );
  return rows.map((row) => ({ from: fromDate(row.from), to: fromDateOrNull(row.to) }));
}

async function membersOf(db: Db, classId: string): Promise<StoredMember[]> {
  const rows = await db.prisma.classMember.findMany({
    where: { classId },
    select: { userId: true, handRaisedAt: true, stage: true, held: true, mutedUntil: true, bannedAt: true },
  });
  return rows.map((row) => ({
    userId: row.userId,
    handRaisedAt: fromDateOrNull(row.handRaisedAt),
    stage: z.enum(['invited', 'on']).nullable().parse(row.stage),
    held: z.array(mediaSource).parse(row.held),
    mutedUntil: fromDateOrNull(row.mutedUntil),
    bannedAt: fromDateOrNull(row.bannedAt),
  }));
}

const questionColumns = `"id", "at", "userId", "text", "state", "votes", "answer", "answeredBy", "answeredAt"`;

type QuestionRow = Row &
  Omit<StoredQuestion, 'at' | 'answeredAt' | 'state'> & {
    at: Date;
    answeredAt: Date | null;
    state: string;
  };

export function toQuestion(row: QuestionRow): StoredQuestion {
  return {
    ...row,
    at: fromDate(row.at),
    answeredAt: fromDateOrNull(row.answeredAt),
    state: questionState.parse(row.state),
  };
}

async function questionsOf(db: Db, classId: string): Promise<StoredQuestion[]> {
  const rows = await db.sql<QuestionRow>(
    `SELECT ${questionColumns} FROM "Question" WHERE "classId" = $1 AND "state" <> 'deleted' ORDER BY "at", "id"`,
    [classId],
  );
  return rows.map(toQuestion);
}

async function questionsById(db: Db, ids: readonly string[]): Promise<StoredQuestion[]> {
  if (ids.length === 0) return [];
  const rows = await db.sql<QuestionRow>(
    `SELECT ${questionColumns} FROM "Question" WHERE "id" = ANY($1::uuid[])`,
    [ids],
  );
  return rows.map(toQuestion);
}

interface AskedRow extends Row {
  id: string;
  kind: string;
  stem: string;
  options: unknown;
  correct: unknown;
  seconds: number;
  asked: number;
  openedAt: Date;
  closesAt: Date;
  closedAt: Date | null;
  answered: number;
  right: number;
  perOption: Record<string, number> | null;
}

/** Asked ones, in order, with their totals counted from the answers. */
export async function quizzesOf(db: Db, classId: string): Promise<StoredQuiz[]> {
  const rows = await db.sql<AskedRow>(
    `SELECT q."id", q."kind", q."stem", q."options", q."correct", q."seconds", q."asked", q."openedAt", q."closesAt",
       q."closedAt", t."answered", t."right", t."perOption"
     FROM "Quiz" q CROSS JOIN LATERAL (
       SELECT count(*)::int AS "answered", (count(*) FILTER (WHERE a."correct"))::int AS "right",
         (SELECT jsonb_object_agg(o, n) FROM (
           SELECT o, count(*)::int AS n FROM "QuizAnswer" b, jsonb_array_elements_text(b."choice") AS o
           WHERE b."quizId" = q."id" GROUP BY o) AS per) AS "perOption"
       FROM "QuizAnswer" a WHERE a."quizId" = q."id") AS t
     WHERE q."classId" = $1 AND q."openedAt" IS NOT NULL ORDER BY q."openedAt", q."id"`,
    [classId],
  );
  return rows.map((row) => {
    const options = z.array(z.string()).parse(row.options);
    return {
      id: row.id,
      kind: quizKind.parse(row.kind),
      stem: row.stem,
      options,
      correct: z.array(z.number()).parse(row.correct),
      seconds: row.seconds,
      openedAt: fromDate(row.openedAt),
      closesAt: fromDate(row.closesAt),
      closedAt: fromDateOrNull(row.closedAt),
      totals: {
        asked: row.asked,
        answered: row.answered,
        correct: row.right,
        perOption: options.map((_, option) => row.perOption?.[option] ?? 0),
      },
    };
  });
}

/** Everybody's answers to one quiz: a coordinator that resumes an open one counts on from them. */
export async function answersTo(
  db: Db,
  quizId: string,
): Promise<Map<string, { choice: number[]; correct: boolean }>> {
  const rows = await db.sql<{ userId: string; choice: number[]; correct: boolean }>(
    'SELECT "userId", "choice", "correct" FROM "QuizAnswer" WHERE "quizId" = $1',
    [quizId],
  );
  return new Map(rows.map(({ userId, choice, correct }) => [userId, { choice, correct }]));
}

export interface OwnPart {
  /** Questions the person voted for. */
  votes: string[];
  /** By quiz. */
  answers: Map<string, number[]>;
}

/** What in a class's snapshot is one person's own. */
export async function ownPartOf(db: Db, classId: string, userId: string): Promise<OwnPart> {
  const [votes, answers] = await Promise.all([
    db.sql<{ id: string }>(
      `SELECT v."questionId" AS "id" FROM "Question" q JOIN "QuestionVote" v ON v."questionId" = q."id" AND v."userId" = $2
       WHERE q."classId" = $1`,
      [classId, userId],
    ),
    db.sql<{ quizId: string; choice: number[] }>(
      `SELECT a."quizId", a."choice" FROM "Quiz" q JOIN "QuizAnswer" a ON a."quizId" = q."id" AND a."userId" = $2
       WHERE q."classId" = $1 AND q."openedAt" IS NOT NULL`,
      [classId, userId],
    ),
  ]);
  return {
    votes: votes.map(({ id }) => id),
    answers: new Map(answers.map((row) => [row.quizId, row.choice])),
  };
}

const chatColumns = `"id", "seq", "at", "userId", "role", "clientId", "text"`;
type ChatRow = Row & Omit<StoredChat, 'at' | 'role'> & { at: Date; role: string };

function toChat(row: ChatRow): StoredChat {
  return { ...row, at: fromDate(row.at), role: classRole.parse(row.role) };
}

/** The latest that are not deleted, oldest first. */
export async function latestChat(db: Db, classId: string, limit: number): Promise<StoredChat[]> {
  const rows = await db.sql<ChatRow>(
    `SELECT ${chatColumns} FROM "ChatMessage" WHERE "classId" = $1 AND "deletedAt" IS NULL ORDER BY "seq" DESC LIMIT $2`,
    [classId, limit],
  );
  return rows.reverse().map(toChat);
}

export interface StoredEvent {
  seq: number;
  at: number;
  type: ClassEvent['type'];
  audience: Audience;
  actorId: string | null;
  payload: EventPayload;
}

export interface Missed {
  /** In order. Those about a message that is deleted by now are left out. */
  events: StoredEvent[];
  /** What the events refer to, as it is now. */
  chat: Map<string, StoredChat>;
  questions: Map<string, StoredQuestion>;
  /** Unmasked, of everybody mentioned in these. */
  names: Map<string, string>;
}

/**
 * What a person missed after `seq`: events for all, for it alone, and with `hosts` those for the host and observers.
 * Null when there are more than `limit`: then a snapshot says it better.
 */
export async function eventsSince(
  db: Db,
  classId: string,
  seq: number,
  reader: { userId: string; hosts: boolean },
  limit = 500,
): Promise<Missed | null> {
  const audiences = ['all', reader.userId, ...(reader.hosts ? ['hosts'] : [])];
  const rows = await db.sql<Omit<StoredEvent, 'at'> & { at: Date }>(
    `SELECT "seq", "at", "type", "audience", "actorId", "payload" FROM "ClassEvent"
     WHERE "classId" = $1 AND "seq" > $2 AND "audience" = ANY($3) ORDER BY "seq" LIMIT $4`,
    [classId, seq, audiences, limit + 1],
  );
  if (rows.length > limit) return null;
  const referred = (key: string) => [
    ...new Set(rows.flatMap(({ payload }) => (typeof payload[key] === 'string' ? [payload[key]] : []))),
  ];
  const messageIds = referred('messageId');
  const [messages, questions] = await Promise.all([
    messageIds.length === 0
      ? []
      : db.sql<ChatRow>(
          `SELECT ${chatColumns} FROM "ChatMessage" WHERE "id" = ANY($1::uuid[]) AND "deletedAt" IS NULL`,
          [messageIds],
        ),
    questionsById(db, referred('questionId')),
  ]);
  const chat = new Map(messages.map((row) => [row.id, toChat(row)]));
  const people = [
    ...rows.flatMap(({ actorId, payload }) => [actorId ?? '', payload.userId ?? '']),
    ...messages.map((row) => row.userId),
    ...questions.flatMap((question) => [question.userId, question.answeredBy ?? '']),
  ].filter((id): id is string => typeof id === 'string' && id !== '');
  return {
    events: rows
      .filter(({ type, payload }) => type !== 'chat.sent' || chat.has(String(payload.messageId)))
      .map((row) => ({ ...row, at: fromDate(row.at) })),
    chat,
    questions: new Map(questions.map((question) => [question.id, question])),
    names: await namesOf(db, [...new Set(people)]),
  };
}
