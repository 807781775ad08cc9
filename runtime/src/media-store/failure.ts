/** `bad-name`: the caller's mistake or an attempt; `full`: no room left; `unavailable`: all else, may heal. */
export type MediaStoreFailure = 'bad-name' | 'full' | 'unavailable';

/** The only error a MediaStore rejects with. Its message is for the log. */
export class MediaStoreError extends Error {
  override readonly name = 'MediaStoreError';
  readonly code: MediaStoreFailure;

  constructor(code: MediaStoreFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
