import { randomUUID } from 'node:crypto';
import type { ErrorCode, ProtocolError } from '@keshi/contract/errors';
import type { Logger } from './log.ts';

export interface AppErrorOptions {
  /** For the log only; people are shown a translation of the code. Never put personal data here. */
  message?: string;
  cause?: unknown;
  /** When it makes sense to try again, ms. */
  retryMs?: number;
  /** For `invalid-input`: the paths that were wrong, never the values. */
  fields?: string[];
  /** Given when the error came from another process, so that both logs carry the same id. */
  id?: string;
}

/**
 * A refusal or failure whose meaning is known. `code` is what crosses a process (the interface translates it),
 * `message` and `cause` are for the log, `id` ties what a person was shown to the line in the log.
 */
export class AppError extends Error {
  override readonly name: string = 'AppError';
  readonly code: ErrorCode;
  readonly id: string;
  readonly retryMs: number | undefined;
  readonly fields: string[] | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? code, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.id = options.id ?? newErrorId();
    this.retryMs = options.retryMs;
    this.fields = options.fields;
  }
}

/** Twelve hexadecimal digits: short enough to be read out on the telephone. */
export function newErrorId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 12);
}

/**
 * What may cross a transport for anything that was thrown. A known refusal keeps its code; everything else becomes
 * `internal` and is logged here, once, under the id the person is shown. Nothing of the cause leaves the process.
 */
export function toProtocolError(thrown: unknown, log: Logger): ProtocolError {
  if (thrown instanceof AppError) {
    if (thrown.code === 'internal') log.error({ err: thrown, errorId: thrown.id }, 'internal error');
    return {
      code: thrown.code,
      ...(thrown.retryMs === undefined ? {} : { retryMs: thrown.retryMs }),
      ...(thrown.fields === undefined ? {} : { fields: thrown.fields }),
      ...(thrown.code === 'internal' ? { id: thrown.id } : {}),
    };
  }
  const id = newErrorId();
  log.error({ err: thrown, errorId: id }, 'internal error');
  return { code: 'internal', id };
}
