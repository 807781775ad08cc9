/** [B1] The document somebody identifies with: sealed, unique by its blind index, decided by an authority or a person. */
import { type DocumentKind, documentKind, type DocumentState, documentState } from '@keshi/contract/identity';
import type { Db } from './client.ts';
import { maskDocument } from './crypto.ts';
import { Refused, refusing } from './failures.ts';
import { fromDate, fromDateOrNull, toDate } from './instants.ts';
import { askAuthority } from './identity-checks.ts';
import { lockPerson } from './person-lock.ts';

export interface IdentityDocument {
  kind: DocumentKind;
  maskedNumber: string;
  state: DocumentState;
  givenAt: number;
  decidedAt: number | null;
  /** `authority`, or whoever decided. */
  decidedBy: string | null;
  reason: string | null;
  version: number;
}

/**
 * Keeps the document, anew and pending whatever was decided about the one before, and lets the authority be asked.
 * Throws `Refused`: `conflict` when somebody else identifies with this number, `outdated` when the person has been
 * confirmed meanwhile and `replace` is not set.
 */
export async function giveDocument(
  db: Db,
  input: { userId: string; kind: DocumentKind; number: string; now: number; replace: boolean },
): Promise<void> {
  const { userId, kind, number } = input;
  const now = toDate(input.now);
  const data = {
    kind,
    numberSealed: db.personal.seal('IdentityDocument.number', number),
    numberIndex: db.personal.index('IdentityDocument.number', number),
    state: 'pending',
    givenAt: now,
    decidedAt: null,
    decidedBy: null,
    reason: null,
  };
  await refusing('document', () =>
    db.prisma.$transaction(async (tx) => {
      await lockPerson(tx, userId);
      const known = await tx.identityDocument.findUnique({ where: { userId }, select: { state: true } });
      if (known?.state === 'confirmed' && !input.replace) throw new Refused('outdated', 'document');
      // While keys are being rotated the same number may stand under an older one.
      const other = await tx.identityDocument.findFirst({
        where: {
          numberIndex: { in: db.personal.indexes('IdentityDocument.number', number) },
          userId: { not: userId },
        },
        select: { userId: true },
      });
      if (other) throw new Refused('conflict', 'document', ['numberIndex']);
      await tx.identityDocument.upsert({
        where: { userId },
        create: { userId, ...data },
        update: { ...data, version: { increment: 1 } },
        select: { userId: true },
      });
      await askAuthority(tx, { userId, now: input.now });
    }),
  );
}

export async function getDocument(db: Db, userId: string): Promise<IdentityDocument | null> {
  const row = await db.prisma.identityDocument.findUnique({ where: { userId } });
  if (!row) return null;
  return {
    kind: documentKind.parse(row.kind),
    maskedNumber: maskDocument(db.personal.open('IdentityDocument.number', row.numberSealed)),
    state: documentState.parse(row.state),
    givenAt: fromDate(row.givenAt),
    decidedAt: fromDateOrNull(row.decidedAt),
    decidedBy: row.decidedBy,
    reason: row.reason,
    version: row.version,
  };
}
