import { randomUUID } from 'node:crypto';
import { routes } from '@keshi/contract/http/routes';
import { hasTimeLine, lessonFolder, type LessonKind } from '@keshi/contract/lessons';
import { getClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { uploadPrefix } from '@keshi/db/lesson-uploads';
import {
  arrangeLessons,
  createChapter,
  createLesson,
  deleteChapter,
  deleteLesson,
  getChapter,
  getLesson,
  type Lesson,
  removeCaption,
  renameChapter,
  setCaption,
  updateLesson,
} from '@keshi/db/lessons';
import { getRecording } from '@keshi/db/recordings';
import { isReady } from '@keshi/rules/course-packages';
import type { Clock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { findLesson, findPackage } from '../courses/making-access.ts';
import { bind } from '../http/bind.ts';
import type { Actor } from '../http/call.ts';
import { createStoredReplays } from '../replay/stored-recording.ts';
import { cuesOf } from './captions.ts';
import { keepPicture, missingPictures, sweepPictures } from './pictures.ts';
import { detailOf, factsOf, linksFor, mediaOf, picturesOf, previewLinks, rowOf } from './view.ts';

interface Deps {
  db: Db;
  clock: Clock;
  store: MediaStore;
  tokenSecret: string;
}

export function lessonRoutes({ db, clock, store, tokenSecret }: Deps) {
  const replays = createStoredReplays({ store, clock });
  const detail = (actor: Actor, lesson: Lesson) =>
    detailOf(lesson, linksFor(actor, { secret: tokenSecret, now: clock() }));
  const about = (lesson: Lesson) => ({
    targetType: 'lesson',
    targetId: lesson.id,
    orgPath: lesson.orgPath,
  });

  /** A replay is of a class of the course that is over and recorded; it lasts as long as its recording. */
  async function replayOf(
    courseId: string,
    classId: string | undefined,
  ): Promise<{ classId: string; durationMs: number }> {
    const row = classId === undefined ? null : await getClass(db, classId);
    if (!row || row.courseId !== courseId) throw new AppError('invalid-input', { fields: ['body.classId'] });
    const recording = await getRecording(db, row.id);
    const replay =
      recording?.state === 'ready' ? await replays.of(row.id, { camera: false, preview: false }) : null;
    if (!replay) throw new AppError('not-ready');
    return { classId: row.id, durationMs: replay.timeline.durationMs };
  }

  async function demandChapter(courseId: string, chapterId: string | null | undefined): Promise<void> {
    if (chapterId === null || chapterId === undefined) return;
    const chapter = await getChapter(db, chapterId);
    if (chapter?.courseId !== courseId) throw new AppError('invalid-input', { fields: ['body.chapterId'] });
  }

  async function chapterOf(actor: Actor, id: string) {
    const chapter = await getChapter(db, id);
    if (!chapter) throw new AppError('not-found');
    await findPackage(db, actor, chapter.courseId, 'course.manage');
    return chapter;
  }

  return {
    createChapter: bind(routes.createChapter, async ({ actor, params, body }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      return { id: await createChapter(db, { courseId: course.id, title: body.title }) };
    }),

    updateChapter: bind(routes.updateChapter, async ({ actor, params, body }) => {
      await chapterOf(actor, params.id);
      await renameChapter(db, { id: params.id, ...body });
    }),

    deleteChapter: bind(routes.deleteChapter, async ({ actor, params }) => {
      await chapterOf(actor, params.id);
      await deleteChapter(db, params.id);
    }),

    createLesson: bind(routes.createLesson, async ({ actor, params, body, audit }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      await demandChapter(course.id, body.chapterId);
      const { title, kind, chapterId } = body;
      const replay = kind === 'replay' ? await replayOf(course.id, body.classId) : {};
      const lesson = await createLesson(db, { courseId: course.id, title, kind, chapterId, ...replay });
      await audit({ action: 'lesson.created', ...about(lesson), detail: { courseId: course.id, kind } });
      return rowOf(lesson);
    }),

    arrangeLessons: bind(routes.arrangeLessons, async ({ actor, params, body }) => {
      const course = await findPackage(db, actor, params.id, 'course.manage');
      await arrangeLessons(db, { courseId: course.id, lessons: body.lessons });
    }),

    getLesson: bind(routes.getLesson, async ({ actor, params }) =>
      detail(actor, await findLesson(db, actor, params.id, 'look')),
    ),

    updateLesson: bind(routes.updateLesson, async ({ actor, params, body, audit }) => {
      const lesson = await findLesson(db, actor, params.id, 'course.manage');
      await demandChapter(lesson.courseId, body.chapterId);
      demandFitting(lesson, body);
      demandUnchanged(lesson, body);
      const changed = await updateLesson(db, { id: lesson.id, ...body });
      await audit({
        action: 'lesson.changed',
        ...about(lesson),
        detail: { fields: Object.keys(body).filter((field) => field !== 'version') },
      });
      return detail(actor, changed);
    }),

    setLessonState: bind(routes.setLessonState, async ({ actor, params, body, audit }) => {
      const lesson = await findLesson(db, actor, params.id, 'course.manage');
      if (lesson.version !== body.version) throw new AppError('outdated');
      if (body.state === 'published') {
        // What experts approved is what is listed: the package is taken down first, and submitted again.
        if (lesson.underReview) throw new AppError('conflict');
        const making = lesson.revision?.state === 'waiting' || lesson.revision?.state === 'working';
        if (making || !isReady(factsOf(lesson))) throw new AppError('not-ready');
        if ((await missingPictures(store, lesson.id, lesson.body)).length > 0)
          throw new AppError('not-ready');
      }
      if (body.state === 'withdrawn' && lesson.state === 'draft') throw new AppError('conflict');
      const changed = await updateLesson(db, { id: lesson.id, version: body.version, state: body.state });
      await audit({ action: `lesson.${body.state}`, ...about(lesson) });
      // From here on the text stays as it is: what it does not show, nobody will see.
      if (body.state === 'published') await sweepPictures(store, lesson.id, changed.body);
      return detail(actor, changed);
    }),

    deleteLesson: bind(routes.deleteLesson, async ({ actor, params, audit }) => {
      const lesson = await findLesson(db, actor, params.id, 'course.manage');
      const uploads = await deleteLesson(db, lesson.id);
      await audit({ action: 'lesson.deleted', ...about(lesson) });
      await store.removeAll(lessonFolder(lesson.id));
      for (const upload of uploads) await store.removeAll(uploadPrefix(upload));
    }),

    addPicture: bind(routes.addPicture, async ({ actor, params, body, audit }) => {
      const lesson = await findLesson(db, actor, params.id, 'course.manage');
      if (lesson.kind !== 'text') throw new AppError('invalid-input', { fields: ['params.id'] });
      if (lesson.state === 'published') throw new AppError('conflict');
      const name = await keepPicture(store, lesson.id, body);
      await audit({ action: 'lesson.picture-added', ...about(lesson) });
      return { name };
    }),

    putCaptions: bind(routes.putCaptions, async ({ actor, params, body, audit }) => {
      const lesson = await findLesson(db, actor, params.id, 'course.manage');
      if (!hasTimeLine(lesson.kind)) throw new AppError('invalid-input', { fields: ['params.id'] });
      const cues = cuesOf(body);
      if (cues === null) throw new AppError('invalid-input', { fields: ['body'] });
      const name = `${lessonFolder(lesson.id)}captions/${randomUUID()}.vtt`;
      await store.put(name, body, { contentType: 'text/vtt' });
      const former = await setCaption(db, { lessonId: lesson.id, language: params.language, name });
      await audit({
        action: 'lesson.captioned',
        ...about(lesson),
        detail: { language: params.language, cues },
      });
      if (former !== null) await store.remove(former);
      return { cues };
    }),

    deleteCaptions: bind(routes.deleteCaptions, async ({ actor, params, audit }) => {
      const lesson = await findLesson(db, actor, params.id, 'course.manage');
      const name = await removeCaption(db, { lessonId: lesson.id, language: params.language });
      if (name === null) throw new AppError('not-found');
      await audit({
        action: 'lesson.captions-removed',
        ...about(lesson),
        detail: { language: params.language },
      });
      await store.remove(name);
    }),

    previewLesson: bind(routes.previewLesson, async ({ params }) => {
      const lesson = await getLesson(db, params.id);
      if (!lesson || !isPreview(lesson)) throw new AppError('not-found');
      const { title, courseTitle, kind, durationMs, body, marks } = lesson;
      const pictures = picturesOf(lesson, previewLinks);
      const media = mediaOf(lesson, previewLinks);
      return { title, courseTitle, kind, durationMs, body, pictures, marks, media };
    }),
  };
}

/** [C5] May be watched without a login. */
export function isPreview({ preview, state }: Pick<Lesson, 'preview' | 'state'>): boolean {
  return preview && state === 'published';
}

/** Published, what it earns and says stays as it is: it is withdrawn first. */
function demandUnchanged(lesson: Lesson, change: Change): void {
  if (lesson.state !== 'published') return;
  const fixed = ['body', 'declaredMs', 'minimumMs', 'completion'] as const;
  if (fixed.some((field) => change[field] !== undefined && change[field] !== lesson[field]))
    throw new AppError('conflict');
}

interface Change {
  body?: string | undefined;
  marks?: readonly { atMs: number }[] | undefined;
  declaredMs?: number | null | undefined;
  minimumMs?: number | null | undefined;
  completion?: string | null | undefined;
}

/** What a lesson of that kind cannot have is refused: it would look as if it counted. */
function demandFitting(lesson: { kind: LessonKind; durationMs: number | null }, change: Change): void {
  const timed = hasTimeLine(lesson.kind);
  const given = (field: keyof Change) => change[field] !== undefined && change[field] !== null;
  const wrong = (['declaredMs', 'minimumMs', 'completion'] as const).filter((field) => timed && given(field));
  const fields: string[] = [...wrong];
  if (given('body') && lesson.kind !== 'text') fields.push('body');
  const beyond = change.marks?.some(({ atMs }) => atMs >= (lesson.durationMs ?? 0)) ?? false;
  if (given('marks') && (!timed || beyond)) fields.push('marks');
  if (change.completion === 'package' && !['scorm', 'courseware'].includes(lesson.kind))
    fields.push('completion');
  if (fields.length > 0)
    throw new AppError('invalid-input', { fields: fields.map((field) => `body.${field}`) });
}
