import type { MakingFailure } from '@keshi/contract/lessons';

/** Nothing can be made of an upload, however often it is tried; the reason is for whoever uploaded it. */
export class MakingRefused extends Error {
  override readonly name = 'MakingRefused';
  readonly reason: MakingFailure;
  constructor(reason: MakingFailure, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
