import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drift } from '../tools/drift.ts';
import { migrate, migrationsFolder, readMigrations } from '../src/migrate.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';

describe('migrations', () => {
  let folder: string;
  const databases: TestDatabase[] = [];
  const empty = async () => {
    const database = await testDatabase({ empty: true });
    databases.push(database);
    return database;
  };
  const add = async (name: string, sql: string) => {
    await mkdir(path.join(folder, name), { recursive: true });
    await writeFile(path.join(folder, name, 'migration.sql'), sql);
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'keshi-migrations-'));
    await cp(migrationsFolder, folder, { recursive: true });
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it('are applied once when several processes start at the same time', async () => {
    const { url, db } = await empty();
    const all = (await readMigrations()).map(({ name }) => name);
    const results = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, all.length]);
    expect(await migrate(url)).toEqual({ applied: [], edited: [] });
    const rows = await db.sql<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows.map(({ name }) => name)).toEqual(all);
  });

  it('leave nothing of one that fails, say so, and refuse to go on over it', async () => {
    const { url, db } = await empty();
    await migrate(url, folder);
    await add('99990101000000_broken', 'CREATE TABLE "Half" ("id" INT); SELECT no_such_function();');
    await expect(migrate(url, folder)).rejects.toThrow('99990101000000_broken failed');
    expect(await db.sql(`SELECT 1 FROM pg_tables WHERE tablename = 'Half'`)).toEqual([]);
    await expect(migrate(url, folder)).rejects.toThrow('unfinished migrations');
    await rm(path.join(folder, '99990101000000_broken'), { recursive: true });
  });

  it('report one that was edited, and refuse a database that is newer than the release', async () => {
    const { url } = await empty();
    await add('99990102000000_more', 'CREATE TABLE "More" ("id" INT);');
    await migrate(url, folder);
    await add('99990102000000_more', 'CREATE TABLE "More" ("id" BIGINT);');
    expect(await migrate(url, folder)).toEqual({ applied: [], edited: ['99990102000000_more'] });
    await expect(migrate(url)).rejects.toThrow('this release lacks: 99990102000000_more');
    await rm(path.join(folder, '99990102000000_more'), { recursive: true });
  });

  it('make exactly the schema, and the check sees when they do not', async () => {
    const { url } = await empty();
    expect(await drift(url)).toBeNull();
    const schema = await readFile(new URL('../prisma/schema.prisma', import.meta.url), 'utf8');
    const changed = path.join(folder, 'changed.prisma');
    await writeFile(changed, schema.replace('model Outage {', 'model Outage {\n  note String?'));
    expect(await drift(url, changed)).toContain('ADD COLUMN     "note" TEXT');
  });
});
