/** Reads and writes sheets of questions in threads, a few at a time. */
import { Worker } from 'node:worker_threads';
import type { ImportProblem } from '@keshi/contract/http/items';
import { AppError } from '@keshi/runtime/errors';
import type { ReadItem } from './item-table.ts';

export interface ReadProblem {
  row: number;
  problem: ImportProblem;
}
export type TransferTask =
  | { do: 'read'; format: 'csv' | 'xlsx' | 'xml'; bytes: Uint8Array }
  /** Null writes a template. */
  | { do: 'write'; items: readonly ReadItem[] | null };
export type TransferAnswer =
  | { ok: true; items: { row: number; item: ReadItem }[]; errors: ReadProblem[] }
  /** It is not what it was said to be, or longer than anybody reads. */
  | { ok: false };

const mostAtOnce = 2;
const mostMs = 60_000;

export function createTransfer() {
  let running = 0;

  async function inThread<T>(task: TransferTask): Promise<T> {
    if (running >= mostAtOnce) throw new AppError('busy', { retryMs: 3_000 });
    running += 1;
    try {
      return await new Promise<T>((resolve, reject) => {
        const worker = new Worker(new URL('./transfer-worker.ts', import.meta.url), {
          workerData: task,
          // A small file can unpack to more than a machine holds.
          resourceLimits: { maxOldGenerationSizeMb: 512 },
        });
        const timer = setTimeout(() => void worker.terminate(), mostMs);
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', (code) => {
          clearTimeout(timer);
          reject(new Error(`the thread of a sheet ended with code ${code}`));
        });
      });
    } finally {
      running -= 1;
    }
  }

  return {
    async read(format: 'csv' | 'xlsx' | 'xml', bytes: Uint8Array): Promise<TransferAnswer> {
      try {
        return await inThread<TransferAnswer>({ do: 'read', format, bytes });
      } catch (error) {
        if (error instanceof AppError) throw error;
        // What cannot be read within its limits is not a sheet of questions.
        return { ok: false };
      }
    },
    async workbook(items: readonly ReadItem[] | null): Promise<Buffer> {
      return Buffer.from(await inThread<Uint8Array>({ do: 'write', items }));
    },
  };
}
export type Transfer = ReturnType<typeof createTransfer>;
