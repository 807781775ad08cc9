import { routes } from '@keshi/contract/http/routes';
import { stemKeyOf } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { allItems, createItems, sameStems } from '@keshi/db/items';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../../http/bind.ts';
import { findCourse } from '../access.ts';
import { columns, examples, fitsRow, rowOf } from './item-table.ts';
import { fitsMoodle, writeMoodle } from './moodle.ts';
import type { ReadProblem, Transfer } from './transfer.ts';

const types = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
} as const;

export function transferRoutes({ db, transfer }: { db: Db; transfer: Transfer }) {
  return {
    importItems: bind(
      routes.importItems,
      async ({ actor, params, query, body, audit }) => {
        const course = await findCourse(db, actor, params.id, 'bank.write');
        const read = await transfer.read(query.format, body);
        if (!read.ok) throw new AppError('invalid-input', { fields: ['body'] });
        const { items } = read;
        const keys = items.map(({ item }) => stemKeyOf(item.content.stem));
        const known = new Set(
          (await sameStems(db, { courseId: params.id, stemKeys: [...new Set(keys)] })).map(
            ({ stemKey }) => stemKey,
          ),
        );
        const errors: ReadProblem[] = [...read.errors];
        const seen = new Set<string>();
        const fresh = items.filter(({ row }, index) => {
          const key = keys[index] ?? '';
          const problem = known.has(key) ? 'same-in-bank' : seen.has(key) ? 'same-in-file' : null;
          seen.add(key);
          if (problem !== null && query.duplicates === 'refuse') errors.push({ row, problem });
          return problem === null;
        });
        errors.sort((a, b) => a.row - b.row);
        const report = { rows: items.length + read.errors.length, errors };
        if (errors.length > 0) return { ...report, imported: 0, skipped: 0 };
        await audit({
          action: 'items.imported',
          targetType: 'course',
          targetId: params.id,
          orgPath: course.orgPath,
          detail: { count: fresh.length, format: query.format },
        });
        await createItems(db, {
          courseId: params.id,
          byId: actor.userId,
          drafts: fresh.map(({ item }) => ({ ...item, lessonId: null })),
        });
        return { ...report, imported: fresh.length, skipped: items.length - fresh.length };
      },
      { limit: 'export' },
    ),

    exportItems: bind(
      routes.exportItems,
      async ({ actor, params, query, audit }) => {
        const course = await findCourse(db, actor, params.id, 'bank.write');
        const { format } = params;
        const items = query.template ? [] : await allItems(db, params.id);
        if (!query.template)
          await audit({
            action: 'items.exported',
            targetType: 'course',
            targetId: params.id,
            orgPath: course.orgPath,
            detail: { count: items.length, format },
          });
        const name = `${course.title}-题库.${format}`;
        if (format === 'xml')
          return {
            type: types.xml,
            name,
            content: writeMoodle(items.filter(({ content }) => fitsMoodle(content))),
          };
        // What a row cannot hold would come back as another question.
        const whole = items.filter(({ content }) => fitsRow(content));
        if (format === 'xlsx')
          return { type: types.xlsx, name, content: await transfer.workbook(query.template ? null : whole) };
        const rows = query.template ? examples : whole.map(rowOf);
        return { type: types.csv, name, content: csvOf([columns, ...rows]) };
      },
      { limit: 'export' },
    ),
  };
}

/** UTF-8 with a byte order mark, so that Excel reads Chinese; RFC 4180. */
function csvOf(rows: readonly (readonly string[])[]): string {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `\uFEFF${rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')}`;
}
