/** Learners with consent and a face, logged in, made in the database at once; and the questions they are asked. */
import { randomBytes, randomUUID } from 'node:crypto';
import { recordConsent } from '@keshi/db/consents';
import type { Db } from '@keshi/db/client';
import type { FaceCheck } from '@keshi/db/face-checks';
import { createOrganization } from '@keshi/db/organizations';
import { createUsers } from '@keshi/db/users';
import type { Vault } from '@keshi/db/vault';
import { answerMs } from '@keshi/rules/check-plan';
import { createTokens } from '@keshi/web-server/auth/tokens';
import { consentTextFor } from '@keshi/web-server/identity/consent-text';
import { pathSecret } from './messages.ts';

export interface Learner {
  userId: string;
  token: string;
}

const hour = 3_600_000;

/** All of them are the same person, whose descriptors these are. */
export async function seedLearners(
  db: Db,
  vault: Vault,
  { count, descriptors }: { count: number; descriptors: readonly string[] },
): Promise<Learner[]> {
  const now = Date.now();
  const org = await createOrganization(db, { parentId: null, kind: 'institution', name: '学校' });
  const { created } = await createUsers(
    db,
    Array.from({ length: count }, (_, n) => ({
      orgId: org.id,
      login: `learner${n + 1}`,
      // Nobody logs in.
      passwordHash: 'none',
      name: `学员${n + 1}`,
      memberships: [{ orgId: org.id, role: 'learner' as const }],
    })),
  );
  const { shown, text } = consentTextFor('zh-CN');
  const tokens = createTokens(pathSecret, () => Date.now() + hour);
  const memberships = [{ role: 'learner' as const, orgId: org.id, orgPath: org.path }];
  const createdAt = new Date(now);
  const learners: Learner[] = [];
  for (const { id: userId } of created) {
    await recordConsent(db, {
      userId,
      action: 'given',
      shown: { version: shown.version, hash: shown.hash, locale: 'zh-CN', text },
      address: '127.0.0.1',
      now,
    });
    const keyId = randomUUID();
    const key = await vault.make(keyId);
    if (!key) throw new Error('no key');
    await db.prisma.faceKey.create({ data: { userId, keyId, createdAt } });
    await db.prisma.faceEnrolment.create({
      data: { userId, keyId, state: 'provisional', enrolledAt: createdAt },
    });
    const poses = ['centre', 'left', 'right'] as const;
    await db.prisma.faceReference.createMany({
      data: descriptors.map((descriptor, n) => ({
        userId,
        keyId,
        pose: poses[n] ?? 'centre',
        descriptorSealed: key.seal('FaceReference.descriptor', Buffer.from(descriptor, 'base64')),
        createdAt,
      })),
    });
    const sid = randomUUID();
    await db.prisma.loginSession.create({
      data: { id: sid, userId, refreshHash: sid, expiresAt: new Date(now + 24 * hour) },
    });
    learners.push({ userId, token: (await tokens.signAccess({ sub: userId, sid, memberships })).token });
  }
  return learners;
}

/** A question of a place of its own, so that whoever is asked again is asked at once. Stored before it is asked. */
export function newCheck(userId: string, purpose: 'check' | 'exam'): FaceCheck {
  const now = Date.now();
  return {
    id: randomUUID(),
    kind: purpose === 'exam' ? 'exam' : 'class',
    contextId: randomUUID(),
    userId,
    purpose,
    hour: null,
    cause: 'schedule',
    nonce: randomBytes(18).toString('base64url'),
    pictures: 1,
    motion: null,
    askedAt: now,
    deadline: now + answerMs,
  };
}
