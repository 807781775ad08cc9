import type { QuizKind } from '@keshi/contract/domain';
import type { PreparedQuiz } from '@keshi/contract/http/classes';
import type { QuizDraft } from '@keshi/contract/signaling';

/** A question while it is being written. */
export interface EditedQuiz {
  kind: QuizKind;
  stem: string;
  options: string[];
  correct: number[];
  seconds: number;
}

export type QuizProblem = 'no-stem' | 'empty-option' | 'same-options' | 'no-correct' | 'needs-two-correct';

export const fewestOptions = 2;
export const mostOptions = 8;
export const answerSeconds = [15, 30, 45, 60, 90, 120, 180, 300, 600] as const;

/** A, B, C … for the option at `index`. */
export const letter = (index: number): string => String.fromCodePoint(65 + index);

export function emptyQuiz(): EditedQuiz {
  return { kind: 'single', stem: '', options: ['', '', '', ''], correct: [], seconds: 60 };
}

export function editedFrom({ kind, stem, options, correct, seconds }: PreparedQuiz): EditedQuiz {
  return { kind, stem, options: [...options], correct: [...correct], seconds };
}

/** Another kind of question keeps what still fits; true/false has its two options given. */
export function withKind(quiz: EditedQuiz, kind: QuizKind, names: readonly [string, string]): EditedQuiz {
  if (kind === 'truefalse') return { ...quiz, kind, options: [...names], correct: [] };
  const options = quiz.kind === 'truefalse' ? emptyQuiz().options : quiz.options;
  const correct =
    quiz.kind === 'truefalse' ? [] : kind === 'single' ? quiz.correct.slice(0, 1) : quiz.correct;
  return { ...quiz, kind, options, correct };
}

/** Marks the option as correct, or no longer: one at a time unless several may be right. */
export function toggleCorrect(quiz: EditedQuiz, index: number): EditedQuiz {
  if (quiz.kind !== 'multiple') return { ...quiz, correct: [index] };
  const correct = quiz.correct.includes(index)
    ? quiz.correct.filter((other) => other !== index)
    : [...quiz.correct, index].sort((a, b) => a - b);
  return { ...quiz, correct };
}

/** Without the option; the correct ones after it move up. */
export function withoutOption(quiz: EditedQuiz, index: number): EditedQuiz {
  return {
    ...quiz,
    options: quiz.options.filter((_, place) => place !== index),
    correct: quiz.correct
      .filter((place) => place !== index)
      .map((place) => (place > index ? place - 1 : place)),
  };
}

/** What stands in the way of saving, in the order of the form. Options left empty at the end are not counted. */
export function quizProblems(quiz: EditedQuiz): QuizProblem[] {
  const { stem, options, correct } = trimmed(quiz);
  const problems: QuizProblem[] = [];
  if (stem === '') problems.push('no-stem');
  if (options.length < fewestOptions || options.includes('')) problems.push('empty-option');
  if (new Set(options).size < options.length && !options.includes('')) problems.push('same-options');
  if (correct.length === 0) problems.push('no-correct');
  else if (quiz.kind === 'multiple' && correct.length < 2) problems.push('needs-two-correct');
  return problems;
}

/** What is sent: texts trimmed, empty options at the end left out. */
export function trimmed(quiz: EditedQuiz): QuizDraft {
  const options = quiz.options.map((option) => option.trim());
  while (options.length > 0 && options.at(-1) === '') options.pop();
  return {
    kind: quiz.kind,
    stem: quiz.stem.trim(),
    options,
    correct: quiz.correct.filter((index) => index < options.length),
    seconds: quiz.seconds,
  };
}
