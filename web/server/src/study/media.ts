/** Where a lesson's files are for one login session: addresses that carry their own permission. */
import { recordingPrefix } from '@keshi/contract/recordings';
import type { StudyLessonRow } from '@keshi/db/study-lessons';
import type { Clock } from '@keshi/runtime/clock';
import { signPath } from '@keshi/runtime/media-store/signed-path';
import type { Actor } from '../http/call.ts';

export interface LessonFiles {
  url: string | null;
  captions: { lang: string; url: string }[];
  expiresAt: number;
}

export interface LessonMedia {
  of(actor: Actor, row: StudyLessonRow): Promise<LessonFiles>;
}

/** Longer than a lesson and its breaks; the page asks for new addresses before they end. */
const linkMs = 6 * 3_600_000;

export function createLessonMedia({
  clock,
  tokenSecret,
}: {
  clock: Clock;
  tokenSecret: string;
}): LessonMedia {
  return {
    of({ userId: sub, sid }, row) {
      const expiresAt = clock() + linkMs;
      const playlist = playlistOf(row);
      if (playlist === null) return Promise.resolve({ url: null, captions: [], expiresAt });
      const { prefix, name } = playlist;
      const token = signPath({ secret: tokenSecret, prefix, sub, sid, expiresAt });
      return Promise.resolve({ url: `/media/${token}/${prefix}${name}`, captions: [], expiresAt });
    },
  };
}

/** A replay plays the recording of its class; another lesson what was made of its upload. */
function playlistOf({ kind, classId, mediaKey }: StudyLessonRow): { prefix: string; name: string } | null {
  if (kind === 'replay')
    return classId === null ? null : { prefix: recordingPrefix(classId), name: 'main.m3u8' };
  if (mediaKey === null) return null;
  return { prefix: mediaKey.endsWith('/') ? mediaKey : `${mediaKey}/`, name: 'index.m3u8' };
}
