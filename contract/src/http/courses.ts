/** Course packages: making and reviewing them, the catalogue, and what learners find on a course's page. */
import { z } from 'zod';
import { audience, coursePoints, listing, occupationCode, packageProblem, packageType } from '../courses.ts';
import { durationMs, id, instant } from '../domain.ts';
import { lessonKind } from '../lessons.ts';
import { lessonRow } from './lessons.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const version = z.int().min(1);
const occupation = z.object({ code: z.string(), name: z.string() });
const project = z.object({ id, name: z.string() });

export const makingRow = z.object({
  id,
  orgName: z.string(),
  title: z.string(),
  listing,
  lessons: z.int().nonnegative(),
  published: z.int().nonnegative(),
  version,
});
export type MakingRow = z.infer<typeof makingRow>;

const review = z.object({
  id,
  by: z.string(),
  at: instant,
  decision: z.enum(['approve', 'return']),
  opinion: z.string(),
});

/** A course as whoever makes or reviews it sees it. */
export const makingCourse = z.object({
  id,
  orgId: id,
  orgName: z.string(),
  title: z.string(),
  summary: z.string(),
  introduction: z.string(),
  audience,
  packageType,
  occupation: occupation.nullable(),
  project: project.nullable(),
  points: coursePoints,
  selfEnrol: z.boolean(),
  listing,
  listingAt: instant.nullable(),
  authors: z.array(z.object({ id, login: z.string(), name: z.string() })),
  chapters: z.array(z.object({ id, title: z.string(), ordinal: z.int(), version })),
  lessons: z.array(lessonRow),
  /** [C5] Published and free to watch. */
  previewMs: durationMs,
  /** What stands between it and a review; empty when it can be submitted. */
  problems: z.array(packageProblem),
  /** Of what was last submitted, oldest first. */
  reviews: z.array(review),
  approvalsNeeded: z.int(),
  may: z.object({ edit: z.boolean(), appoint: z.boolean(), review: z.boolean(), discuss: z.boolean() }),
  version,
});
export type MakingCourse = z.infer<typeof makingCourse>;

export const catalogueRow = z.object({
  id,
  title: z.string(),
  summary: z.string(),
  orgName: z.string(),
  audience,
  packageType,
  occupation: occupation.nullable(),
  project: project.nullable(),
  lessons: z.int().nonnegative(),
  totalMs: durationMs,
  rating: z.number().nullable(),
  ratings: z.int().nonnegative(),
  enrolled: z.boolean(),
});
export type CatalogueRow = z.infer<typeof catalogueRow>;

export const coursePage = catalogueRow.extend({
  introduction: z.string(),
  points: coursePoints,
  chapters: z.array(z.object({ id, title: z.string() })),
  lessons: z.array(
    z.object({
      id,
      chapterId: id.nullable(),
      title: z.string(),
      kind: lessonKind,
      durationMs: durationMs.nullable(),
      declaredMs: durationMs.nullable(),
      preview: z.boolean(),
    }),
  ),
  mayEnrol: z.boolean(),
  yourRating: z.object({ stars: z.int(), text: z.string() }).nullable(),
  latestRatings: z.array(z.object({ name: z.string(), stars: z.int(), text: z.string(), at: instant })),
});
export type CoursePage = z.infer<typeof coursePage>;

export const projectRow = z.object({
  id,
  orgId: id,
  orgName: z.string(),
  name: z.string(),
  summary: z.string(),
  audience,
  occupation: occupation.nullable(),
  courses: z.int().nonnegative(),
  version,
});
export type ProjectRow = z.infer<typeof projectRow>;

const projectBody = z.object({
  name: z.string().trim().min(1).max(120),
  summary: z.string().trim().max(2_000).default(''),
  audience: audience.default('anyone'),
  occupationCode: occupationCode.nullable().default(null),
});

export const courseRoutes = defineRoutes({
  listMaking: {
    method: 'GET',
    path: '/api/making/courses',
    tag: 'making',
    access: 'session',
    summary: 'Courses one writes, manages or may review.',
    query: pageQuery.extend({ listing: listing.optional() }),
    reply: pageOf(makingRow),
  },
  makingCourse: {
    method: 'GET',
    path: '/api/making/courses/:id',
    tag: 'making',
    access: 'session',
    summary: 'A course with its chapters, lessons, problems and reviews.',
    params: byId,
    reply: makingCourse,
  },
  describeCourse: {
    method: 'PATCH',
    path: '/api/making/courses/:id',
    tag: 'making',
    access: 'session',
    summary: 'What a package says of itself; absent fields stay.',
    params: byId,
    body: z.object({
      version,
      title: z.string().trim().min(1).max(120).optional(),
      summary: z.string().trim().max(2_000).optional(),
      introduction: z.string().trim().max(20_000).optional(),
      audience: audience.optional(),
      packageType: packageType.optional(),
      occupationCode: occupationCode.nullable().optional(),
      projectId: id.nullable().optional(),
      points: coursePoints.optional(),
      selfEnrol: z.boolean().optional(),
    }),
    reply: makingCourse,
  },
  setAuthors: {
    method: 'PUT',
    path: '/api/making/courses/:id/authors',
    tag: 'making',
    access: 'session',
    summary:
      'Who writes a course: instructors of its organisation, by login. Unknown logins come back, nothing is half done.',
    params: byId,
    body: z.object({ logins: z.array(z.string().trim().min(1).max(64)).max(20) }),
    reply: z.object({ unknown: z.array(z.string()) }),
  },
  submitCourse: {
    method: 'POST',
    path: '/api/making/courses/:id/submit',
    tag: 'making',
    access: 'session',
    summary: 'Hand a package in for review; `not-ready` while it has problems.',
    params: byId,
    body: z.object({ version }),
    reply: makingCourse,
  },
  delistCourse: {
    method: 'POST',
    path: '/api/making/courses/:id/delist',
    tag: 'making',
    access: 'session',
    summary: 'Take a package back from review, or from the catalogue.',
    params: byId,
    body: z.object({ version }),
    reply: makingCourse,
  },
  reviewCourse: {
    method: 'POST',
    path: '/api/making/courses/:id/reviews',
    tag: 'making',
    access: 'session',
    summary:
      'An expert’s decision about what was submitted. It is listed with the last approval that was needed.',
    params: byId,
    body: z.object({
      version,
      decision: z.enum(['approve', 'return']),
      opinion: z.string().trim().min(2).max(2_000),
    }),
    reply: makingCourse,
  },
  listCatalogue: {
    method: 'GET',
    path: '/api/catalogue',
    tag: 'courses',
    access: 'session',
    summary: '[C1] Listed packages, and those one is enrolled in.',
    query: pageQuery.extend({
      audience: audience.optional(),
      packageType: packageType.optional(),
      /** It and everything below it. */
      occupation: occupationCode.optional(),
      projectId: id.optional(),
      mine: z.enum(['1']).optional(),
    }),
    reply: pageOf(catalogueRow),
  },
  getCourse: {
    method: 'GET',
    path: '/api/courses/:id',
    tag: 'courses',
    access: 'session',
    summary: 'A package: introduction, chapters, lessons, points and ratings.',
    params: byId,
    reply: coursePage,
  },
  enrolSelf: {
    method: 'POST',
    path: '/api/courses/:id/enrol',
    tag: 'courses',
    access: 'session',
    summary: 'Enrol oneself where the course allows it.',
    params: byId,
    reply: coursePage,
  },
  rateCourse: {
    method: 'PUT',
    path: '/api/courses/:id/rating',
    tag: 'courses',
    access: 'session',
    summary: '[E5] One’s rating of a course one is enrolled in; another one takes its place.',
    params: byId,
    body: z.object({ stars: z.int().min(1).max(5), text: z.string().trim().max(1_000).default('') }),
    reply: coursePage,
  },
  listOccupations: {
    method: 'GET',
    path: '/api/occupations',
    tag: 'courses',
    access: 'session',
    summary: '[C1] Occupations of the national classification: below one, or by text.',
    query: pageQuery.extend({ parent: occupationCode.optional() }),
    reply: pageOf(occupation.extend({ parent: z.string().nullable(), children: z.int().nonnegative() })),
  },
  importOccupations: {
    method: 'POST',
    path: '/api/admin/occupations/import',
    tag: 'admin',
    access: 'session',
    summary:
      'Add or rename occupations from lines of `code,name` (CSV). All wrong lines come back, nothing is half done.',
    upload: { type: 'text/csv', maxBytes: 1024 ** 2 },
    reply: z.object({
      changed: z.int().nonnegative(),
      errors: z.array(z.object({ line: z.int(), problem: z.enum(['code', 'name', 'parent', 'twice']) })),
    }),
  },
  listProjects: {
    method: 'GET',
    path: '/api/projects',
    tag: 'courses',
    access: 'session',
    summary: '[C1] Training projects.',
    query: pageQuery.extend({ audience: audience.optional(), occupation: occupationCode.optional() }),
    reply: pageOf(projectRow),
  },
  createProject: {
    method: 'POST',
    path: '/api/admin/projects',
    tag: 'admin',
    access: 'session',
    summary: 'Add a training project.',
    body: projectBody.extend({ orgId: id }),
    reply: projectRow,
  },
  updateProject: {
    method: 'PATCH',
    path: '/api/admin/projects/:id',
    tag: 'admin',
    access: 'session',
    summary: 'Change a training project; absent fields stay.',
    params: byId,
    body: z.object({
      version,
      name: projectBody.shape.name.optional(),
      summary: z.string().trim().max(2_000).optional(),
      audience: audience.optional(),
      occupationCode: occupationCode.nullable().optional(),
    }),
    reply: projectRow,
  },
});
