import { createLogger } from '../src/log.ts';

/** A real logger whose lines go nowhere, or into a list a test can read. */
export function createQuietLog(lines: string[] = []) {
  return createLogger({
    name: 'test',
    level: 'debug',
    format: 'json',
    out: { write: (line) => lines.push(line) },
  });
}
