import { routes } from '@keshi/contract/http/routes';
import { type ItemMedia, stemKeyOf } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { allItems, createItems, sameStems } from '@keshi/db/items';
import { AppError } from '@keshi/runtime/errors';
import { bind } from '../../http/bind.ts';
import { findCourse } from '../access.ts';
import type { MadeMedia, MediaMaker } from '../media/maker.ts';
import type { ItemShelf } from '../media/shelf.ts';
import { columns, examples, fitsRow, type ReadItem, rowOf } from './item-table.ts';
import { fitsMoodle, writeMoodle } from './moodle.ts';
import type { ReadProblem, Transfer } from './transfer.ts';

const types = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
} as const;

/** An answer is made in memory: a bank with more pictures than that leaves in parts. */
const mostExportedMedia = 64 * 1024 ** 2;

interface Deps {
  db: Db;
  transfer: Transfer;
  maker: MediaMaker;
  shelf: ItemShelf;
}

export function transferRoutes({ db, transfer, maker, shelf }: Deps) {
  /** What is made of a question's files; null when one of them is no picture and no sound. */
  async function madeOf(item: ReadItem): Promise<Described[] | null> {
    const made: Described[] = [];
    for (const { bytes, description } of item.files ?? []) {
      const making = await maker.make(bytes);
      if (!making.ok) return null;
      made.push({ made: making.made, description });
    }
    return made;
  }

  async function stored(courseId: string, media: readonly Described[]): Promise<ItemMedia[]> {
    const result: ItemMedia[] = [];
    for (const { made, description } of media)
      result.push({ kind: made.kind, key: await shelf.put(courseId, made), description });
    return result;
  }

  async function filesOf(items: readonly ReadItem[]): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    let bytes = 0;
    for (const { key } of items.flatMap(({ content }) => content.media)) {
      const file = files.has(key) ? null : await shelf.read(key);
      if (!file) continue;
      bytes += file.length;
      if (bytes > mostExportedMedia) throw new AppError('too-large');
      files.set(key, file);
    }
    return files;
  }

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
        const media = new Map<ReadItem, Described[]>();
        for (const { row, item } of errors.length === 0 ? fresh : []) {
          const made = await madeOf(item);
          if (made) media.set(item, made);
          else errors.push({ row, problem: 'wrong-media' });
        }
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
        const drafts = [];
        for (const { item } of fresh) {
          const { content, contentPoint, difficulty } = item;
          const shown = await stored(params.id, media.get(item) ?? []);
          drafts.push({ content: { ...content, media: shown }, contentPoint, difficulty, lessonId: null });
        }
        await createItems(db, { courseId: params.id, byId: actor.userId, drafts });
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
        if (format === 'xml') {
          const fitting = items.filter(({ content }) => fitsMoodle(content));
          return { type: types.xml, name, content: writeMoodle(fitting, await filesOf(fitting)) };
        }
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

interface Described {
  made: MadeMedia;
  description: string;
}

/** UTF-8 with a byte order mark, so that Excel reads Chinese; RFC 4180. */
function csvOf(rows: readonly (readonly string[])[]): string {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `\uFEFF${rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')}`;
}
