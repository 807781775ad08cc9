/**
 * [B11] The authority that knows whether name, number and picture belong together. The implementation over HTTP is
 * described in docs/identity-verifier.md.
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { type DocumentKind, photoOutcome } from '@keshi/contract/identity';
import { z } from 'zod';

export interface IdentityQuestion {
  name: string;
  document: { kind: DocumentKind; number: string };
  /** JPEG; null where there is none, or no consent to send it. */
  photo: Uint8Array | null;
}

export type IdentityAnswer =
  | { kind: 'answered'; outcome: 'matched' | 'mismatch' | 'unknown'; photo: z.infer<typeof photoOutcome> }
  /** Nothing was learned: asked again later. `reason` for the log, without personal data. */
  | { kind: 'unavailable'; reason: string; retryMs: number | null };

/** Never throws: whatever goes wrong is `unavailable`. */
export type IdentityVerifier = (question: IdentityQuestion, signal?: AbortSignal) => Promise<IdentityAnswer>;

const reply = z.object({
  requestId: z.string(),
  outcome: z.enum(['matched', 'mismatch', 'unknown']),
  photo: photoOutcome.default('not-compared'),
});
const timeoutMs = 10_000;
const replyBytes = 16_384;
/** A signature older or newer than this is not believed. */
const clockMs = 5 * 60_000;
const longestRetryMs = 24 * 3_600_000;

export function createHttpVerifier(
  { url, secret }: { url: string; secret: string },
  { clock = Date.now, timeout = timeoutMs }: { clock?: () => number; timeout?: number } = {},
): IdentityVerifier {
  return async ({ name, document, photo }, signal) => {
    const requestId = randomUUID();
    const body = JSON.stringify({
      requestId,
      name,
      document,
      photo: photo && Buffer.from(photo).toString('base64'),
    });
    const at = String(clock());
    const limit = AbortSignal.timeout(timeout);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-keshi-timestamp': at,
          'x-keshi-signature': signatureOf(secret, at, body),
        },
        body,
        // To follow one would hand personal data to whoever it names.
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      const text = await readLimited(response);
      if (!response.ok) return unavailable(`status ${response.status}`, retryAfter(response));
      if (!isSigned(response, secret, text, clock())) return unavailable('signature');
      const answer = reply.safeParse(parseJson(text));
      if (!answer.success) return unavailable('form of the answer');
      if (answer.data.requestId !== requestId) return unavailable('answer to another question');
      return { kind: 'answered', outcome: answer.data.outcome, photo: answer.data.photo };
    } catch (error) {
      return unavailable(limit.aborted ? 'time-out' : error instanceof Error ? error.name : 'failure');
    }
  };
}

/** HMAC-SHA256 over `timestamp.body`, hex. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

function isSigned({ headers }: Response, secret: string, text: string, now: number): boolean {
  const at = headers.get('x-keshi-timestamp') ?? '';
  if (!/^\d{1,16}$/.test(at) || Math.abs(Number(at) - now) > clockMs) return false;
  const given = Buffer.from(headers.get('x-keshi-signature') ?? '');
  const wanted = Buffer.from(signatureOf(secret, at, text));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (const reader = response.body?.getReader(); reader;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > replyBytes) {
      await reader.cancel();
      throw new RangeError('the answer is too long');
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function retryAfter({ headers }: Response): number | null {
  const seconds = Number(headers.get('retry-after') ?? '');
  return seconds > 0 ? Math.min(seconds * 1000, longestRetryMs) : null;
}

function unavailable(reason: string, retryMs: number | null = null): IdentityAnswer {
  return { kind: 'unavailable', reason, retryMs };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
