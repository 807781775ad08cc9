/** Claims of the tokens that web/server signs and every service checks (HS256 with TOKEN_SECRET). */
import { z } from 'zod';
import { classRole, id, membership } from './domain.ts';

/** Minutes of life: who is asking, in which login session. */
export const accessClaims = z.object({
  kind: z.literal('access'),
  sub: id,
  sid: id,
  memberships: z.array(membership),
});
export type AccessClaims = z.infer<typeof accessClaims>;

/** Two minutes of life, one class: presented when the class's socket connects. */
export const ticketClaims = z.object({
  kind: z.literal('ticket'),
  sub: id,
  sid: id,
  classId: id,
  role: classRole,
  name: z.string(),
});
export type TicketClaims = z.infer<typeof ticketClaims>;

/** Half a day of life, one class: an encoder of its instructor publishes with it over WHIP, and can do nothing else. */
export const whipClaims = z.object({
  kind: z.literal('whip'),
  sub: id,
  sid: id,
  classId: id,
  name: z.string(),
});
export type WhipClaims = z.infer<typeof whipClaims>;

/** Published on the bus channel `sessions` the moment a login session ends; every holder of its connections closes them. */
export const sessionEnded = z.object({
  sid: id,
  userId: id,
  reason: z.enum(['session-replaced', 'session-revoked']),
});
export type SessionEnded = z.infer<typeof sessionEnded>;
export const sessionsChannel = 'sessions';
