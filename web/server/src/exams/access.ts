/** Whose business an exam is. */
import type { Db } from '@keshi/db/client';
import { isLessonOf } from '@keshi/db/course-lessons';
import { type ExamCourse, examCourse } from '@keshi/db/exam-courses';
import { type Exam, getExam } from '@keshi/db/exams';
import { type Attempt, getAttempt } from '@keshi/db/exam-attempts';
import { type Action, type Actor, can, type Resource } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';

type CourseResource = Extract<Resource, { kind: 'course' }>;
type ExamResource = Extract<Resource, { kind: 'exam' }>;

export const courseResource = ({
  orgPath,
  authorIds,
}: Pick<ExamCourse, 'orgPath' | 'authorIds'>): CourseResource => ({
  kind: 'course',
  orgPaths: [orgPath],
  authorIds,
});

export const examResource = ({ orgPath, authorIds, enrolled }: ExamCourse): ExamResource => ({
  kind: 'exam',
  orgPaths: [orgPath],
  authorIds,
  enrolled,
});

/** Looking at the bank is writing in it, reviewing it, or observing its exams. */
export const seesCourse = (actor: Actor, course: CourseResource) =>
  can(actor, 'bank.write', course) || can(actor, 'bank.review', course) || can(actor, 'exam.observe', course);

/** The course, once the actor may do this with it; `not-found` for a course that is none of his business. */
export async function findCourse(db: Db, actor: Actor, id: string, action: Action): Promise<ExamCourse> {
  const course = await examCourse(db, id, actor.userId);
  if (!course || !seesCourse(actor, courseResource(course))) throw new AppError('not-found');
  authorise(actor, action, courseResource(course));
  return course;
}

/** What is bound to a lesson is bound to one of its own course: a question of another's would be asked there. */
export async function demandLesson(db: Db, courseId: string, lessonId: string | null): Promise<void> {
  if (!(await isLessonOf(db, courseId, lessonId)))
    throw new AppError('invalid-input', { fields: ['body.lessonId'] });
}

/** The exam, once the actor may do this with it. What is not published exists for nobody who only takes it. */
export async function findExam(
  db: Db,
  actor: Actor,
  id: string,
  action: Action,
): Promise<{ exam: Exam; course: ExamCourse }> {
  const exam = await getExam(db, id);
  const course = exam && (await examCourse(db, exam.courseId, actor.userId));
  if (!exam || !course) throw new AppError('not-found');
  const resource = examResource(course);
  const sees = can(actor, 'exam.observe', resource) || can(actor, 'exam.manage', resource);
  const takes = can(actor, 'exam.take', resource) && exam.state === 'published';
  if (!sees && !takes) throw new AppError('not-found');
  authorise(actor, action, resource);
  return { exam, course };
}

/** The attempt with its exam, once the actor may do this with it. */
export async function findAttempt(
  db: Db,
  actor: Actor,
  id: string,
  action: Action,
): Promise<{ attempt: Attempt; exam: Exam; course: ExamCourse }> {
  const attempt = await getAttempt(db, id);
  if (!attempt) throw new AppError('not-found');
  return { attempt, ...(await findExam(db, actor, attempt.examId, action)) };
}
