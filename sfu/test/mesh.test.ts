/** Several nodes that carry one class: what crosses between them, when, and what is left when one goes. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { emptyCensus } from '../src/census.ts';
import { plainTransports } from '../src/plain-transport.ts';
import { createTestCluster, type TestCluster } from './support/cluster.ts';
import { publish, type TestNode } from './support/node.ts';
import { openSink, publishSound, publishVideo, type Sink } from './support/rtp.ts';

const sinks = new Map<string, Sink>();
let cluster: TestCluster;
let classId: string;

beforeEach(async () => {
  const openTransport = plainTransports({
    sinkOf: ({ peerId }) => sinks.get(peerId) ?? { ip: '127.0.0.1', port: 9 },
  });
  cluster = await createTestCluster(3, () => ({ openTransport }));
  classId = randomUUID();
});
afterEach(async () => {
  await cluster.close();
  for (const sink of sinks.values()) sink.close();
  sinks.clear();
});

async function watch(node: TestNode, audioOnly = false) {
  const peerId = randomUUID();
  const sink = await openSink();
  sinks.set(peerId, sink);
  const { consumers } = await node.join(classId, peerId, { audioOnly });
  return { peerId, sink, consumers };
}

const grows = async (read: () => number, by = 5) => {
  const from = read();
  await expect.poll(read, { timeout: 8_000, interval: 20 }).toBeGreaterThanOrEqual(from + by);
};

/** A camera on the first node, with the class open on all of them. */
async function stage() {
  await cluster.openClass(classId);
  const [home, ...edges] = cluster.nodes;
  if (!home || edges.length !== 2) throw new Error('three nodes');
  const host = randomUUID();
  const { producerId, port, ssrc } = await publish(home, classId, host, 'camera');
  const publisher = await publishVideo(port, ssrc);
  onTestFinished(() => publisher.close());
  const [one, two] = edges;
  if (!one || !two) throw new Error('three nodes');
  return { home, one, two, host, producerId, publisher };
}

const pipes = (node: TestNode) => node.node.census().pipes;

describe('a class on three nodes', () => {
  it('sends a stream to each node once, and only while somebody there watches', async () => {
    const { home, one, two } = await stage();
    expect(pipes(home)).toBe(0);
    const first = await watch(one);
    const second = await watch(one);
    expect(first.consumers).toHaveLength(1);
    expect(pipes(home)).toBe(1);
    const third = await watch(two);
    expect(pipes(home)).toBe(2);
    for (const { sink } of [first, second, third]) await grows(() => sink.packets);

    await one.node.request('peer.leave', { classId, peerId: first.peerId });
    expect(pipes(home)).toBe(2);
    await grows(() => second.sink.packets);
    await one.node.request('peer.leave', { classId, peerId: second.peerId });
    await expect.poll(() => pipes(home)).toBe(1);
    await grows(() => third.sink.packets);
    await two.node.request('peer.leave', { classId, peerId: third.peerId });
    await expect.poll(() => home.node.census()).toMatchObject({ pipes: 0, pipeTransports: 0 });
    for (const node of [one, two])
      await expect.poll(() => node.node.census()).toMatchObject({ consumers: 0, pipeTransports: 0 });
  });

  it('carries key frame requests, pauses and closes across', async () => {
    const { home, one, host, producerId, publisher } = await stage();
    const { peerId, sink, consumers } = await watch(one);
    await grows(() => sink.packets);
    const asked = publisher.pictureLosses;
    const seen = sink.keyFrames;
    await one.node.request('consumer.resume', { classId, peerId, consumerId: consumers[0]?.id });
    await expect.poll(() => publisher.pictureLosses).toBeGreaterThan(asked);
    await expect.poll(() => sink.keyFrames).toBeGreaterThan(seen);

    await home.node.request('producer.pause', { classId, peerId: host, producerId });
    await one.until('consumer.producerPaused', ({ paused }) => paused);
    await home.node.request('producer.resume', { classId, peerId: host, producerId });
    await one.until('consumer.producerPaused', ({ paused }) => !paused);
    await grows(() => sink.packets);

    await home.node.request('producer.close', { classId, peerId: host, producerId });
    expect(await one.until('consumer.closed')).toMatchObject({ peerId, consumerId: consumers[0]?.id });
    await expect.poll(() => one.node.census().consumers).toBe(0);
  });

  it('lets co-speakers on different nodes hear each other', async () => {
    const { home, one, two, host } = await stage();
    const guest = randomUUID();
    const sink = await openSink();
    const hostSink = await openSink();
    sinks.set(guest, sink);
    sinks.set(host, hostSink);
    await home.join(classId, host);
    const voice = await publish(home, classId, host, 'mic');
    const hostSound = await publishSound(voice.port, voice.ssrc, 20);
    onTestFinished(() => hostSound.close());
    const mic = await publish(one, classId, guest, 'mic');
    const sound = await publishSound(mic.port, mic.ssrc, 20);
    onTestFinished(() => sound.close());
    // The guest hears the host, the host hears the guest, and a third person on a third node hears both.
    await grows(() => sink.packets);
    await grows(() => hostSink.packets);
    const listener = await watch(two, true);
    expect(listener.consumers.map(({ source }) => source)).toEqual(['mic', 'mic']);
    await grows(() => listener.sink.packets);
    expect(await one.until('stage.speaking', ({ peerIds }) => peerIds.includes(guest))).toBeDefined();
  });

  it('offers what begins later, and what a person publishes elsewhere takes the place of the former', async () => {
    const { home, one, two, host } = await stage();
    const { peerId, sink } = await watch(two);
    await grows(() => sink.packets);
    // The host's page moves to the second node, and the first has not noticed yet.
    const moved = await publish(one, classId, host, 'camera');
    const publisher = await publishVideo(moved.port, moved.ssrc);
    onTestFinished(() => publisher.close());
    const offered = await two.until(
      'consumer.new',
      ({ consumer }) => consumer.producerId === moved.producerId,
    );
    expect(offered.peerId).toBe(peerId);
    const late = await watch(two);
    expect(late.consumers.map(({ producerId }) => producerId)).toEqual([moved.producerId]);
    await home.node.request('peer.leave', { classId, peerId: host });
    await two.until('consumer.closed');
    await grows(() => late.sink.packets);
  });

  it('a node that dies takes what it published, and nothing of anybody else', async () => {
    const { home, one, two, host } = await stage();
    const guest = randomUUID();
    const mic = await publish(one, classId, guest, 'mic');
    const sound = await publishSound(mic.port, mic.ssrc, 20);
    onTestFinished(() => sound.close());
    const viewer = await watch(two);
    expect(viewer.consumers).toHaveLength(2);
    await cluster.kill(home);
    await two.until('consumer.closed');
    const before = viewer.sink.packets;
    await expect.poll(() => viewer.sink.packets).toBeGreaterThan(before + 20);
    // The host's page has joined another node meanwhile.
    const moved = await publish(one, classId, host, 'camera');
    const publisher = await publishVideo(moved.port, moved.ssrc);
    onTestFinished(() => publisher.close());
    await two.until('consumer.new', ({ consumer }) => consumer.producerId === moved.producerId);
  });

  it('a worker that dies breaks only what went through it', async () => {
    const { home, one } = await stage();
    const viewer = await watch(one);
    await grows(() => viewer.sink.packets);
    const [worker] = one.pool.workers();
    if (!worker) throw new Error('no worker');
    process.kill(worker.pid, 'SIGKILL');
    await one.until('peer.reset', ({ peerId }) => peerId === viewer.peerId);
    await expect.poll(() => one.pool.workers().length, { timeout: 15_000 }).toBe(1);
    const again = await one.join(classId, viewer.peerId);
    expect(again.consumers).toHaveLength(1);
    await grows(() => viewer.sink.packets);
    await expect.poll(() => pipes(home)).toBe(1);
  });

  it('leaves nothing behind when classes end', async () => {
    const { home, one, two } = await stage();
    await watch(one);
    await watch(two);
    for (const { node } of cluster.nodes) await node.request('class.close', { classId });
    for (const { node } of [home, one, two]) await expect.poll(() => node.census()).toEqual(emptyCensus());
  });
});
