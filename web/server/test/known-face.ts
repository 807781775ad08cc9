/** A learner with consent and references taken from a picture of a real person, as the enrolment leaves them. */
import { randomUUID } from 'node:crypto';
import type { FrameAnalysis } from '@keshi/contract/proctor';
import sharp from 'sharp';
import type { Proctor } from '../../../proctor/src/proctor.ts';
import { portrait } from '../../../proctor/src/testing/samples.ts';
import { giveConsent } from './identity-steps.ts';
import type { RunningWeb } from './running-web.ts';

let moments = 0;

/** One person at different moments: no two of them have the same bytes. */
export async function picturesOf(who: Parameters<typeof portrait>[0], count = 1): Promise<Buffer[]> {
  const one = await portrait(who);
  return Promise.all(
    Array.from({ length: count }, async () => {
      moments += 1;
      const light = { brightness: 0.9 + 0.02 * (moments % 10) };
      return sharp(one)
        .modulate(light)
        .jpeg({ quality: 70 + (moments % 25) })
        .toBuffer();
    }),
  );
}

export async function knowFace(
  web: RunningWeb,
  proctor: Proctor,
  { userId, token, who }: { userId: string; token: string; who: Parameters<typeof portrait>[0] },
): Promise<void> {
  await giveConsent(web, token);
  const at = Date.now();
  const { analyses } = await proctor.submit({
    id: randomUUID(),
    purpose: 'enrol',
    userId,
    context: { kind: 'enrolment', id: userId },
    frames: (await picturesOf(who, 3)).map((picture) => picture.toString('base64')),
    motion: null,
    references: [],
    seen: [],
    at,
    deadline: at + 60_000,
  });
  const keyId = randomUUID();
  const key = await web.vault.make(keyId);
  if (!key) throw new Error('no key');
  const createdAt = new Date(at);
  await web.db.prisma.faceKey.create({ data: { userId, keyId, createdAt } });
  await web.db.prisma.faceEnrolment.create({
    data: { userId, keyId, state: 'provisional', enrolledAt: createdAt },
  });
  await web.db.prisma.faceReference.createMany({
    data: analyses.map((frame, n) => ({
      userId,
      keyId,
      pose: (['centre', 'left', 'right'] as const)[n] ?? 'centre',
      descriptorSealed: key.seal('FaceReference.descriptor', descriptorOf(frame)),
      createdAt,
    })),
  });
}

function descriptorOf(frame: FrameAnalysis): Buffer {
  const descriptor = frame.problem === null ? (frame.detail?.descriptor ?? null) : null;
  if (descriptor === null) throw new Error('no face in the picture');
  return Buffer.from(descriptor, 'base64');
}
