import type { Logger } from './log.ts';

export interface Lifecycle {
  /**
   * Registers how to close what has just been opened. Steps run one after another in reverse order, each within
   * `timeoutMs`; one that fails or hangs is logged and the next runs all the same. Registered while stopping,
   * the step runs at once: what was opened late must not be left open.
   */
  onStop(name: string, fn: () => unknown, timeoutMs?: number): void;
  /** Idempotent: every call returns the same promise, which resolves to the exit code when all steps have run. */
  stop(reason: string, code?: number): Promise<number>;
  /** Aborted when stopping begins: for loops and long polls. */
  readonly stopping: AbortSignal;
  /**
   * Ties the lifecycle to the process: SIGINT or SIGTERM stops in order and exits, a second one exits at once (one
   * key press can arrive several times, from the terminal and from whoever started us: repeats within 300 ms count
   * as one), an uncaught exception or unhandled rejection is logged and stops with code 1. Returns how to untie it.
   */
  bindProcess(): () => void;
}

const repeatMs = 300;

export function createLifecycle(log: Logger): Lifecycle {
  const steps: { name: string; fn: () => unknown; timeoutMs: number }[] = [];
  const abort = new AbortController();
  let stopped: Promise<number> | null = null;

  async function runSteps(reason: string, code: number): Promise<number> {
    log.info({ reason }, 'stopping');
    abort.abort();
    let exitCode = code;
    // A step may register another (something still opening); popping until empty runs those as well.
    for (let step = steps.pop(); step; step = steps.pop()) {
      if (!(await runStep(step))) exitCode ||= 1;
    }
    log.info({ code: exitCode }, 'stopped');
    return exitCode;
  }

  async function runStep({ name, fn, timeoutMs }: (typeof steps)[number]): Promise<boolean> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`not done in ${timeoutMs} ms`)), timeoutMs);
    try {
      await Promise.race([(async () => fn())(), late]);
      log.debug({ step: name }, 'closed');
      return true;
    } catch (error) {
      log.error({ step: name, err: error }, 'could not close cleanly');
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  function stop(reason: string, code = 0): Promise<number> {
    stopped ??= runSteps(reason, code);
    return stopped;
  }

  return {
    stopping: abort.signal,
    onStop(name, fn, timeoutMs = 10_000) {
      const step = { name, fn, timeoutMs };
      if (stopped) void runStep(step);
      else steps.push(step);
    },
    stop,
    bindProcess() {
      let signalledAt: number | null = null;
      const exitAfter = (reason: string, code: number) =>
        void stop(reason, code).then((finalCode) => process.exit(Math.max(finalCode, code)));
      const onSignal = (signal: NodeJS.Signals) => {
        if (signalledAt === null) {
          signalledAt = performance.now();
          exitAfter(signal, 0);
        } else if (performance.now() - signalledAt > repeatMs) {
          log.warn({ signal }, 'second signal, exiting at once');
          process.exit(1);
        }
      };
      const onFault = (error: unknown) => {
        log.fatal({ err: error }, 'unexpected fault');
        exitAfter('fault', 1);
      };
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      process.on('uncaughtException', onFault).on('unhandledRejection', onFault);
      return () => {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
        process.off('uncaughtException', onFault).off('unhandledRejection', onFault);
      };
    },
  };
}
