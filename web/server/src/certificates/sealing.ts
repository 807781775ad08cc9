/** Making a certificate's signed record, and opening it again [CT2, CT3]. */
import { createHash, randomBytes } from 'node:crypto';
import type {
  CertificateFile,
  CertificateHolder,
  CertificateRecord,
  certificateRecord,
} from '@keshi/contract/certificates';
import type { CertificateFactsRow } from '@keshi/db/certificate-facts';
import { maskName } from '@keshi/db/crypto';
import { certificateNumberBytes, certificateNumberOf } from '@keshi/rules/certificates';
import { canonicalJson, isSigned, type Signer } from '@keshi/runtime/signed-record';
import type { z } from 'zod';

const shanghai = 8 * 3_600_000;

export interface Made {
  record: CertificateRecord;
  /** The text that is signed. */
  signed: string;
  keyId: string;
  signature: string;
  holder: CertificateHolder;
}

export function makeCertificate(
  signer: Signer,
  about: {
    learner: CertificateFactsRow;
    course: { id: string; title: string; orgName: string };
    group: string;
    classHourMs: number;
    attendance: number | null;
    exam: number | null;
    at: number;
  },
): Made {
  const { learner, course, at } = about;
  const holder: CertificateHolder = {
    name: learner.name,
    document: learner.document,
    salt: randomBytes(16).toString('base64'),
  };
  const record: z.input<typeof certificateRecord> = {
    format: 'keshi-certificate',
    version: 1,
    number: certificateNumberOf(
      new Date(at + shanghai).getUTCFullYear(),
      randomBytes(certificateNumberBytes),
    ),
    issuedAt: at,
    issuer: course.orgName,
    course: { id: course.id, title: course.title },
    group: about.group,
    holder: { maskedName: maskName(learner.name), hash: holderHash(holder) },
    creditedMs: learner.creditedMs,
    classHourMs: about.classHourMs,
    attendancePermille: permille(about.attendance),
    examPermille: permille(about.exam),
  };
  const signed = canonicalJson(record);
  return { record, signed, ...signer.sign(record), holder };
}

export function holderHash(holder: CertificateHolder): string {
  return createHash('sha256').update(canonicalJson(holder)).digest('hex');
}

export type FileProblem = 'not-signed' | 'other-holder';

/** Whether one of the keys signed the file's record, and whether whoever stands in it is whom the record is about. */
export function fileProblem(file: CertificateFile, publicKeys: readonly string[]): FileProblem | null {
  if (!isSigned(file.record, file, publicKeys)) return 'not-signed';
  return holderHash(file.holder) === file.record.holder.hash ? null : 'other-holder';
}

/** Rounded down: what was not reached must not look as if it had been. */
function permille(share: number | null): number | null {
  return share === null ? null : Math.min(1000, Math.floor(share * 1000 + 1e-6));
}
