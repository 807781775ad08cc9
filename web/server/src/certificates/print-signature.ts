/**
 * A printed form is signed over all its bytes: behind the end of the PDF stands one line of comment with the signature,
 * which readers of PDF pass over. So not only the attached record but every line on the paper can be shown to be ours.
 */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { type CertificateFile, certificateFile } from '@keshi/contract/certificates';
import { isSigned, type Signer } from '@keshi/runtime/signed-record';
import { fileProblem, type FileProblem } from './sealing.ts';

const mark = '%keshi-print ';

export interface PrintRecord {
  number: string;
  /** Of all bytes before the line. */
  sha256: string;
}

const statement = (record: PrintRecord) => ({ format: 'keshi-certificate-print', version: 1, ...record });

export function withPrintSignature(pdf: Uint8Array, record: PrintRecord, signer: Signer): Buffer {
  const { keyId, signature } = signer.sign(statement(record));
  return Buffer.concat([pdf, Buffer.from(`${mark}${record.number} ${keyId} ${signature}\n`)]);
}

export type PrintProblem = FileProblem | 'no-print' | 'print-altered' | 'other-record';

/** The certificate a PDF carries, or what is wrong with it. Only bytes that were signed are looked into. */
export function readPrint(
  bytes: Buffer,
  publicKeys: readonly string[],
): { ok: true; file: CertificateFile } | { ok: false; problem: PrintProblem } {
  const at = bytes.lastIndexOf(mark);
  const line = /^%keshi-print (\S+) (\S+) (\S+)\n$/.exec(at < 0 ? '' : bytes.subarray(at).toString('latin1'));
  if (!line) return { ok: false, problem: 'no-print' };
  const [, number = '', keyId = '', signature = ''] = line;
  const pdf = bytes.subarray(0, at);
  const sha256 = createHash('sha256').update(pdf).digest('hex');
  if (!isSigned(statement({ number, sha256 }), { keyId, signature }, publicKeys))
    return { ok: false, problem: 'print-altered' };
  const file = attachedFile(pdf);
  if (!file) return { ok: false, problem: 'no-print' };
  const problem = fileProblem(file, publicKeys);
  if (problem) return { ok: false, problem };
  return file.record.number === number ? { ok: true, file } : { ok: false, problem: 'other-record' };
}

/** Of a PDF that is known to be ours, and so has one embedded file in the form our printer writes it. */
function attachedFile(pdf: Buffer): CertificateFile | null {
  const text = pdf.toString('latin1');
  const object = /\/Type \/EmbeddedFile\b[\s\S]*?\/Length (\d+)[\s\S]*?stream\r?\n/.exec(text);
  if (!object) return null;
  const from = object.index + object[0].length;
  const stream = pdf.subarray(from, from + Number(object[1]));
  const plain = object[0].includes('/FlateDecode') ? inflateSync(stream) : stream;
  const parsed = certificateFile.safeParse(JSON.parse(plain.toString('utf8')));
  return parsed.success ? parsed.data : null;
}
