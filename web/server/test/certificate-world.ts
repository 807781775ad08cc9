/** A course that is over, with learners who have everything for a certificate, for tests of what becomes of it. */
import { newId } from '@keshi/db/ids';
import { recordConsent } from '@keshi/db/consents';
import { giveDocument } from '@keshi/db/identity-documents';
import { checkDigitOf } from '@keshi/rules/documents';
import { consentVersion } from '../src/identity/consent-text.ts';
import { ledgerWorld, minute, startWorker } from './ledger-world.ts';
import { type RunningWeb, tokenOf } from './running-web.ts';

let numbers = 0;

export async function certificateWorld(web: RunningWeb, learners = 2) {
  const { db, world } = web;
  const of = await ledgerWorld(db, learners);
  const everybody = [of.instructorId, of.staffId, ...of.learnerIds];
  await db.sql('UPDATE "User" SET "passwordHash" = $1 WHERE "id" = ANY($2::uuid[])', [
    world.passwordHash,
    everybody,
  ]);
  const logins = await db.sql<{ id: string; login: string }>(
    'SELECT "id", "login" FROM "User" WHERE "id" = ANY($1::uuid[])',
    [everybody],
  );
  const loginOf = (userId: string) => logins.find(({ id }) => id === userId)?.login ?? '';

  /** Known by document and by a person, without a face. */
  async function confirm(userId: string): Promise<void> {
    numbers += 1;
    const first = `11010119900101${String(numbers).padStart(3, '0')}`;
    const now = web.clock();
    await giveDocument(db, {
      userId,
      kind: 'id-card',
      number: first + checkDigitOf(first),
      now,
      replace: false,
    });
    await db.prisma.identityDocument.update({
      where: { userId },
      data: { state: 'confirmed', decidedAt: new Date(now), decidedBy: of.staffId },
      select: { userId: true },
    });
    const shown = { hash: 'a'.repeat(64), version: consentVersion, locale: 'zh-CN', text: '同意书' };
    await recordConsent(db, { userId, action: 'refused', shown, address: '', now });
  }

  const start = web.clock() - 24 * 60 * minute;
  const classId = await of.held(start, 90);
  await of.attends(classId, of.learnerIds, start, start + 90 * minute);
  for (const hour of [1, 2])
    await of.signsIn(classId, of.learnerIds, hour, start + (hour - 1) * 45 * minute + minute);
  for (const userId of of.learnerIds) await confirm(userId);
  const worker = startWorker(db, { clock: web.clock });
  await worker.sweep();

  const staff = await tokenOf(web, loginOf(of.staffId));
  return { ...of, classId, start, worker, staff, loginOf, confirm, newId };
}
export type CertificateWorld = Awaited<ReturnType<typeof certificateWorld>>;
