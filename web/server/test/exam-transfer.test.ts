import { readSheet } from 'read-excel-file/node';
import writeExcelFile from 'write-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columns, examples } from '../src/exams/transfer/item-table.ts';
import { contents } from './exam-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let token: string;
beforeAll(async () => {
  web = await runWeb();
  token = await tokenOf(web, 'teacher');
});
afterAll(() => web.close());

const type = 'application/octet-stream';
const course = () => ({ id: web.world.course.id });
const csv = (rows: readonly (readonly string[])[]) =>
  rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');
const send = (
  format: 'csv' | 'xlsx' | 'xml',
  bytes: string | Uint8Array<ArrayBuffer>,
  duplicates: 'refuse' | 'skip' = 'refuse',
) =>
  call(web, 'importItems', {
    token,
    params: course(),
    query: { format, duplicates },
    upload: new Blob([bytes], { type }),
  });
const count = () => web.db.prisma.bankItem.count({ where: { courseId: course().id } });
const single = (n: number) => [
  '单选题',
  `第 ${n} 题？`,
  '甲',
  '乙',
  '',
  '',
  '',
  '',
  '',
  '',
  'A',
  '电路',
  '3',
  '',
];

describe('[F1] questions from a sheet', () => {
  it('tells all of 50 mistakes in 10,000 rows, and takes none; without them it takes all', async () => {
    const rows = Array.from({ length: 10_000 }, (_, n) => single(n));
    const spoilt = rows.map((row, n) => {
      if (n % 200 !== 100) return row;
      const wrong = [...row];
      if (n % 1000 === 100) wrong[10] = 'H';
      else if (n % 1000 === 300) wrong[0] = '论述题';
      else if (n % 1000 === 500) wrong[1] = '';
      else if (n % 1000 === 700) wrong[12] = '9';
      else wrong[3] = '甲';
      return wrong;
    });
    const before = await count();
    const refused = (await send('csv', csv([columns, ...spoilt]))).body;
    expect(refused).toMatchObject({ rows: 10_000, imported: 0 });
    expect(refused.errors).toHaveLength(50);
    expect(refused.errors.slice(0, 5)).toEqual([
      { row: 102, problem: 'wrong-answer' },
      { row: 302, problem: 'unknown-kind' },
      { row: 502, problem: 'missing-stem' },
      { row: 702, problem: 'wrong-difficulty' },
      { row: 902, problem: 'wrong-options' },
    ]);
    expect(await count()).toBe(before);
    expect((await send('csv', csv([columns, ...rows]))).body).toMatchObject({ imported: 10_000, errors: [] });
    expect(await count()).toBe(before + 10_000);
  });

  it('knows what asks the same, in the file and in the bank', async () => {
    const twice = csv([columns, single(7), single(20_000), single(20_000)]);
    expect((await send('csv', twice)).body.errors).toEqual([
      { row: 2, problem: 'same-in-bank' },
      { row: 4, problem: 'same-in-file' },
    ]);
    expect((await send('csv', twice, 'skip')).body).toMatchObject({ imported: 1, skipped: 2, errors: [] });
  });

  it('comes back from every format as it went', async () => {
    const sheet = [columns, ...examples].map((row) => row.map((value) => ({ value, type: String })));
    const workbook = await writeExcelFile(sheet).toBuffer();
    expect((await send('xlsx', new Uint8Array(workbook))).body).toMatchObject({
      imported: examples.length,
      errors: [],
    });
    const taken = await call(web, 'exportItems', { token, params: { ...course(), format: 'xlsx' } });
    const rows = await readSheet(taken.bytes);
    for (const example of examples)
      expect(rows.map((row) => row.map((cell) => String(cell ?? '')))).toContainEqual([...example]);
    const xml = await call(web, 'exportItems', { token, params: { ...course(), format: 'xml' } });
    await web.db.prisma.bankItem.updateMany({ data: { state: 'retired' } });
    const back = await send('xml', new Uint8Array(xml.bytes));
    expect(back.body.errors).toEqual([]);
    // Of the examples one has two blanks, which Moodle's short answer has not.
    expect(back.body.imported).toBe(10_001 + examples.length - 1);
  });

  it('gives a template that can be imported', async () => {
    const template = await call(web, 'exportItems', {
      token,
      params: { ...course(), format: 'csv' },
      query: { template: 'true' },
    });
    expect((await send('csv', new Uint8Array(template.bytes), 'skip')).body.errors).toEqual([]);
  });

  it.each([
    ['xlsx', 'no workbook'],
    ['csv', new Uint8Array([0xff, 0xfe, 0x00])],
    ['xml', '<quiz><question>'],
    ['xml', '<!DOCTYPE quiz [<!ENTITY a "aaaa">]><quiz>&a;</quiz>x'],
    ['xml', `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`],
  ] as const)('refuses what is no %s', async (format, bytes) => {
    const answer = await send(format, bytes);
    expect(answer.status === 400 || answer.body.imported === 0).toBe(true);
  });
});

it('has one of each kind in its template', () => {
  expect(examples.length).toBe(contents.length);
});
