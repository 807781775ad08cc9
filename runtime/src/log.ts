import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './config.ts';
import { createReadableStream } from './log-readable.ts';

export type { Logger };

/** Keys whose values never reach a log, at the top of an entry and up to two levels down (J1). */
const hiddenKeys = [
  'password',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'credential',
  'credentials',
  'phone',
  'email',
  'idNumber',
  'realName',
  'fullName',
  'displayName',
  'address',
  'birthday',
  'descriptor',
  'template',
  'frame',
] as const;

/** PostgreSQL repeats the whole row, or the value that was taken, in these parts of its errors. */
const hiddenOfErrors = ['detail', 'where', 'parameters', 'meta'] as const;

const hiddenPaths = [
  ...hiddenOfErrors.map((key) => `err.${key}`),
  ...hiddenKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]),
  '*.headers["set-cookie"]',
  'headers["set-cookie"]',
];

export interface LoggerOptions {
  /** The service, on every line. */
  name: string;
  level: LogLevel;
  /** `json` for machines (production), `readable` for a person's terminal. */
  format: 'json' | 'readable';
  /** Where lines go; standard output by default. */
  out?: { write(line: string): unknown };
}

/**
 * The process's logger; everyone takes a child of it, bound to ids. Redaction is the second line of defence:
 * the first is never to pass personal data to a log at all.
 */
export function createLogger({ name, level, format, out = process.stdout }: LoggerOptions): Logger {
  const options = {
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: hiddenPaths, censor: '[hidden]' },
    formatters: { level: (label: string) => ({ level: label }) },
    base: { pid: process.pid },
  };
  return pino(options, format === 'json' ? out : createReadableStream(out));
}
