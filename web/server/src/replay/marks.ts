import { replayLimits, type ReplayMarks } from '@keshi/contract/http/replay';
import type { Person, Question, Quiz } from '@keshi/contract/signaling';
import { ownPartOf, quizzesOf, spansOf, type StoredQuestion, type StoredQuiz } from '@keshi/db/class-state';
import type { ClassRow } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import { namesOf } from '@keshi/db/person-names';
import { chatPages, questionsAsked, stageTurns } from '@keshi/db/replay-facts';
import type { Timeline } from './timeline.ts';

/**
 * Whom a name is shown to: everybody knows who teaches, and oneself; other learners are masked, as on every page that
 * outlives the class.
 */
export function nameFor(reader: string, row: Pick<ClassRow, 'instructorId' | 'instructorName'>) {
  return (userId: string, name: string): string => {
    if (userId === row.instructorId) return row.instructorName;
    return userId === reader ? name : maskName(name);
  };
}

/** What a reader sees beside the picture, by its place on the recording. Deleted and stopped texts are not among it. */
export async function marksFor(
  db: Db,
  { row, reader, timeline }: { row: ClassRow; reader: string; timeline: Timeline },
): Promise<ReplayMarks> {
  const hostId = row.instructorId;
  const [questions, quizzes, own, turns, spans, chat] = await Promise.all([
    questionsAsked(db, row.id, replayLimits.questions),
    quizzesOf(db, row.id),
    ownPartOf(db, row.id, reader),
    stageTurns(db, row.id, { hostId, limit: replayLimits.stage }),
    spansOf(db, row.id),
    chatPages(db, row.id, replayLimits.chatPage),
  ]);
  const people = [
    ...questions.rows.flatMap(({ userId, answeredBy }) => [userId, answeredBy ?? userId]),
    ...turns.map(({ userId }) => userId),
  ];
  const names = await namesOf(db, [...new Set(people)]);
  const shown = nameFor(reader, row);
  const nameOf = (userId: string) => shown(userId, names.get(userId) ?? '');
  const placeOf = (at: number) => ({ at, position: timeline.positionOf(at) });
  const personOf = (userId: string): Person => ({
    userId,
    name: nameOf(userId),
    role: userId === hostId ? 'host' : 'attendee',
  });
  const over = row.endedAt ?? Infinity;
  const votes = new Set(own.votes);

  return {
    questions: {
      total: questions.total,
      rows: questions.rows.map((one) => ({
        ...placeOf(one.at),
        question: questionFor(one, personOf, votes.has(one.id)),
        answeredPosition:
          one.answeredAt === null || one.answeredAt > over ? null : timeline.positionOf(one.answeredAt),
      })),
    },
    quizzes: quizzes.slice(0, replayLimits.quizzes).map((quiz) => ({
      ...placeOf(quiz.openedAt),
      closedPosition: timeline.positionOf(quiz.closedAt ?? quiz.closesAt),
      quiz: quizFor(quiz, own.answers.get(quiz.id) ?? null),
    })),
    stage: turns.map(({ at, userId, kind }) => ({ ...placeOf(at), kind, name: nameOf(userId) })),
    pauses: pausesBetween(spans).map(({ from, to }) => ({ ...placeOf(from), lastedMs: to - from })),
    chat: { total: chat.total, pages: chat.starts.map((at) => timeline.positionOf(at)) },
  };
}

function questionFor(one: StoredQuestion, personOf: (userId: string) => Person, voted: boolean): Question {
  const { id, at, userId, text, state, votes, answer, answeredBy, answeredAt } = one;
  const by = answeredBy === null ? null : personOf(answeredBy).name;
  return { id, at, from: personOf(userId), text, state, votes, voted, answer, answeredBy: by, answeredAt };
}

/** The class is over, so every quiz has closed and its answer may be known [EX6]. */
function quizFor(quiz: StoredQuiz, mine: number[] | null): Quiz {
  const { seconds: _seconds, totals, ...asked } = quiz;
  return { ...asked, mine, totals: { quizId: quiz.id, ...totals } };
}

function pausesBetween(
  spans: readonly { from: number; to: number | null }[],
): { from: number; to: number }[] {
  return spans.flatMap(({ to }, index) => {
    const next = spans[index + 1];
    return to !== null && next && next.from > to ? [{ from: to, to: next.from }] : [];
  });
}
