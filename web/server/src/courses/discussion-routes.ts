/** [E1] What is discussed about a course, by those who take it and those who teach it. */
import { routes } from '@keshi/contract/http/routes';
import type { Db } from '@keshi/db/client';
import { maskName } from '@keshi/db/crypto';
import {
  circleOfCourse,
  circleOfThread,
  type CourseCircle,
  deletePost,
  openThread,
  pageThreads,
  readThread,
  replyToThread,
  threadOfPost,
} from '@keshi/db/discussions';
import { namesOf } from '@keshi/db/person-names';
import { storeScreeningHit } from '@keshi/db/screening';
import { can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import type { Screen } from '../questions/screen.ts';
import { courseResource } from './making-access.ts';

interface Deps {
  db: Db;
  clock: Clock;
  screen: Screen;
}

export function discussionRoutes({ db, clock, screen }: Deps) {
  /** For everybody else there is no such course. */
  function admit(actor: Actor, circle: CourseCircle | null): CourseCircle {
    const { enrolled = false } = circle ?? {};
    const resource = circle && courseResource({ ...circle, authorIds: circle.teacherIds });
    if (!resource || !can(actor, 'course.discuss', { ...resource, enrolled }))
      throw new AppError('not-found');
    return circle;
  }
  const inCourse = async (actor: Actor, id: string) =>
    admit(actor, await circleOfCourse(db, id, actor.userId));
  const inThread = async (actor: Actor, id: string) =>
    admit(actor, await circleOfThread(db, id, actor.userId));

  const teaches = ({ userId }: Actor, { teacherIds }: CourseCircle) => teacherIds.includes(userId);

  async function demandFit(actor: Actor, { orgPath }: CourseCircle, text: string): Promise<void> {
    const [hit, ...more] = screen(text);
    if (!hit) return;
    await storeScreeningHit(db, {
      classId: null,
      at: clock(),
      userId: actor.userId,
      surface: 'course',
      category: hit.category,
      terms: [...new Set([hit, ...more].map(({ term }) => term))],
      text,
      orgPath,
    });
    throw new AppError('screened');
  }

  /** Teachers stand there by their names; fellow learners masked, unless a teacher reads. */
  async function authorsFor(actor: Actor, circle: CourseCircle, userIds: readonly string[]) {
    const names = await namesOf(db, [...new Set(userIds)]);
    return (userId: string) => {
      const name = names.get(userId) ?? '';
      const open = userId === actor.userId || circle.teacherIds.includes(userId) || teaches(actor, circle);
      return open ? name : maskName(name);
    };
  }

  return {
    listThreads: bind(routes.listThreads, async ({ actor, params, query }) => {
      const circle = await inCourse(actor, params.id);
      const { q, offset, limit } = query;
      const { total, rows } = await pageThreads(db, { courseId: circle.courseId, query: q, offset, limit });
      const author = await authorsFor(
        actor,
        circle,
        rows.map(({ userId }) => userId),
      );
      return {
        total,
        rows: rows.map(({ userId, createdAt: at, ...thread }) => ({
          ...thread,
          at,
          author: author(userId),
          own: userId === actor.userId,
        })),
      };
    }),

    openThread: bind(routes.openThread, async ({ actor, params, body }) => {
      const circle = await inCourse(actor, params.id);
      await demandFit(actor, circle, `${body.title}\n${body.text}`);
      const { courseId } = circle;
      const { userId } = actor;
      const id = await openThread(db, {
        ...{ courseId, userId, asTeacher: teaches(actor, circle), at: clock() },
        ...body,
      });
      return { id };
    }),

    readThread: bind(routes.readThread, async ({ actor, params }) => {
      const circle = await inThread(actor, params.id);
      const thread = await readThread(db, params.id);
      if (!thread) throw new AppError('not-found');
      const author = await authorsFor(
        actor,
        circle,
        thread.posts.map(({ userId }) => userId),
      );
      return {
        title: thread.title,
        posts: thread.posts.map(({ userId, createdAt: at, ...post }) => ({
          ...post,
          at,
          author: author(userId),
          own: userId === actor.userId,
          mayDelete: post.text !== null && (userId === actor.userId || teaches(actor, circle)),
        })),
      };
    }),

    replyToThread: bind(routes.replyToThread, async ({ actor, params, body }) => {
      const circle = await inThread(actor, params.id);
      await demandFit(actor, circle, body.text);
      const said = await replyToThread(db, {
        threadId: params.id,
        userId: actor.userId,
        asTeacher: teaches(actor, circle),
        text: body.text,
        at: clock(),
        path: `/courses/${circle.courseId}#discussion`,
      });
      if (!said) throw new AppError('not-found');
    }),

    deletePost: bind(routes.deletePost, async ({ actor, params, audit }) => {
      const post = await threadOfPost(db, params.id);
      if (!post) throw new AppError('not-found');
      const circle = await inThread(actor, post.threadId);
      const own = post.userId === actor.userId;
      if (!own && !teaches(actor, circle)) throw new AppError('forbidden');
      if (!own)
        await audit({
          ...{
            action: 'discussion.deleted',
            targetType: 'user',
            targetId: post.userId,
            orgPath: circle.orgPath,
          },
          detail: { postId: params.id },
        });
      await deletePost(db, { id: params.id, at: clock() });
    }),
  };
}
