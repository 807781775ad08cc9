/** Certificates that are there: found, shown, printed. */
import type { CertificateFile } from '@keshi/contract/certificates';
import { getCertificate, type StoredCertificate } from '@keshi/db/certificates';
import type { Db } from '@keshi/db/client';
import { AppError } from '@keshi/runtime/errors';
import type { Printer } from './printing.ts';
import { printSheet } from './sheet.ts';

export function createShelf({ db, publicUrl, printer }: { db: Db; publicUrl: string; printer: Printer }) {
  const verifyUrl = (number: string) => `${publicUrl}/verify/${number}`;

  return {
    verifyUrl,

    /** Throws `not-found`. */
    async find(number: string): Promise<StoredCertificate> {
      const stored = await getCertificate(db, number);
      if (!stored) throw new AppError('not-found');
      return stored;
    },

    /** The file a holder keeps. */
    json(stored: StoredCertificate): string {
      const { record, holder, keyId, signature } = stored;
      return `${JSON.stringify({ record, holder, keyId, signature } satisfies CertificateFile, null, 2)}\n`;
    },

    /** The signed printed form, with that file attached. */
    pdf(stored: StoredCertificate): Promise<Buffer> {
      return printer.print({
        sheet: printSheet(stored.record, stored.holder, verifyUrl(stored.number)),
        attachment: this.json(stored),
      });
    },
  };
}
export type Shelf = ReturnType<typeof createShelf>;
