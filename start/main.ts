/** Everything on one machine: one Node process with all services, the media workers and the database beside it. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDb, type Db } from '@keshi/db/client';
import { startEmbedded } from '@keshi/db/embedded';
import { migrate } from '@keshi/db/migrate';
import { type Config, ConfigError, loadConfig } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import { createLifecycle, type Lifecycle } from '@keshi/runtime/lifecycle';
import { createLogger, type Logger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createState } from '@keshi/runtime/state/state';
import { announceWeb } from '@keshi/web-server/announcement';
import { databaseCheck } from '@keshi/web-server/database-check';
import { listen } from '@keshi/web-server/listener';
import { createWeb } from '@keshi/web-server/service';
import manifest from './package.json' with { type: 'json' };

const pagesDir = fileURLToPath(new URL('../web/client/build', import.meta.url));

async function run(config: Config, log: Logger, lifecycle: Lifecycle): Promise<void> {
  // First, so that a port in use is told before anything else is started. Until all is ready it answers 503.
  const listener = await listen(config);
  lifecycle.onStop('http', () => listener.close());

  const metrics = createMetrics({ service: 'keshi' });
  const health = createHealth(log);
  const db = await openDatabase(config, log, lifecycle);
  health.add(databaseCheck(db));

  const state = await createState(config, log);
  lifecycle.onStop('shared state', () => state.close());
  health.add({ name: 'shared-state', check: () => state.health() });

  const web = await createWeb({ config, db, state, log, metrics, health, pagesDir, version: manifest.version });
  lifecycle.onStop('web', () => web.close());
  const announcement = await announceWeb(state.registry, randomUUID(), log);
  lifecycle.onStop('registry', () => announcement.withdraw());

  listener.open(web.app);
  // Steps run in reverse: this one comes first. Running requests finish, new ones are told that we are stopping.
  lifecycle.onStop('requests', () => {
    listener.drain();
    return listener.close();
  });
  say(config, listener.port);
}

async function openDatabase(config: Config, log: Logger, lifecycle: Lifecycle): Promise<Db> {
  let url = config.databaseUrl;
  if (url === null) {
    const embedded = await startEmbedded({ dir: config.embeddedPgDir, log: log.child({ part: 'postgres' }) });
    lifecycle.onStop('PostgreSQL', () => embedded.stop(), 45_000);
    url = embedded.url;
  }
  const { applied } = await migrate(url);
  if (applied.length > 0) log.info({ applied }, 'database migrated');
  const db = createDb({ url, keys: config.piiKeys.map(({ id, key }) => ({ id, secret: key })), log });
  lifecycle.onStop('database', () => db.close());
  return db;
}

function say(config: Config, port: number): void {
  const url = new URL(config.publicUrl);
  // PORT=0 lets the system choose; what people type must be what was chosen.
  if (config.port === 0) url.port = String(port);
  process.stdout.write(`\n  课时 Keshi  ${url.origin}\n\n`);
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger({
    name: 'keshi',
    level: config.logLevel,
    format: config.env === 'production' ? 'json' : 'readable',
  });
  const lifecycle = createLifecycle(log);
  lifecycle.bindProcess();
  try {
    await run(config, log, lifecycle);
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else log.fatal({ err: error }, 'could not start');
    process.exit(await lifecycle.stop('start failed', 1));
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
