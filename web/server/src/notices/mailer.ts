/** Mail over SMTP, one connection for as long as there is something to send. */
import type { Config } from '@keshi/runtime/config';
import { AppError } from '@keshi/runtime/errors';
import { createTransport } from 'nodemailer';

export interface Mail {
  /** Stays the same when it is sent again, so that whoever gets it twice sees one. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  /** Resolves when the server has taken it over. Throws `MailRefused` when it never will, and `unavailable` when it may later. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** The server will not take this mail, now or later: no such address, say. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** Together well below what the database lets a transaction wait: a delivery is locked while it is sent. */
const connectMs = 5_000;
const answerMs = 12_000;

export function createMailer({ url, from }: NonNullable<Config['mail']>): Mailer {
  const transport = createTransport(
    {
      url,
      pool: true,
      maxConnections: 2,
      connectionTimeout: connectMs,
      greetingTimeout: connectMs,
      socketTimeout: answerMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return {
    async send({ messageId, to, subject, text }) {
      try {
        // As an object, so that nothing in an address is read as a list of addresses.
        await transport.sendMail({ messageId, to: { name: '', address: to }, subject, text });
      } catch (cause) {
        const code =
          typeof cause === 'object' && cause !== null && 'responseCode' in cause ? cause.responseCode : 0;
        if (typeof code === 'number' && code >= 500 && code < 600)
          throw new MailRefused(`the mail server refused with ${code}`);
        throw new AppError('unavailable', { message: 'the mail server is away', cause, retryMs: 30_000 });
      }
    },
    close: () => transport.close(),
  };
}
