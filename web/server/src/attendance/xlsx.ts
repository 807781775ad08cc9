import { Worker } from 'node:worker_threads';
import { AppError } from '@keshi/runtime/errors';
import type { Sheet } from './sheet.ts';

export const xlsxType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export interface XlsxWriter {
  write(sheet: Sheet): Promise<Buffer>;
}

/** Writes workbooks in threads, a few at a time; beyond a short queue the caller is told to come back. */
export function createXlsxWriter({ threads = 2, maxWaiting = 20 } = {}): XlsxWriter {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running < threads) {
      running += 1;
      return;
    }
    if (waiting.length >= maxWaiting) throw new AppError('unavailable', { retryMs: 5_000 });
    // Whoever finishes passes its place on.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  return {
    async write(sheet) {
      await turn();
      try {
        return await inThread(sheet);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
  };
}

function inThread(sheet: Sheet): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./xlsx-worker.ts', import.meta.url), { workerData: sheet });
    worker.once('message', (bytes: Uint8Array) => resolve(Buffer.from(bytes)));
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the workbook's thread ended with code ${code}`)));
  });
}
