import type { QuizDraft, Reply, Request } from '@keshi/contract/signaling';
import { addAnswer, emptyTotals, isAnswer, questionProblems, score } from '@keshi/rules/quiz';
import { newId } from '@keshi/db/ids';
import { AppError } from '@keshi/runtime/errors';
import type { Screen } from '../screening.ts';
import { openQuizOf, type RoomQuiz } from './classroom.ts';
import { emit, screenText, type Turn } from './turn.ts';
import { quizView } from './views.ts';

/** A question as it is asked: prepared before class (`preparedId`) or made up now. */
export interface AskedQuiz {
  preparedId: string | null;
  draft: QuizDraft;
}

/** One question at a time: learners answer what is on their screen. It closes by itself at `closesAt`. */
export function openQuiz(turn: Turn, { preparedId, draft }: AskedQuiz, screen: Screen): Reply<'quiz.open'> {
  const { room, now } = turn;
  refuseUnlessLive(turn);
  if (openQuizOf(room)) throw new AppError('quiz-open');
  if (questionProblems(draft).length > 0)
    throw new AppError('invalid-input', { fields: ['options', 'correct'] });
  screenText(turn, screen, 'quiz', [draft.stem, ...draft.options].join('\n'));
  const { kind, stem, options, correct } = draft;
  const quiz: RoomQuiz = {
    id: preparedId ?? newId(now),
    kind,
    stem,
    options,
    correct,
    openedAt: now,
    closesAt: now + draft.seconds * 1000,
    closedAt: null,
    asked: [...room.online.values()].filter(({ person }) => person.role === 'attendee').length,
    answered: 0,
    correctCount: 0,
    perOption: emptyTotals(draft).perOption,
    answers: new Map(),
  };
  turn.draft.set(room.quizzes, quiz.id, quiz);
  const { id, asked, openedAt, closesAt } = quiz;
  const { seconds } = draft;
  turn.changes.push({
    kind: 'quiz-opened',
    id,
    quizKind: kind,
    stem,
    options,
    correct,
    seconds,
    asked,
    openedAt,
    closesAt,
  });
  emit(turn, 'all', (role) => ({ type: 'quiz.opened', quiz: quizView(quiz, role, null) }));
  return { quizId: quiz.id };
}

/** The first answer stands (later ones could follow the totals); the same one again is acknowledged again. */
export function answerQuiz(turn: Turn, { quizId, choice }: Request<'quiz.answer'>): void {
  const { room, actor, now } = turn;
  const quiz = room.quizzes.get(quizId);
  if (!quiz) throw new AppError('not-found');
  const before = quiz.answers.get(actor.userId);
  if (before && sameChoice(before.choice, choice)) return;
  if (before) throw new AppError('already-done');
  if (quiz.closedAt !== null || now >= quiz.closesAt) throw new AppError('quiz-closed');
  if (!isAnswer(quiz, choice)) throw new AppError('invalid-input', { fields: ['choice'] });
  const correct = score(quiz, choice);
  const totals = addAnswer(
    { answered: quiz.answered, correct: quiz.correctCount, perOption: quiz.perOption },
    quiz,
    choice,
  );
  turn.draft.set(quiz.answers, actor.userId, { choice, correct });
  turn.draft.set(room.quizzes, quizId, {
    ...quiz,
    answered: totals.answered,
    correctCount: totals.correct,
    perOption: totals.perOption,
  });
  turn.changes.push({ kind: 'quiz-answered', quizId, userId: actor.userId, choice, correct, at: now });
}

/** Closing what is closed changes nothing: the host's click and the timer may meet. */
export function closeQuiz(turn: Turn, quizId: string): void {
  const { room, now } = turn;
  const quiz = room.quizzes.get(quizId);
  if (!quiz) throw new AppError('not-found');
  if (quiz.closedAt !== null) return;
  // Closed late, because nobody was there to do it, it still closed when it was due.
  const closed = { ...quiz, closedAt: Math.min(now, quiz.closesAt) };
  turn.draft.set(room.quizzes, quizId, closed);
  turn.changes.push({ kind: 'quiz-closed', id: quizId, at: closed.closedAt });
  emit(turn, 'all', (role) => ({ type: 'quiz.closed', quiz: quizView(closed, role, null) }));
}

function refuseUnlessLive({ room }: Turn): void {
  switch (room.state) {
    case 'live':
      return;
    case 'scheduled':
      throw new AppError('class-not-started');
    case 'paused':
      throw new AppError('class-paused');
    case 'ended':
    case 'cancelled':
      throw new AppError('class-ended');
  }
}

function sameChoice(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((index) => b.includes(index));
}
