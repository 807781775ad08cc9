// Runs in a thread of its own: unpacking a workbook takes long, and may take more memory than it is given.
import { parentPort, workerData } from 'node:worker_threads';
import { readSheet } from 'read-excel-file/node';
import { z } from 'zod';

const bytes = Buffer.from(z.instanceof(Uint8Array).parse(workerData));
const rows = await readSheet(bytes);
parentPort?.postMessage(
  rows.map((row) =>
    row.map((cell) => (cell === null ? '' : cell instanceof Date ? cell.toISOString() : String(cell)).trim()),
  ),
);
