import { randomUUID } from 'node:crypto';
import type { Db } from '@keshi/db/client';
import type { Clock } from '@keshi/runtime/clock';
import type { Config } from '@keshi/runtime/config';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import type { Lease } from '@keshi/runtime/state/ports';
import { createRounds } from '../identity/rounds.ts';
import type { SmsSender } from '../registration/sms.ts';
import { createMailer } from './mailer.ts';
import { createOutbox } from './outbox.ts';
import { noticeRoutes } from './routes.ts';

interface Deps {
  db: Db;
  clock: Clock;
  lease: Lease;
  config: Pick<Config, 'mail' | 'publicUrl' | 'tokenSecret'>;
  sms: SmsSender | null;
  log: Logger;
  metrics: Metrics;
  health: Health;
}

const everyMs = 3_000;

/** What people are told (D2): in the pages always, by mail and short message where they chose it. */
export function createNotices({ db, clock, lease, config, sms, metrics, health, log: root }: Deps) {
  const log = root.child({ part: 'notices' });
  const mailer = config.mail ? createMailer(config.mail) : null;
  const outbox = createOutbox({ db, clock, mailer, sms, publicUrl: config.publicUrl, log, metrics, health });
  const rounds = createRounds({
    name: 'notices',
    everyMs,
    work: (signal) => outbox.sweep(signal),
    log,
    lease: { port: lease, holder: randomUUID() },
  });
  return {
    routes: noticeRoutes({ db, clock, secret: config.tokenSecret, mailer, sendsSms: sms !== null }),
    async close() {
      await rounds.close();
      mailer?.close();
    },
  };
}
