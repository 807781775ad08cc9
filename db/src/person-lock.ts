import type { PrismaTransaction } from './client.ts';
import { Refused } from './failures.ts';

/** One change of who somebody is at a time: every transaction about it begins with this. Throws `not-found`. */
export async function lockPerson(tx: PrismaTransaction, userId: string): Promise<void> {
  const [row] = await tx.$queryRaw<{ id: string }[]>`
    SELECT "id" FROM "User" WHERE "id" = ${userId}::uuid FOR NO KEY UPDATE`;
  if (!row) throw new Refused('not-found', 'user');
}
