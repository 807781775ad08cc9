/** What learners see and hear of the instructor, judged from what leaves this device. */
import type { Sending } from './sending.ts';

export type Picture = 'none' | 'good' | 'small' | 'choppy';
export type Sound = 'none' | 'good' | 'silent';

export interface StageHealth {
  picture: Picture;
  sound: Sound;
  /** Many packets are lost on the way to the server. */
  lossy: boolean;
}

const choppyFps = 8;
const silentBelow = 0.0005;
const lossyFrom = 0.05;

/** `quietRounds`: how many measurements in a row heard nothing; one breath is not a broken microphone. */
export function stageHealth(sending: Sending | null, quietRounds: number): StageHealth {
  const shown = sending?.picture ?? null;
  const picture = shown === null ? 'none' : pictureOf(shown, sending?.limited === 'bandwidth');
  const sound: Sound =
    sending === null || sending.level === null ? 'none' : quietRounds >= 3 ? 'silent' : 'good';
  return { picture, sound, lossy: (sending?.lossRate ?? 0) > lossyFrom };
}

/** A screen that stands still sends no pictures, and that is right; a camera never stands still. */
function pictureOf({ source, fps, lines }: NonNullable<Sending['picture']>, starved: boolean): Picture {
  if (source === 'camera' && fps < choppyFps) return 'choppy';
  return starved && lines > 0 && lines < 360 ? 'small' : 'good';
}

export const isQuiet = (sending: Sending | null): boolean =>
  sending !== null && sending.level !== null && sending.level < silentBelow;
