/** The sealed columns of a person, with the blind indexes beside them. */
import type { Db, PrismaTransaction } from './client.ts';
import { Refused } from './failures.ts';

export function sealedName(db: Db, name: string) {
  return { nameSealed: db.personal.seal('User.name', name), nameIndex: db.personal.index('User.name', name) };
}

export function sealedPhone(db: Db, phone: string | null) {
  if (phone === null) return { phoneSealed: null, phoneIndex: null };
  return {
    phoneSealed: db.personal.seal('User.phone', phone),
    phoneIndex: db.personal.index('User.phone', phone),
  };
}

export function sealed(db: Db, input: { name: string; phone?: string | null }) {
  return { ...sealedName(db, input.name), ...sealedPhone(db, input.phone ?? null) };
}

/** The unique index sees only the newest key's; while keys are being rotated the same phone may stand under an older one. */
export async function refuseTakenPhone(
  db: Db,
  tx: PrismaTransaction,
  phone: string | null,
  self?: string,
): Promise<void> {
  if (phone === null) return;
  const phoneIndex = { in: db.personal.indexes('User.phone', phone) };
  const other = await tx.user.findFirst({
    where: { phoneIndex, ...(self && { id: { not: self } }) },
    select: { id: true },
  });
  if (other) throw new Refused('conflict', 'user', ['phoneIndex']);
}
