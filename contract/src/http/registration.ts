import { z } from 'zod';
import { instant, locale } from '../domain.ts';
import { defineRoutes } from './route.ts';

export const mobile = z.string().regex(/^1[3-9]\d{9}$/);
export const smsCode = z.string().regex(/^\d{6}$/);

const sent = z.object({
  /** When another code may be asked for, and when this one ends. */
  againAt: instant,
  expiresAt: instant,
});

export const registrationRoutes = defineRoutes({
  registration: {
    method: 'GET',
    path: '/api/registration',
    tag: 'registration',
    access: 'public',
    summary: 'Whether people may register by themselves here.',
    reply: z.object({ open: z.boolean() }),
  },
  sendRegistrationCode: {
    method: 'POST',
    path: '/api/registration/codes',
    tag: 'registration',
    access: 'public',
    summary: 'Send a code to a phone. The answer is the same whether the phone is known or not.',
    body: z.object({ phone: mobile, locale }),
    reply: sent,
  },
  register: {
    method: 'POST',
    path: '/api/registration',
    tag: 'registration',
    access: 'public',
    summary: 'Register as a learner with the code one’s phone received (B1).',
    body: z.object({
      phone: mobile,
      code: smsCode,
      login: z
        .string()
        .trim()
        .min(3)
        .max(64)
        .regex(/^[a-zA-Z0-9._@-]+$/),
      name: z.string().trim().min(1).max(64),
      password: z.string().min(10).max(128),
      locale,
    }),
  },
  sendPhoneCode: {
    method: 'POST',
    path: '/api/identity/phone/codes',
    tag: 'registration',
    access: 'session',
    summary: 'Send a code to one’s own phone, as it stands in the account.',
    reply: sent,
  },
  verifyPhone: {
    method: 'POST',
    path: '/api/identity/phone',
    tag: 'registration',
    access: 'session',
    summary: 'Show by the code that the phone in the account is one’s own (B1).',
    body: z.object({ code: smsCode }),
  },
});
