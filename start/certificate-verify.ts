/**
 * `npm run certificate:verify -- FILE… [--keys FILE] [--key BASE64]`: says of a certificate's PDF or JSON whether it is what
 * was once signed, without asking anybody. `--keys` is the published file of keys, kept or fetched; `--key` (may be repeated)
 * names public keys; without either the deployment's own are trusted. Whether it was revoked since is on its public page alone.
 * Exit code 1 when one does not hold, 2 when it could not be looked at.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type CertificateFile, certificateFile, certificateKey } from '@keshi/contract/certificates';
import { ConfigError, loadConfig } from '@keshi/runtime/config';
import { certificateKeys } from '@keshi/web-server/certificates/keys';
import { type PrintProblem, readPrint } from '@keshi/web-server/certificates/print-signature';
import { fileProblem } from '@keshi/web-server/certificates/sealing';
import { z } from 'zod';

const reasons: Record<PrintProblem | 'not-read', string> = {
  'not-signed': 'no key that is trusted signed this record',
  'other-holder': 'the record is about somebody else than the file names',
  'no-print': 'this PDF carries no signature of ours: it was saved anew or is none of ours',
  'print-altered': 'the PDF is not as it was signed, or no key that is trusted signed it',
  'other-record': 'the PDF carries the record of another certificate',
  'not-read': 'this is neither a certificate’s PDF nor its JSON',
};

async function keysOf(values: {
  keys?: string | undefined;
  key: readonly string[];
}): Promise<readonly string[]> {
  if (values.key.some((key) => Buffer.from(key, 'base64').length !== 32))
    throw new ConfigError(['--key: must be base64 with 32 bytes']);
  const published =
    values.keys === undefined
      ? []
      : z
          .object({ keys: z.array(certificateKey) })
          .parse(JSON.parse(await readFile(values.keys, 'utf8')))
          .keys.map(({ x }) => Buffer.from(x, 'base64url').toString('base64'));
  const given = [...values.key, ...published];
  return given.length > 0
    ? given
    : certificateKeys(loadConfig(process.env, { runs: ['web'] }).certificates).publicKeys;
}

function read(
  bytes: Buffer,
  keys: readonly string[],
): { file: CertificateFile } | { problem: PrintProblem | 'not-read' } {
  if (bytes.subarray(0, 5).toString('latin1') === '%PDF-') {
    const found = readPrint(bytes, keys);
    return found.ok ? { file: found.file } : { problem: found.problem };
  }
  const parsed = certificateFile.safeParse(jsonOf(bytes));
  if (!parsed.success) return { problem: 'not-read' };
  const problem = fileProblem(parsed.data, keys);
  return problem ? { problem } : { file: parsed.data };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { keys: { type: 'string' }, key: { type: 'string', multiple: true, default: [] } },
  });
  if (positionals.length === 0) throw new ConfigError(['a file to look at: missing']);
  const keys = await keysOf(values);
  for (const name of positionals) {
    const found = read(await readFile(name), keys);
    if ('file' in found) {
      const { record, holder } = found.file;
      const day = new Date(record.issuedAt + 8 * 3_600_000).toISOString().slice(0, 10);
      process.stdout.write(
        `${name} holds: ${record.number}, ${holder.name}, ${record.course.title}, issued ${day} by ${record.issuer}.\n`,
      );
    } else {
      process.stdout.write(`${name} does not hold: ${found.problem} (${reasons[found.problem]}).\n`);
      process.exitCode = 1;
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
