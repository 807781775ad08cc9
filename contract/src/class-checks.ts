/** Who is asked to show themself in a class, and where being recognised stands [AT1, AT7, PR4]. */
import { z } from 'zod';
import { boardIdentity, id, instant } from './domain.ts';
import { headMotion, verdict } from './proctor.ts';

export const checkPurpose = z.enum(['sign-in', 'check', 'recheck']);
export type CheckPurpose = z.infer<typeof checkPurpose>;

/** What came of one question, for what it takes back or bears out [PR5]. */
export const judgedCheck = z.object({
  /** When the pictures were taken, or the answer was due. */
  at: instant,
  verdict,
  /** `person`: somebody looked and knew the learner. */
  by: z.enum(['face', 'person']),
});
export type JudgedCheck = z.infer<typeof judgedCheck>;

export const identityAsk = z.object({
  id,
  /** Sent back with the pictures: what answers another question answers nothing. */
  nonce: z.string(),
  purpose: checkPurpose,
  /** Of a sign-in, from 1. */
  hour: z.int().positive().nullable(),
  pictures: z.int().min(1).max(8),
  /** Which way the head is to be turned while the pictures are taken, in the learner's own left and right. */
  motion: headMotion.nullable(),
  deadline: instant,
});
export type IdentityAsk = z.infer<typeof identityAsk>;

export const identityStanding = z.object({
  /** `waiting`: a person is to recognise this learner; `refused`: that person did not. */
  state: boardIdentity.shape.state,
  /** Of the last question that came to one. */
  verdict: verdict.nullable(),
  /** When the state began. */
  since: instant,
  /** Class hours this learner was recognised for, from 1. */
  signedHours: z.array(z.int().positive()),
  /** Presence proves nothing at the moment [AT1]; since when, null while it does. */
  overdueSince: instant.nullable(),
});
export type IdentityStanding = z.infer<typeof identityStanding>;

/** [PR5] `nobody` for long enough to end presence, and a camera that ended, empty the seat; the others only ask. */
export const ownEyeNotice = z.enum([
  'nobody',
  'nobody-long',
  'several',
  'covered',
  'ended',
  'still',
  'virtual-camera',
]);
export type OwnEyeNotice = z.infer<typeof ownEyeNotice>;

/** What web tells the coordinator of a class. A hint: the row is the truth. */
export const checkHint = z.object({
  classId: id,
  userId: id,
  checkId: id.nullable(),
  /** A finding about this learner has been decided: what its checks took back is read anew. */
  decided: z.boolean().default(false),
});
export type CheckHint = z.infer<typeof checkHint>;
export const checkHints = 'identity-checks';

/** Pictures in one body: each a JPEG after its length in bytes as 32 bits, big-endian. */
export const pictureBundle = { type: 'application/vnd.keshi.pictures', mostPictures: 8 } as const;
