/** Short messages. The implementation over HTTP is described in docs/sms.md. */
import { createHmac, randomUUID } from 'node:crypto';
import type { Locale } from '@keshi/contract/domain';
import type { Config } from '@keshi/runtime/config';
import { AppError } from '@keshi/runtime/errors';

export type SmsMessage = { phone: string; locale: Locale } & (
  | {
      template: 'code';
      code: string;
      /** How long the code lives. */
      minutes: number;
    }
  | {
      template: 'notice';
      /** Stays the same when it is sent again, so that the gateway can drop the second. */
      requestId: string;
      title: string;
      text: string;
      url: string;
    }
);

/** Resolves when somebody has taken the message over; throws `unavailable`. */
export type SmsSender = (message: SmsMessage) => Promise<void>;

const timeoutMs = 8_000;

/** For development: the message appears where the server was started, and nowhere else. */
export function createConsoleSender(print: (line: string) => void): SmsSender {
  return (message) => {
    const said =
      message.template === 'code'
        ? `${message.code} (${message.minutes} min)`
        : `${message.title} ${message.url}`;
    print(`[SMS] ${message.phone}: ${said}`);
    return Promise.resolve();
  };
}

export function createHttpSender(
  { url, secret }: { url: string; secret: string },
  { clock = Date.now, timeout = timeoutMs }: { clock?: () => number; timeout?: number } = {},
): SmsSender {
  return async (message) => {
    const body = JSON.stringify({ requestId: randomUUID(), ...message });
    const at = String(clock());
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-keshi-timestamp': at,
          'x-keshi-signature': createHmac('sha256', secret).update(`${at}.${body}`).digest('hex'),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(timeout),
      });
    } catch (cause) {
      throw new AppError('unavailable', {
        message: 'the sender of short messages is away',
        cause,
        retryMs: 30_000,
      });
    }
    await response.body?.cancel();
    if (!response.ok)
      throw new AppError('unavailable', {
        message: `the sender of short messages answered ${response.status}`,
        retryMs: 30_000,
      });
  };
}

/** As the configuration says: over HTTP, printed outside production, or none. */
export function smsSender({ env, sms }: Pick<Config, 'env' | 'sms'>): SmsSender | null {
  if (sms) return createHttpSender(sms);
  return env === 'production' ? null : createConsoleSender((line) => process.stdout.write(`${line}\n`));
}
