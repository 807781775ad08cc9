import { z } from 'zod';
import { id, instant, locale, membership } from '../domain.ts';
import { defineRoutes } from './route.ts';

export const me = z.object({
  userId: id,
  login: z.string(),
  name: z.string(),
  locale,
  org: z.object({ id, name: z.string() }),
  memberships: z.array(membership.extend({ orgName: z.string() })),
});
export type Me = z.infer<typeof me>;

const session = z.object({
  /** Sent as `Authorization: Bearer`; lives minutes. The refresh secret travels only in an httpOnly, SameSite=Strict cookie. */
  accessToken: z.string(),
  expiresAt: instant,
  serverTime: instant,
  me,
});

export const authRoutes = defineRoutes({
  login: {
    method: 'POST',
    path: '/api/auth/login',
    tag: 'auth',
    access: 'public',
    summary: 'Log in. Ends the account’s other session at once (B6).',
    body: z.object({ login: z.string().trim().min(1).max(64), password: z.string().min(1).max(128) }),
    reply: session.extend({ replacedEarlier: z.boolean() }),
  },
  refresh: {
    method: 'POST',
    path: '/api/auth/refresh',
    tag: 'auth',
    access: 'public',
    summary: 'Exchange the refresh cookie for a new access token; the cookie rotates.',
    reply: session,
  },
  logout: {
    method: 'POST',
    path: '/api/auth/logout',
    tag: 'auth',
    access: 'session',
    summary: 'End this session.',
  },
  me: { method: 'GET', path: '/api/me', tag: 'auth', access: 'session', summary: 'Who am I.', reply: me },
  updateMe: {
    method: 'PATCH',
    path: '/api/me',
    tag: 'auth',
    access: 'session',
    summary: 'Change one’s language or password.',
    body: z.object({
      locale: locale.optional(),
      password: z
        .object({ current: z.string().min(1).max(128), next: z.string().min(10).max(128) })
        .optional(),
    }),
    reply: me,
  },
  /** The accounts of the demo; answers an empty list outside development. */
  demoAccounts: {
    method: 'GET',
    path: '/api/demo/accounts',
    tag: 'auth',
    access: 'public',
    summary: 'Ready accounts in development.',
    reply: z.object({
      accounts: z.array(
        z.object({ login: z.string(), password: z.string(), name: z.string(), role: z.string() }),
      ),
    }),
  },
});
