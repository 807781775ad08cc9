import type { Logger } from '@keshi/runtime/log';
import type { NodeRegistry } from '@keshi/runtime/state/ports';

const everyMs = 5_000;
const ttlMs = 15_000;

/** Keeps this process in the registry, so that the platform's health shows it, until it is withdrawn. */
export async function announceWeb(
  registry: NodeRegistry,
  nodeId: string,
  log: Logger,
): Promise<{ withdraw(): Promise<void> }> {
  const info = { pid: process.pid, since: Date.now() };
  await registry.announce('web', nodeId, info, ttlMs);
  const timer = setInterval(() => {
    registry
      .refresh('web', nodeId, ttlMs)
      .then((alive) => (alive ? undefined : registry.announce('web', nodeId, info, ttlMs)))
      .catch((error: unknown) => log.warn({ err: error }, 'registry not reached'));
  }, everyMs);
  timer.unref();
  return {
    async withdraw() {
      clearInterval(timer);
      await registry.withdraw('web', nodeId);
    },
  };
}
