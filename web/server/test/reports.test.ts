import readExcelFile from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toCsv } from '../src/attendance/csv.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { names } from './world.ts';

let web: RunningWeb;
let token: string;
beforeAll(async () => {
  web = await runWeb();
  token = await tokenOf(web, 'staff');
});
afterAll(() => web.close());

const held = () => ({ id: web.world.held.id });
const reason = '核对补贴名单';
const unmasked = { unmask: 'true', reason } as const;
const report = async (query: { unmask?: 'true'; reason?: string } = {}) =>
  (await call(web, 'report', { token, params: held(), query })).body;
const file = (
  format: 'csv' | 'xlsx',
  query: { unmask?: 'true'; reason?: string; lang?: 'zh-CN' | 'en' } = {},
) => call(web, 'reportFile', { token, params: { ...held(), format }, query });

describe('report', () => {
  it('[AT5] [AT6] [AT8] says who was there, how long, and who is under the minimum', async () => {
    const { rows, totals, class: about } = await report();
    expect(totals).toMatchObject({ expected: 3, belowAttendance: 2, liveMs: 3_600_000, minimumRate: 0.8 });
    expect(about.mine).toBeNull();
    const of = (login: string) => rows.find(({ userId }) => userId === web.world.idOf(login));
    expect(of('learner')).toMatchObject({ rate: 1, presentMs: 3_600_000, lateMs: 0, absences: 0 });
    expect(of('second')).toMatchObject({ rate: 0.5, presentMs: 1_800_000, lateMs: 1_200_000, absences: 2 });
    expect(of('evil')).toMatchObject({ rate: 0, presentMs: 0, lateMs: null });
    expect(of('learner')).toMatchObject({ quizAsked: 1, quizAnswered: 1, quizCorrect: 1, correctRate: 1 });
  });

  it('masks names unless asked and allowed, and logs who saw them whole and why', async () => {
    expect((await report()).rows.map(({ name }) => name)).not.toContain(names.learner);
    const before = await web.db.prisma.auditEntry.count({ where: { action: 'report.unmasked' } });
    const refused = await call(web, 'report', { token, params: held(), query: { unmask: 'true' } });
    expect(refused.error).toEqual({ code: 'invalid-input', fields: ['query.reason'] });
    expect((await report(unmasked)).rows.map(({ name }) => name)).toContain(names.learner);
    const entries = await web.db.prisma.auditEntry.findMany({ where: { action: 'report.unmasked' } });
    expect(entries).toHaveLength(before + 1);
    expect(entries.at(-1)?.detail).toEqual({ people: 3, reason });
  });

  it('shows a learner his own attendance and time line', async () => {
    const own = await tokenOf(web, 'second');
    const line = (await call(web, 'timeline', { token: own, params: { ...held(), userId: 'me' } })).body;
    expect(line).toMatchObject({
      rate: 0.5,
      counted: { counting: false, reason: 'ended', countedMs: 1_800_000 },
    });
    expect(line.spans.map(({ kind }) => kind)).toEqual(['absent', 'counted', 'absent']);
    const { rows } = (await call(web, 'listClasses', { token: own, query: { state: 'ended' } })).body;
    expect(rows[0]?.mine).toEqual({
      presentMs: 1_800_000,
      liveMs: 3_600_000,
      rate: 0.5,
      minimumRate: 0.8,
    });
  });

  it('lists by course who is under the minimum, of attendance and of answers', async () => {
    const below = (await call(web, 'belowMinimum', { token })).body;
    expect(below.rows.map(({ userId }) => userId)).toEqual(
      expect.arrayContaining([web.world.idOf('evil'), web.world.idOf('second')]),
    );
    expect(below.rows.map(({ rate }) => rate)).toEqual(below.rows.map(({ rate }) => rate).toSorted());
    const wrong = (await call(web, 'belowMinimum', { token, query: { by: 'correct' } })).body;
    expect(wrong.rows.map(({ userId }) => userId)).toEqual([web.world.idOf('second')]);
  });

  it('puts running classes on the wall', async () => {
    const wall = (await call(web, 'supervise', { token })).body;
    expect(wall.rows.map((row) => row.class.id)).toEqual([web.world.running.id]);
    expect(wall.rows[0]?.totals).toMatchObject({ state: 'live', expected: 3, offline: 3 });
  });
});

/** RFC 4180, strictly. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let found = cell.exec(text); found; found = cell.exec(text)) {
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] === '\r\n') {
      rows.push(row);
      row = [];
    }
    if (cell.lastIndex === text.length) return rows;
  }
  throw new Error(`not RFC 4180 at ${text.slice(cell.lastIndex, cell.lastIndex + 20)}`);
}

const clock = (ms: number) =>
  `${Math.floor(ms / 3_600_000)}:${String(Math.floor(ms / 60_000) % 60).padStart(2, '0')}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;

describe('CSV', () => {
  it('says the same as the report', async () => {
    const answer = await file('csv', unmasked);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="keshi\.csv"; filename\*=UTF-8''%/,
    );
    expect([...answer.bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const [head, ...lines] = parseCsv(answer.bytes.toString('utf8').slice(1));
    expect(head?.slice(0, 7)).toEqual(['序号', '姓名', '班组', '出勤时长', '直播时长', '到课率', '结论']);
    const { rows } = await report(unmasked);
    expect(lines.map((line) => line.slice(3, 6))).toEqual(
      rows.map((row) => [clock(row.presentMs), clock(row.liveMs), `${((row.rate ?? 0) * 100).toFixed(1)}%`]),
    );
    expect(lines.every((line) => line.length === head?.length)).toBe(true);
    expect(lines.map((line) => line[1])).toContain(`'${names.evil}`);
  });

  it.each(['=1+1', '+1', '-1', '@x', '\tx', '\rx'])('never lets %j become a formula', (text) => {
    const [, [cell] = []] = parseCsv(
      toCsv({
        title: '',
        facts: [],
        columns: [{ title: 'a', kind: 'text', width: 1 }],
        rows: [[text]],
        signatures: [],
      }).slice(1),
    );
    expect(cell).toBe(`'${text}`);
  });

  it('is masked unless asked otherwise, and in English when asked', async () => {
    const text = (await file('csv', { lang: 'en' })).bytes.toString('utf8');
    expect(text).toContain('No.,Name,Group,Present');
    expect(text).not.toContain(names.learner);
  });
});

/** A cell with a format of time is read as a moment after the spreadsheet's own epoch. */
function durationOf(cell: unknown): number {
  if (!(cell instanceof Date)) throw new Error('not formatted as a duration');
  return cell.getTime() - Date.UTC(1899, 11, 30);
}

describe('XLSX', () => {
  it.each(['zh-CN', 'en'] as const)(
    'says the same as the report, above it what it is about (%s)',
    async (lang) => {
      const answer = await file('xlsx', { ...unmasked, lang });
      expect(answer.headers.get('content-type')).toContain('spreadsheetml.sheet');
      const [sheet] = await readExcelFile(answer.bytes);
      const cells = sheet?.data ?? [];
      const first = cells.findIndex((row) => row[0] === (lang === 'en' ? 'No.' : '序号'));
      const above = cells.slice(0, first).flat().filter(Boolean).map(String);
      expect(above.join(' ')).toContain('电工基础');
      expect(above.join(' ')).toContain(names.staff);
      expect(above.join(' ')).toContain('1:00:00');
      const { rows } = await report(unmasked);
      const body = cells.slice(first + 1, first + 1 + rows.length);
      expect(body.map((row) => row[1])).toEqual(rows.map(({ name }) => name));
      for (const [index, row] of rows.entries()) {
        expect(durationOf(body[index]?.[3])).toBeCloseTo(row.presentMs, 0);
        expect(Number(body[index]?.[5])).toBeCloseTo(row.rate ?? 0, 3);
        expect(body[index]?.[12]).toBe(row.quizAnswered);
      }
      expect(String(cells.at(-1)?.[0])).toMatch(lang === 'en' ? /signature/ : /签字/);
    },
  );

  it('is on the audit log, by whom and how', async () => {
    const entries = await web.db.prisma.auditEntry.findMany({ where: { action: 'report.exported' } });
    expect(entries.map(({ detail }) => detail)).toContainEqual({ format: 'xlsx', unmasked: true, people: 3 });
    expect(entries.every(({ actorId }) => actorId === web.world.idOf('staff'))).toBe(true);
  });
});

it('keeps personal data sealed in the database and out of the log', async () => {
  const people = JSON.stringify(await web.db.sql('SELECT * FROM "User"'));
  const hits = JSON.stringify(await web.db.sql('SELECT * FROM "ScreeningHit"'));
  const audit = JSON.stringify(await web.db.sql('SELECT "action", "detail" FROM "AuditEntry"'));
  for (const secret of [...Object.values(names), '13911112222', '13733334444', '被拦下的话']) {
    expect(people + hits).not.toContain(secret);
    expect(audit).not.toContain(secret);
    expect(web.lines.join('')).not.toContain(secret);
  }
});
