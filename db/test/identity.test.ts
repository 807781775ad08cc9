import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { latestConsent, pendingDestructions, recordConsent, destructionConfirmed } from '../src/consents.ts';
import { beginChallenge, completeChallenge, getChallenge, takeFrame } from '../src/face-challenges.ts';
import {
  countFaces,
  descriptorBytes,
  getFaceEnrolment,
  openPicture,
  openReferences,
} from '../src/face-references.ts';
import {
  deleteChallengesExpiredBefore,
  deletePicturesTakenBefore,
  eraseFaceOf,
  finishedTrainings,
} from '../src/face-retention.ts';
import { answered, getCheck, putOff, takeDueChecks } from '../src/identity-checks.ts';
import { getDocument, giveDocument } from '../src/identity-documents.ts';
import { newId } from '../src/ids.ts';
import { decideIdentity, pageIdentityQueue, revealIdentity } from '../src/identity-queue.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { testVault } from '../src/testing/vault.ts';
import { dump, restore } from './dump.ts';
import { minute, t0, world } from './world.ts';

let test: TestDatabase;
let keys: Awaited<ReturnType<typeof testVault>>;
let here: Awaited<ReturnType<typeof world>>;
let learner: string;
let other: string;
const day = 24 * 60 * minute;

beforeAll(async () => {
  [test, keys] = await Promise.all([testDatabase(), testVault()]);
});
afterAll(async () => {
  await keys.close();
  await test.close();
});
beforeEach(async () => {
  here = await world(test.db);
  [learner = '', other = ''] = here.learnerIds;
});

const shown = { hash: 'h1', version: '1', locale: 'zh-CN', text: '同意书全文' };
const consent = (action: 'given' | 'refused' | 'withdrawn', now = t0, userId = learner) =>
  recordConsent(test.db, { userId, action, shown, address: '127.0.0.1', now });
const number = () => `H${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`;
const give = (userId = learner, value = number(), now = t0) =>
  giveDocument(test.db, { userId, kind: 'hk-macau-travel', number: value, now, replace: false });

async function begin(userId = learner, { replace = false, now = t0 } = {}) {
  const id = randomUUID();
  const begun = await beginChallenge(test.db, {
    id,
    userId,
    poses: ['centre', 'left', 'right'],
    consentVersion: '1',
    replace,
    now,
    expiresAt: now + 2 * minute,
  });
  if (!begun.begun) return begun;
  const key = await keys.vault.make(begun.keyId);
  if (!key) throw new Error('the vault makes new keys');
  return { ...begun, id, key };
}

/** A reference of that face, by the ways the service goes. */
async function enrolFace(userId = learner, value = 0.25, { replace = false, now = t0 } = {}) {
  const begun = await begin(userId, { replace, now });
  if (!begun.begun) throw new Error(begun.why);
  const { id, key, keyId } = begun;
  const descriptor = descriptorBytes(new Float32Array(128).fill(value));
  const at = (step: number) => ({ challengeId: id, userId, keyId, step, consentVersion: '1', now });
  for (const [step, pose] of (['centre', 'left'] as const).entries()) {
    const frame = {
      step,
      pose,
      facts: key.seal('FaceChallengeFrame.facts', descriptor),
      picture: key.seal('FaceChallengeFrame.picture', Buffer.from('jpeg')),
    };
    expect(await takeFrame(test.db, { ...at(step), frame })).toBe(true);
    expect(await takeFrame(test.db, { ...at(step), frame })).toBe(false);
  }
  const taken = {
    references: (['centre', 'left', 'right'] as const).map((pose) => ({
      pose,
      descriptor: key.seal('FaceReference.descriptor', descriptor),
    })),
    picture: key.seal('FacePicture.picture', Buffer.from(`picture of ${value}`)),
  };
  const done = await completeChallenge(test.db, { ...at(2), taken });
  expect(await completeChallenge(test.db, { ...at(2), taken })).toBeNull();
  return { ...begun, done };
}

const queue = (under: string, { asked = false, except = newId(), waitedSince = t0, query = '' } = {}) =>
  pageIdentityQueue(test.db, { under, except, asked, waitedSince, query });

describe('[B1] documents', () => {
  it('are sealed, masked and one person’s alone', async () => {
    await give(learner, 'H87654321');
    const row = await test.db.prisma.identityDocument.findUniqueOrThrow({ where: { userId: learner } });
    expect(JSON.stringify(row)).not.toContain('87654321');
    expect(await getDocument(test.db, learner)).toMatchObject({
      maskedNumber: 'H87****21',
      state: 'pending',
    });
    // As it was typed makes no other number of it, nor does another kind.
    await expect(give(other, 'h 8765-4321')).rejects.toMatchObject({
      code: 'conflict',
      fields: ['numberIndex'],
    });
    await give(learner, 'H87654321');
    await give(other);
  });

  it('start anew when they change, and a confirmed one is not overwritten by accident', async () => {
    await give();
    await answeredFor(learner, 'matched');
    expect((await getDocument(test.db, learner))?.state).toBe('confirmed');
    await expect(give()).rejects.toMatchObject({ code: 'outdated' });
    await giveDocument(test.db, {
      userId: learner,
      kind: 'hk-macau-travel',
      number: number(),
      now: t0,
      replace: true,
    });
    expect(await getDocument(test.db, learner)).toMatchObject({ state: 'pending', decidedBy: null });
    expect(await getCheck(test.db, learner)).toMatchObject({ outcome: 'waiting', attempts: 0 });
  });
});

async function answeredFor(
  userId: string,
  outcome: 'matched' | 'mismatch' | 'unknown',
  photo: 'matched' | 'not-compared' = 'not-compared',
) {
  const { revision } = await test.db.prisma.identityCheck.findUniqueOrThrow({ where: { userId } });
  return answered(test.db, { userId, revision, outcome, photo, now: t0 + minute });
}

describe('[B11] the authority’s questions', () => {
  it('are taken by one of many at a time, and come again when that one died', async () => {
    await Promise.all([give(learner), give(other)]);
    const mine = (rows: { userId: string }[]) =>
      rows.map(({ userId }) => userId).filter((userId) => userId === learner || userId === other);
    const takes = await Promise.all(
      [1, 2, 3].map(() => takeDueChecks(test.db, { now: t0, againAt: t0 + minute, limit: 100 })),
    );
    expect(takes.flatMap(mine).sort()).toEqual([learner, other].sort());
    expect(mine(await takeDueChecks(test.db, { now: t0 + minute - 1, againAt: t0 + minute }))).toEqual([]);
    const again = await takeDueChecks(test.db, { now: t0 + minute, againAt: t0 + 2 * minute, limit: 100 });
    expect(mine(again).sort()).toEqual([learner, other].sort());
    expect(again[0]).toMatchObject({ attempts: 2, name: expect.stringContaining('张三') });
  });

  it('are put off while it is away, and an answer to an older question is dropped', async () => {
    await give();
    const { revision } = await test.db.prisma.identityCheck.findUniqueOrThrow({ where: { userId: learner } });
    await putOff(test.db, { userId: learner, revision, nextAt: t0 + 5 * minute });
    const due = await takeDueChecks(test.db, { now: t0 + 4 * minute, againAt: t0 + day, limit: 100 });
    expect(due.map(({ userId }) => userId)).not.toContain(learner);
    await give(learner, number());
    const late = { userId: learner, revision, outcome: 'matched', photo: 'matched', now: t0 } as const;
    expect(await answered(test.db, late)).toBeNull();
    expect((await getDocument(test.db, learner))?.state).toBe('pending');
  });

  it('[PR2] confirm the face only where its picture was compared', async () => {
    await consent('given');
    await give();
    await enrolFace();
    expect(await answeredFor(learner, 'matched')).toEqual({ document: true, face: false });
    expect((await getFaceEnrolment(test.db, learner))?.state).toBe('provisional');
    await enrolFace(learner, 0.3, { replace: true });
    expect(await answeredFor(learner, 'matched', 'matched')).toEqual({ document: false, face: true });
    expect(await getFaceEnrolment(test.db, learner)).toMatchObject({
      state: 'confirmed',
      decidedBy: 'authority',
    });
  });
});

describe('[PR1] consent', () => {
  it('is append-only, and the latest counts', async () => {
    await consent('given');
    await consent('withdrawn', t0 + 1);
    await consent('given', t0 + 2);
    expect(await latestConsent(test.db, learner)).toEqual({ action: 'given', version: '1', at: t0 + 2 });
    const row = { where: { userId: learner } };
    await expect(test.db.prisma.consentRecord.deleteMany(row)).rejects.toThrow(/append-only/);
    await expect(
      test.db.prisma.consentRecord.updateMany({ ...row, data: { action: 'given' } }),
    ).rejects.toThrow(/append-only/);
    await expect(test.db.prisma.consentText.updateMany({ data: { text: '' } })).rejects.toThrow(
      /append-only/,
    );
  });

  it('stands before every picture: none without it, none after its end', async () => {
    expect(await begin()).toEqual({ begun: false, why: 'no-consent' });
    await consent('refused');
    expect(await begin()).toEqual({ begun: false, why: 'no-consent' });
    await consent('given', t0 + 1);
    const begun = await begin();
    if (!begun.begun) throw new Error(begun.why);
    const { id, key, keyId } = begun;
    await consent('withdrawn', t0 + 2);
    // A frame that was being judged meanwhile is not stored.
    const sealed = key.seal('FaceChallengeFrame.facts', Buffer.from('x'));
    const late = { challengeId: id, userId: learner, keyId, step: 0, consentVersion: '1', now: t0 + 3 };
    const frame = { step: 0, pose: 'centre', facts: sealed, picture: sealed } as const;
    expect(await takeFrame(test.db, { ...late, frame })).toBe(false);
    expect(await getChallenge(test.db, id)).toBeNull();
  });
});

describe('[PR2] attempts', () => {
  it('end the one before, and end at their deadline', async () => {
    await consent('given');
    const [first, second] = [await begin(), await begin()];
    if (!first.begun || !second.begun) throw new Error('both begin');
    expect(await getChallenge(test.db, first.id)).toBeNull();
    expect(second.keyId).toBe(first.keyId);
    const sealed = second.key.seal('FaceChallengeFrame.facts', Buffer.from('x'));
    const late = {
      challengeId: second.id,
      userId: learner,
      keyId: second.keyId,
      step: 0,
      consentVersion: '1',
      now: t0 + 2 * minute,
      frame: { step: 0, pose: 'centre', facts: sealed, picture: sealed } as const,
    };
    expect(await takeFrame(test.db, late)).toBe(false);
    expect(await takeFrame(test.db, { ...late, now: late.now - 1 })).toBe(true);
  });

  it('replace a reference only when that is asked for', async () => {
    await consent('given');
    expect((await enrolFace()).done).toEqual({ replaced: false });
    expect(await begin()).toEqual({ begun: false, why: 'enrolled' });
    expect((await enrolFace(learner, 0.5, { replace: true })).done).toEqual({ replaced: true });
    const opened = await openReferences(test.db, keys.vault, learner);
    expect(opened?.references.map(({ pose }) => pose)).toEqual(['centre', 'left', 'right']);
    expect(opened?.references[0]?.descriptor[5]).toBe(0.5);
    expect((await openPicture(test.db, keys.vault, learner))?.toString()).toBe('picture of 0.5');
    expect(await countFaces(test.db)).toBeGreaterThan(0);
  });
});

describe('[PR6] the end of consent', () => {
  it('leaves nothing that can be decrypted, in the database or in a backup of it taken before', async () => {
    await consent('given');
    await enrolFace(learner);
    await consent('given', t0, other);
    await enrolFace(other, 0.75);
    const backup = await dump(test.db);
    const wrapped = await keysOf();
    const text = [...backup.values()].flat().join('\n');
    expect(text).toContain('descriptorSealed');
    for (const one of wrapped) expect(text).not.toContain(one);

    const { destroyedKeyId } = await consent('withdrawn', t0 + 1);
    if (destroyedKeyId === null) throw new Error('there was a key');
    expect(await pendingDestructions(test.db, { userId: learner })).toHaveLength(1);
    await keys.vault.destroy(destroyedKeyId);
    await destructionConfirmed(test.db, destroyedKeyId);
    expect(await openReferences(test.db, keys.vault, learner)).toBeNull();
    expect(await openPicture(test.db, keys.vault, learner)).toBeNull();

    const restored = await testDatabase();
    try {
      await restore(restored.db, backup);
      // The rows are all there again; what they say is gone. The other learner's are unharmed.
      const where = { where: { userId: learner } };
      expect(await restored.db.prisma.faceReference.count(where)).toBe(3);
      expect(await openReferences(restored.db, keys.vault, learner)).toBeNull();
      expect(await openPicture(restored.db, keys.vault, learner)).toBeNull();
      expect(await keys.vault.make(destroyedKeyId)).toBeNull();
      expect((await openReferences(restored.db, keys.vault, other))?.references).toHaveLength(3);
    } finally {
      await restored.close();
    }
    // Consent can be given again, under another key.
    await consent('given', t0 + 2);
    expect((await enrolFace()).keyId).not.toBe(destroyedKeyId);
  });

  async function keysOf(): Promise<string[]> {
    const client = new pg.Client({ connectionString: keys.url });
    await client.connect();
    const { rows } = await client.query<{ hex: string }>(
      `SELECT encode("wrapped", 'hex') AS "hex" FROM "LearnerKey" WHERE "wrapped" IS NOT NULL`,
    );
    await client.end();
    expect(rows.length).toBeGreaterThan(0);
    return rows.map(({ hex }) => hex);
  }
});

describe('[PR6] terms', () => {
  it('pictures and attempts go when they have had theirs, references stay', async () => {
    await consent('given');
    await enrolFace();
    expect(await deletePicturesTakenBefore(test.db, t0)).toBe(0);
    expect(await deletePicturesTakenBefore(test.db, t0 + 1)).toBeGreaterThan(0);
    expect(await openPicture(test.db, keys.vault, learner)).toBeNull();
    expect((await openReferences(test.db, keys.vault, learner))?.references).toHaveLength(3);
    const begun = await begin(learner, { replace: true });
    if (!begun.begun) throw new Error(begun.why);
    await deleteChallengesExpiredBefore(test.db, t0 + 2 * minute);
    expect(await getChallenge(test.db, begun.id)).not.toBeNull();
    await deleteChallengesExpiredBefore(test.db, t0 + 2 * minute + 1);
    expect(await getChallenge(test.db, begun.id)).toBeNull();
  });

  it('templates go with the training: when its classes are over, or the enrolment is', async () => {
    await here.schedule(t0);
    for (const userId of [learner, other]) {
      await consent('given', t0, userId);
      await enrolFace(userId);
    }
    const end = t0 + 90 * minute;
    expect(await finishedTrainings(test.db, { endedBefore: end })).not.toContain(learner);
    const over = await finishedTrainings(test.db, { endedBefore: end + 1 });
    expect(over).toEqual(expect.arrayContaining([learner, other]));
    await here.schedule(t0 + day);
    await test.db.prisma.enrolment.updateMany({
      where: { userId: learner },
      data: { endedAt: new Date(end) },
    });
    const one = await finishedTrainings(test.db, { endedBefore: end + 1 });
    expect(one).toContain(learner);
    expect(one).not.toContain(other);
    const keyId = await eraseFaceOf(test.db, { userId: learner, now: end });
    expect(keyId).not.toBeNull();
    expect(await getFaceEnrolment(test.db, learner)).toBeNull();
    expect(await pendingDestructions(test.db, { userId: learner })).toEqual([{ keyId, userId: learner }]);
  });
});

describe('[PR2] the queue', () => {
  it('holds whom no authority decided, in scope alone, oldest first, masked', async () => {
    const elsewhere = await world(test.db, 1);
    await give(other, number(), t0 + 1);
    await give(learner, 'H11223344', t0);
    await give(elsewhere.learnerIds[0]);
    const { total, rows } = await queue(here.institution.path);
    expect(total).toBe(2);
    expect(rows.map(({ userId }) => userId)).toEqual([learner, other]);
    expect(rows[0]).toMatchObject({
      maskedName: '张**',
      document: { maskedNumber: 'H11****44', state: 'pending' },
      face: null,
      authority: 'none',
    });
    expect((await queue(here.employer.path)).total).toBe(0);
    expect((await queue(here.institution.path, { except: learner })).total).toBe(1);
    const named = await queue(here.institution.path, { query: '张 三1' });
    expect(named.rows.map(({ userId }) => userId)).toEqual([learner]);
    expect((await queue(here.institution.path, { query: '张' })).total).toBe(0);
    // While an authority is being asked it is not a person's turn, until that has lasted too long.
    expect((await queue(here.institution.path, { asked: true, waitedSince: t0 - 1 })).total).toBe(0);
    expect((await queue(here.institution.path, { asked: true, waitedSince: t0 })).total).toBe(1);
    await answeredFor(other, 'mismatch');
    const left = await queue(here.institution.path, { asked: true, waitedSince: t0 - 1 });
    expect(left.rows).toMatchObject([{ userId: other, authority: 'mismatch' }]);
  });

  it('decides what was seen, and nothing that changed since', async () => {
    await consent('given');
    await give();
    await enrolFace();
    const [row] = (await queue(here.institution.path)).rows;
    if (!row) throw new Error('the learner waits');
    await enrolFace(learner, 0.5, { replace: true, now: t0 + 1 });
    const decide = (seen: string, decision: 'confirm' | 'refuse') =>
      decideIdentity(test.db, {
        userId: learner,
        decidedBy: other,
        decision,
        reason: '核对无误',
        seen,
        now: t0 + 2,
      });
    await expect(decide(row.seen, 'confirm')).rejects.toMatchObject({ code: 'outdated' });
    const [fresh] = (await queue(here.institution.path)).rows;
    const both = await Promise.allSettled([
      decide(fresh?.seen ?? '', 'confirm'),
      decide(fresh?.seen ?? '', 'refuse'),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await queue(here.institution.path)).total).toBe(0);
    const [document, face] = [await getDocument(test.db, learner), await getFaceEnrolment(test.db, learner)];
    expect(face).toMatchObject({ state: document?.state, decidedBy: other, reason: '核对无误' });
  });

  it('shows a person whole only with an entry in the audit log', async () => {
    await give(learner, 'H99887766');
    const asked = { userId: learner, actorId: other, reason: '核对', address: '127.0.0.1' };
    expect(await revealIdentity(test.db, asked)).toMatchObject({
      number: 'H99887766',
      kind: 'hk-macau-travel',
    });
    const entries = await test.db.prisma.auditEntry.findMany({ where: { targetId: learner } });
    expect(entries).toMatchObject([
      { action: 'identity.revealed', actorId: other, detail: { reason: '核对' } },
    ]);
    expect(JSON.stringify(entries, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))).not.toContain(
      '9988',
    );
  });
});
