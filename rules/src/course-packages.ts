/** What a course package needs before experts look at it, and before learners do [C3, C5, C7]. */
import type { PackageProblem } from '@keshi/contract/courses';
import { hasTimeLine, type LessonKind, type LessonState } from '@keshi/contract/lessons';

/** [C3] A lecture generally lasts at most this long: longer ones are warned of, and never refused. */
export const lectureMs = 25 * 60_000;
/** [C5] So much of a package can be watched for nothing. */
export const previewMs = 10 * 60_000;
/** [C7] So many experts sign a package before it is listed. */
export const approvalsNeeded = 2;

export interface LessonFacts {
  kind: LessonKind;
  state: LessonState;
  durationMs: number | null;
  declaredMs: number | null;
  minimumMs: number | null;
  completion: string | null;
  preview: boolean;
  /** Something was made of its upload, or is recorded of its class. */
  hasMedia: boolean;
  body: string;
  /** How many places on its time line have a name. */
  marks: number;
}

/** [C3] Longer than a lecture generally is, and not divided yet. What was held live lasts as long as it lasted. */
export function isLongLecture({ kind, durationMs, marks }: LessonFacts): boolean {
  return kind !== 'replay' && (durationMs ?? 0) > lectureMs && marks < 2;
}

/** Whether there is something to study in it. A lesson without a time line says what it earns and takes [WL9]. */
export function isReady(lesson: LessonFacts): boolean {
  if (hasTimeLine(lesson.kind)) return lesson.hasMedia && (lesson.durationMs ?? 0) > 0;
  if (lesson.declaredMs === null || lesson.completion === null) return false;
  if (lesson.completion === 'read' && lesson.minimumMs === null) return false;
  if ((lesson.minimumMs ?? 0) > lesson.declaredMs) return false;
  return lesson.kind === 'text' ? lesson.body.trim() !== '' : lesson.hasMedia;
}

/** [C5] What is published and free to watch. */
export function freePreviewMs(lessons: readonly LessonFacts[]): number {
  return lessons
    .filter(({ preview, state }) => preview && state === 'published')
    .reduce((sum, { durationMs, declaredMs }) => sum + (durationMs ?? declaredMs ?? 0), 0);
}

/** What keeps a package from being submitted; empty when nothing does. */
export function packageProblems(of: {
  introduction: string;
  points: number;
  occupation: boolean;
  lessons: readonly LessonFacts[];
}): PackageProblem[] {
  const problems: PackageProblem[] = [];
  if (of.introduction.trim() === '') problems.push('no-introduction');
  if (!of.occupation) problems.push('no-occupation');
  if (of.points === 0) problems.push('no-points');
  const standing = of.lessons.filter(({ state }) => state !== 'withdrawn');
  if (standing.length === 0) problems.push('no-lessons');
  if (standing.some(({ state }) => state === 'draft')) problems.push('unpublished-lesson');
  if (freePreviewMs(of.lessons) < previewMs) problems.push('short-preview');
  return problems;
}
