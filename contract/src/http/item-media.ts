import { z } from 'zod';
import { id, instant } from '../domain.ts';
import { mostItemMediaBytes } from '../item-media-limits.ts';
import { defineRoutes } from './route.ts';

const byId = z.object({ id });

/** What is wrong with a file that was to be a picture or a sound of a question. */
export const mediaProblem = z.enum(['unknown-type', 'damaged', 'too-large']);
export type MediaProblem = z.infer<typeof mediaProblem>;

export const itemMediaRoutes = defineRoutes({
  addItemMedia: {
    method: 'POST',
    path: '/api/courses/:id/items/media',
    tag: 'items',
    access: 'session',
    summary:
      'A picture (JPEG, PNG, WebP) or a sound (MP3, M4A, Ogg, WAV) for a question. It is made anew, so that nothing but picture and sound is left of it; what no question uses within a week is let go.',
    params: byId,
    upload: { type: 'application/octet-stream', maxBytes: mostItemMediaBytes },
    reply: z.discriminatedUnion('state', [
      z.object({ state: z.literal('stored'), kind: z.enum(['picture', 'audio']), key: z.string() }),
      z.object({ state: z.literal('refused'), problem: mediaProblem }),
    ]),
  },
  itemMediaLinks: {
    method: 'GET',
    path: '/api/courses/:id/items/media',
    tag: 'items',
    access: 'session',
    summary: 'Where pictures and sounds of a course’s questions are reached: `base` followed by their keys.',
    params: byId,
    reply: z.object({ base: z.string(), expiresAt: instant }),
  },
});
