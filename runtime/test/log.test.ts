import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { AppError, toProtocolError } from '../src/errors.ts';
import { createLogger } from '../src/log.ts';
import { createQuietLog } from './quiet-log.ts';

test('[J1] secrets and personal data are hidden wherever they stand', () => {
  const lines: string[] = [];
  const log = createLogger({
    name: 'web',
    level: 'info',
    format: 'json',
    out: { write: (line) => lines.push(line) },
  });
  log.info(
    {
      userId: 'u1',
      phone: '13800000000',
      user: { realName: '张三', idNumber: '110101199001011234' },
      req: { headers: { authorization: 'Bearer abc', cookie: 'sid=1' } },
    },
    'seen',
  );
  const line = lines.join('');
  for (const hidden of ['13800000000', '张三', '110101199001011234', 'Bearer', 'sid=1'])
    expect(line).not.toContain(hidden);
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    name: 'web',
    userId: 'u1',
    msg: 'seen',
    phone: '[hidden]',
  });
});

test('[J1] an error of the database does not repeat the row it refused', () => {
  const lines: string[] = [];
  const log = createLogger({
    name: 'web',
    level: 'info',
    format: 'json',
    out: { write: (line) => lines.push(line) },
  });
  const refused = Object.assign(new Error('new row violates a check constraint'), {
    code: '23514',
    constraint: 'User_locale_check',
    detail: 'Failing row contains (7, zhangsan, $argon2id$v=19$...).',
  });
  log.error({ err: refused }, 'internal error');
  expect(lines.join('')).not.toContain('zhangsan');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    err: { code: '23514', constraint: 'User_locale_check' },
  });
});

test('a person reads one line, with the stack under it', () => {
  const lines: string[] = [];
  const log = createLogger({
    name: 'sfu',
    level: 'info',
    format: 'readable',
    out: { write: (line) => lines.push(line) },
  });
  log.child({ worker: 3 }).warn({ err: new Error('gone') }, 'worker died');
  const plain = stripVTControlCharacters(lines.join(''));
  expect(plain).toMatch(/^\d\d:\d\d:\d\d\.\d{3} ! sfu worker died worker=3\n {4}Error: gone\n/);
});

test('an unknown error crosses as internal with the id under which it is logged', () => {
  const lines: string[] = [];
  const log = createQuietLog(lines);
  const crossing = toProtocolError(new Error('connection string with a password'), log);
  expect(crossing).toEqual({ code: 'internal', id: expect.stringMatching(/^[0-9a-f]{12}$/) });
  expect(JSON.parse(lines.join(''))).toMatchObject({ level: 'error', errorId: crossing.id });
});

test('a known refusal crosses with what the person needs and without the cause', () => {
  const lines: string[] = [];
  const error = new AppError('slow-mode', { retryMs: 3_000, message: 'inner', cause: new Error('deep') });
  expect(toProtocolError(error, createQuietLog(lines))).toEqual({ code: 'slow-mode', retryMs: 3_000 });
  expect(lines).toEqual([]);
});
