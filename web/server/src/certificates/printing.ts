/** Printed forms, made in a thread that stays for as long as there is something to print. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { AppError } from '@keshi/runtime/errors';
import type { Signer } from '@keshi/runtime/signed-record';
import type { Code } from './code.ts';
import { withPrintSignature } from './print-signature.ts';

/** Everything that stands on the paper, as text. */
export interface PrintSheet {
  number: string;
  title: string;
  subtitle: string;
  name: string;
  document: string | null;
  body: string;
  facts: (readonly [label: string, value: string])[];
  issuer: string;
  date: string;
  courseTitle: string;
  scan: string;
  address: string;
  /** What the attached record is. */
  attached: string;
  code: Code;
}

export interface PrintJob {
  id: number;
  sheet: PrintSheet;
  /** The signed record with what opens it, as JSON. */
  attachment: string;
}

export type Printed = { id: number; pdf: Uint8Array } | { id: number; failed: string };

export interface Printer {
  /** A signed PDF. Throws `unavailable` when too many wait already. */
  print(job: Omit<PrintJob, 'id'>): Promise<Buffer>;
  close(): Promise<void>;
}

const idleMs = 60_000;

export function createPrinter({
  signer,
  maxWaiting = 200,
}: {
  signer: Signer;
  maxWaiting?: number;
}): Printer {
  const waiting = new Map<number, { resolve: (pdf: Uint8Array) => void; reject: (error: Error) => void }>();
  let thread: Worker | null = null;
  let idle: NodeJS.Timeout | undefined;
  let next = 0;

  function start(): Worker {
    const worker = new Worker(new URL('./print-worker.ts', import.meta.url));
    worker.on('message', (printed: Printed) => {
      const asked = waiting.get(printed.id);
      waiting.delete(printed.id);
      if ('pdf' in printed) asked?.resolve(printed.pdf);
      else asked?.reject(new Error(`a certificate could not be printed: ${printed.failed}`));
      if (waiting.size > 0) return;
      // Its fonts take memory that is better given back.
      idle = setTimeout(() => void stop(), idleMs);
      idle.unref();
    });
    const gone = (error: Error) => {
      if (thread === worker) thread = null;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on('error', gone);
    worker.on('exit', (code) => gone(new Error(`the printing thread ended with code ${code}`)));
    return worker;
  }

  async function stop(): Promise<void> {
    clearTimeout(idle);
    const worker = thread;
    thread = null;
    await worker?.terminate();
  }

  return {
    async print(job) {
      if (waiting.size >= maxWaiting) throw new AppError('unavailable', { retryMs: 5_000 });
      clearTimeout(idle);
      thread ??= start();
      const worker = thread;
      const id = next++;
      const pdf = await new Promise<Uint8Array>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ ...job, id } satisfies PrintJob);
      });
      const sha256 = createHash('sha256').update(pdf).digest('hex');
      return withPrintSignature(pdf, { number: job.sheet.number, sha256 }, signer);
    },
    close: stop,
  };
}
