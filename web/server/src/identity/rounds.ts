import type { Lease } from '@keshi/runtime/state/ports';
import type { Logger } from '@keshi/runtime/log';

export interface Rounds {
  /** Does a round soon, rather than at its time. */
  nudge(): void;
  /** Waits for a round that is under way, after telling it to end. Idempotent. */
  close(): Promise<void>;
}

/**
 * Does `work` every `everyMs`, one round at a time. With a lease it is one process of all that does it; a round that
 * fails is logged, and the next one comes at its time.
 */
export function createRounds(options: {
  name: string;
  everyMs: number;
  work: (signal: AbortSignal) => Promise<unknown>;
  log: Logger;
  lease?: { port: Lease; holder: string };
}): Rounds {
  const { name, everyMs, work, log, lease } = options;
  const ending = new AbortController();
  let running: Promise<void> | null = null;
  let wanted = false;

  async function round(): Promise<void> {
    const held = lease && (await lease.port.acquire(name, lease.holder, everyMs));
    if (lease && !held) return;
    await work(ending.signal);
  }

  function start(): void {
    if (ending.signal.aborted) return;
    if (running) {
      wanted = true;
      return;
    }
    running = round()
      .catch((error: unknown) => log.error({ err: error, name }, 'a round failed'))
      .finally(() => {
        running = null;
        if (!wanted) return;
        wanted = false;
        start();
      });
  }

  const timer = setInterval(start, everyMs);
  timer.unref();
  return {
    nudge: start,
    async close() {
      clearInterval(timer);
      ending.abort();
      wanted = false;
      await running;
    },
  };
}
