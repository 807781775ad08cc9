/**
 * `npm run ledger:verify [-- --roots FILE] [--key BASE64]`: reads the whole ledger and says whether it is what was once
 * written. `--roots` is a file of roots that was kept elsewhere; `--key` (may be repeated) names the public keys to trust
 * instead of the deployment's, for whoever has a copy of the database and no secret. Exit code 1 when something does not
 * hold, 2 when it could not be looked at.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ledgerRootsFile } from '@keshi/contract/ledger';
import { createDb } from '@keshi/db/client';
import { startEmbedded } from '@keshi/db/embedded';
import { type Config, ConfigError, loadConfig } from '@keshi/runtime/config';
import { createLogger } from '@keshi/runtime/log';
import { publicKeysOf, trustedKeys } from '@keshi/web-server/ledger/root-signer';
import { type LedgerProblem, verifyLedger } from '@keshi/web-server/ledger/verify';

const chainReasons: Record<Extract<LedgerProblem, { of: 'chain' }>['reason'], string> = {
  altered: 'says something else than what was entered',
  missing: 'comes after an entry that is gone',
  reordered: 'is not in its place',
  rewritten: 'is not what a signed root, or the entry after it, has seen',
  truncated: 'is gone, a signed root has seen it',
  foreign: 'is of another chain',
  miscounted: 'has amounts that do not follow from the entries before it',
};
const rootReasons: Record<Extract<LedgerProblem, { of: 'root' }>['reason'], string> = {
  altered: 'says something else than what was signed',
  'not-signed': 'is signed by no key that is trusted',
  unlinked: 'does not follow the root before it',
  missing: 'is in the file and not in the database',
  differs: 'is another one in the file',
  'not-of-these-chains': 'is not what the chains come to',
};

function told(problem: LedgerProblem): string {
  return problem.of === 'chain'
    ? `learner ${problem.learnerId}, entry ${problem.seq}: ${problem.reason} (${chainReasons[problem.reason]})`
    : `root of ${problem.day}: ${problem.reason} (${rootReasons[problem.reason]})`;
}

function keysOf({ ledger }: Config, given: readonly string[]) {
  const raw = given.map((key) => Buffer.from(key, 'base64'));
  if (raw.some(({ length }) => length !== 32)) throw new ConfigError(['--key: must be base64 with 32 bytes']);
  if (raw.length > 0) return trustedKeys(raw);
  return trustedKeys(Object.values(publicKeysOf(ledger)).map((key) => Buffer.from(key, 'base64')));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { roots: { type: 'string' }, key: { type: 'string', multiple: true, default: [] } },
  });
  const config = loadConfig(process.env, { runs: ['web'] });
  const keys = keysOf(config, values.key);
  const file =
    values.roots === undefined
      ? null
      : ledgerRootsFile.parse(JSON.parse(await readFile(values.roots, 'utf8')));
  const log = createLogger({ name: 'ledger-verify', level: 'warn', format: 'json' });
  const embedded =
    config.databaseUrl === null ? await startEmbedded({ dir: config.embeddedPgDir, log }) : null;
  const db = createDb({
    url: config.databaseUrl ?? embedded?.url ?? '',
    keys: config.piiKeys.map(({ id, key }) => ({ id, secret: key })),
    log,
    poolSize: 2,
  });
  try {
    const { learners, entries, roots, problems } = await verifyLedger(db, keys, file?.roots);
    if (problems.length === 0) {
      process.stdout.write(
        `The ledger holds: ${entries} entries of ${learners} learners, ${roots} signed roots` +
          `${file ? `, ${file.roots.length} of them as in the file` : ''}.\n`,
      );
      return;
    }
    process.stdout.write(`The ledger does not hold.\n${problems.map((one) => `${told(one)}\n`).join('')}`);
    process.exitCode = 1;
  } finally {
    await db.close();
    // One that was running already belongs to the product and goes on.
    if (embedded && !embedded.adopted) await embedded.stop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
