/** Jobs as the product's services send them. */
import { randomUUID } from 'node:crypto';
import type { FaceReference, ProctorJob } from '@keshi/contract/proctor';

export const secret = 'a service secret of the tests, 32+';
export const signingKey = Buffer.alloc(32, 5);
export const userId = '00000000-0000-4000-8000-00000000000a';

export function jobOf(
  frames: readonly Uint8Array[],
  given: Partial<Omit<ProctorJob, 'frames'>> = {},
): ProctorJob {
  return {
    id: randomUUID(),
    purpose: 'check',
    userId,
    context: { kind: 'class', id: '00000000-0000-4000-8000-00000000000b' },
    frames: frames.map((frame) => Buffer.from(frame).toString('base64')),
    motion: null,
    references: [],
    seen: [],
    at: Date.now(),
    deadline: Date.now() + 60_000,
    ...given,
  };
}

/** The descriptors of an enrolment, as references. */
export function referencesOf(descriptors: readonly (string | null | undefined)[]): FaceReference[] {
  return descriptors.map((descriptor, index) => {
    if (!descriptor) throw new Error('no descriptor');
    return { id: `00000000-0000-4000-8000-00000000010${index}`, descriptor };
  });
}
