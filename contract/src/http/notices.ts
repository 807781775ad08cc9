import { z } from 'zod';
import { id, instant } from '../domain.ts';
import { noticeContent, noticeKind } from '../notices.ts';
import { pageOf, pageQuery } from './page.ts';
import { defineRoutes } from './route.ts';

export const noticeRow = z.object({
  id,
  at: instant,
  readAt: instant.nullable(),
  said: noticeContent,
});
export type NoticeRow = z.infer<typeof noticeRow>;

export const noticeSettings = z.object({
  /** Masked; null while none is given. */
  mail: z.object({ masked: z.string(), verified: z.boolean() }).nullable(),
  /** Masked; only a phone that was verified can be written to. */
  phone: z.object({ masked: z.string(), verified: z.boolean() }).nullable(),
  mailKinds: z.array(noticeKind),
  smsKinds: z.array(noticeKind),
  /** What this deployment can send at all. */
  sends: z.object({ mail: z.boolean(), sms: z.boolean() }),
});
export type NoticeSettings = z.infer<typeof noticeSettings>;

export const noticeRoutes = defineRoutes({
  listNotices: {
    method: 'GET',
    path: '/api/me/notices',
    tag: 'notices',
    access: 'session',
    summary: 'What one was told, latest first.',
    query: pageQuery.omit({ q: true }),
    reply: pageOf(noticeRow).extend({ unread: z.int().nonnegative() }),
  },
  unreadNotices: {
    method: 'GET',
    path: '/api/me/notices/unread',
    tag: 'notices',
    access: 'session',
    summary: 'How many of them one has not read.',
    reply: z.object({ unread: z.int().nonnegative() }),
  },
  readNotices: {
    method: 'POST',
    path: '/api/me/notices/read',
    tag: 'notices',
    access: 'session',
    summary: 'These were read, or all up to this one.',
    body: z.union([z.object({ ids: z.array(id).min(1).max(200) }), z.object({ all: z.literal(true) })]),
    reply: z.object({ unread: z.int().nonnegative() }),
  },
  noticeSettings: {
    method: 'GET',
    path: '/api/me/notice-settings',
    tag: 'notices',
    access: 'session',
    summary: 'What one gets by mail and by short message, and where to.',
    reply: noticeSettings,
  },
  chooseNotices: {
    method: 'PUT',
    path: '/api/me/notice-settings',
    tag: 'notices',
    access: 'session',
    summary: 'Choose what to get by mail and by short message.',
    body: z.object({ mailKinds: z.array(noticeKind).max(20), smsKinds: z.array(noticeKind).max(20) }),
    reply: noticeSettings,
  },
  giveMailAddress: {
    method: 'POST',
    path: '/api/me/mail-address',
    tag: 'notices',
    access: 'session',
    summary: 'Give one’s mail address; a code is sent there, and nothing else before it came back.',
    body: z.object({ address: z.email().max(254) }),
    reply: noticeSettings,
  },
  verifyMailAddress: {
    method: 'POST',
    path: '/api/me/mail-address/verification',
    tag: 'notices',
    access: 'session',
    summary: 'The code that was sent to the address.',
    body: z.object({ code: z.string().regex(/^\d{6}$/) }),
    reply: noticeSettings,
  },
  removeMailAddress: {
    method: 'DELETE',
    path: '/api/me/mail-address',
    tag: 'notices',
    access: 'session',
    summary: 'Take one’s mail address back.',
    reply: noticeSettings,
  },
});
