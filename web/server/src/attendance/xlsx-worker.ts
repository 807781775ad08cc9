// Runs in a thread of its own: laying out and packing ten thousand learners takes a second of work.
import { parentPort, workerData } from 'node:worker_threads';
import writeExcelFile, { type CellObject, type Row } from 'write-excel-file/node';
import type { Column, Sheet } from './sheet.ts';

const dayMs = 86_400_000;
const formats = { text: undefined, count: '0', duration: '[h]:mm:ss', share: '0.0%' } as const;

/** Throws when a cell cannot be written. */
async function toXlsx({ title, facts, columns, rows, signatures }: Sheet): Promise<Buffer> {
  const span = columns.length;
  const head: Row[] = [
    [{ value: title, fontWeight: 'bold', fontSize: 16, align: 'center', columnSpan: span, height: 28 }],
    ...facts.map(([label, value]): Row => [
      { value: label, columnSpan: 2, fontWeight: 'bold' },
      null,
      { value, type: String, columnSpan: span - 2 },
    ]),
    [],
    columns.map((column): CellObject => ({
      value: column.title,
      fontWeight: 'bold',
      backgroundColor: '#E6EEF0',
      borderStyle: 'thin',
      align: 'center',
      wrap: true,
    })),
  ];
  const body = rows.map((row): Row => row.map((value, index) => cell(value, columns[index]?.kind ?? 'text')));
  const third = Math.floor(span / 3);
  const foot: Row[] = [
    [],
    [],
    signatures.flatMap((text): Row => [
      { value: text, columnSpan: third, fontWeight: 'bold' },
      ...Array.from({ length: third - 1 }, () => null),
    ]),
  ];
  return writeExcelFile([...head, ...body, ...foot], {
    columns: columns.map(({ width }) => ({ width })),
    stickyRowsCount: head.length,
    orientation: 'landscape',
  }).toBuffer();
}

/** Text is written as text, so nothing in a name can become a formula. */
function cell(value: string | number | null, kind: Column['kind']): CellObject {
  const borderStyle = 'thin';
  if (value === null) return { borderStyle };
  if (typeof value === 'string') return { borderStyle, type: String, value };
  // A spreadsheet's unit of time is the day.
  const number = kind === 'duration' ? value / dayMs : value;
  return { borderStyle, type: Number, value: number, format: formats[kind] };
}

// What arrives was made by `layOut` in the same process and copied structurally.
parentPort?.postMessage(await toXlsx(workerData as Sheet));
