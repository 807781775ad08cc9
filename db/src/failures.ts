import pg from 'pg';
import { Prisma } from './generated/client.ts';

/** What a query refuses for a reason its caller can tell a person. `code` is one of the protocol's error codes. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: 'not-found' | 'conflict' | 'outdated';
  /** For `conflict`: the columns that are taken. */
  readonly fields: readonly string[];

  constructor(code: 'not-found' | 'conflict' | 'outdated', what: string, fields: readonly string[] = []) {
    super(`${what}: ${code}`);
    this.code = code;
    this.fields = fields;
  }
}

export function isRefused(error: unknown): error is Refused {
  return error instanceof Refused;
}

/** Turns the violation of a unique index into `conflict`, and of a foreign key or a missing row into `not-found`. */
export async function refusing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError) {
      if (error.code === 'P2002') throw new Refused('conflict', what, takenColumns(error));
      if (error.code === 'P2003' || error.code === 'P2025') throw new Refused('not-found', what);
    }
    if (error instanceof pg.DatabaseError) {
      if (error.code === '23505') throw new Refused('conflict', what, columnsOf(error.constraint ?? ''));
      if (error.code === '23503') throw new Refused('not-found', what);
    }
    throw error;
  }
}

function takenColumns(error: Prisma.PrismaClientKnownRequestError): string[] {
  return columnsOf(/"index":"(\w+)"/.exec(JSON.stringify(error.meta ?? {}))?.[1] ?? '');
}

/** From the name of a unique index, `Table_column_column_key`: nothing more is reported. */
function columnsOf(index: string): string[] {
  return /^[^_]+_(\w+)_key$/.exec(index)?.[1]?.split('_') ?? [];
}

/**
 * After an UPDATE that demanded the version its editor saw: nothing updated means that somebody else was faster, or that
 * the row does not exist.
 */
export async function outdatedOrMissing(what: string, exists: Promise<unknown>): Promise<never> {
  throw new Refused((await exists) === null ? 'not-found' : 'outdated', what);
}
