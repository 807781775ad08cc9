import { z } from 'zod';
import { id } from '../domain.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byGroup = z.object({ id });

export const gradeRow = z.object({
  userId: id,
  login: z.string(),
  /** Masked. */
  name: z.string(),
  /** Questions in class that were asked while the learner was present, and those answered right. */
  quizAsked: z.int().nonnegative(),
  quizCorrect: z.int().nonnegative(),
  /** Null when nothing was asked. */
  correctRate: z.number().nullable(),
  belowCorrect: z.boolean(),
  /** `none`: the course has no final exam. */
  exam: z.enum(['none', 'not-taken', 'waiting', 'passed', 'failed']),
  /** Share of the points in it, 0 to 1; null until it is graded. */
  examShare: z.number().nullable(),
});
export type GradeRow = z.infer<typeof gradeRow>;

export const gradeSummary = z.object({
  learners: z.int().nonnegative(),
  /** Final exams that were graded, and those passed. */
  graded: z.int().nonnegative(),
  passed: z.int().nonnegative(),
  belowCorrect: z.int().nonnegative(),
  minimumRate: z.number(),
  /** How many graded exams lie in each tenth of the points; the last holds those with all of them. */
  distribution: z.array(z.int().nonnegative()).length(10),
});
export type GradeSummary = z.infer<typeof gradeSummary>;

const taughtGroup = z.object({
  id,
  name: z.string(),
  courseTitle: z.string(),
  /** Enrolled now. */
  learners: z.int().nonnegative(),
});

export const gradeRoutes = defineRoutes({
  taughtGroups: {
    method: 'GET',
    path: '/api/grades/groups',
    tag: 'grades',
    access: 'session',
    summary: 'The groups the person teaches, with a grade book each; newest first.',
    query: pageQuery,
    reply: pageOf(taughtGroup),
  },
  gradesFile: {
    method: 'GET',
    path: '/api/admin/groups/:id/grades.:format',
    tag: 'grades',
    access: 'session',
    summary: 'The grade book of a group as a sheet: CSV (UTF-8 with BOM) or XLSX, names masked.',
    params: byGroup.extend({ format: z.enum(['csv', 'xlsx']) }),
    query: z.object({ lang: z.enum(['zh-CN', 'en']).default('zh-CN') }),
    file: ['text/csv', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  },
  groupGrades: {
    method: 'GET',
    path: '/api/admin/groups/:id/grades',
    tag: 'grades',
    access: 'session',
    summary:
      'The grade book of a group: answers in class, the final exam, pass rate and distribution (F2, F3).',
    params: byGroup,
    query: pageQuery.extend({ below: z.enum(['all', 'below']).default('all') }),
    reply: pageOf(gradeRow).extend({
      summary: gradeSummary,
      courseTitle: z.string(),
      groupName: z.string(),
    }),
  },
});
