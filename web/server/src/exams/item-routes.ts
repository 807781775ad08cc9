import type { ItemWhole } from '@keshi/contract/http/items';
import { routes } from '@keshi/contract/http/routes';
import type { ItemContent, ItemState } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { lessonNames } from '@keshi/db/course-lessons';
import { coursesWithBank } from '@keshi/db/exam-courses';
import {
  contentPointsOf,
  createItems,
  getItem,
  listItems,
  setItemState,
  updateItem,
  type WholeItem,
} from '@keshi/db/items';
import { can, scopesOf } from '@keshi/rules/access';
import { AppError } from '@keshi/runtime/errors';
import { isDeepStrictEqual } from 'node:util';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { courseResource, demandLesson, findCourse } from './access.ts';
import type { ItemShelf } from './media/shelf.ts';

/** Which states a question may go to, and whose step it is. */
const steps: Record<ItemState, Partial<Record<ItemState, 'writer' | 'reviewer'>>> = {
  draft: { 'in-review': 'writer', retired: 'writer' },
  'in-review': { approved: 'reviewer', draft: 'reviewer', retired: 'writer' },
  approved: { draft: 'reviewer', retired: 'writer' },
  retired: { draft: 'writer' },
};

export function itemRoutes({ db, shelf }: { db: Db; shelf: ItemShelf }) {
  /** What a question shows must be there, and be of its own course. */
  async function confirmMedia(courseId: string, { media }: ItemContent): Promise<void> {
    const missing = await shelf.missing(
      courseId,
      media.map(({ key }) => key),
    );
    if (missing.length > 0) throw new AppError('invalid-input', { fields: ['body.content.media'] });
  }

  async function find(actor: Actor, id: string, write: boolean) {
    const item = await getItem(db, id);
    if (!item) throw new AppError('not-found');
    const course = await findCourse(db, actor, item.courseId, write ? 'bank.write' : 'bank.review').catch(
      async (refused: unknown) => {
        // Who writes may read as well; who may do neither is refused as before.
        if (write) throw refused;
        return findCourse(db, actor, item.courseId, 'bank.write');
      },
    );
    return { item, course };
  }

  async function reply(actor: Actor, id: string): Promise<ItemWhole> {
    const item = await getItem(db, id);
    if (!item) throw new AppError('not-found');
    return toReply(item, actor);
  }

  return {
    bankCourses: bind(routes.bankCourses, async ({ actor }) => {
      const under = (['bank.write', 'bank.review', 'exam.observe'] as const).flatMap((action) =>
        scopesOf(actor, action, 'course'),
      );
      const courses = await coursesWithBank(db, { under, teacherId: actor.userId });
      const ids = courses.map(({ id }) => id);
      const [points, lessons] = await Promise.all([contentPointsOf(db, ids), lessonNames(db, ids)]);
      return {
        courses: courses.map((course) => ({
          id: course.id,
          title: course.title,
          writes: can(actor, 'bank.write', courseResource(course)),
          reviews: can(actor, 'bank.review', courseResource(course)),
          contentPoints: points.get(course.id) ?? [],
          lessons: lessons.get(course.id) ?? [],
        })),
      };
    }),

    listItems: bind(routes.listItems, async ({ actor, params, query }) => {
      await findCourse(db, actor, params.id, 'bank.write').catch(() =>
        findCourse(db, actor, params.id, 'bank.review'),
      );
      const { q, ...filter } = query;
      return listItems(db, { ...filter, courseId: params.id, query: q });
    }),

    getItem: bind(routes.getItem, async ({ actor, params }) => {
      const { item } = await find(actor, params.id, false);
      return toReply(item, actor);
    }),

    createItem: bind(routes.createItem, async ({ actor, params, body, audit }) => {
      const course = await findCourse(db, actor, params.id, 'bank.write');
      await demandLesson(db, params.id, body.lessonId);
      await confirmMedia(params.id, body.content);
      const [id] = await createItems(db, {
        courseId: params.id,
        byId: actor.userId,
        drafts: [body],
      });
      if (id === undefined) throw new AppError('internal', { message: 'no question was stored' });
      await audit({ action: 'item.created', targetType: 'item', targetId: id, orgPath: course.orgPath });
      return reply(actor, id);
    }),

    updateItem: bind(routes.updateItem, async ({ actor, params, body, audit }) => {
      const { item, course } = await find(actor, params.id, true);
      const { version, ...said } = body;
      await demandLesson(db, item.courseId, said.lessonId);
      const newWords = !isDeepStrictEqual(said.content, item.content);
      if (newWords) await confirmMedia(item.courseId, said.content);
      await updateItem(db, { id: item.id, version, byId: actor.userId, draft: said, newWords });
      await audit({
        action: 'item.changed',
        targetType: 'item',
        targetId: item.id,
        orgPath: course.orgPath,
        detail: { newWords },
      });
      return reply(actor, item.id);
    }),

    setItemState: bind(routes.setItemState, async ({ actor, params, body, audit }) => {
      const { item, course } = await find(actor, params.id, false);
      const whose = steps[item.state][body.state];
      if (!whose) throw new AppError('conflict');
      if (whose === 'writer') authorise(actor, 'bank.write', courseResource(course));
      else
        authorise(actor, 'bank.review', {
          kind: 'item',
          orgPaths: [course.orgPath],
          userId: item.writtenById,
        });
      await setItemState(db, { id: item.id, version: body.version, state: body.state });
      await audit({
        action: 'item.state',
        targetType: 'item',
        targetId: item.id,
        orgPath: course.orgPath,
        detail: { from: item.state, to: body.state, revision: item.revision },
      });
      return reply(actor, item.id);
    }),
  };
}

function toReply({ writtenById, ...item }: WholeItem, actor: Actor): ItemWhole {
  return { ...item, yours: writtenById === actor.userId };
}
