import { chmodSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDb } from '../src/client.ts';
import { type Embedded, startEmbedded } from '../src/embedded.ts';
import { isAlive, serverUser } from '../src/embedded-server.ts';
import { silent, testKeys } from '../src/testing/database.ts';

const quick = { fsync: 'off' };

describe('the embedded PostgreSQL', () => {
  let dir: string;
  let last: Embedded | undefined;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'keshi-embedded-'));
    chmodSync(dir, 0o755);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await last?.stop();
    last = undefined;
    await rm(dir, { recursive: true, force: true });
  });
  const start = async (more: { users?: string[]; settings?: Record<string, string> } = { settings: quick }) =>
    (last = await startEmbedded({ dir, log: silent, ...more }));

  it('is one server when two processes start it for the first time at once', async () => {
    const script = new URL('./start-embedded.ts', import.meta.url);
    const starts = [0, 1, 2].map(async () => {
      const child = fork(script, [dir], { stdio: 'inherit' });
      children.push(child);
      const [started] = (await once(child, 'message')) as [{ pid: number; adopted: boolean; answer: number }];
      return started;
    });
    const started = await Promise.all(starts);
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(1);
    expect(started.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect(started.map(({ answer }) => answer)).toEqual([1, 1, 1]);
    const mine = await start();
    expect(mine.adopted).toBe(true);
    // The others are still connected, so the server stays theirs; without them it stops.
    await mine.stop();
    expect(isAlive(mine.pid)).toBe(true);
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await expect.poll(async () => (await mine.stop(), isAlive(mine.pid)), { timeout: 10_000 }).toBe(false);
  });

  it.runIf(process.getuid?.() === 0)(
    'runs as nobody when root has no postgres user, on data that are its own',
    async () => {
      const server = await start({ users: ['no-such-user', 'nobody'], settings: quick });
      const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
      const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
      expect(uid).not.toBe(0);
      expect(statSync(path.join(dir, 'data')).uid).toBe(uid);
      // Whoever owns the data goes on owning them.
      expect(serverUser(path.join(dir, 'data'), ['postgres'])).toMatchObject({ uid });
      expect(() => serverUser(path.join(dir, 'none'), ['no-such-user'])).toThrow(
        'none of these users exists',
      );
    },
  );

  it.runIf(process.getuid?.() === 0)(
    'starts, and starts again, in a folder whose parent is closed to its user',
    async () => {
      chmodSync(dir, 0o700);
      const inside = path.join(dir, 'db');
      for (const adopted of [false, true]) {
        last = await startEmbedded({ dir: inside, log: silent, settings: quick });
        expect(last.adopted).toBe(adopted);
      }
      await last?.stop();
      last = await startEmbedded({ dir: inside, log: silent, settings: quick });
      const db = createDb({ url: last.url, keys: testKeys, log: silent });
      expect(await db.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await db.close();
    },
  );

  it('keeps its data, its password and its port over a restart', async () => {
    const first = await start();
    const db = createDb({ url: first.url, keys: testKeys, log: silent });
    await db.sql('CREATE TABLE kept AS SELECT 42 AS n');
    await db.close();
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(new URL(second.url).port).toBe(new URL(first.url).port);
    const again = createDb({ url: second.url, keys: testKeys, log: silent });
    expect(await again.sql('SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await again.close();
    const forged = new URL(second.url);
    forged.password = 'guess';
    const client = new pg.Client({ connectionString: forged.toString() });
    await expect(client.connect()).rejects.toThrow('password authentication failed');
  });

  it('loses no acknowledged commit when it is killed in the middle of writes', async () => {
    const acknowledged = new Set<number>();
    let next = 0;
    for (let round = 0; round < 2; round += 1) {
      const server = await start({});
      const db = createDb({ url: server.url, keys: testKeys, log: silent, poolSize: 8 });
      await db.sql('CREATE TABLE IF NOT EXISTS written (n INT PRIMARY KEY)');
      const before = acknowledged.size;
      const writers = Array.from({ length: 8 }, async () => {
        for (;;) {
          const n = (next += 1);
          await db.sql('INSERT INTO written VALUES ($1)', [n]);
          acknowledged.add(n);
          if (acknowledged.size === before + 300) process.kill(-server.pid, 'SIGKILL');
        }
      });
      await Promise.allSettled(writers);
      await db.close();
    }
    const server = await start({});
    const db = createDb({ url: server.url, keys: testKeys, log: silent });
    const rows = await db.sql<{ n: number }>('SELECT n FROM written');
    await db.close();
    const present = new Set(rows.map(({ n }) => n));
    expect(acknowledged.size).toBeGreaterThanOrEqual(600);
    expect([...acknowledged].filter((n) => !present.has(n))).toEqual([]);
  });
});
