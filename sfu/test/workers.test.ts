/** Workers that die, and what is left when a class ends. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyCensus } from '../src/census.ts';
import { createWorkerPool } from '../src/worker-pool.ts';
import { createTestNode, log, publish, spread, type TestNode } from './support/node.ts';

let test: TestNode;
beforeEach(async () => {
  test = await createTestNode({ workers: 2, placement: spread });
});
afterEach(() => test.close());

const kill = (at: number) => {
  const pid = test.pool.workers()[at]?.pid;
  if (!pid) throw new Error('no such worker');
  process.kill(pid, 'SIGKILL');
  return pid;
};

describe('a worker that dies', () => {
  it('[AT4] resets the peers it carried, and they join again on what is left', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    await publish(test, classId, host, 'camera');
    await test.join(classId, viewer);
    const pid = kill(1);
    expect(await test.until('peer.reset')).toEqual({ classId, peerId: viewer, reason: 'worker-died' });
    expect(test.pool.health().status).toBe('degraded');

    const again = await test.join(classId, viewer, { resume: true });
    expect(again).toMatchObject({ resumed: false, consumers: [{ userId: host, source: 'camera' }] });
    expect(test.of('peer.reset')).toHaveLength(1);
    await expect.poll(() => test.pool.workers().length, { timeout: 10_000 }).toBe(2);
    expect(test.pool.workers().map((worker) => worker.pid)).not.toContain(pid);
    expect(test.pool.health()).toEqual({ status: 'ok' });
  });

  it('takes the stage with it; viewers elsewhere stay and see the next one', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    const { producerId } = await publish(test, classId, host, 'camera');
    const { consumers, recvTransport } = await test.join(classId, viewer);
    kill(0);
    await test.until('peer.reset', ({ peerId }) => peerId === host);
    await test.until('producer.closed', (event) => event.producerId === producerId);
    await test.until('consumer.closed', (event) => event.consumerId === consumers[0]?.id);
    expect(test.of('peer.reset').map(({ peerId }) => peerId)).toEqual([host]);

    await publish(test, classId, host, 'camera');
    const { consumer } = await test.until('consumer.new', ({ peerId }) => peerId === viewer);
    expect(consumer).toMatchObject({ userId: host, source: 'camera' });
    const resumed = await test.join(classId, viewer, { resume: true });
    expect(resumed).toMatchObject({ resumed: true, recvTransport: { id: recvTransport.id } });
  });

  it('keeps a hold', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    await publish(test, classId, host, 'mic');
    await test.node.request('producer.hold', { classId, peerId: host, source: 'mic', held: true });
    kill(0);
    await test.until('peer.reset');
    await publish(test, classId, host, 'mic', ['mic']);
    expect(test.of('producer.opened').map(({ paused }) => paused)).toEqual([false, true]);
  });

  it('answers what was under way, and the node goes on', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    await publish(test, classId, host, 'camera');
    const joining = Array.from({ length: 40 }, () => test.join(classId, randomUUID()));
    kill(0);
    kill(1);
    for (const outcome of await Promise.allSettled(joining))
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ name: 'AppError', code: 'media-unavailable' });
    await test.until('peer.reset', ({ peerId }) => peerId === host);
    await expect.poll(() => test.pool.workers().length, { timeout: 10_000 }).toBe(2);
    await publish(test, classId, host, 'camera');
    expect((await test.join(classId, randomUUID())).consumers).toHaveLength(1);
  });
});

describe('a pool', () => {
  it('listens on consecutive ports when it is given a base', async () => {
    const portBase = 20_000 + Math.floor(Math.random() * 20_000);
    const options = { workers: 2, listenIp: '127.0.0.1', announcedAddress: '203.0.113.7', portBase, log };
    const pool = await createWorkerPool(options);
    try {
      expect(pool.workers().map(({ port }) => port)).toEqual([portBase, portBase + 1]);
      const dump = await pool.workers()[1]?.webRtcServer.dump();
      const socket = { ip: '127.0.0.1', port: portBase + 1 };
      expect(dump).toMatchObject({ udpSockets: [socket], tcpServers: [socket] });
    } finally {
      await pool.close();
    }
  });

  it('leaves the process its own signals', async () => {
    expect(process.listenerCount('SIGTERM')).toBe(process.listeners('SIGTERM').length);
    const before = process.listeners('SIGTERM');
    const pool = await createWorkerPool({
      workers: 1,
      listenIp: '127.0.0.1',
      announcedAddress: null,
      portBase: 0,
      log,
    });
    expect(process.listeners('SIGTERM')).toEqual(before);
    await pool.close();
    await pool.close();
  });
});

describe('a class that ends', () => {
  it('leaves nothing behind, fifty times over', async () => {
    const handles = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const routerHandlers = async () => {
      const dumps = await Promise.all(test.pool.workers().map(({ worker }) => worker.dump()));
      return dumps.map(({ routerIds, channelMessageHandlers }) => ({
        routers: routerIds.length,
        handlers: channelMessageHandlers.channelRequestHandlers.length,
      }));
    };
    const before = { timers: handles(), workers: await routerHandlers() };
    for (let cycle = 0; cycle < 50; cycle++) {
      const classId = await test.openClass();
      const [host, speaker] = [randomUUID(), randomUUID()];
      await publish(test, classId, host, 'camera');
      await publish(test, classId, host, 'mic');
      const viewers = [randomUUID(), randomUUID(), randomUUID()];
      await Promise.all(viewers.map((viewer) => test.join(classId, viewer)));
      await publish(test, classId, speaker, 'mic');
      // Some cycles close in the middle of arrivals.
      const arriving = cycle % 2 === 0 ? viewers.map((viewer) => test.join(classId, viewer)) : [];
      await test.node.request('class.close', { classId });
      await Promise.allSettled(arriving);
    }
    expect(test.node.stats()).toMatchObject({ classes: 0, peers: 0 });
    await expect.poll(() => test.node.census()).toEqual(emptyCensus());
    expect(test.pool.workers().map(({ peers }) => peers)).toEqual([0, 0]);
    await expect.poll(routerHandlers).toEqual(before.workers);
    // The test runner has a few of its own; a class that left one would have left fifty.
    await expect.poll(handles).toBeLessThan(before.timers + 5);
  });

  it('leaves nothing behind when everyone leaves one by one', async () => {
    const classId = await test.openClass();
    const peers = Array.from({ length: 6 }, () => randomUUID());
    for (const peerId of peers) await publish(test, classId, peerId, 'mic');
    for (const peerId of peers) await test.node.request('peer.leave', { classId, peerId });
    // The stage's router and its observer stay for whoever comes next.
    await expect.poll(() => test.node.census()).toEqual({ ...emptyCensus(), routers: 1, observers: 1 });
    await test.node.request('class.close', { classId });
    expect(test.node.census()).toEqual(emptyCensus());
  });
});
