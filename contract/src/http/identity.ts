import { z } from 'zod';
import { id, instant, locale } from '../domain.ts';
import {
  authorityOutcome,
  consentAction,
  documentKind,
  documentState,
  facePose,
  faceState,
  frameAdvice,
  identityGap,
  identityPath,
  photoOutcome,
} from '../identity.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

/** A frame is a JPEG of at most this many bytes. */
export const frameBytes = 600_000;

const byId = z.object({ id });
const reason = z.string().trim().min(2).max(200);

export const ownIdentity = z.object({
  phone: z.object({ masked: z.string().nullable(), verified: z.boolean() }),
  document: z
    .object({
      kind: documentKind,
      masked: z.string(),
      state: documentState,
      givenAt: instant,
      /** Why it was refused. */
      reason: z.string().nullable(),
    })
    .nullable(),
  consent: z
    .object({
      action: consentAction,
      version: z.string(),
      at: instant,
      /** Whether it was about the text in force. */
      current: z.boolean(),
    })
    .nullable(),
  face: z.object({ state: faceState, enrolledAt: instant, reason: z.string().nullable() }).nullable(),
  /** [PR6] The key of a face is being destroyed: decided, and not yet confirmed by the vault. */
  erasing: z.boolean(),
  path: identityPath.nullable(),
  confirmed: z.boolean(),
  gaps: z.array(identityGap),
  /** Who decides what is undecided; null when nothing is. */
  decider: z.enum(['authority', 'person']).nullable(),
  /** Whether faces can be judged here at all. */
  facesJudged: z.boolean(),
});
export type OwnIdentity = z.infer<typeof ownIdentity>;

/** What is shown before consent, word for word; `hash` names it. */
export const consentText = z.object({
  version: z.string(),
  locale,
  hash: z.string(),
  title: z.string(),
  sections: z.array(z.object({ heading: z.string(), paragraphs: z.array(z.string()) })),
  agree: z.string(),
  refuse: z.string(),
});
export type ConsentText = z.infer<typeof consentText>;

const challenge = z.object({
  id: z.uuid(),
  /** How many turns are asked for, and which of them is next, from 0. */
  steps: z.int().positive(),
  step: z.int().nonnegative(),
  pose: facePose,
  expiresAt: instant,
});
export type Challenge = z.infer<typeof challenge>;

export const frameVerdict = z.discriminatedUnion('kind', [
  /** The frame is not good enough for its step: what to change. */
  z.object({ kind: z.literal('again'), advice: frameAdvice }),
  z.object({ kind: z.literal('next'), step: z.int(), pose: facePose }),
  z.object({ kind: z.literal('done') }),
  /** More than one person was seen: begin anew. */
  z.object({ kind: z.literal('failed') }),
]);
export type FrameVerdict = z.infer<typeof frameVerdict>;

export const identityQueueRow = z.object({
  userId: id,
  login: z.string(),
  /** Masked. */
  name: z.string(),
  phone: z.string().nullable(),
  orgName: z.string(),
  document: z.object({ kind: documentKind, masked: z.string(), state: documentState }),
  face: z.object({ state: faceState, enrolledAt: instant, hasPicture: z.boolean() }).nullable(),
  authority: authorityOutcome,
  photo: photoOutcome.nullable(),
  since: instant,
  /** Sent back with a decision, which is about what was seen and nothing later. */
  seen: z.string(),
});
export type IdentityQueueRow = z.infer<typeof identityQueueRow>;

export const revealedIdentity = z.object({
  name: z.string(),
  phone: z.string().nullable(),
  kind: documentKind,
  number: z.string(),
  birthDate: z.string().nullable(),
  /** JPEG in base64; null when there is none, or it has gone after its term. */
  picture: z.string().nullable(),
});
export type RevealedIdentity = z.infer<typeof revealedIdentity>;

export const identityRoutes = defineRoutes({
  ownIdentity: {
    method: 'GET',
    path: '/api/identity',
    tag: 'identity',
    access: 'session',
    summary: 'What is known of who one is, and what is missing.',
    reply: ownIdentity,
  },
  giveDocument: {
    method: 'PUT',
    path: '/api/identity/document',
    tag: 'identity',
    access: 'session',
    summary:
      'Identify with a document (B1). A number that cannot be right is refused as `body.number.FAULT`, one that is somebody’s already as a conflict.',
    body: z.object({
      kind: documentKind,
      number: z.string().trim().min(1).max(40),
      /** A confirmed document is changed only when this says so; it is then decided anew. */
      replace: z.boolean().default(false),
    }),
    reply: ownIdentity,
  },
  consentText: {
    method: 'GET',
    path: '/api/identity/consent',
    tag: 'identity',
    access: 'session',
    summary: 'The text one is asked to agree to before a face is taken (PR1).',
    query: z.object({ locale: locale.default('zh-CN') }),
    reply: consentText,
  },
  giveConsent: {
    method: 'POST',
    path: '/api/identity/consent',
    tag: 'identity',
    access: 'session',
    summary: 'Agree or refuse, to the text that was shown (PR1). To refuse leads to a person who checks.',
    body: z.object({
      decision: z.enum(['given', 'refused']),
      locale,
      version: z.string().min(1).max(32),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
    }),
    reply: ownIdentity,
  },
  withdrawConsent: {
    method: 'POST',
    path: '/api/identity/consent/withdrawal',
    tag: 'identity',
    access: 'session',
    summary: 'Withdraw consent: every picture and template is deleted and its key destroyed at once (PR6).',
    body: z.object({ locale }),
    reply: ownIdentity,
  },
  beginFace: {
    method: 'POST',
    path: '/api/identity/face',
    tag: 'identity',
    access: 'session',
    summary: 'Begin to give a reference of one’s face: turns of the head, drawn by the server (PR2).',
    body: z.object({
      /** Who has a reference already says that another is to take its place. */
      replace: z.boolean(),
    }),
    reply: challenge,
  },
  sendFrame: {
    method: 'POST',
    path: '/api/identity/face/:id/frames/:step',
    tag: 'identity',
    access: 'session',
    summary: 'One frame for the turn that is asked for; judged by the server (PR2).',
    params: byId.extend({ step: z.coerce.number().int().min(0).max(20) }),
    upload: { type: 'image/jpeg', maxBytes: frameBytes },
    reply: frameVerdict,
  },
  identityQueue: {
    method: 'GET',
    path: '/api/identity/queue',
    tag: 'identity',
    access: 'session',
    summary: 'People whose identity no authority decided, in one’s scope, longest waiting first (PR2).',
    query: pageQuery,
    reply: pageOf(identityQueueRow),
  },
  revealIdentity: {
    method: 'POST',
    path: '/api/identity/queue/:id/facts',
    tag: 'identity',
    access: 'session',
    summary: 'One person of the queue whole, with the picture; each time is logged with its reason.',
    params: byId,
    body: z.object({ reason }),
    reply: revealedIdentity,
  },
  decideIdentity: {
    method: 'POST',
    path: '/api/identity/queue/:id/decision',
    tag: 'identity',
    access: 'session',
    summary: 'Confirm or refuse a person’s identity, with a reason (PR2).',
    params: byId,
    body: z.object({ decision: z.enum(['confirm', 'refuse']), reason, seen: z.string().min(3).max(64) }),
  },
});
