/** An exam as its learner sees it: nothing of what is right before nobody can write any more [EX6]. */
import type { AskedQuestion, AttemptPaper, OwnExam } from '@keshi/contract/http/exams';
import { itemAnswer, type ItemContent, withoutAnswers } from '@keshi/contract/items';
import { type Attempt, type StoredAnswer, stateOfAttempt } from '@keshi/db/exam-attempts';
import type { AttemptHistory } from '@keshi/db/exam-board';
import type { Exam } from '@keshi/db/exams';
import { beatMs, closedForEveryoneAt } from '@keshi/rules/exams/attempts';

/** What was earned, as far as the exam shows it to who wrote it. */
export function shownGrade(exam: Pick<Exam, 'show'>, attempt: Attempt) {
  const { endedAt, earned, most, waiting, passed } = attempt;
  return exam.show === 'nothing' || endedAt === null || earned === null
    ? null
    : { earned, most, waiting, passed };
}

export function ownAttemptOf(exam: Pick<Exam, 'show'>, attempt: Attempt): OwnExam['own'][number] {
  const { id, number, startedAt, deadline, endedAt } = attempt;
  return {
    id,
    number,
    state: stateOfAttempt(attempt),
    startedAt,
    deadline,
    endedAt,
    grade: shownGrade(exam, attempt),
  };
}

export function ownExamOf(exam: Exam, attempts: readonly Attempt[], extraMs: number): OwnExam {
  const { id, courseTitle, kind, title, opensAt, closesAt, durationMs, passPercent, identity } = exam;
  return {
    id,
    courseTitle,
    kind,
    title,
    opensAt,
    closesAt,
    durationMs,
    passPercent,
    identity,
    extraMs,
    attempts: exam.attempts,
    own: attempts.map((attempt) => ownAttemptOf(exam, attempt)),
  };
}

/**
 * [EX6] From when on this learner may see what was right in this attempt; null when never. A self-test has no window and
 * nobody to be unfair to: it shows when it has ended.
 */
export function answersFrom(exam: Exam, attempt: Attempt, extras: Iterable<number>): number | null {
  if (exam.show !== 'answers' || attempt.endedAt === null) return null;
  if (exam.kind === 'self-test' && exam.closesAt === null) return attempt.endedAt;
  return closedForEveryoneAt(exam, [...extras]);
}

export function paperOf(
  exam: Exam,
  attempt: Attempt,
  of: { contents: readonly ItemContent[]; answers: ReadonlyMap<number, StoredAnswer>; now: number },
): AttemptPaper {
  const { contents, answers, now } = of;
  return {
    id: attempt.id,
    examId: exam.id,
    title: exam.title,
    lease: attempt.lease,
    serverTime: now,
    startedAt: attempt.startedAt,
    deadline: attempt.deadline,
    beatMs,
    questions: attempt.paper.flatMap(({ points, shown }, position): AskedQuestion[] => {
      const content = contents[position];
      const stored = answers.get(position);
      if (!content) return [];
      return [
        {
          position,
          points,
          shown,
          item: withoutAnswers(content),
          answer: stored?.answer ?? null,
          lease: stored?.lease ?? 0,
        },
      ];
    }),
  };
}

/** Each question with what was right, what was answered, and what that earned. */
export function readQuestions(
  attempt: Attempt,
  of: {
    contents: readonly ItemContent[];
    answers: ReadonlyMap<number, StoredAnswer>;
    gradings: AttemptHistory['gradings'];
  },
) {
  const lines = of.gradings.at(-1)?.lines ?? [];
  return attempt.paper.flatMap(({ points, revision }, position) => {
    const content = of.contents[position];
    if (!content) return [];
    const line = lines[position] ?? {
      position,
      points,
      revision,
      earned: null,
      by: 'rule' as const,
      note: '',
    };
    return [{ position, content, answer: of.answers.get(position)?.answer ?? null, line }];
  });
}

export const storedAnswer = (answer: unknown) => itemAnswer.nullable().parse(answer);
