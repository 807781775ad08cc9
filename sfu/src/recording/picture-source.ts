/** A picture that can be recorded: a stage's video stream, or the slate that stands where there is none. */
import type { PictureFormat } from './video-frame.ts';

export interface Picture {
  /** When it was shown, ms of the recorder's clock; never before the picture before it. */
  atMs: number;
  isKey: boolean;
  data: Buffer;
}

export interface PictureSource {
  /**
   * From the last key frame on, so that a take can begin with this source at any instant; null while there is nothing
   * that could be shown.
   */
  readonly current: { readonly format: PictureFormat; readonly pictures: readonly Picture[] } | null;
  /** Called after `current` has it. Returns how to stop listening. */
  onPicture(listener: (picture: Picture, format: PictureFormat) => void): () => void;
}
