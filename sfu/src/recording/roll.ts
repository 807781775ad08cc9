/**
 * One view between two cuts: the pictures of one source in one format, and the stage's sound, on a take. When its
 * ffmpeg dies, what the take still had goes into another one, which begins where the last segment ended.
 */
import type { RecordingView } from '@keshi/contract/recordings';
import type { Logger } from '@keshi/runtime/log';
import type { PictureSource } from './picture-source.ts';
import { createTake, type Sound, type Take, type TakenSegment, type Unsaved } from './take.ts';
import type { PictureFormat } from './video-frame.ts';

export interface RollListener {
  init(view: RecordingView, take: string, bytes: Buffer): void;
  segment(view: RecordingView, take: string, segment: TakenSegment): void;
}

export interface Roll {
  readonly source: PictureSource;
  readonly format: PictureFormat;
  /** ffmpeg died again and again before a segment was whole: nothing is recorded here any more. */
  readonly isDead: boolean;
  sound(sound: Sound): void;
  /** Resolves when the last segment, which ends at `atMs`, has been told. */
  end(atMs: number): Promise<void>;
  /** At once. Idempotent. */
  close(): void;
}

export interface RollOptions {
  view: RecordingView;
  source: PictureSource;
  /** The source has a picture: see PictureSource. */
  current: NonNullable<PictureSource['current']>;
  startMs: number;
  listener: RollListener;
  log: Logger;
}

const maxDeaths = 3;

export function createRoll({ view, source, current, startMs, listener, log }: RollOptions): Roll {
  const { format } = current;
  let deaths = 0;
  let take: Take | null = begin(startMs);
  for (const picture of current.pictures) take.picture(picture);
  // Pictures of another format are for the next roll.
  const release = source.onPicture((picture, its) => {
    if (its === format) take?.picture(picture);
  });

  function begin(atMs: number): Take {
    const begun = createTake({
      format,
      startMs: atMs,
      listener: {
        init: (id, bytes) => listener.init(view, id, bytes),
        segment(id, segment) {
          deaths = 0;
          listener.segment(view, id, segment);
        },
        failed(error, unsaved) {
          deaths += 1;
          log.warn({ err: error, view, take: begun.id, deaths }, 'encoder died');
          if (take === begun) take = deaths < maxDeaths ? takeUp(unsaved) : null;
        },
      },
    });
    const { codec, width, height } = format;
    log.info({ view, take: begun.id, codec, width, height, startMs: atMs }, 'take began');
    return begun;
  }

  function takeUp({ fromMs, pictures, sounds }: Unsaved): Take | null {
    const first = pictures.findIndex(({ isKey }) => isKey);
    const key = pictures[first];
    if (!key) return null;
    const next = begin(Math.max(fromMs, key.atMs));
    for (const picture of pictures.slice(first)) next.picture(picture);
    for (const sound of sounds) next.sound(sound);
    return next;
  }

  return {
    source,
    format,
    get isDead() {
      return take === null;
    },
    sound: (sound) => take?.sound(sound),
    async end(atMs) {
      release();
      while (take) {
        const last: Take = take;
        await last.end(atMs);
        log.info({ view, take: last.id, endMs: atMs }, 'take ended');
        // Another one when this one died of it.
        if (take === last) take = null;
      }
    },
    close() {
      release();
      take?.kill();
      take = null;
    },
  };
}
