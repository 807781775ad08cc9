import { routes } from '@keshi/contract/http/routes';
import type { MakingCourse } from '@keshi/contract/http/courses';
import type { Db } from '@keshi/db/client';
import {
  authorsOf,
  type CoursePackage,
  describePackage,
  getPackage,
  instructorsByLogin,
  latestReviews,
  listPackages,
  moveListing,
  setAuthors,
  storeReview,
} from '@keshi/db/course-packages';
import { chaptersOf, lessonsOf } from '@keshi/db/lessons';
import { namesOf } from '@keshi/db/person-names';
import { getProject, occupationCodes } from '@keshi/db/training-projects';
import { can, scopesOf } from '@keshi/rules/access';
import { approvalsNeeded, freePreviewMs, packageProblems } from '@keshi/rules/course-packages';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import { authorise } from '../access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { factsOf, rowOf } from '../lessons/view.ts';
import { courseResource, findPackage } from './making-access.ts';

/** What a review is about. */
const reviewed = ['title', 'summary', 'introduction', 'packageType', 'occupationCode', 'points'] as const;

export function makingRoutes({ db, clock }: { db: Db; clock: Clock }) {
  async function problemsOf(course: CoursePackage) {
    const facts = (await lessonsOf(db, course.id)).map(factsOf);
    return packageProblems({
      introduction: course.introduction,
      points: course.points.length,
      occupation: course.occupation !== null,
      lessons: facts,
    });
  }

  async function view(actor: Actor, id: string): Promise<MakingCourse> {
    const course = await getPackage(db, id);
    if (!course) throw new AppError('not-found');
    const [chapters, lessons, authors, reviews] = await Promise.all([
      chaptersOf(db, id),
      lessonsOf(db, id),
      authorsOf(db, id),
      latestReviews(db, id),
    ]);
    const names = await namesOf(db, [...new Set(reviews.map(({ byId }) => byId))]);
    const facts = lessons.map(factsOf);
    const resource = courseResource(course);
    const { authorIds: _, orgKind: __, orgPath, submittedById: ___, ...own } = course;
    return {
      ...own,
      authors,
      chapters: chapters.map(({ courseId: ____, ...chapter }) => chapter),
      lessons: lessons.map(rowOf),
      previewMs: freePreviewMs(facts),
      problems: await problemsOf(course),
      reviews: reviews.map(({ byId, ...review }) => ({ ...review, by: names.get(byId) ?? '' })),
      approvalsNeeded,
      may: {
        edit: can(actor, 'course.manage', resource),
        discuss: can(actor, 'course.discuss', resource),
        appoint: can(actor, 'course.manage', { kind: 'org', path: orgPath }),
        review: course.listing === 'in-review' && can(actor, 'course.review', resource),
      },
    };
  }

  const about = (course: CoursePackage) => ({
    targetType: 'course',
    targetId: course.id,
    orgPath: course.orgPath,
  });

  return {
    listMaking: bind(routes.listMaking, async ({ actor, query }) => {
      const { q, offset, limit, listing } = query;
      const under = scopesOf(actor, 'course.manage', 'course');
      const reviewedUnder = scopesOf(actor, 'course.review', 'course');
      const writes = can(actor, 'course.manage', { kind: 'course', orgPaths: [], authorIds: [actor.userId] });
      if (under.length + reviewedUnder.length === 0 && !writes) throw new AppError('forbidden');
      return listPackages(db, {
        under,
        reviewedUnder,
        writtenBy: actor.userId,
        listing,
        query: q,
        offset,
        limit,
      });
    }),

    makingCourse: bind(routes.makingCourse, async ({ actor, params }) => {
      await findPackage(db, actor, params.id, 'look');
      return view(actor, params.id);
    }),

    describeCourse: bind(routes.describeCourse, async ({ actor, params, body, audit }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      if (typeof body.occupationCode === 'string') {
        const known = await occupationCodes(db, [body.occupationCode]);
        if (known.size === 0) throw new AppError('invalid-input', { fields: ['body.occupationCode'] });
      }
      if (typeof body.projectId === 'string') {
        const project = await getProject(db, body.projectId);
        // A course goes into a project of its own organisation, or of one above it.
        if (!project || !course.orgPath.startsWith(project.orgPath))
          throw new AppError('invalid-input', { fields: ['body.projectId'] });
      }
      // What experts look at, or have approved, stays as it is until it is taken back.
      const underReview = course.listing === 'in-review' || course.listing === 'listed';
      if (underReview && reviewed.some((field) => body[field] !== undefined)) throw new AppError('conflict');
      await describePackage(db, { id: course.id, ...body });
      await audit({
        action: 'course.described',
        ...about(course),
        detail: { fields: Object.keys(body).filter((field) => field !== 'version') },
      });
      return view(actor, course.id);
    }),

    setAuthors: bind(routes.setAuthors, async ({ actor, params, body, audit }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      authorise(actor, 'course.manage', { kind: 'org', path: course.orgPath });
      const logins = [...new Set(body.logins)];
      const known = await instructorsByLogin(db, { logins, under: course.orgPath });
      const unknown = logins.filter((login) => !known.has(login));
      if (unknown.length > 0) return { unknown };
      const userIds = [...known.values()];
      await setAuthors(db, { courseId: course.id, userIds });
      await audit({ action: 'course.authors-changed', ...about(course), detail: { userIds } });
      return { unknown: [] };
    }),

    submitCourse: bind(routes.submitCourse, async ({ actor, params, body, audit }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      if (course.version !== body.version) throw new AppError('outdated');
      if ((await problemsOf(course)).length > 0) throw new AppError('not-ready');
      await moveListing(db, {
        id: course.id,
        version: body.version,
        from: ['draft', 'returned', 'withdrawn'],
        to: 'in-review',
        byId: actor.userId,
        now: clock(),
      });
      await audit({ action: 'course.submitted', ...about(course) });
      return view(actor, course.id);
    }),

    delistCourse: bind(routes.delistCourse, async ({ actor, params, body, audit }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      await moveListing(db, {
        id: course.id,
        version: body.version,
        from: ['in-review', 'listed'],
        to: 'withdrawn',
        byId: actor.userId,
        now: clock(),
      });
      await audit({ action: 'course.delisted', ...about(course) });
      return view(actor, course.id);
    }),

    reviewCourse: bind(routes.reviewCourse, async ({ actor, params, body, audit }) => {
      const course = await findPackage(db, actor, params.id, 'look');
      authorise(actor, 'course.review', courseResource(course));
      // Who handed it in does not judge it either.
      if (course.submittedById === actor.userId) throw new AppError('forbidden');
      const decided = await storeReview(db, {
        courseId: course.id,
        ...body,
        byId: actor.userId,
        needed: approvalsNeeded,
        now: clock(),
      });
      await audit({
        action: 'course.reviewed',
        ...about(course),
        detail: { decision: body.decision, listing: decided },
      });
      return view(actor, course.id);
    }),
  };
}
