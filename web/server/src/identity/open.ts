import { openVault, type Vault, vaultBeside } from '@keshi/db/vault';
import type { Config } from '@keshi/runtime/config';
import type { Logger } from '@keshi/runtime/log';
import { createHttpVerifier, type IdentityVerifier } from './verifier.ts';

/** The vault and the authority as the configuration names them. `mainUrl` is the database in use. */
export async function openIdentity(
  config: Pick<Config, 'vault' | 'identityVerifier' | 'databaseUrl'>,
  log: Logger,
  mainUrl: string | null = config.databaseUrl,
): Promise<{ vault: Vault; verifier: IdentityVerifier | null }> {
  const url = config.vault.url ?? (mainUrl === null ? null : await vaultBeside(mainUrl));
  if (url === null) throw new Error('the vault has no database');
  const vault = await openVault({
    url,
    keys: config.vault.keys.map(({ id, key }) => ({ id, secret: key })),
    log: log.child({ part: 'vault' }),
  });
  const { identityVerifier } = config;
  return { vault, verifier: identityVerifier && createHttpVerifier(identityVerifier) };
}
