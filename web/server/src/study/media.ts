/** Where a lesson's files are for one login session: addresses that carry their own permission. */
import type { StudyLesson } from '@keshi/contract/http/study';
import { recordingPrefix } from '@keshi/contract/recordings';
import { hasTimeline } from '@keshi/contract/study';
import type { Db } from '@keshi/db/client';
import { getLesson, type Lesson } from '@keshi/db/lessons';
import { selfTestOf } from '@keshi/db/lesson-done';
import type { Clock } from '@keshi/runtime/clock';
import { signPath } from '@keshi/runtime/media-store/signed-path';
import type { Actor } from '../http/call.ts';
import { captionsOf, linksFor, mediaOf, picturesOf } from '../lessons/view.ts';

export type LessonFiles = Pick<
  StudyLesson,
  'url' | 'captions' | 'marks' | 'body' | 'pictures' | 'media' | 'selfTestId' | 'expiresAt'
>;

export interface LessonMedia {
  of(actor: Actor, lessonId: string): Promise<LessonFiles>;
}

/** Longer than a lesson and its breaks; the page asks for new addresses before they end. */
const linkMs = 6 * 3_600_000;

export function createLessonMedia({
  db,
  clock,
  tokenSecret,
}: {
  db: Db;
  clock: Clock;
  tokenSecret: string;
}): LessonMedia {
  return {
    async of(actor, lessonId) {
      const now = clock();
      const expiresAt = now + linkMs;
      const [lesson, selfTestId] = await Promise.all([getLesson(db, lessonId), selfTestOf(db, lessonId)]);
      if (!lesson)
        return {
          url: null,
          captions: [],
          marks: [],
          body: '',
          pictures: '',
          media: null,
          selfTestId: null,
          expiresAt,
        };
      const links = linksFor(actor, { secret: tokenSecret, now });
      const playlist = playlistOf(lesson);
      const { userId: sub, sid } = actor;
      const token =
        playlist && signPath({ secret: tokenSecret, prefix: playlist.prefix, sub, sid, expiresAt });
      return {
        url: playlist && `/media/${token}/${playlist.prefix}${playlist.name}`,
        captions: captionsOf(lesson, links).map(({ language, url }) => ({ lang: language, url })),
        marks: lesson.marks,
        body: lesson.body,
        pictures: picturesOf(lesson, links),
        media: mediaOf(lesson, links),
        selfTestId: lesson.completion === 'self-test' ? selfTestId : null,
        expiresAt,
      };
    },
  };
}

/** A replay plays the recording of its class; another lesson what was made of its upload. */
function playlistOf({ kind, classId, mediaKey }: Lesson): { prefix: string; name: string } | null {
  if (kind === 'replay')
    return classId === null ? null : { prefix: recordingPrefix(classId), name: 'main.m3u8' };
  if (mediaKey === null || !hasTimeline(kind)) return null;
  return { prefix: mediaKey.endsWith('/') ? mediaKey : `${mediaKey}/`, name: 'index.m3u8' };
}
