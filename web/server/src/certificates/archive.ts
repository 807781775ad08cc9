import { PassThrough, type Readable } from 'node:stream';
import type { Db } from '@keshi/db/client';
import { getCertificate } from '@keshi/db/certificates';
import type { Logger } from '@keshi/runtime/log';
import { ZipFile } from 'yazl';
import type { Shelf } from './shelf.ts';

/**
 * Printed forms as one archive, made while it is sent: one form at a time, and the next when the one before has been taken,
 * so that a thousand need no more memory than one. Ends early, and visibly broken, when one cannot be made.
 */
export function createArchive({ db, shelf, log }: { db: Db; shelf: Shelf; log: Logger }) {
  return function archive(numbers: readonly string[]): Readable {
    const zip = new ZipFile();
    const out = new PassThrough();
    zip.outputStream.pipe(out);

    async function fill(): Promise<void> {
      for (const number of numbers) {
        const stored = await getCertificate(db, number);
        // Revoked while the archive is made.
        if (!stored || stored.revoked) continue;
        const pdf = await shelf.pdf(stored);
        if (out.destroyed) return;
        zip.addBuffer(pdf, `${number}.pdf`, { compress: false });
        if (out.writableNeedDrain)
          await new Promise<void>((resolve) => {
            out.once('drain', resolve);
            out.once('close', resolve);
          });
      }
      zip.end();
    }

    fill().catch((error: unknown) => {
      log.warn({ err: error }, 'an archive of certificates could not be finished');
      out.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    return out;
  };
}
export type Archive = ReturnType<typeof createArchive>;
