import { FencedOut as RefusedByFence } from '@keshi/db/class-log';
import { AppError } from '@keshi/runtime/errors';

/** Another node coordinates this class now; what was asked here was not done and is to be asked there. */
export class FencedOut extends AppError {
  override readonly name = 'FencedOut';

  constructor(cause?: unknown) {
    super('unavailable', { message: 'another node coordinates the class', retryMs: 500, cause });
  }
}

export function isFencedOut(error: unknown): boolean {
  return error instanceof FencedOut || error instanceof RefusedByFence;
}
