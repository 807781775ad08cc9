import { Prisma } from './generated/client.ts';

/** PostgreSQL cannot be reached or is going down or coming up. Nothing was acknowledged; the same call may be tried again. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  /** The protocol's error code for it. */
  readonly code = 'unavailable';

  constructor(cause: unknown) {
    super('the database is unavailable', { cause });
  }
}

/** Of the network, of PostgreSQL (class 08 connection, 53300 too many, 57P0x shutdown and startup), and of Prisma. */
const CODES =
  /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|08...|53300|57P0[1-3]|P100[128]|P1017|P2024|P2037)$/;

/** node-postgres gives these no code. */
const MESSAGES =
  /^Connection terminated|^timeout exceeded when trying to connect|not queryable|Client was closed|^Cannot use a pool after|^timeout expired/;

/** Whether `error`, thrown by anything of this package, means that the database is not there right now. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth += 1) {
    if ('code' in e && typeof e.code === 'string' && CODES.test(e.code)) return true;
    if (MESSAGES.test(e.message)) return true;
    if (e instanceof AggregateError && e.errors.some(isUnavailable)) return true;
    if (e instanceof Prisma.PrismaClientKnownRequestError && adapterSaysSo(e)) return true;
  }
  return false;
}

/** The driver adapter's names for a server that is not there, which raw queries report without a code of their own. */
const KINDS: readonly unknown[] = [
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TooManyConnections',
];

/** Prisma keeps what the driver said in `meta.driverAdapterError.cause`. */
function adapterSaysSo(error: Prisma.PrismaClientKnownRequestError): boolean {
  const adapterError = error.meta?.driverAdapterError;
  if (typeof adapterError !== 'object' || adapterError === null || !('cause' in adapterError)) return false;
  const { cause } = adapterError;
  if (typeof cause !== 'object' || cause === null) return false;
  if ('kind' in cause && KINDS.includes(cause.kind)) return true;
  return 'originalCode' in cause && typeof cause.originalCode === 'string' && CODES.test(cause.originalCode);
}

/** Runs `work`; when it fails because the database is not there, the error is a `DatabaseUnavailable`. */
export async function translating<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isUnavailable(error) && !(error instanceof DatabaseUnavailable)
      ? new DatabaseUnavailable(error)
      : error;
  }
}
