/** Learners whose face may be asked for, and answers stored as web stores them. */
import { randomUUID } from 'node:crypto';
import { checkHints, type IdentityAsk } from '@keshi/contract/class-checks';
import type { Verdict } from '@keshi/contract/proctor';
import type { Db } from '@keshi/db/client';
import { claimFaceCheck, readFaceChecks, settleFaceCheck } from '@keshi/db/face-checks';
import type { Node, Person } from './harness.ts';

/** Consent stands and there is a reference: what signaling looks at. What is sealed in it is web's business. */
export async function enrolFace(db: Db, { id: userId }: Person): Promise<void> {
  const at = new Date();
  const shown = { hash: 'a'.repeat(64), version: 'test', locale: 'zh-CN', text: '' };
  await db.prisma.consentText.createMany({ data: [{ ...shown, firstShownAt: at }], skipDuplicates: true });
  await db.prisma.consentRecord.create({
    data: {
      userId,
      at,
      action: 'given',
      version: shown.version,
      locale: shown.locale,
      textHash: shown.hash,
      address: '',
    },
  });
  const keyId = randomUUID();
  await db.prisma.faceKey.create({ data: { userId, keyId, createdAt: at } });
  await db.prisma.faceEnrolment.create({ data: { userId, keyId, state: 'provisional', enrolledAt: at } });
}

export async function answer(
  { db, node, classId }: { db: Db; node: Node; classId: string },
  person: Person,
  ask: IdentityAsk,
  verdict: Verdict,
): Promise<void> {
  const at = (node.clock.stoppedAt ?? Date.now()) + node.clock.offset;
  const { id, nonce, hour } = ask;
  if (!(await claimFaceCheck(db, { id, userId: person.id, nonce, at })))
    throw new Error('the check was over already');
  await settleFaceCheck(db, {
    id,
    at,
    verdict,
    signed: null,
    traces: [],
    pictures: null,
    signIn: verdict === 'match' && hour !== null ? { classId, userId: person.id, hour, at } : null,
  });
  await hint(node, classId, person, id);
}

export function hint(
  node: Node,
  classId: string,
  { id: userId }: Person,
  checkId: string | null,
  decided = false,
) {
  return node.state.bus.publish(checkHints, { classId, userId, checkId, decided });
}

export async function verdictOf(db: Db, { id }: IdentityAsk): Promise<Verdict | null> {
  const [check] = await readFaceChecks(db, [id]);
  return check?.verdict ?? null;
}
