// Runs in a thread of its own: unpacking a workbook, reading ten thousand rows and writing them takes seconds of work.
import { parentPort, workerData } from 'node:worker_threads';
import { readSheet } from 'read-excel-file/node';
import writeExcelFile, { type Row } from 'write-excel-file/node';
import { readCsv } from './csv-reader.ts';
import { columns, examples, readRow, type ReadItem, rowOf } from './item-table.ts';
import { readMoodle } from './moodle.ts';
import type { ReadProblem, TransferAnswer, TransferTask } from './transfer.ts';

const mostRows = 20_000;

async function rowsOf(task: Extract<TransferTask, { do: 'read' }>): Promise<string[][] | null> {
  const bytes = Buffer.from(task.bytes);
  try {
    if (task.format === 'csv') return readCsv(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const rows = await readSheet(bytes);
    return rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell))));
  } catch {
    // No workbook, or no text: it is not what it was said to be.
    return null;
  }
}

async function read(task: Extract<TransferTask, { do: 'read' }>): Promise<TransferAnswer> {
  if (task.format === 'xml') return readMoodle(Buffer.from(task.bytes).toString('utf8'));
  const rows = await rowsOf(task);
  if (!rows || rows.length > mostRows + 1) return { ok: false };
  const items: { row: number; item: ReadItem }[] = [];
  const errors: ReadProblem[] = [];
  // The first row names the columns.
  rows.forEach((row, index) => {
    if (index === 0 || row.every((cell) => cell.trim() === '')) return;
    const said = readRow(row);
    if (said.ok) items.push({ row: index + 1, item: said.item });
    else errors.push({ row: index + 1, problem: said.problem });
  });
  return { ok: true, items, errors };
}

async function write(items: readonly ReadItem[] | null): Promise<Buffer> {
  const body = items === null ? examples : items.map(rowOf);
  const cells = (row: readonly string[], bold: boolean): Row =>
    row.map((value) => ({
      value,
      type: String,
      wrap: true,
      ...(bold ? { fontWeight: 'bold' as const } : {}),
    }));
  return writeExcelFile([cells(columns, true), ...body.map((row) => cells(row, false))], {
    columns: columns.map((_, index) => ({ width: index === 1 ? 50 : 16 })),
    stickyRowsCount: 1,
  }).toBuffer();
}

// What arrives was made by `createTransfer` in the same process and copied structurally.
const task = workerData as TransferTask;
parentPort?.postMessage(task.do === 'read' ? await read(task) : await write(task.items));
