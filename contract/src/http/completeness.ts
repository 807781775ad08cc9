import { z } from 'zod';
import { durationMs, id } from '../domain.ts';
import { defineRoutes } from './route.ts';

/** What a class lacks of what makes it class hours [A8]. */
export const hourLack = z.enum(['length', 'points', 'questions', 'closing']);
export type HourLack = z.infer<typeof hourLack>;

export const classCompleteness = z.object({
  /** Before its end what is prepared counts too. */
  stage: z.enum(['ahead', 'held']),
  hours: z.int().positive(),
  lengthMs: durationMs,
  leastMs: durationMs,
  /** Knowledge and skill points of its course. */
  points: z.int().nonnegative(),
  /** Asked, and before its end also prepared; the closing one among them. */
  questions: z.int().nonnegative(),
  /** Hours that were held without a question, from 1. */
  hoursWithout: z.array(z.int().positive()),
  closing: z.enum(['question', 'exam']).nullable(),
  lacks: z.array(hourLack),
});
export type ClassCompleteness = z.infer<typeof classCompleteness>;

export const completenessRoutes = defineRoutes({
  classCompleteness: {
    method: 'GET',
    path: '/api/classes/:id/completeness',
    tag: 'classes',
    access: 'session',
    summary:
      'Whether a class has what class hours consist of: 45 minutes, training points, questions in class, a closing assessment (A8).',
    params: z.object({ id }),
    reply: classCompleteness,
  },
});
