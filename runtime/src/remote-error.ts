import { errorCodes } from '@keshi/contract/errors';
import { z } from 'zod';
import { AppError, newErrorId } from './errors.ts';
import type { Logger } from './log.ts';

/** How an error crosses between our own services: its code and id, and its message only where it was meant to. */
export const remoteError = z.object({
  code: z.enum(errorCodes).catch('internal'),
  message: z.string(),
  id: z.string(),
  retryMs: z.number().optional(),
  fields: z.array(z.string()).optional(),
});
export type RemoteError = z.infer<typeof remoteError>;

/** What a handler threw, made ready to cross. The unexpected is logged here under the id that crosses. */
export function toRemoteError(thrown: unknown, log: Logger): RemoteError {
  if (thrown instanceof AppError) {
    const { code, message, id, retryMs, fields } = thrown;
    return { code, message, id, retryMs, fields };
  }
  const id = newErrorId();
  log.error({ err: thrown, errorId: id }, 'handler failed');
  return { code: 'internal', message: 'internal error in the other process', id };
}

export function fromRemoteError({ code, ...options }: RemoteError): AppError {
  return new AppError(code, options);
}
