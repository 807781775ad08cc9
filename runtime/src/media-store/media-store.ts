import type { Readable } from 'node:stream';
import type { Config } from '../config.ts';
import type { CheckResult } from '../health.ts';
import type { Logger } from '../log.ts';
import { createFolderStore } from './folder.ts';
import { createS3Store } from './s3.ts';

export { MediaStoreError } from './failure.ts';

/** Bytes of an object; `to` is exclusive, without it to the end. */
export interface ByteRange {
  from: number;
  to?: number;
}

export interface StoredMedia {
  /**
   * Whoever asked reads it to its end or destroys it: it holds a file or a connection open. It errors when the store
   * goes away in the middle.
   */
  body: Readable;
  /** Of the whole object in bytes, also when only a range of it was asked for. */
  size: number;
  /** What the ending of the name says, see `contentTypeOf`. */
  contentType: string;
}

export interface StoredName {
  name: string;
  /** Bytes. */
  size: number;
}

/**
 * Recordings and what belongs to them: objects under names, shared by all nodes that are given the same folder or
 * bucket. Names are parts of `[a-zA-Z0-9._-]` joined by `/`, no part begins with a dot, 512 characters at most;
 * every other name is refused with `bad-name` before anything is read or written. No name is also the folder of
 * another one: stores may refuse that with `bad-name` as well. Operations reject with a MediaStoreError; a failure
 * never looks like absence.
 */
export interface MediaStore {
  /**
   * Resolves when the object is whole and durable. Nobody sees half of one: until then readers and listings have
   * what was there before. A name stands for one content; storing it again is safe (a retry), and a reader that
   * has begun still reads what it began with. The content type is kept where the store has a place for it.
   * Rejects with `full`, `unavailable` or `bad-name`.
   */
  put(name: string, body: Uint8Array, options: { contentType: string }): Promise<void>;
  /** Null when there is none. A range past the end gives an empty body. */
  get(name: string, range?: ByteRange): Promise<StoredMedia | null>;
  /**
   * All objects whose names begin with the prefix, ordered by name (ASCII order). What was put before the call is in
   * it. With `after`, only names greater than it: names that carry their time can be followed cheaply.
   */
  list(prefix: string, options?: { after?: string }): Promise<StoredName[]>;
  /** Also resolves when there is none. */
  remove(name: string): Promise<void>;
  /** Everything whose name begins with the prefix. An empty prefix is refused with `bad-name`. */
  removeAll(prefix: string): Promise<void>;
  /** Whether objects can be read and stored now. */
  health(): Promise<CheckResult>;
  /** Lets go of connections; from then on everything is refused as `unavailable`. Idempotent. */
  close(): Promise<void>;
}

/** The folder or the bucket of the configuration. Rejects with a MediaStoreError when the folder cannot be made. */
export async function createMediaStore(config: Config['mediaStore'], log: Logger): Promise<MediaStore> {
  const child = log.child({ part: 'media-store', kind: config.kind });
  return config.kind === 's3'
    ? createS3Store({ ...config, log: child })
    : createFolderStore({ dir: config.dir, log: child });
}
