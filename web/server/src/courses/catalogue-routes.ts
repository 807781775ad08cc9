import type { CoursePage } from '@keshi/contract/http/courses';
import { routes } from '@keshi/contract/http/routes';
import {
  catalogueCourse,
  type CatalogueEntry,
  enrolSelf,
  latestRatings,
  listCatalogue,
  rateCourse,
  ratingOf,
} from '@keshi/db/catalogue';
import type { Db } from '@keshi/db/client';
import { getPackage } from '@keshi/db/course-packages';
import { storeScreeningHit } from '@keshi/db/screening';
import { can } from '@keshi/rules/access';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import type { Screen } from '../questions/screen.ts';
import { courseResource } from './making-access.ts';

interface Deps {
  db: Db;
  clock: Clock;
  screen: Screen;
}

export function catalogueRoutes({ db, clock, screen }: Deps) {
  const pathsOf = (actor: Actor) => actor.memberships.map(({ orgPath }) => orgPath);
  const mayEnrol = (actor: Actor) =>
    can(actor, 'course.enrol', { kind: 'person', userId: actor.userId, memberships: actor.memberships });

  /** The entry as this person finds it; a course that is none of his business does not exist for him. */
  async function find(actor: Actor, courseId: string): Promise<CatalogueEntry> {
    const { rows } = await listCatalogue(db, {
      userId: actor.userId,
      paths: pathsOf(actor),
      courseId,
      limit: 1,
    });
    const [entry] = rows;
    if (!entry) throw new AppError('not-found');
    return entry;
  }

  async function page(actor: Actor, courseId: string): Promise<CoursePage> {
    const [entry, course] = await Promise.all([find(actor, courseId), catalogueCourse(db, courseId)]);
    if (!course) throw new AppError('not-found');
    const { selfEnrol, ...rest } = course;
    return {
      ...entry,
      ...rest,
      mayEnrol: selfEnrol && !entry.enrolled && mayEnrol(actor),
      yourRating: await ratingOf(db, courseId, actor.userId),
      latestRatings: await latestRatings(db, courseId),
    };
  }

  return {
    listCatalogue: bind(routes.listCatalogue, async ({ actor, query }) => {
      const { q, mine, ...filter } = query;
      return listCatalogue(db, {
        ...filter,
        query: q,
        mine: mine === '1',
        userId: actor.userId,
        paths: pathsOf(actor),
      });
    }),

    getCourse: bind(routes.getCourse, async ({ actor, params }) => page(actor, params.id)),

    enrolSelf: bind(routes.enrolSelf, async ({ actor, params, audit }) => {
      const entry = await find(actor, params.id);
      if (!mayEnrol(actor)) throw new AppError('forbidden');
      const course = await getPackage(db, entry.id);
      if (!course?.selfEnrol) throw new AppError('forbidden');
      if (!entry.enrolled) {
        await enrolSelf(db, { courseId: course.id, userId: actor.userId });
        await audit({
          action: 'course.enrolled-self',
          targetType: 'course',
          targetId: course.id,
          orgPath: course.orgPath,
        });
      }
      return page(actor, course.id);
    }),

    rateCourse: bind(routes.rateCourse, async ({ actor, params, body }) => {
      const entry = await find(actor, params.id);
      const course = await getPackage(db, entry.id);
      if (!course) throw new AppError('not-found');
      authorise(actor, 'course.rate', { ...courseResource(course), enrolled: entry.enrolled });
      const [hit, ...more] = screen(body.text);
      if (hit) {
        await storeScreeningHit(db, {
          classId: null,
          at: clock(),
          userId: actor.userId,
          surface: 'course',
          category: hit.category,
          terms: [...new Set([hit, ...more].map(({ term }) => term))],
          text: body.text,
          orgPath: course.orgPath,
        });
        throw new AppError('screened');
      }
      await rateCourse(db, { courseId: course.id, userId: actor.userId, now: clock(), ...body });
      return page(actor, course.id);
    }),
  };
}
