import type { PreviousUpload, Upload } from 'tus-js-client';
import type { Api } from '#net/api.ts';

export type UploadState =
  | { state: 'idle' }
  | { state: 'sending'; sent: number; size: number }
  | { state: 'paused'; sent: number; size: number }
  /** Broken off; it goes on by itself, or when somebody says so. */
  | { state: 'interrupted'; sent: number; size: number }
  | { state: 'done' };

/** What is sent in one request: a slow line must get it through within the server's patience. */
const chunkBytes = 4 * 1024 ** 2;

/** A file on its way to a lesson, by pieces; the same file chosen again goes on where it was. */
export class LessonUpload {
  #state = $state.raw<UploadState>({ state: 'idle' });
  #api: Api;
  #lessonId: string;
  #ondone: () => void;
  #upload: Upload | null = null;

  constructor({ api, lessonId, ondone }: { api: Api; lessonId: string; ondone: () => void }) {
    this.#api = api;
    this.#lessonId = lessonId;
    this.#ondone = ondone;
  }

  get view(): UploadState {
    return this.#state;
  }

  get busy(): boolean {
    return this.#state.state === 'sending';
  }

  async begin(file: File): Promise<void> {
    const { Upload } = await import('tus-js-client');
    const { size } = file;
    let sent = 0;
    const upload = new Upload(file, {
      endpoint: `/api/lessons/${this.#lessonId}/uploads`,
      chunkSize: chunkBytes,
      retryDelays: [0, 1_000, 3_000, 5_000, 10_000, 20_000],
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name },
      onBeforeRequest: async (request) => request.setHeader('Authorization', await this.#api.authorization()),
      onProgress: (bytes) => {
        sent = bytes;
        this.#state = { state: 'sending', sent, size };
      },
      onError: () => (this.#state = { state: 'interrupted', sent, size }),
      onSuccess: () => {
        this.#state = { state: 'done' };
        this.#upload = null;
        this.#ondone();
      },
    });
    this.#upload = upload;
    this.#state = { state: 'sending', sent, size };
    const [former] = await upload.findPreviousUploads();
    if (former && this.#isOurs(former)) upload.resumeFromPreviousUpload(former);
    upload.start();
  }

  /** An upload of the same file that somebody else began here, or for another lesson, is not ours to go on with. */
  #isOurs({ uploadUrl }: PreviousUpload): boolean {
    return uploadUrl?.includes('/api/uploads/') ?? false;
  }

  async pause(): Promise<void> {
    if (this.#state.state !== 'sending') return;
    const { sent, size } = this.#state;
    await this.#upload?.abort();
    this.#state = { state: 'paused', sent, size };
  }

  resume(): void {
    if (this.#state.state !== 'paused' && this.#state.state !== 'interrupted') return;
    this.#state = { ...this.#state, state: 'sending' };
    this.#upload?.start();
  }

  /** Gives it up: what has arrived is removed. */
  async cancel(): Promise<void> {
    const upload = this.#upload;
    this.#upload = null;
    this.#state = { state: 'idle' };
    await upload?.abort(true).catch(() => undefined);
  }

  /** The page is left; what has arrived is kept. */
  stop(): void {
    void this.#upload?.abort();
  }
}
