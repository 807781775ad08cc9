/** The nouns of who somebody is: documents, consent, the reference of a face, and how it came to be confirmed. */
import { z } from 'zod';

export const documentKind = z.enum([
  'id-card',
  'social-security',
  'hk-macau-residence',
  'taiwan-residence',
  'hk-macau-travel',
  'taiwan-travel',
]);
export type DocumentKind = z.infer<typeof documentKind>;

/** What is wrong with a number, so that a person can find the slip. */
export const documentFault = z.enum([
  'length',
  'characters',
  'prefix',
  'region',
  'birth-date',
  'sequence',
  'check-digit',
]);
export type DocumentFault = z.infer<typeof documentFault>;

/** `pending` until an authority or a person decided. */
export const documentState = z.enum(['pending', 'confirmed', 'refused']);
export type DocumentState = z.infer<typeof documentState>;

/** [PR2] */
export const faceState = z.enum(['provisional', 'confirmed', 'refused']);
export type FaceState = z.infer<typeof faceState>;

/** [PR1] By the face, or by a person; null in a record until the learner has chosen. */
export const identityPath = z.enum(['face', 'person']);
export type IdentityPath = z.infer<typeof identityPath>;

export const consentAction = z.enum(['given', 'refused', 'withdrawn']);
export type ConsentAction = z.infer<typeof consentAction>;

/** As the person turns, in their own left and right. */
export const facePose = z.enum(['centre', 'left', 'right']);
export type FacePose = z.infer<typeof facePose>;

/** What is to be changed about a frame. */
export const frameAdvice = z.enum([
  'not-a-picture',
  'no-face',
  'many-faces',
  'too-small',
  'too-dark',
  'blurred',
  'look-ahead',
  'turn-left',
  'turn-right',
  'other-person',
  'repeated',
]);
export type FrameAdvice = z.infer<typeof frameAdvice>;

/** [B11] What an authority said of name and number: `waiting` until it answered, `none` where no authority is asked. */
export const authorityOutcome = z.enum(['none', 'waiting', 'matched', 'mismatch', 'unknown']);
export type AuthorityOutcome = z.infer<typeof authorityOutcome>;

export const photoOutcome = z.enum(['matched', 'mismatch', 'not-compared']);
export type PhotoOutcome = z.infer<typeof photoOutcome>;

/** What still has to be done before somebody's identity is confirmed, in the order in which it is asked for. */
export const identityGap = z.enum([
  'phone',
  'document',
  'consent',
  'face',
  'document-decision',
  'face-decision',
]);
export type IdentityGap = z.infer<typeof identityGap>;
