/** The HTTP interface and the pages as a process of their own: config → connect → listen → drain. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDb } from '@keshi/db/client';
import { migrate } from '@keshi/db/migrate';
import { systemClock } from '@keshi/runtime/clock';
import { type Config, ConfigError } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import type { Lifecycle } from '@keshi/runtime/lifecycle';
import type { Logger } from '@keshi/runtime/log';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { runService } from '@keshi/runtime/service-process';
import { createState } from '@keshi/runtime/state/state';
import manifest from '../package.json' with { type: 'json' };
import { announceWeb } from './announcement.ts';
import { listenForCourseware } from './courseware/listen.ts';
import { databaseCheck, vaultCheck } from './database-check.ts';
import { proctorJudge } from './checks/face-judge.ts';
import { proctorAnalyser } from './identity/face-analyser.ts';
import { openIdentity } from './identity/open.ts';
import { createLedgerWorker } from './ledger/worker.ts';
import { createLessonMaker } from './lessons/maker.ts';
import { listen } from './listener.ts';
import { smsSender } from './registration/sms.ts';
import { createWeb } from './service.ts';

const pagesDir = fileURLToPath(new URL('../../client/build', import.meta.url));

async function run(config: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  if (!config.databaseUrl)
    throw new ConfigError(['DATABASE_URL: missing (required for a process of its own)']);
  const ledgerKey = config.ledger.key;
  if (!ledgerKey) throw new ConfigError(['LEDGER_KEY: missing']);
  const listener = await listen(config);
  lifecycle.onStop('http', () => listener.close());

  const metrics = createMetrics({ service: 'web' });
  const health = createHealth(log);
  // Of several that start at once one does it, the others wait; signaling is started after the first is healthy.
  const { applied } = await migrate(config.databaseUrl);
  if (applied.length > 0) log.info({ applied }, 'database migrated');
  const db = createDb({
    url: config.databaseUrl,
    keys: config.piiKeys.map(({ id, key }) => ({ id, secret: key })),
    log,
  });
  lifecycle.onStop('database', () => db.close());
  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add(databaseCheck(db));
  health.add({ name: 'shared-state', check: () => state.health(), essential: false });

  const mediaStore = await createMediaStore(config.mediaStore, log);
  lifecycle.onStop('media store', () => mediaStore.close());
  health.add({ name: 'media-store', check: () => mediaStore.health(), essential: false });

  const identity = await openIdentity(config, log);
  lifecycle.onStop('vault', () => identity.vault.close());
  health.add(vaultCheck(identity.vault));

  const courseware = await listenForCourseware({ config, db, store: mediaStore, log });
  if (courseware) lifecycle.onStop('courseware', () => courseware.listener.close());
  const web = await createWeb({
    config,
    db,
    state,
    log,
    metrics,
    health,
    mediaStore,
    coursewareUrl: courseware?.url ?? null,
    identity: {
      ...identity,
      faces: proctorAnalyser({ queue: state.jobs, secret: config.serviceSecret, clock: systemClock }),
      judge: proctorJudge({ queue: state.jobs, secret: config.serviceSecret }),
    },
    registration: { sms: smsSender(config), orgId: config.selfRegistrationOrg },
    pagesDir,
    version: manifest.version,
  });
  lifecycle.onStop('web', () => web.close());
  const nodeId = randomUUID();
  const ledger = createLedgerWorker({ nodeId, db, state, mediaStore, ledgerKey, metrics, health, log });
  lifecycle.onStop('ledger', () => ledger.close());
  const maker = createLessonMaker({ nodeId, db, store: mediaStore, metrics, log });
  lifecycle.onStop('lessons', () => maker.close());
  const announcement = await announceWeb(state.registry, nodeId, log);
  lifecycle.onStop('registry', () => announcement.withdraw());
  listener.open(web.app);
  // First of all: running requests finish, new ones are told to go elsewhere.
  lifecycle.onStop('requests', () => {
    listener.drain();
    return listener.close();
  });
  log.info({ port: listener.port }, 'web ready');
}

runService('web', run, { runs: ['web'] });
