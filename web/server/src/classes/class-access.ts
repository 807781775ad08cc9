import type { ClassRole } from '@keshi/contract/domain';
import { type ClassRow, getClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { type Action, type Actor, can, type Resource } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';

/** `row` must have been read for this actor, so that `enrolled` is his. */
export function classResource(row: ClassRow): Extract<Resource, { kind: 'class' }> {
  const { orgPaths, instructorId, enrolled } = row;
  return { kind: 'class', orgPaths, instructorId, enrolled };
}

/** What a person is in a class; null when it is none of his business. */
export function roleIn(actor: Actor, row: ClassRow): ClassRole | null {
  const resource = classResource(row);
  if (can(actor, 'class.teach', resource)) return 'host';
  if (can(actor, 'class.attend', resource)) return 'attendee';
  if (can(actor, 'class.observe', resource)) return 'observer';
  return null;
}

/**
 * The class, once the actor may do this with it. Throws `not-found` when there is none or he has no place in it, so
 * that nobody learns of a class by asking, and `forbidden` when he has but may not do this.
 */
export async function findClass(
  db: Db,
  actor: Actor,
  id: string,
  action?: Action,
): Promise<{ row: ClassRow; role: ClassRole }> {
  const row = await getClass(db, id, actor.userId);
  const role = row && roleIn(actor, row);
  if (!row || !role) throw new AppError('not-found');
  if (action) authorise(actor, action, classResource(row));
  return { row, role };
}
