/** Tables that people upload: CSV in UTF-8 or GBK, or a workbook's first sheet. */
import { Worker } from 'node:worker_threads';
import { AppError } from '@keshi/runtime/errors';
import { fromBufferPromise } from 'yauzl';
import { z } from 'zod';
import { csvRows } from './csv-rows.ts';

const timeoutMs = 20_000;
const memoryMb = 256;
/** Of everything in a workbook, unpacked. */
const mostUnpacked = 64 * 1024 ** 2;
const rows = z.array(z.array(z.string()));

/** All rows as text, the heading included. Throws `invalid-input` for what is no table, `too-large` beyond `mostRows`. */
export async function readTable(bytes: Uint8Array, mostRows: number): Promise<string[][]> {
  const isWorkbook = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const found = isWorkbook ? await workbookRows(bytes) : csvRows(textOf(bytes));
  if (found.length > mostRows + 1) throw new AppError('too-large');
  return found;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // As Excel writes CSV in China.
    return new TextDecoder('gb18030').decode(bytes);
  }
}

async function workbookRows(bytes: Uint8Array): Promise<string[][]> {
  try {
    if ((await unpackedSize(bytes)) > mostUnpacked) throw new AppError('too-large');
    return rows.parse(await inThread(bytes));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('invalid-input', { cause, fields: ['body'] });
  }
}

async function unpackedSize(bytes: Uint8Array): Promise<number> {
  const zip = await fromBufferPromise(Buffer.from(bytes), { lazyEntries: true });
  let size = 0;
  for await (const entry of zip.eachEntry()) size += entry.uncompressedSize;
  return size;
}

function inThread(bytes: Uint8Array): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./table-worker.ts', import.meta.url), {
      workerData: bytes,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    const timer = setTimeout(() => void worker.terminate(), timeoutMs);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the thread ended without an answer'));
    });
  });
}
