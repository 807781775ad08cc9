/**
 * `node start/first-admin.ts LOGIN NAME`: makes the first administrator of an empty installation, under the name of the
 * platform, and prints a password to be changed after the first login. Refused once there is an administrator: whoever
 * comes later is added by that one, in the interface and in the audit log.
 */
import { randomBytes } from 'node:crypto';
import { appendAudit } from '@keshi/db/audit';
import { createDb } from '@keshi/db/client';
import { migrate } from '@keshi/db/migrate';
import { createOrganization, listOrganizations } from '@keshi/db/organizations';
import { listUsers } from '@keshi/db/user-list';
import { createUser } from '@keshi/db/users';
import { ConfigError, loadConfig } from '@keshi/runtime/config';
import { createLogger } from '@keshi/runtime/log';
import { createPasswords } from '@keshi/web-server/auth/passwords';
import { z } from 'zod';

const given = z.tuple([z.string().regex(/^[\w.@-]{3,64}$/), z.string().trim().min(1).max(64)]);

async function main(): Promise<void> {
  const args = given.safeParse(process.argv.slice(2));
  if (!args.success) throw new ConfigError(['usage: node start/first-admin.ts LOGIN NAME']);
  const [login, name] = args.data;
  const config = loadConfig(process.env, { runs: ['web'] });
  if (!config.databaseUrl) throw new ConfigError(['DATABASE_URL: missing']);
  await migrate(config.databaseUrl);
  const db = createDb({
    url: config.databaseUrl,
    keys: config.piiKeys.map(({ id, key }) => ({ id, secret: key })),
    log: createLogger({ name: 'first-admin', level: 'warn', format: 'json' }),
    poolSize: 2,
  });
  try {
    const admins = await listUsers(db, { under: '/', role: 'admin', limit: 1 });
    if (admins.total > 0) throw new ConfigError(['there is an administrator already']);
    const { rows } = await listOrganizations(db, { under: '/', kind: 'platform', limit: 1 });
    const platform =
      rows[0] ?? (await createOrganization(db, { parentId: null, kind: 'platform', name: '平台' }));
    const password = randomBytes(15).toString('base64url');
    const passwords = await createPasswords();
    const { id } = await createUser(db, {
      orgId: platform.id,
      login,
      name,
      passwordHash: await passwords.hash(password),
      memberships: [{ orgId: platform.id, role: 'admin' }],
    });
    await appendAudit(db, {
      actorId: null,
      orgPath: platform.path,
      action: 'user.created',
      targetType: 'user',
      targetId: id,
      detail: { roles: [`admin@${platform.id}`] },
    });
    process.stdout.write(`${login} may log in with ${password} and should change it at once.\n`);
  } finally {
    await db.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
