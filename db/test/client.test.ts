import { mkdtemp, rm } from 'node:fs/promises';
import { chmodSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDb, DatabaseUnavailable, isUnavailable } from '../src/client.ts';
import { isAlive } from '../src/embedded-server.ts';
import { type Embedded, startEmbedded } from '../src/embedded.ts';
import { openOutage, outagesBetween } from '../src/outages.ts';
import { silent, type TestDatabase, testDatabase, testKeys } from '../src/testing/database.ts';

describe('instants', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
  });
  afterAll(() => test.close());

  it('survive a database that lives in another time zone, through Prisma and through SQL', async () => {
    const name = new URL(test.url).pathname.slice(1);
    await test.db.sql(`ALTER DATABASE "${name}" SET timezone = 'Asia/Shanghai'`);
    const db = createDb({ url: test.url, keys: testKeys, log: silent, poolSize: 1 });
    try {
      const at = Date.UTC(2026, 4, 5, 12, 0, 0, 123);
      await openOutage(db, { kind: 'sfu', scope: 'n1', from: at, retryMs: 5 });
      const [stored] = await db.sql<{ ms: string }>(
        'SELECT extract(epoch FROM "from") * 1000 AS ms FROM "Outage"',
      );
      expect(Number(stored?.ms)).toBe(at);
      expect((await db.prisma.outage.findFirstOrThrow()).from.getTime()).toBe(at);
      await db.prisma.outage.updateMany({ data: { to: new Date(at + 1000) } });
      expect(await outagesBetween(db, at, at + 1)).toMatchObject([{ from: at, to: at + 1000 }]);
    } finally {
      await db.close();
    }
  });

  it('rolls a transaction back as a whole', async () => {
    const open = test.db.transaction(async (sql) => {
      await sql(`INSERT INTO "AuditEntry" ("action") VALUES ('test.rolled-back')`);
      throw new Error('changed my mind');
    });
    await expect(open).rejects.toThrow('changed my mind');
    expect(await test.db.prisma.auditEntry.count({ where: { action: 'test.rolled-back' } })).toBe(0);
  });
});

describe('a PostgreSQL that goes away', () => {
  let dir: string;
  let server: Embedded;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'keshi-client-'));
    chmodSync(dir, 0o755);
    server = await startEmbedded({ dir, log: silent, settings: { fsync: 'off' } });
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('makes queries fail as unavailable, and they work again by themselves when it is back', async () => {
    const db = createDb({ url: server.url, keys: testKeys, log: silent, poolSize: 3 });
    try {
      expect(await db.health()).toMatchObject({ ok: true });
      const sleeping = db.sql('SELECT pg_sleep(20)').catch((error: unknown) => error);
      const inTransaction = db
        .transaction(async (sql) => {
          await sql('SELECT 1');
          await sql('SELECT pg_sleep(20)');
        })
        .catch((error: unknown) => error);
      const counting = () => db.prisma.$queryRaw`SELECT count(*)::int AS n FROM pg_class`;
      await vi.waitFor(async () => {
        const [row] = await db.sql<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'`,
        );
        expect(row?.n).toBe(2);
      });
      const { pid, url } = server;
      process.kill(pid, 'SIGQUIT');
      expect(await sleeping).toBeInstanceOf(DatabaseUnavailable);
      expect(await inTransaction).toBeInstanceOf(DatabaseUnavailable);
      const failure = await counting().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DatabaseUnavailable);
      expect(isUnavailable(failure)).toBe(true);
      await expect(db.transaction((sql) => sql('SELECT 1'))).rejects.toMatchObject({ code: 'unavailable' });
      await expect(db.prisma.$transaction((tx) => tx.user.count())).rejects.toSatisfy(isUnavailable);
      expect(await db.health()).toMatchObject({ ok: false });

      // Gone for good, so that nothing below can still be the server that is going down.
      await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
      server = await startEmbedded({ dir, log: silent, settings: { fsync: 'off' } });
      expect(server.url).toBe(url);
      expect(await counting()).toHaveLength(1);
      expect(await db.health()).toMatchObject({ ok: true });
    } finally {
      await db.close();
    }
  });

  it('does not take an error of a statement for it', async () => {
    const db = createDb({ url: server.url, keys: testKeys, log: silent });
    try {
      const failure = await db.sql('SELECT no_such_column').catch((error: unknown) => error);
      expect(isUnavailable(failure)).toBe(false);
    } finally {
      await db.close();
    }
  });
});
