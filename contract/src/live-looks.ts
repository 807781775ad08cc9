/** A supervisor looks at a learner for a moment, who agrees to it each time; nothing of it is kept [AT7, PR1]. */
import { z } from 'zod';
import { id, instant } from './domain.ts';

/** How long a look may last from when it was asked for, ms. */
export const lookMs = 90_000;

/** JPEG in base64; null: the learner does not want to, or has seen to it that it is over. */
export const lookPicture = z.base64().max(48_000).nullable();

/** What the learner's page is told. */
export const liveLook = z.object({ lookId: id, until: instant });
export type LiveLook = z.infer<typeof liveLook>;

/** What the supervisor's page is shown. */
export const lookShown = z.object({ lookId: id, userId: id, picture: lookPicture });
export type LookShown = z.infer<typeof lookShown>;

export const liveLooks = 'live-looks';
/** Between services. Web asks, having seen to it that the supervisor may; what is shown goes to that supervisor alone. */
export const lookMessage = z.discriminatedUnion('kind', [
  liveLook.extend({ kind: z.literal('asked'), classId: id, userId: id, byId: id }),
  lookShown.extend({ kind: z.literal('shown'), classId: id, byId: id }),
]);
export type LookMessage = z.infer<typeof lookMessage>;
