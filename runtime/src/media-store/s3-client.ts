import type { Logger } from '../log.ts';
import { retryPauseMs } from '../retry.ts';
import { MediaStoreError } from './failure.ts';
import { encodeRfc3986, type S3Keys, signRequest } from './s3-signature.ts';

export interface S3Address extends S3Keys {
  /** http(s), without a trailing slash. */
  endpoint: string;
  bucket: string;
}

interface Ask {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** Empty: the bucket itself. Of characters that stand in an address as they are. */
  key: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array;
  attempts?: number;
}

/** What S3 answered: with `code` when it refused. `response`'s body is read by whoever asked, or cancelled. */
export type S3Answer =
  { ok: true; response: Response } | { ok: false; status: number; code: string; headers: Headers };

export interface S3Client {
  /**
   * Answers what S3 said, after trying again (with pauses that grow) on its failures and on those of the network.
   * Rejects `unavailable` when none of that helped.
   */
  ask(request: Ask): Promise<S3Answer>;
  /** Ends everything under way. */
  close(): void;
}

const defaultAttempts = 5;
/** For the headers of an answer, and the whole way up of a body beyond what a slow line needs. */
const answerMs = 10_000;
const slowestBytesPerMs = 100;
const pauseMaxMs = 1_500;

/**
 * S3 over fetch, path style. The packages that do this treat a bucket that is missing like an object that is missing
 * (a failure that looks like absence), and bound a request's time by cutting off the body of a long answer.
 */
export function createS3Client(address: S3Address, log: Logger): S3Client {
  const closing = new AbortController();

  function urlOf({ key, query = {} }: Ask): URL {
    const text = Object.entries(query)
      .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
      .join('&');
    const path = `${address.bucket}${key === '' ? '' : `/${key}`}`;
    return new URL(`${address.endpoint}/${path}${text === '' ? '' : `?${text}`}`);
  }

  async function once(request: Ask): Promise<S3Answer> {
    const { method, body = null, headers = {} } = request;
    const url = urlOf(request);
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new Error('no answer in time')),
      answerMs + (body?.byteLength ?? 0) / slowestBytesPerMs,
    );
    try {
      const response = await fetch(url, {
        method,
        headers: { ...headers, ...signRequest({ method, url, body, at: Date.now() }, address) },
        body: body === null ? null : new Uint8Array(body),
        redirect: 'error',
        signal: AbortSignal.any([closing.signal, timeout.signal]),
      });
      if (response.ok) return { ok: true, response };
      const text = await response.text();
      const code = /<Code>([^<]{1,100})<\/Code>/.exec(text)?.[1] ?? '';
      return { ok: false, status: response.status, code, headers: response.headers };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async ask(request) {
      for (let failures = 1; ; failures += 1) {
        if (closing.signal.aborted) throw new MediaStoreError('unavailable', 'the media store is closed');
        const outcome = await once(request).catch((error: unknown) => error);
        const answer = isAnswer(outcome) ? outcome : null;
        if (answer && (answer.ok || !worthRetrying(answer))) return answer;
        const reason = answer && !answer.ok ? `${answer.status} ${answer.code}` : 'no answer';
        if (failures >= (request.attempts ?? defaultAttempts) || closing.signal.aborted)
          throw new MediaStoreError('unavailable', `S3 ${request.method}: ${reason}`, outcome);
        log.debug({ reason, failures, method: request.method }, 'S3 is asked again');
        await pause(retryPauseMs(failures, pauseMaxMs), closing.signal);
      }
    },
    close: () => closing.abort(new Error('the media store is closed')),
  };
}

function isAnswer(outcome: unknown): outcome is S3Answer {
  return typeof outcome === 'object' && outcome !== null && 'ok' in outcome;
}

/** A full disk does not empty itself within seconds; whoever stores knows better what to do about it. */
function worthRetrying({ status, code }: { status: number; code: string }): boolean {
  if (isFull(status, code)) return false;
  return status >= 500 || status === 408 || status === 429 || code === 'RequestTimeout';
}

export function isFull(status: number, code: string): boolean {
  return status === 507 || /StorageFull|QuotaExceeded/.test(code);
}

/** Ends early when the signal does. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
