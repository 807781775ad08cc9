/** Making lessons: chapters, lessons, what was made of their uploads, and captions. Uploads themselves are tus 1.0. */
import { z } from 'zod';
import { durationMs, id, instant } from '../domain.ts';
import {
  captionLanguage,
  chapterMarks,
  lessonCompletion,
  lessonKind,
  lessonState,
  madeMedia,
  makingFailure,
  makingStep,
  qualityReport,
  revisionState,
} from '../lessons.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });
const title = z.string().trim().min(1).max(120);
/** The version the editor saw; an edit of an older one is refused as `outdated`. */
const version = z.int().min(1);
/** Of a lesson without a time line: at most a day. */
const declared = durationMs.min(60_000).max(86_400_000);
/** Characters of a text lesson. */
const mostLessonText = 50_000;

/** What became of the last upload. */
export const revisionView = z.object({
  id,
  state: revisionState,
  step: makingStep.nullable(),
  /** Of the step, in hundredths. */
  progress: z.int().min(0).max(100),
  reason: makingFailure.nullable(),
  fileName: z.string(),
  /** Bytes. */
  size: z.number().nonnegative(),
  createdAt: instant,
  endedAt: instant.nullable(),
});
export type RevisionView = z.infer<typeof revisionView>;

export const lessonRow = z.object({
  id,
  courseId: id,
  chapterId: id.nullable(),
  ordinal: z.int(),
  title,
  kind: lessonKind,
  state: lessonState,
  durationMs: durationMs.nullable(),
  declaredMs: durationMs.nullable(),
  minimumMs: durationMs.nullable(),
  completion: lessonCompletion.nullable(),
  preview: z.boolean(),
  /** There is something to study in it. */
  playable: z.boolean(),
  /** [C3] Longer than a lecture generally is; to be divided by chapter marks. */
  long: z.boolean(),
  revision: revisionView.nullable(),
  version,
});
export type LessonRow = z.infer<typeof lessonRow>;

export const caption = z.object({ language: captionLanguage, url: z.string() });

/** Where what was made of the upload can be looked at, until `expiresAt`. */
export const lessonMedia = z.object({
  made: madeMedia,
  /** Address of the folder, with the slash at its end. */
  base: z.string(),
  captions: z.array(caption),
  expiresAt: instant.nullable(),
});
export type LessonMedia = z.infer<typeof lessonMedia>;

/** Address of the folder of the pictures that a text shows, with the slash at its end. */
export const picturesBase = z.string();

export const lessonDetail = lessonRow.extend({
  courseTitle: z.string(),
  body: z.string(),
  pictures: picturesBase,
  marks: chapterMarks,
  media: lessonMedia.nullable(),
  quality: qualityReport.nullable(),
  captions: z.array(caption),
});
export type LessonDetail = z.infer<typeof lessonDetail>;

/** Elements of the SCORM 1.2 data model by name; values are texts. */
export const cmiElements = z.record(z.string().regex(/^cmi\.[a-z0-9_.]{1,120}$/), z.string().max(4_096));

/** Names one of a package's parts. */
const part = z.string().max(200);
const partState = z.object({
  id: part,
  /** As the part says: `incomplete`, `completed`, `passed`, `failed`, `browsed`, or `not attempted`. */
  status: z.string(),
  completedAt: instant.nullable(),
});

export const packageView = z.object({
  part: partState,
  /** Since when every part that tells so is complete. */
  completedAt: instant.nullable(),
});
export type PackageView = z.infer<typeof packageView>;

export const openedPackage = packageView.extend({
  /** To be shown in a frame; it is of an origin of its own, which messages are exchanged with. */
  url: z.url(),
  cmi: cmiElements,
  /** All there are, in their order. */
  parts: z.array(partState.extend({ title: z.string(), reports: z.boolean() })),
});
export type OpenedPackage = z.infer<typeof openedPackage>;

export const lessonRoutes = defineRoutes({
  createChapter: {
    method: 'POST',
    path: '/api/making/courses/:id/chapters',
    tag: 'making',
    access: 'session',
    summary: 'Add a chapter at the end of a course.',
    params: byId,
    body: z.object({ title }),
    reply: z.object({ id }),
  },
  updateChapter: {
    method: 'PATCH',
    path: '/api/making/chapters/:id',
    tag: 'making',
    access: 'session',
    summary: 'Rename a chapter.',
    params: byId,
    body: z.object({ title, version }),
  },
  deleteChapter: {
    method: 'DELETE',
    path: '/api/making/chapters/:id',
    tag: 'making',
    access: 'session',
    summary: 'Remove a chapter; its lessons stay, in none.',
    params: byId,
  },
  createLesson: {
    method: 'POST',
    path: '/api/making/courses/:id/lessons',
    tag: 'making',
    access: 'session',
    summary: 'Add a lesson at the end of a course; `classId` names the class of a replay.',
    params: byId,
    body: z.object({
      title,
      kind: lessonKind,
      chapterId: id.nullable().default(null),
      classId: id.optional(),
    }),
    reply: lessonRow,
  },
  arrangeLessons: {
    method: 'PUT',
    path: '/api/making/courses/:id/order',
    tag: 'making',
    access: 'session',
    summary:
      'The order of all lessons, each in its chapter; refused as `outdated` when others were added or removed.',
    params: byId,
    body: z.object({ lessons: z.array(z.object({ id, chapterId: id.nullable() })).max(1_000) }),
  },
  getLesson: {
    method: 'GET',
    path: '/api/lessons/:id',
    tag: 'making',
    access: 'session',
    summary:
      'A lesson for whoever makes or reviews it, with what was made of its upload and how that measures.',
    params: byId,
    reply: lessonDetail,
  },
  updateLesson: {
    method: 'PATCH',
    path: '/api/lessons/:id',
    tag: 'making',
    access: 'session',
    summary: 'Change a lesson; absent fields stay.',
    params: byId,
    // Each of its characters may take three, and a title and marks come with them.
    bodyBytes: 4 * mostLessonText,
    body: z.object({
      version,
      title: title.optional(),
      chapterId: id.nullable().optional(),
      body: z.string().max(mostLessonText).optional(),
      marks: chapterMarks.optional(),
      preview: z.boolean().optional(),
      declaredMs: declared.nullable().optional(),
      minimumMs: declared.nullable().optional(),
      completion: lessonCompletion.nullable().optional(),
    }),
    reply: lessonDetail,
  },
  setLessonState: {
    method: 'PUT',
    path: '/api/lessons/:id/state',
    tag: 'making',
    access: 'session',
    summary:
      'Publish a lesson, or withdraw it. Refused as `not-ready` while there is nothing to study in it.',
    params: byId,
    body: z.object({ state: z.enum(['published', 'withdrawn']), version }),
    reply: lessonDetail,
  },
  deleteLesson: {
    method: 'DELETE',
    path: '/api/lessons/:id',
    tag: 'making',
    access: 'session',
    summary: 'Remove a lesson that was never published, with its files; `conflict` for others.',
    params: byId,
  },
  addPicture: {
    method: 'POST',
    path: '/api/lessons/:id/pictures',
    tag: 'making',
    access: 'session',
    summary:
      'A picture (JPEG, PNG or WebP) for the text of a lesson, which shows it by the name that is answered.',
    params: byId,
    upload: { type: 'application/octet-stream', maxBytes: 10 * 1024 ** 2 },
    reply: z.object({ name: z.string() }),
  },
  putCaptions: {
    method: 'PUT',
    path: '/api/lessons/:id/captions/:language',
    tag: 'making',
    access: 'session',
    summary: 'Captions (WebVTT) in one language, in place of those there were.',
    params: z.object({ id, language: captionLanguage }),
    upload: { type: 'text/vtt', maxBytes: 1024 ** 2 },
    reply: z.object({ cues: z.int().nonnegative() }),
  },
  deleteCaptions: {
    method: 'DELETE',
    path: '/api/lessons/:id/captions/:language',
    tag: 'making',
    access: 'session',
    summary: 'Remove the captions in one language.',
    params: z.object({ id, language: captionLanguage }),
  },
  openPackage: {
    method: 'GET',
    path: '/api/lessons/:id/package',
    tag: 'courses',
    access: 'session',
    summary:
      'Where a part of a package of courseware is run, and what it has stored for oneself; without `part`, the first that is not complete.',
    params: byId,
    query: z.object({ part: part.optional() }),
    reply: openedPackage,
  },
  savePackage: {
    method: 'PUT',
    path: '/api/lessons/:id/package',
    tag: 'courses',
    access: 'session',
    summary:
      'Elements that a part of a package has set (SCORM 1.2), beside those it set before [WL9]; `conflict` for a part that is no more.',
    params: byId,
    body: z.object({ part: part.default(''), cmi: cmiElements }),
    reply: packageView,
  },
  previewLesson: {
    method: 'GET',
    path: '/api/previews/:id',
    tag: 'courses',
    access: 'public',
    summary: '[C5] A published lesson that may be watched without a login.',
    params: byId,
    reply: z.object({
      title,
      courseTitle: z.string(),
      kind: lessonKind,
      durationMs: durationMs.nullable(),
      body: z.string(),
      pictures: picturesBase,
      marks: chapterMarks,
      media: lessonMedia.nullable(),
    }),
  },
});
