import { z } from 'zod';
import { id, instant } from '../domain.ts';
import { difficulty, itemContent, itemKind, itemState } from '../items.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const contentPoint = z.string().trim().max(120);

export const itemRow = z.object({
  id,
  courseId: id,
  lessonId: id.nullable(),
  kind: itemKind,
  state: itemState,
  contentPoint: z.string(),
  difficulty,
  revision: z.int().positive(),
  stem: z.string(),
  version: z.int(),
});
export type ItemRow = z.infer<typeof itemRow>;

export const itemWhole = itemRow.extend({
  content: itemContent,
  /** Whether the asking person wrote the revision in use, and so cannot approve it. */
  yours: z.boolean(),
  /** Other questions of the course with the same stem. */
  duplicates: z.array(id),
  revisions: z.array(z.object({ revision: z.int(), at: instant })),
});
export type ItemWhole = z.infer<typeof itemWhole>;

const itemDraft = z.object({
  lessonId: id.nullable().default(null),
  contentPoint: contentPoint.default(''),
  difficulty: difficulty.default(3),
  content: itemContent,
});

/** What is wrong with a row of an imported sheet. */
export const importProblem = z.enum([
  'unknown-kind',
  'missing-stem',
  'wrong-options',
  'wrong-answer',
  'wrong-difficulty',
  'too-long',
  'same-in-file',
  'same-in-bank',
  'wrong-media',
  'undescribed-media',
]);
export type ImportProblem = z.infer<typeof importProblem>;

export const importReport = z.object({
  rows: z.int().nonnegative(),
  /** All of them, or none while there is an error. */
  imported: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
  /** Rows as a spreadsheet numbers them; every one that is wrong. */
  errors: z.array(z.object({ row: z.int().positive(), problem: importProblem })),
});
export type ImportReport = z.infer<typeof importReport>;

export const itemRoutes = defineRoutes({
  bankCourses: {
    method: 'GET',
    path: '/api/bank/courses',
    tag: 'items',
    access: 'session',
    summary: 'Courses whose question bank and exams the person keeps, reviews or observes.',
    reply: z.object({
      courses: z.array(
        z.object({
          id,
          title: z.string(),
          writes: z.boolean(),
          reviews: z.boolean(),
          contentPoints: z.array(z.string()),
          lessons: z.array(z.object({ id, title: z.string() })),
        }),
      ),
    }),
  },
  listItems: {
    method: 'GET',
    path: '/api/courses/:id/items',
    tag: 'items',
    access: 'session',
    summary: 'Questions of a course’s bank, newest first.',
    params: byId,
    query: pageQuery.extend({
      kind: itemKind.optional(),
      state: itemState.optional(),
      contentPoint: contentPoint.optional(),
      difficulty: z.coerce.number().pipe(difficulty).optional(),
    }),
    reply: pageOf(itemRow).extend({ approved: z.int().nonnegative() }),
  },
  importItems: {
    method: 'POST',
    path: '/api/courses/:id/items/import',
    tag: 'items',
    access: 'session',
    summary:
      'Questions from a sheet (XLSX, CSV) or Moodle XML: every mistake is told, and none is taken while there is one.',
    params: byId,
    query: z.object({
      format: z.enum(['xlsx', 'csv', 'xml']),
      /** What asks the same as another: a mistake, or left out. */
      duplicates: z.enum(['refuse', 'skip']).default('refuse'),
    }),
    // Moodle's files carry their pictures within.
    upload: { type: 'application/octet-stream', maxBytes: 24_000_000 },
    reply: importReport,
  },
  exportItems: {
    method: 'GET',
    path: '/api/courses/:id/items.:format',
    tag: 'items',
    access: 'session',
    summary: 'The bank as a sheet or as Moodle XML, for the kinds both know; or a template to fill in.',
    params: z.object({ id, format: z.enum(['xlsx', 'csv', 'xml']) }),
    query: z.object({ template: z.stringbool().default(false) }),
    file: [
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      'text/csv',
      'application/xml',
    ],
  },
  getItem: {
    method: 'GET',
    path: '/api/items/:id',
    tag: 'items',
    access: 'session',
    summary: 'One question as it is in use, with what is right.',
    params: byId,
    reply: itemWhole,
  },
  createItem: {
    method: 'POST',
    path: '/api/courses/:id/items',
    tag: 'items',
    access: 'session',
    summary: 'Write a question; it is a draft until it is approved.',
    params: byId,
    body: itemDraft,
    reply: itemWhole,
  },
  updateItem: {
    method: 'PUT',
    path: '/api/items/:id',
    tag: 'items',
    access: 'session',
    summary:
      'Change a question: other words are a new revision, and it is a draft again. Attempts keep the revision they had [EX4].',
    params: byId,
    body: itemDraft.extend({ version: z.int() }),
    reply: itemWhole,
  },
  setItemState: {
    method: 'POST',
    path: '/api/items/:id/state',
    tag: 'items',
    access: 'session',
    summary: 'Hand in for review, approve or return (never by who wrote it), or retire.',
    params: byId,
    body: z.object({ state: itemState, version: z.int() }),
    reply: itemWhole,
  },
});
