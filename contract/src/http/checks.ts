import { z } from 'zod';
import { pictureBundle } from '../class-checks.ts';
import { id, instant } from '../domain.ts';
import { liveLook } from '../live-looks.ts';
import { verdict } from '../proctor.ts';
import { frameBytes } from './identity.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });

/** What a learner is told of an answer; what follows comes from the class. */
export const checkAnswer = z.object({ verdict, at: instant });
export type CheckAnswer = z.infer<typeof checkAnswer>;

export const waitingPerson = z.object({
  userId: id,
  /** Masked. */
  name: z.string(),
  hour: z.int().positive(),
  since: instant,
  /** `no-face`: this learner is checked by a person [PR1]; `errors`: we failed too often; `failed`: was not recognised. */
  cause: z.enum(['no-face', 'errors', 'failed']),
});
export type WaitingPerson = z.infer<typeof waitingPerson>;

export const checkRoutes = defineRoutes({
  answerCheck: {
    method: 'POST',
    path: '/api/checks/:id/pictures',
    tag: 'checks',
    access: 'session',
    summary:
      'Answer a question to show oneself, with all its pictures at once; judged by the server (PR3, AT7).',
    params: byId,
    query: z.object({ nonce: z.string().regex(/^[\w-]{24}$/) }),
    upload: { type: pictureBundle.type, maxBytes: pictureBundle.mostPictures * (frameBytes + 4) },
    reply: checkAnswer,
  },
  waitingInClass: {
    method: 'GET',
    path: '/api/classes/:id/waiting',
    tag: 'checks',
    access: 'session',
    summary: 'Who waits in a class to be recognised by a person, the longest waiting first (AT7, PR1).',
    params: byId,
    reply: z.object({ rows: z.array(waitingPerson) }),
  },
  recognise: {
    method: 'POST',
    path: '/api/classes/:id/waiting/:userId',
    tag: 'checks',
    access: 'session',
    summary: 'Say whether somebody who waits is who they are; logged (AT7).',
    params: byId.extend({ userId: id }),
    body: z.object({ hour: z.int().positive(), decision: z.enum(['confirmed', 'refused']) }),
  },
  lookAt: {
    method: 'POST',
    path: '/api/classes/:id/looks/:userId',
    tag: 'checks',
    access: 'session',
    summary:
      'Ask somebody in a running class to be looked at; pictures come over the class’s socket while they agree. Logged (AT7).',
    params: byId.extend({ userId: id }),
    reply: liveLook,
  },
});
