import { recordingPrefix } from '@keshi/contract/recordings';
import { signPath } from '@keshi/runtime/media-store/signed-path';

/** Longer than any class, so that nobody is cut off in the middle of one; it ends with the login session anyway. */
const lifeMs = 12 * 60 * 60_000;

/** The playlist of a running class, on the pages' own origin, for one person of one login session. */
export function hlsUrl({
  secret,
  classId,
  sub,
  sid,
  now,
}: {
  /** The configuration's TOKEN_SECRET. */
  secret: string;
  classId: string;
  sub: string;
  sid: string;
  now: number;
}): string {
  const prefix = recordingPrefix(classId);
  const token = signPath({ secret, prefix, sub, sid, expiresAt: now + lifeMs });
  return `/media/${token}/${prefix}main.m3u8?live=1`;
}
