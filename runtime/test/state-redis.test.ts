import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type State, StateUnavailable } from '../src/state/ports.ts';
import { createRedisState } from '../src/state/redis/state.ts';
import { type TestRedis, startRedis } from '../src/testing/redis.ts';
import { createFreezableProxy } from './freezable-proxy.ts';
import { createQuietLog } from './quiet-log.ts';
import { describeState } from './state.contract.ts';

let redis: TestRedis;
let opened = 0;

async function openPair() {
  opened += 1;
  const options = { url: redis.url, log: createQuietLog(), prefix: `test${opened}:` };
  const [a, b] = await Promise.all([createRedisState(options), createRedisState(options)]);
  return { a, b, prefix: options.prefix };
}

describeState('redis', {
  appendsBeforeHandling: true,
  setUp: async () => {
    redis = await startRedis();
  },
  tearDown: () => redis.stop(),
  open: openPair,
});

const numberOf = (fact: unknown) => (fact as { n: number }).n;

describe('redis that goes away', () => {
  let a: State;
  let b: State;
  let prefix: string;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'always' });
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    ({ a, b, prefix } = await openPair());
  });
  afterEach(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  test('a crash of redis in the middle of appends loses nothing acknowledged, and appends go on by themselves', async () => {
    const stored = new Set<number>();
    const acknowledged: number[] = [];
    await b.presenceLog.consume({
      group: 'db',
      consumer: 'b',
      parse: numberOf,
      claimAfterMs: 500,
      handler: async (batch) => batch.forEach((n) => stored.add(n)),
    });
    const append = async (n: number) => {
      await a.presenceLog.append([{ n }]);
      acknowledged.push(n);
    };
    const appends = Array.from({ length: 200 }, (_, n) => append(n));
    await expect.poll(() => acknowledged.length, { interval: 1 }).toBeGreaterThan(10);
    await redis.restart('SIGKILL');
    const more = Array.from({ length: 20 }, (_, n) => append(1_000 + n));
    await Promise.all([...appends, ...more]);
    await expect.poll(() => stored.size, { timeout: 8_000 }).toBe(220);
    expect(acknowledged.every((n) => stored.has(n))).toBe(true);
    await expect.poll(() => a.presenceLog.depth()).toBe(0);
  });

  test('while it is away operations reject as unavailable, never as absent; then all of it resumes', async () => {
    const held = await a.lease.acquire('class:1', 'a', 60_000);
    await b.bus.serve('node:b', () => 'here');
    const messages: unknown[] = [];
    let gaps = 0;
    await b.bus.subscribe('class:1', (message) => messages.push(message), { onGap: () => (gaps += 1) });
    const seen: string[][] = [];
    await a.registry.announce('sfu', 'steady', {}, 60_000);
    await a.registry.announce('sfu', 'brief', {}, 60_000);
    await b.registry.watch('sfu', (nodes) => seen.push(nodes.map(({ id }) => id)));
    await redis.halt();
    await expect.poll(() => a.health()).toMatchObject({ status: 'down' });
    await expect(a.lease.renew('class:1', 'a', held?.fence ?? 0, 60_000)).rejects.toBeInstanceOf(
      StateUnavailable,
    );
    await expect(a.lease.holder('class:1')).rejects.toBeInstanceOf(StateUnavailable);
    await expect(a.registry.list('sfu')).rejects.toBeInstanceOf(StateUnavailable);
    await expect(a.bus.publish('class:1', 'lost')).rejects.toBeInstanceOf(StateUnavailable);
    await expect(a.bus.request('node:b', {}, 60_000)).rejects.toMatchObject({ failure: 'unreachable' });
    const waiting = a.presenceLog.append([{ n: 1 }]);
    await redis.start();
    await waiting;
    await expect.poll(() => gaps, { timeout: 8_000 }).toBe(1);
    await expect.poll(() => a.health(), { timeout: 8_000 }).toEqual({ status: 'ok' });
    await a.bus.publish('class:1', 'back');
    await expect.poll(() => messages).toEqual(['back']);
    expect(await a.bus.request('node:b', {}, 5_000)).toBe('here');
    expect(await a.lease.renew('class:1', 'a', held?.fence ?? 0, 60_000)).toBe(true);
    expect(seen).toEqual([['brief', 'steady']]);
  });

  test('nodes whose time ran out while redis was away are kept until they can announce themselves again', async () => {
    const seen: string[][] = [];
    await a.registry.announce('sfu', 'steady', {}, 200);
    await b.registry.watch('sfu', (nodes) => seen.push(nodes.map(({ id }) => id)));
    let gaps = 0;
    await b.bus.subscribe('any', () => {}, { onGap: () => (gaps += 1) });
    const until = performance.now() + 300;
    await redis.halt();
    await expect.poll(() => performance.now(), { interval: 10 }).toBeGreaterThan(until);
    await redis.start();
    await expect.poll(() => gaps, { interval: 10, timeout: 5_000 }).toBe(1);
    await expect
      .poll(() => a.registry.list('sfu').catch(() => 'away'), { interval: 10, timeout: 5_000 })
      .toEqual([]);
    await a.registry.announce('sfu', 'new', {}, 60_000);
    await expect.poll(() => seen.at(-1)).toContain('new');
    expect(await a.registry.refresh('sfu', 'steady', 200)).toBe(false);
    await a.registry.announce('sfu', 'steady', {}, 200);
    await expect.poll(() => seen.at(-1), { timeout: 8_000 }).toEqual(['new']);
    expect(seen).toEqual([['steady'], ['new', 'steady'], ['new']]);
  });

  test('what one consumer still holds is not trimmed when another of its group has stored what came later', async () => {
    const stored: number[] = [];
    const taken = Promise.withResolvers<void>();
    const common = { group: 'db', parse: numberOf, claimAfterMs: 1_000 };
    const hanging = await a.presenceLog.consume({
      ...common,
      consumer: 'a',
      handler: () => {
        taken.resolve();
        return new Promise(() => {});
      },
    });
    await a.presenceLog.append([{ n: 1 }]);
    await taken.promise;
    await b.presenceLog.consume({
      ...common,
      consumer: 'b',
      handler: async (batch) => void stored.push(...batch),
    });
    await a.presenceLog.append([{ n: 2 }]);
    await expect.poll(() => stored).toEqual([2]);
    await a.presenceLog.append([{ n: 3 }]);
    await expect.poll(() => stored).toEqual([2, 3]);
    await hanging.stop(0);
    await expect.poll(() => stored, { timeout: 5_000 }).toEqual([2, 3, 1]);
    await expect.poll(() => a.presenceLog.depth()).toBe(0);
  });

  test('a process that was kept from running for seconds keeps its connection, and reads what was answered', async () => {
    const answer = a.lease.acquire('class:stall', 'a', 60_000);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000);
    expect(await answer).not.toBeNull();
    expect(await a.lease.holder('class:stall')).toMatchObject({ holder: 'a' });
  });

  test('a connection that has silently died is noticed and made anew', async () => {
    const proxy = await createFreezableProxy(redis.port);
    const far = await createRedisState({
      url: `redis://127.0.0.1:${proxy.port}`,
      log: createQuietLog(),
      prefix,
    });
    let gaps = 0;
    const messages: unknown[] = [];
    await far.bus.subscribe('class:1', (message) => messages.push(message), { onGap: () => (gaps += 1) });
    proxy.freeze();
    await expect(far.lease.holder('class:1')).rejects.toBeInstanceOf(StateUnavailable);
    await expect.poll(() => gaps, { timeout: 10_000 }).toBe(1);
    await a.bus.publish('class:1', 'back');
    await expect.poll(() => messages).toEqual(['back']);
    await far.close();
    await proxy.close();
  });

  test('fences go on growing when redis has lost everything', async () => {
    const first = await a.lease.acquire('class:1', 'a', 60_000);
    await wipe();
    const second = await b.lease.acquire('class:1', 'b', 60_000);
    expect(second?.fence).toBeGreaterThan(first?.fence ?? Infinity);
  });

  test('a consumer goes on when redis has lost everything', async () => {
    const stored: number[] = [];
    await b.presenceLog.consume({
      group: 'db',
      consumer: 'b',
      parse: numberOf,
      handler: async (batch) => void stored.push(...batch),
    });
    await wipe();
    await a.presenceLog.append([{ n: 7 }]);
    await expect.poll(() => stored, { timeout: 5_000 }).toEqual([7]);
  });

  test('what a killed process had taken is handled by another', async () => {
    const child = spawn(
      process.execPath,
      [new URL('./hanging-consumer.ts', import.meta.url).pathname, redis.url, prefix],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line'); // consuming
    await a.presenceLog.append([{ n: 42 }]);
    await once(lines, 'line'); // has taken it
    child.kill('SIGKILL');
    await once(child, 'exit');
    const stored: number[] = [];
    await b.presenceLog.consume({
      group: 'db',
      consumer: 'b',
      parse: numberOf,
      claimAfterMs: 300,
      handler: async (batch) => void stored.push(...batch),
    });
    await expect.poll(() => stored, { timeout: 5_000 }).toEqual([42]);
    await expect.poll(() => a.presenceLog.depth()).toBe(0);
  });

  test('REDIS_URL decides where the state is, and after closing it nothing keeps a process alive', async () => {
    const script = new URL('./state-process.ts', import.meta.url).pathname;
    for (const url of ['', redis.url]) {
      const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
      const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      expect([said, code]).toEqual(['stored 1\n', 0]);
    }
    await expect.poll(() => a.health()).toEqual({ status: 'ok' });
    const client = spawn('redis-cli', ['-p', `${redis.port}`, 'xlen', 'keshi:presence'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(await text(client.stdout)).toBe('0\n');
  });

  test('a server that does not answer stops the start', async () => {
    const absent = { url: 'redis://127.0.0.1:1', log: createQuietLog(), connectTimeoutMs: 500 };
    await expect(createRedisState(absent)).rejects.toBeInstanceOf(StateUnavailable);
  });

  async function wipe(): Promise<void> {
    const client = spawn('redis-cli', ['-p', `${redis.port}`, 'flushall'], { stdio: 'ignore' });
    expect((await once(client, 'exit'))[0]).toBe(0);
  }
});
