import type { Db } from '@keshi/db/client';
import { type CoursePackage, getPackage } from '@keshi/db/course-packages';
import { getLesson, type Lesson } from '@keshi/db/lessons';
import { type Actor, can, type Resource } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';

type CourseResource = Extract<Resource, { kind: 'course' }>;

export function courseResource(of: { orgPath: string; authorIds: readonly string[] }): CourseResource {
  return { kind: 'course', orgPaths: [of.orgPath], authorIds: of.authorIds };
}

/** Whoever makes or reviews it sees it as it is made; for everybody else it does not exist. */
function demand(actor: Actor, resource: CourseResource, action: 'course.manage' | 'look'): void {
  const manages = can(actor, 'course.manage', resource);
  if (manages) return;
  if (!can(actor, 'course.review', resource)) throw new AppError('not-found');
  if (action !== 'look') throw new AppError('forbidden');
}

/** Throws `not-found`, or `forbidden` for who may look at it but not change it. */
export async function findPackage(
  db: Db,
  actor: Actor,
  id: string,
  action: 'course.manage' | 'look',
): Promise<CoursePackage> {
  const course = await getPackage(db, id);
  if (!course) throw new AppError('not-found');
  demand(actor, courseResource(course), action);
  return course;
}

/** The same for a lesson, by its course. */
export async function findLesson(
  db: Db,
  actor: Actor,
  id: string,
  action: 'course.manage' | 'look',
): Promise<Lesson> {
  const lesson = await getLesson(db, id);
  if (!lesson) throw new AppError('not-found');
  demand(actor, courseResource(lesson), action);
  return lesson;
}
