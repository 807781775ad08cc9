import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { testDatabase } from '@keshi/db/testing/database';
import { expect, test } from 'vitest';
import { root } from '../install/layout.mjs';

test('an empty installation gets its first administrator, and by this way no second one', async () => {
  const database = await testDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'keshi-first-admin-'));
  const make = async (...args: string[]) => {
    const child = spawn(process.execPath, [join(root, 'start/first-admin.ts'), ...args], {
      env: { ...process.env, NODE_ENV: 'development', DATABASE_URL: database.url, DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, complained] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    return { said, complained, code: child.exitCode };
  };
  try {
    expect(await make('no')).toMatchObject({ code: 1, complained: expect.stringContaining('usage') });
    expect(await make('root', '管理员')).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^root may log in with [\w-]{20} /),
    });
    expect(await make('again', '管理员')).toMatchObject({
      code: 1,
      complained: expect.stringContaining('already'),
    });
    const users = await database.db.prisma.user.findMany({
      select: { login: true, memberships: { select: { role: true, org: { select: { kind: true } } } } },
    });
    expect(users).toEqual([{ login: 'root', memberships: [{ role: 'admin', org: { kind: 'platform' } }] }]);
  } finally {
    await database.close();
    rmSync(dataDir, { recursive: true });
  }
});
