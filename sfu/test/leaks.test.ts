/** Nothing is left behind by classes that come and go over two nodes: no object, no socket, no memory. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { emptyCensus } from '../src/census.ts';
import { plainTransports } from '../src/plain-transport.ts';
import { createTestCluster } from './support/cluster.ts';
import { createTestNode, publish, type TestNode } from './support/node.ts';

const cycles = 200;
const warmUp = 50;
/** Allocators keep some of what they were given; a leak of one transport a cycle would be several times this. */
const allowedGrowthMb = 8;

async function worker(node: TestNode): Promise<{ sockets: number; mb: number }> {
  const pid = node.pool.workers()[0]?.pid ?? 0;
  const [files, status] = await Promise.all([
    readdir(`/proc/${pid}/fd`),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  return { sockets: files.length, mb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
}

it('a class that nobody is in and nobody closes is closed in the end', async () => {
  const test = await createTestNode({ idleMs: 200 });
  onTestFinished(() => test.close());
  const [left, used] = [await test.openClass(), await test.openClass()];
  await test.join(used, randomUUID());
  await expect.poll(() => test.node.stats().classes).toBe(1);
  // Whoever comes to it then is told that it is gone, and opens it anew.
  await expect(test.join(left, randomUUID())).rejects.toMatchObject({ code: 'media-not-found' });
});

it(`${cycles} classes over two nodes leave nothing behind`, { timeout: 180_000 }, async () => {
  const openTransport = plainTransports({ sinkOf: () => ({ ip: '127.0.0.1', port: 9 }) });
  const cluster = await createTestCluster(2, () => ({ openTransport }));
  onTestFinished(() => cluster.close());
  const [home, edge] = cluster.nodes;
  if (!home || !edge) throw new Error('two nodes');

  async function oneClass(): Promise<void> {
    const classId = randomUUID();
    const guest = randomUUID();
    await cluster.openClass(classId);
    await publish(home as TestNode, classId, randomUUID(), 'camera');
    await publish(edge as TestNode, classId, guest, 'mic');
    for (const node of [home as TestNode, edge as TestNode]) await node.join(classId, randomUUID());
    expect(home?.node.census().pipes).toBe(1);
    // Some leave before the end, some do not.
    await edge?.node.request('peer.leave', { classId, peerId: guest });
    for (const { node } of cluster.nodes) await node.request('class.close', { classId });
  }

  const settled = async () => {
    for (const { node } of cluster.nodes) await expect.poll(() => node.census()).toEqual(emptyCensus());
    return Promise.all([worker(home), worker(edge)]);
  };

  for (let cycle = 0; cycle < warmUp; cycle++) await oneClass();
  const before = await settled();
  const listeners = process.listenerCount('exit');
  for (let cycle = warmUp; cycle < cycles; cycle++) await oneClass();
  const after = await settled();
  for (const [at, { sockets, mb }] of after.entries()) {
    expect(sockets).toBe(before[at]?.sockets);
    expect(mb - (before[at]?.mb ?? 0)).toBeLessThan(allowedGrowthMb);
  }
  expect(process.listenerCount('exit')).toBe(listeners);
  for (const { node, pool } of cluster.nodes) {
    expect(node.stats()).toMatchObject({ classes: 0, peers: 0 });
    expect(pool.workers()[0]).toMatchObject({ peers: 0, reserved: 0 });
  }
});
