/** A lesson as the pages of making show it. */
import type { LessonDetail, LessonMedia, LessonRow, RevisionView } from '@keshi/contract/http/lessons';
import { lessonFolder } from '@keshi/contract/lessons';
import type { Lesson } from '@keshi/db/lessons';
import { isLongLecture, isReady, type LessonFacts } from '@keshi/rules/course-packages';
import { picturesFolder } from './pictures.ts';
import { signPath } from '@keshi/runtime/media-store/signed-path';

export function factsOf(lesson: Lesson): LessonFacts {
  const { kind, state, durationMs, declaredMs, minimumMs, completion, preview, body, marks } = lesson;
  const hasMedia = lesson.mediaKey !== null || (kind === 'replay' && lesson.classId !== null);
  return {
    ...{ kind, state, durationMs, declaredMs, minimumMs, completion, preview, body, hasMedia },
    marks: marks.length,
  };
}

export function rowOf(lesson: Lesson): LessonRow {
  const { id, courseId, chapterId, ordinal, title, kind, state, version, preview } = lesson;
  const { durationMs, declaredMs, minimumMs, completion, revision } = lesson;
  const facts = factsOf(lesson);
  return {
    ...{ id, courseId, chapterId, ordinal, title, kind, state, version, preview },
    ...{ durationMs, declaredMs, minimumMs, completion },
    playable: isReady(facts),
    long: isLongLecture(facts),
    revision: revision && revisionOf(revision),
  };
}

function revisionOf({ media: _, quality: __, ...view }: NonNullable<Lesson['revision']>): RevisionView {
  return view;
}

/** Where the files of a lesson are reached: for a login session, or by anybody when it may be watched without one. */
export type Links = (lesson: Lesson) => { base: string; expiresAt: number | null };

/** Longer than it takes to look through a lesson; the page asks for new addresses before they end. */
const linkMs = 6 * 3_600_000;

export function linksFor(
  { userId: sub, sid }: { userId: string; sid: string },
  { secret, now }: { secret: string; now: number },
): Links {
  const expiresAt = now + linkMs;
  return ({ id }) => {
    const token = signPath({ secret, prefix: lessonFolder(id), sub, sid, expiresAt });
    return { base: `/media/${token}/`, expiresAt };
  };
}

/** Stands where a token would. */
export const previewToken = 'preview';
export const previewLinks: Links = () => ({ base: `/media/${previewToken}/`, expiresAt: null });

export function captionsOf(lesson: Lesson, links: Links): LessonMedia['captions'] {
  const { base } = links(lesson);
  return lesson.captions.map(({ language, name }) => ({
    language: language === 'en' ? ('en' as const) : ('zh-CN' as const),
    url: base + name,
  }));
}

/** Where the pictures of its text are. */
export const picturesOf = (lesson: Lesson, links: Links): string =>
  links(lesson).base + picturesFolder(lesson.id);

/** Null while there is nothing to look at. */
export function mediaOf(lesson: Lesson, links: Links): LessonMedia | null {
  const made = lesson.madeMedia;
  if (lesson.mediaKey === null || !made) return null;
  const { base, expiresAt } = links(lesson);
  return { made, base: base + lesson.mediaKey, captions: captionsOf(lesson, links), expiresAt };
}

export function detailOf(lesson: Lesson, links: Links): LessonDetail {
  return {
    ...rowOf(lesson),
    courseTitle: lesson.courseTitle,
    body: lesson.body,
    pictures: picturesOf(lesson, links),
    marks: lesson.marks,
    media: mediaOf(lesson, links),
    quality: lesson.quality,
    captions: captionsOf(lesson, links),
  };
}
