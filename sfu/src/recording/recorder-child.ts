/** The SFU node's hold on one recorder process: starts it, talks to it, and ends it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Logger } from '@keshi/runtime/log';
import { recorderReport, type RecorderCommand, type RecorderReport } from './recorder-messages.ts';

/** Lines of its log are repeated in ours. */
export type SpokenReport = Exclude<RecorderReport, { type: 'log' }>;

export interface RecorderChild {
  readonly pid: number | null;
  send(command: RecorderCommand): void;
  /** Resolves when the process is gone, however it went. */
  readonly gone: Promise<void>;
  /** At once; its ffmpeg ends with the end of its input. Idempotent. */
  kill(): void;
}

const program = fileURLToPath(new URL('./recorder-process.ts', import.meta.url));

export function startRecorderChild(log: Logger, onReport: (report: SpokenReport) => void): RecorderChild {
  const child = fork(program, [], {
    execPath: process.execPath,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.on('message', (message) => {
    const parsed = recorderReport.safeParse(message);
    if (!parsed.success) return log.warn({ err: parsed.error }, 'unreadable report of the recorder');
    if (parsed.data.type === 'log') repeatLine(log, parsed.data.line);
    else onReport(parsed.data);
  });
  let isGone = false;
  const gone = once(child, 'close').then(
    () => {
      isGone = true;
    },
    (error: unknown) => {
      isGone = true;
      log.error({ err: error }, 'recorder process could not be started');
    },
  );
  return {
    pid: child.pid ?? null,
    send(command) {
      // A process that is gone hears nothing; its end is told by `gone`.
      if (child.connected) child.send(command, () => undefined);
    },
    gone,
    kill() {
      if (!isGone) child.kill('SIGKILL');
    },
  };
}

const logLine = z.looseObject({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  msg: z.string().default(''),
});

function repeatLine(log: Logger, line: string): void {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return;
  }
  const parsed = logLine.safeParse(json);
  if (!parsed.success) return;
  const { level, msg, time: _time, name: _name, pid: recorderPid, ...fields } = parsed.data;
  log[level]({ ...fields, recorderPid }, msg);
}
