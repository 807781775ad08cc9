import { errorCodes, type ErrorCode, type ProtocolError } from '@keshi/contract/errors';

/** What a page can be told: the contract's codes, and that nothing was reached at all. */
export type FailureCode = ErrorCode | 'offline';
export type Failure = Omit<ProtocolError, 'code'> & { code: FailureCode };

/** Thrown by every call of the API. */
export class ApiError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.name = 'ApiError';
    this.failure = failure;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Reads an error that came over the wire; undefined when it is not one of ours (a proxy's page, say). */
export function readProtocolError(value: unknown): ProtocolError | undefined {
  if (!isRecord(value)) return undefined;
  if (isRecord(value['error'])) return readProtocolError(value['error']);
  const code = errorCodes.find((candidate) => candidate === value['code']);
  if (code === undefined) return undefined;
  const { retryMs, id, fields } = value;
  return {
    code,
    ...(typeof retryMs === 'number' ? { retryMs } : {}),
    ...(typeof id === 'string' ? { id } : {}),
    ...(Array.isArray(fields)
      ? { fields: fields.filter((field): field is string => typeof field === 'string') }
      : {}),
  };
}

/** What to show for anything that was thrown; a defect of the page itself is `internal`. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof ApiError) return thrown.failure;
  return readProtocolError(thrown) ?? { code: 'internal' };
}

/** True for a request that was given up because its page was left; nobody needs to hear of it. */
export const isAbort = (thrown: unknown): boolean =>
  thrown instanceof DOMException && thrown.name === 'AbortError';

/** Whether the server refused this field of what was sent, by the paths it named (`body.login`, `login`). */
export function refuses(failure: Failure | undefined, field: string): boolean {
  return (
    failure?.fields?.some((path) => {
      const plain = path.startsWith('body.') ? path.slice('body.'.length) : path;
      return plain === field || plain.startsWith(`${field}.`);
    }) ?? false
  );
}
