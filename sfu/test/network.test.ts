/**
 * The network between two nodes is cut and healed: the media worker of the second runs on a host of its own, whose
 * cable is pulled, so that the packets of the pipe are lost while the nodes can still speak. Needs root and iproute2.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { plainTransports } from '../src/plain-transport.ts';
import { createTestCluster } from './support/cluster.ts';
import { publish } from './support/node.ts';
import { openSink, publishVideo } from './support/rtp.ts';

const run = promisify(execFile);
const ip = (...words: string[]) => run('ip', words);
const near = '10.214.7.1';
const far = '10.214.7.2';

/** A host of its own, and a media worker that runs on it. */
async function farHost(): Promise<{ workerBin: string; cut(): Promise<void>; heal(): Promise<void> }> {
  const name = `keshisfu${process.pid % 10_000}`;
  const cable = `kf${process.pid % 10_000}`;
  const folder = await mkdtemp(join(tmpdir(), 'keshi-far-'));
  await ip('netns', 'add', name);
  onTestFinished(async () => {
    await ip('netns', 'delete', name);
    await rm(folder, { recursive: true, force: true });
  });
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  await ip('address', 'add', `${near}/30`, 'dev', cable);
  await ip('link', 'set', cable, 'up');
  await ip('-n', name, 'address', 'add', `${far}/30`, 'dev', 'eth0');
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  await ip('-n', name, 'link', 'set', 'eth0', 'up');
  const workerBin = join(folder, 'worker');
  const worker = process.env.MEDIASOUP_WORKER_BIN ?? '';
  await writeFile(workerBin, `#!/bin/sh\nexec ip netns exec ${name} ${worker} "$@"\n`);
  await chmod(workerBin, 0o755);
  return {
    workerBin,
    cut: async () => void (await ip('link', 'set', cable, 'down')),
    heal: async () => void (await ip('link', 'set', cable, 'up')),
  };
}

it('a pipe whose path is cut and healed carries on by itself', { timeout: 60_000 }, async () => {
  const host = await farHost();
  const sink = await openSink(near);
  onTestFinished(() => sink.close());
  const viewer = randomUUID();
  const cluster = await createTestCluster(2, (n) => ({
    ip: n === 0 ? near : far,
    ...(n === 0 ? {} : { workerBin: host.workerBin, portBase: 20_000 }),
    openTransport: plainTransports({
      ip: n === 0 ? near : far,
      sinkOf: ({ peerId }) => (peerId === viewer ? sink : { ip: near, port: 9 }),
    }),
  }));
  onTestFinished(() => cluster.close());
  const [home, edge] = cluster.nodes;
  if (!home || !edge) throw new Error('two nodes');
  const classId = randomUUID();
  await cluster.openClass(classId);
  const { port, ssrc } = await publish(home, classId, randomUUID(), 'camera');
  const publisher = await publishVideo(port, ssrc, near);
  onTestFinished(() => publisher.close());
  // The viewer's own packets take the same cable, so what arrives at the far worker is asked of the worker itself.
  await edge.join(classId, viewer);
  await expect.poll(() => sink.packets, { timeout: 10_000 }).toBeGreaterThan(20);

  await host.cut();
  const quiet = sink.packets;
  const asked = publisher.pictureLosses;
  await expect.poll(() => home.node.census().pipes).toBe(1);
  // As long as a page waits at most before it calls its media lost.
  const until = performance.now() + 4_000;
  await expect.poll(() => performance.now(), { timeout: 10_000 }).toBeGreaterThan(until);
  expect(sink.packets - quiet).toBeLessThanOrEqual(2);
  expect(edge.of('consumer.closed')).toEqual([]);

  await host.heal();
  await expect.poll(() => sink.packets, { timeout: 20_000 }).toBeGreaterThan(quiet + 50);
  await expect.poll(() => sink.keyFrames).toBeGreaterThan(1);
  expect(publisher.pictureLosses).toBeGreaterThanOrEqual(asked);
  expect(edge.of('peer.reset')).toEqual([]);
});
