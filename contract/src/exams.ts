/** Exams: how a paper comes about, what an attempt is, and what is found about it. Marks are integer hundredths. */
import { z } from 'zod';
import { id, instant } from './domain.ts';
import { difficulty, itemKind } from './items.ts';

export const examKind = z.enum(['final', 'quiz', 'self-test']);
export type ExamKind = z.infer<typeof examKind>;
export const examState = z.enum(['draft', 'published', 'withdrawn']);
export type ExamState = z.infer<typeof examState>;
/** [EX5] */
export const multipleScoring = z.enum(['all-or-nothing', 'partial']);
/** What a learner is told: nothing, what was earned, or also what was right, that only once nobody can write any more [EX6]. */
export const examShows = z.enum(['nothing', 'score', 'answers']);

/** What one question is worth, in hundredths of a mark. */
export const points = z.int().min(1).max(10_000);
export const mostQuestions = 200;

/** So many questions of these properties; what is null is of no matter [EX4]. */
export const drawLine = z.object({
  kind: itemKind.nullable().default(null),
  contentPoint: z.string().trim().min(1).max(120).nullable().default(null),
  difficulty: difficulty.nullable().default(null),
  count: z.int().min(1).max(mostQuestions),
  points,
});
export type DrawLine = z.infer<typeof drawLine>;

export const paperPlan = z.discriminatedUnion('by', [
  z.object({
    by: z.literal('fixed'),
    questions: z
      .array(z.object({ itemId: id, points }))
      .min(1)
      .max(mostQuestions),
  }),
  z.object({ by: z.literal('rule'), lines: z.array(drawLine).min(1).max(50) }),
]);
export type PaperPlan = z.infer<typeof paperPlan>;

/** One question of one learner's paper: which revision it is for good, and in which order its parts are shown. */
export const drawnQuestion = z.object({
  itemId: id,
  revision: z.int().positive(),
  kind: itemKind,
  points,
  /** Of options, entries, or what stands on the right: places in what `withoutAnswers` gives. */
  shown: z.array(z.int().nonnegative()),
});
export type DrawnQuestion = z.infer<typeof drawnQuestion>;
export const drawnPaper = z.array(drawnQuestion).max(mostQuestions);
export type DrawnPaper = z.infer<typeof drawnPaper>;

/** What one answer earned; null while a person has to read it. */
export const gradedLine = z.object({
  position: z.int().nonnegative(),
  points,
  earned: z.int().nonnegative().nullable(),
  /** `strike`: it was no fair question, and everybody has its points. */
  by: z.enum(['rule', 'person', 'strike']),
  /** Of the question, that it was graded by: after a correction a later one than was asked. */
  revision: z.int().positive(),
  /** What the person who read it wants to say. */
  note: z.string().max(2_000).default(''),
});
export type GradedLine = z.infer<typeof gradedLine>;

export const gradingCause = z.enum(['automatic', 'marked', 'late-accepted', 'regraded']);
export type GradingCause = z.infer<typeof gradingCause>;

/** Where somebody stands in an exam. */
export const attemptState = z.enum(['writing', 'submitted', 'expired']);
export type AttemptState = z.infer<typeof attemptState>;

export const examEventKind = z.enum([
  'opened',
  /** A person saw who it is, since no face could be asked for. */
  'recognised',
  'hidden',
  'shown',
  'lost',
  'back',
  'taken-over',
  'waiting',
  'submitted',
  'deadline',
]);
export type ExamEventKind = z.infer<typeof examEventKind>;

/** What is known of somebody in the final exam of a course. */
export const examOutcome = z.discriminatedUnion('state', [
  /** The course has no final exam that was published. */
  z.object({ state: z.literal('no-exam') }),
  z.object({ state: z.literal('not-taken'), examId: id }),
  /** Handed in or still writing, and not graded to the end. */
  z.object({ state: z.literal('waiting'), examId: id }),
  z.object({
    state: z.enum(['passed', 'failed']),
    examId: id,
    attemptId: id,
    /** Of the best attempt. */
    earned: z.int().nonnegative(),
    most: z.int().nonnegative(),
    gradedAt: instant,
  }),
]);
export type ExamOutcome = z.infer<typeof examOutcome>;
