import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';

/*
 * A credential is made anew for every connection: "v1.<from>.<ms>.<nonce>.<hmac>", the HMAC over all before it and
 * the audience, which is not sent. It proves knowledge of the service secret without carrying it. The server proves
 * the same with an HMAC over the client's nonce, so that nobody can stand in for a node either.
 */

/** How far two machines' clocks may be apart, ms. */
const toleranceMs = 30_000;

const fields = z.tuple([
  z.literal('v1'),
  z.string().regex(/^[\w-]+$/),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
  z.string().regex(/^[\w-]{22}$/),
  z.string().regex(/^[\w-]{43}$/),
]);

export interface Credential {
  text: string;
  /** What the server must answer with. */
  expectedProof: string;
}

export function makeCredential(options: {
  secret: string;
  from: string;
  audience: string;
  now: number;
}): Credential {
  const { secret, from, audience, now } = options;
  const nonce = randomBytes(16).toString('base64url');
  const body = `v1.${Buffer.from(from).toString('base64url')}.${now}.${nonce}`;
  return {
    text: `${body}.${sign(secret, `client.${audience}.${body}`)}`,
    expectedProof: proofOf(secret, audience, nonce),
  };
}

export type Verdict =
  | { ok: true; from: string; proof: string }
  | { ok: false; reason: 'malformed' | 'forged' | 'stale' | 'replayed' };

export interface CredentialCheck {
  check(text: string | undefined): Verdict;
}

/**
 * Accepts a credential once. Nonces are remembered as long as their credential could be fresh; what was made before
 * this process began is refused, because its nonces are not known. Only authentic credentials take memory.
 */
export function createCredentialCheck(options: {
  secret: string;
  audience: string;
  clock: Clock;
}): CredentialCheck {
  const { secret, audience, clock } = options;
  const startedAt = clock();
  const seen = new Map<string, number>();

  return {
    check(text) {
      const parsed = fields.safeParse(text?.split('.'));
      if (!text || !parsed.success) return { ok: false, reason: 'malformed' };
      const [, from, madeAt, nonce, given] = parsed.data;
      const body = text.slice(0, text.lastIndexOf('.'));
      if (!equal(given, sign(secret, `client.${audience}.${body}`))) return { ok: false, reason: 'forged' };
      const now = clock();
      if (Math.abs(now - madeAt) > toleranceMs || madeAt < startedAt) return { ok: false, reason: 'stale' };
      for (const [old, at] of seen) {
        if (now - at <= 2 * toleranceMs) break;
        seen.delete(old);
      }
      if (seen.has(nonce)) return { ok: false, reason: 'replayed' };
      seen.set(nonce, now);
      return {
        ok: true,
        from: Buffer.from(from, 'base64url').toString(),
        proof: proofOf(secret, audience, nonce),
      };
    },
  };
}

export function isProof(given: string | undefined, expected: string): boolean {
  return given !== undefined && equal(given, expected);
}

function proofOf(secret: string, audience: string, nonce: string): string {
  return sign(secret, `server.${audience}.${nonce}`);
}

function sign(secret: string, text: string): string {
  return createHmac('sha256', secret).update(`keshi-link.${text}`).digest('base64url');
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
