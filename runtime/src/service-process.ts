import { type Config, ConfigError, loadConfig, type ServiceRole } from './config.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createLogger, type Logger } from './log.ts';

/**
 * The whole life of a service's process: config → `run`, which opens everything and registers how to close it → signals
 * stop it in order. A configuration that cannot be used is told on standard error in plain words; anything else that
 * goes wrong before the service is up is logged. Either way what was opened is closed, and the exit code is 1.
 * `runs` names the services of this process; all of them by default.
 */
export function runService(
  name: string,
  run: (config: Config, log: Logger, lifecycle: Lifecycle) => Promise<void>,
  { runs }: { runs?: readonly ServiceRole[] } = {},
): void {
  live(name, run, runs).catch((error: unknown) => {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}

async function live(
  name: string,
  run: Parameters<typeof runService>[1],
  runs: readonly ServiceRole[] | undefined,
): Promise<void> {
  const config = loadConfig(process.env, runs && { runs });
  const log = createLogger({
    name,
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
