import { certificateKeyIds } from '@keshi/db/certificates';
import type { Db } from '@keshi/db/client';
import type { Clock } from '@keshi/runtime/clock';
import type { Config } from '@keshi/runtime/config';
import type { Health } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import { keyIdOf } from '@keshi/runtime/signed-record';
import type { ResultsReader } from '../attendance/class-results.ts';
import { createArchive } from './archive.ts';
import { createEligibility } from './eligibility.ts';
import { holderCertificateRoutes } from './holder-routes.ts';
import { createIssue } from './issue.ts';
import { certificateKeys } from './keys.ts';
import { createPrinter } from './printing.ts';
import { groupCertificateRoutes } from './routes.ts';
import { createShelf } from './shelf.ts';

interface Deps {
  db: Db;
  clock: Clock;
  results: ResultsReader;
  config: Pick<Config, 'certificates' | 'publicUrl'>;
  health: Health;
  log: Logger;
}

/** Certificates: who gets one, issuing, printing, and what anybody may check [CT1–CT3]. */
export function createCertificates({ db, clock, results, config, health, log }: Deps) {
  const keys = certificateKeys(config.certificates);
  const printer = createPrinter({ signer: keys.signer });
  const shelf = createShelf({ db, publicUrl: config.publicUrl, printer });
  const eligibility = createEligibility({ db, clock, results });
  const issue = createIssue({ db, clock, signer: keys.signer, eligibility });
  const archive = createArchive({ db, shelf, log });

  // A key that was rotated away and not named among the old ones makes papers look forged that are not.
  health.add({
    name: 'certificate-keys',
    essential: false,
    check: async () => {
      const known = new Set(keys.publicKeys.map((key) => keyIdOf(Buffer.from(key, 'base64'))));
      const unknown = (await certificateKeyIds(db)).filter((keyId) => !known.has(keyId));
      if (unknown.length === 0) return { status: 'ok' };
      return {
        status: 'degraded',
        reason: `CERTIFICATE_OLD_PUBLIC_KEYS lacks what signed certificates: ${unknown.join(', ')}`,
      };
    },
  });

  return {
    routes: {
      ...groupCertificateRoutes({ db, clock, eligibility, issue, shelf, archive }),
      ...holderCertificateRoutes({ db, keys, eligibility, shelf }),
    },
    close: () => printer.close(),
  };
}
