/** Sends what waits in the outbox: each delivery once, again later when it failed, and not for ever. */
import type { NoticeChannel } from '@keshi/contract/notices';
import type { Db } from '@keshi/db/client';
import { countDeliveries, type Delivered, type DueDelivery, onDueDelivery } from '@keshi/db/notices';
import type { Clock } from '@keshi/runtime/clock';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import type { SmsSender } from '../registration/sms.ts';
import { type Mailer, MailRefused } from './mailer.ts';
import { said } from './words.ts';

const minute = 60_000;
/** After each failure: what is away for a moment, for an hour, for a night. */
const pauses = [minute, 5 * minute, 30 * minute, 2 * 60 * minute, 6 * 60 * minute, 12 * 60 * minute] as const;
const lateMs = 60 * minute;
const perRound = 200;

export interface OutboxDeps {
  db: Db;
  clock: Clock;
  mailer: Mailer | null;
  sms: SmsSender | null;
  publicUrl: string;
  log: Logger;
  metrics: Metrics;
  health: Health;
}

export function createOutbox({ db, clock, mailer, sms, publicUrl, log, metrics, health }: OutboxDeps) {
  const sent = metrics.counter({
    name: 'notices_sent_total',
    help: 'Notices that went out, and those that could not (yet).',
    labels: ['channel', 'outcome'],
  });
  health.add({
    name: 'notices',
    essential: false,
    check: async () => {
      const { late } = await countDeliveries(db, { before: clock() - lateMs });
      return late === 0
        ? { status: 'ok' }
        : { status: 'degraded', reason: `${late} notices wait to be sent for more than an hour` };
    },
  });
  const channels: NoticeChannel[] = [...(mailer ? ['mail' as const] : []), ...(sms ? ['sms' as const] : [])];

  async function send(due: DueDelivery): Promise<Delivered> {
    const outcome = await attempt(due);
    sent.inc({ channel: due.channel, outcome: outcome.state });
    return outcome;
  }

  async function attempt(due: DueDelivery): Promise<Delivered> {
    const { noticeId, channel, attempts, content, locale, to } = due;
    // Taken back since, or told by a version that this one does not know.
    if (to === null || content === null) return { state: 'given-up' };
    const { subject, text, path } = said(content, locale);
    const url = `${publicUrl}${path}`;
    try {
      if (channel === 'mail')
        await mailer?.send({
          messageId: `<${noticeId}@${new URL(publicUrl).hostname}>`,
          to,
          subject: locale === 'en' ? `Keshi: ${subject}` : `课时：${subject}`,
          text: `${text}\n\n${url}\n`,
        });
      else
        await sms?.({
          phone: to,
          template: 'notice',
          requestId: noticeId,
          title: subject,
          text,
          url,
          locale,
        });
      return { state: 'sent' };
    } catch (error) {
      const pause = pauses[attempts];
      log.warn({ err: error, noticeId, channel, attempts }, 'a notice could not be sent');
      if (error instanceof MailRefused || pause === undefined) return { state: 'given-up' };
      return { state: 'later', at: clock() + pause };
    }
  }

  return {
    /** Sends what is due now. May be done by several at once: each delivery is taken by one. */
    async sweep(signal?: AbortSignal): Promise<number> {
      let count = 0;
      while (channels.length > 0 && !signal?.aborted && count < perRound) {
        if (!(await onDueDelivery(db, { now: clock(), channels }, send))) break;
        count += 1;
      }
      return count;
    },
  };
}
export type Outbox = ReturnType<typeof createOutbox>;
