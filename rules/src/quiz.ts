/**
 * Questions in class (课中答题) [EX5, CT1].
 */
import type { Interval, QuizKind } from '@keshi/contract/domain';

export interface QuizQuestion {
  readonly kind: QuizKind;
  readonly options: readonly string[];
  /** Indices into `options`. */
  readonly correct: readonly number[];
}

/** Indices into `options`, in any order. */
export type Choice = readonly number[];

export type QuestionProblem =
  | 'too-few-options'
  | 'too-many-options'
  | 'empty-option'
  | 'same-option-twice'
  | 'correct-missing'
  | 'correct-invalid';

const fewestOptions = 2;
const mostOptions = 8;

/** What is wrong with a question; empty when it can be asked. True/false has exactly two options and one correct. */
export function questionProblems(question: QuizQuestion): QuestionProblem[] {
  const problems: QuestionProblem[] = [];
  const { kind, options, correct } = question;
  const most = kind === 'truefalse' ? 2 : mostOptions;
  if (options.length < fewestOptions) problems.push('too-few-options');
  if (options.length > most) problems.push('too-many-options');
  const texts = options.map((option) => option.trim());
  if (texts.includes('')) problems.push('empty-option');
  if (new Set(texts).size < texts.length) problems.push('same-option-twice');
  if (correct.length === 0) problems.push('correct-missing');
  const tooMany = kind !== 'multiple' && correct.length > 1;
  if (tooMany || !isChoiceOf(question, correct)) problems.push('correct-invalid');
  return problems;
}

/** Whether an answer can be taken: existing options, none twice, and one alone unless the question allows more. */
export function isAnswer(question: QuizQuestion, choice: Choice): boolean {
  const enough = question.kind === 'multiple' ? choice.length >= 1 : choice.length === 1;
  return enough && isChoiceOf(question, choice);
}

/** [EX5] All or nothing: exactly the correct options. What is no answer at all is not correct. */
export function score(question: QuizQuestion, choice: Choice): boolean {
  if (!isAnswer(question, choice) || choice.length !== question.correct.length) return false;
  return choice.every((index) => question.correct.includes(index));
}

export interface Totals {
  readonly answered: number;
  readonly correct: number;
  /** How many chose each option; with multiple choice their sum exceeds `answered`. */
  readonly perOption: readonly number[];
}

export function emptyTotals(question: QuizQuestion): Totals {
  return { answered: 0, correct: 0, perOption: question.options.map(() => 0) };
}

/**
 * Adds one learner's answer; `replaced` is the answer of the same learner that it takes the place of, if any. An
 * answer that `isAnswer` refuses must not come here; it would count as answered and wrong.
 */
export function addAnswer(
  totals: Totals,
  question: QuizQuestion,
  choice: Choice,
  replaced: Choice | null = null,
): Totals {
  const points = (answer: Choice | null) => (answer && score(question, answer) ? 1 : 0);
  const chosen = (answer: Choice | null, index: number) => (answer?.includes(index) ? 1 : 0);
  return {
    answered: totals.answered + (replaced ? 0 : 1),
    correct: totals.correct + points(choice) - points(replaced),
    perOption: totals.perOption.map((n, index) => n + chosen(choice, index) - chosen(replaced, index)),
  };
}

export interface AskedQuestion {
  readonly id: string;
  /** When it was put to the class, server time in ms. */
  readonly openedAt: number;
}

export interface LearnerQuiz {
  /** Questions asked while the learner was present, and those answered. */
  readonly asked: number;
  readonly answered: number;
  readonly correct: number;
  /** correct / asked; null when nothing was asked while the learner was present. */
  readonly rate: number | null;
}

/**
 * [CT1] One learner's correct rate. A question is the learner's if it was opened while he was present, or if he
 * answered it anyway. `presence` is proven presence (`Attendance.counted`), without bridged time: nobody can answer
 * what our outage kept from him.
 *
 * @param answers by question id, whether the answer was correct
 */
export function learnerQuiz(
  questions: readonly AskedQuestion[],
  answers: ReadonlyMap<string, boolean>,
  presence: readonly Interval[],
): LearnerQuiz {
  const present = (at: number) => presence.some(({ from, to }) => from <= at && at < to);
  const own = questions.filter((question) => answers.has(question.id) || present(question.openedAt));
  const answered = own.filter((question) => answers.has(question.id)).length;
  const correct = own.filter((question) => answers.get(question.id) === true).length;
  return { asked: own.length, answered, correct, rate: own.length > 0 ? correct / own.length : null };
}

function isChoiceOf(question: QuizQuestion, choice: Choice): boolean {
  const inside = choice.every(
    (index) => Number.isInteger(index) && index >= 0 && index < question.options.length,
  );
  return inside && new Set(choice).size === choice.length;
}
