const marks: Record<string, string> = {
  trace: '\u001b[90m·\u001b[0m',
  debug: '\u001b[90m·\u001b[0m',
  info: '\u001b[36m•\u001b[0m',
  warn: '\u001b[33m!\u001b[0m',
  error: '\u001b[31m✗\u001b[0m',
  fatal: '\u001b[41m✗\u001b[0m',
};

/** Turns JSON lines into lines for a person: time, mark, service, message, then what is left as key=value. */
export function createReadableStream(out: { write(line: string): unknown }): { write(line: string): void } {
  return { write: (line) => void out.write(`${readableLine(line)}\n`) };
}

export function readableLine(line: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line.trimEnd();
  }
  if (typeof entry !== 'object' || entry === null) return line.trimEnd();
  const { time, level, name, msg, err, pid: _pid, ...rest } = entry as Record<string, unknown>;
  const pairs = Object.entries(rest).map(([key, value]) => `\u001b[90m${key}=\u001b[0m${asText(value)}`);
  const parts = [clockTime(time), marks[asText(level)] ?? '?', asText(name), asText(msg), ...pairs];
  return parts.filter(Boolean).join(' ') + stackOf(err);
}

function clockTime(time: unknown): string {
  return typeof time === 'string' ? `\u001b[90m${time.slice(11, 23)}\u001b[0m` : '';
}

function asText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function stackOf(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  const shown = typeof stack === 'string' ? stack : asText(message);
  return `\n    ${shown.replaceAll('\n', '\n    ')}`;
}
