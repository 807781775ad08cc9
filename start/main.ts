/** Everything on one machine: one Node process with all services, the media workers and the database beside it. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { sfuContract } from '@keshi/contract/sfu';
import { createDb, type Db } from '@keshi/db/client';
import { seedDemo } from '@keshi/db/demo';
import { startEmbedded } from '@keshi/db/embedded';
import { migrate } from '@keshi/db/migrate';
import { createProctorService, type ProctorService, type ProctorServiceDeps } from '@keshi/proctor/service';
import { systemClock } from '@keshi/runtime/clock';
import { type Config, ConfigError } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import type { Lifecycle } from '@keshi/runtime/lifecycle';
import { createLocalLink } from '@keshi/runtime/link/local';
import type { Logger } from '@keshi/runtime/log';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { runService } from '@keshi/runtime/service-process';
import { createState } from '@keshi/runtime/state/state';
import { createNodeRecorder } from '@keshi/sfu/node-recorder';
import { createSfuService } from '@keshi/sfu/service';
import { localMediaNode } from '@keshi/signaling/media/nodes';
import { createSignaling } from '@keshi/signaling/service';
import { announceWeb } from '@keshi/web-server/announcement';
import { listenForCourseware } from '@keshi/web-server/courseware/listen';
import { databaseCheck, vaultCheck } from '@keshi/web-server/database-check';
import { proctorJudge } from '@keshi/web-server/checks/face-judge';
import { proctorAnalyser } from '@keshi/web-server/identity/face-analyser';
import { openIdentity } from '@keshi/web-server/identity/open';
import { createLedgerWorker } from '@keshi/web-server/ledger/worker';
import { createLessonMaker } from '@keshi/web-server/lessons/maker';
import { listen } from '@keshi/web-server/listener';
import { smsSender } from '@keshi/web-server/registration/sms';
import { createWeb } from '@keshi/web-server/service';
import { say } from './greeting.ts';
import manifest from './package.json' with { type: 'json' };

/** Connections to the database: classes in progress and pages share them. */
const poolSize = 20;
const pagesDir = fileURLToPath(new URL('../web/client/build', import.meta.url));

async function run(given: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  // First, so that a port in use is told before anything else is started. Until all is ready it answers 503.
  const listener = await listen(given);
  const config = { ...given, publicUrl: addressOf(given, listener.port) };

  const metrics = createMetrics({ service: 'keshi' });
  const health = createHealth(log);
  const { db, url: databaseUrl } = await openDatabase(config, log, lifecycle);
  health.add(databaseCheck(db));

  const demo = config.demo ? await seedDemo(db, { now: Date.now() }) : null;

  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add({ name: 'shared-state', check: () => state.health() });

  const mediaStore = await createMediaStore(config.mediaStore, log);
  lifecycle.onStop('media store', () => mediaStore.close());
  health.add({ name: 'media-store', check: () => mediaStore.health(), essential: false });

  const recorder = createNodeRecorder({ store: mediaStore, storeConfig: config.mediaStore, log });
  const sfu = await createSfuService(config.sfu, { log, metrics, health, recorder });
  lifecycle.onStop('media', () => sfu.close(), 70_000);
  const [sfuEnd, signalingEnd] = createLocalLink({ contract: sfuContract, log });
  sfu.serve(sfuEnd);

  const identity = await openIdentity(config, log, databaseUrl);
  lifecycle.onStop('vault', () => identity.vault.close());
  health.add(vaultCheck(identity.vault));
  const proctor = await openProctor(config, { log, metrics, health, queue: state.jobs });
  lifecycle.onStop('proctor', () => proctor.close(), 12_000);

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
    registration: {
      sms: smsSender(config),
      orgId: config.selfRegistrationOrg ?? demo?.schoolId ?? null,
    },
    pagesDir,
    version: manifest.version,
    demoAccounts: demo?.accounts ?? [],
  });
  // Steps run in reverse, so this is the order of stopping from the last to the first: new requests are refused,
  // classes are handed on and their sockets closed, running requests finish.
  lifecycle.onStop('http', () => listener.close());
  lifecycle.onStop('web', () => web.close());
  const nodeId = randomUUID();
  if (config.ledger.key) {
    const ledgerKey = config.ledger.key;
    const ledger = createLedgerWorker({ nodeId, db, state, mediaStore, ledgerKey, metrics, health, log });
    lifecycle.onStop('ledger', () => ledger.close());
  }
  const maker = createLessonMaker({ nodeId, db, store: mediaStore, metrics, log });
  lifecycle.onStop('lessons', () => maker.close());
  const announcement = await announceWeb(state.registry, nodeId, log);
  lifecycle.onStop('registry', () => announcement.withdraw());
  const signaling = await createSignaling({
    http: listener.server,
    config,
    state,
    db,
    media: localMediaNode(signalingEnd, sfu.info),
    log,
    metrics,
    health,
  });
  lifecycle.onStop('signaling', () => signaling.close(), 15_000);
  lifecycle.onStop('requests', () => listener.drain());
  listener.open((request, response) => {
    const answer = async () => {
      if (!(await signaling.handle(request, response))) web.app(request, response);
    };
    answer().catch(() => response.destroy());
  });
  say(config.publicUrl, demo?.accounts ?? []);
}

function openProctor(
  { proctor: { threads, signingKey }, serviceSecret }: Config,
  deps: Pick<ProctorServiceDeps, 'log' | 'metrics' | 'health' | 'queue'>,
): Promise<ProctorService> {
  if (!signingKey) throw new ConfigError(['PROCTOR_KEY: missing']);
  return createProctorService({ ...deps, threads, signingKey, secret: serviceSecret, nodeId: randomUUID() });
}

async function openDatabase(
  config: Config,
  log: Logger,
  lifecycle: Lifecycle,
): Promise<{ db: Db; url: string }> {
  let url = config.databaseUrl;
  if (url === null) {
    const embedded = await startEmbedded({ dir: config.embeddedPgDir, log: log.child({ part: 'postgres' }) });
    lifecycle.onStop('PostgreSQL', () => embedded.stop(), 45_000);
    url = embedded.url;
  }
  const { applied } = await migrate(url);
  if (applied.length > 0) log.info({ applied }, 'database migrated');
  const db = createDb({
    url,
    keys: config.piiKeys.map(({ id, key }) => ({ id, secret: key })),
    log,
    poolSize,
  });
  lifecycle.onStop('database', () => db.close());
  return { db, url };
}

/** PORT=0 lets the system choose; what people type must be what was chosen. */
function addressOf({ publicUrl, port }: Config, chosen: number): string {
  if (port !== 0) return publicUrl;
  const url = new URL(publicUrl);
  url.port = String(chosen);
  return url.origin;
}

runService('keshi', run);
