/** Real RTP through two workers: what crosses a pipe, and when there is one. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { plainTransports } from '../src/plain-transport.ts';
import { createTestNode, publish, spread, type TestNode } from './support/node.ts';
import { openSink, publishSound, publishVideo, type Sink } from './support/rtp.ts';

const sinks = new Map<string, Sink>();
let test: TestNode;

beforeEach(async () => {
  const openTransport = plainTransports({
    sinkOf: ({ peerId }) => sinks.get(peerId) ?? { ip: '127.0.0.1', port: 9 },
  });
  test = await createTestNode({ workers: 2, placement: spread, openTransport });
});
afterEach(async () => {
  await test.close();
  for (const sink of sinks.values()) sink.close();
  sinks.clear();
});

/** Joins a viewer whose streams can be counted. */
async function watch(classId: string, audioOnly = false) {
  const peerId = randomUUID();
  const sink = await openSink();
  sinks.set(peerId, sink);
  const { consumers } = await test.join(classId, peerId, { audioOnly });
  return { peerId, sink, consumers };
}

const census = (at: number) => test.pool.workers()[at]?.census;
const grows = async (read: () => number, by = 5) => {
  const from = read();
  await expect.poll(read, { timeout: 5_000, interval: 20 }).toBeGreaterThanOrEqual(from + by);
};
/** No packet may come: compared with another viewer's stream, which proves that time has passed. */
const stays = async (read: () => number, meanwhile: () => number) => {
  const from = read();
  await grows(meanwhile, 20);
  expect(read() - from).toBeLessThanOrEqual(1);
};

/** The host is placed on the first worker, where the stage is; the first viewer on the second. */
async function stage(source: 'camera' | 'screen' = 'camera') {
  const classId = await test.openClass();
  const host = randomUUID();
  const { producerId, port, ssrc } = await publish(test, classId, host, source);
  const publisher = await publishVideo(port, ssrc);
  onTestFinished(() => publisher.close());
  return { classId, host, producerId, publisher };
}

describe('a class on two workers', () => {
  it('pipes a producer once, while someone there consumes it', async () => {
    const { classId } = await stage();
    expect(census(0)?.pipes).toBe(0);
    const first = await watch(classId);
    const second = await watch(classId);
    const third = await watch(classId);
    expect(test.pool.workers().map(({ peers }) => peers)).toEqual([2, 2]);
    expect(census(0)).toMatchObject({ pipes: 1, producers: 1 });
    for (const { sink } of [first, second, third]) await grows(() => sink.packets);

    // The first and third viewer are on the other worker; the second shares the stage's.
    await test.node.request('peer.leave', { classId, peerId: first.peerId });
    expect(census(0)?.pipes).toBe(1);
    await grows(() => third.sink.packets);
    await test.node.request('peer.leave', { classId, peerId: third.peerId });
    await expect.poll(() => census(0)).toMatchObject({ pipes: 0, pipeTransports: 0 });
    expect(census(1)).toMatchObject({ routers: 0, consumers: 0, pipeTransports: 0 });
    await grows(() => second.sink.packets);
  });

  it('takes a pipe away while others there still receive something else', async () => {
    const { classId, host } = await stage();
    const mic = await publish(test, classId, host, 'mic');
    const watching = await watch(classId);
    await watch(classId);
    const listening = await watch(classId, true);
    expect(test.pool.workers().map(({ peers }) => peers)).toEqual([2, 2]);
    expect(census(0)?.pipes).toBe(2);
    expect(listening.consumers.map(({ producerId }) => producerId)).toEqual([mic.producerId]);
    await test.node.request('peer.leave', { classId, peerId: watching.peerId });
    await expect.poll(() => census(0)?.pipes).toBe(1);
    await test.node.request('peer.audioOnly', { classId, peerId: listening.peerId, audioOnly: false });
    expect(census(0)?.pipes).toBe(2);
    await grows(() => listening.sink.packets);
  });

  it('pipes once even when viewers arrive at the same moment', async () => {
    const { classId } = await stage();
    const viewers = await Promise.all(Array.from({ length: 20 }, () => watch(classId)));
    expect(viewers.every(({ consumers }) => consumers.length === 1)).toBe(true);
    expect(census(0)?.pipes).toBe(1);
    expect([census(0)?.consumers, census(1)?.consumers]).toEqual([10, 10]);
    expect(test.node.stats()).toMatchObject({ classes: 1, peers: 21, consumers: 20, producers: 1 });
  });

  it('carries a key frame request back, and the key frame forth', async () => {
    const { classId, publisher } = await stage();
    const { peerId, sink, consumers } = await watch(classId);
    await grows(() => sink.packets);
    const asked = publisher.pictureLosses;
    const seen = sink.keyFrames;
    await test.node.request('consumer.resume', { classId, peerId, consumerId: consumers[0]?.id });
    await expect.poll(() => publisher.pictureLosses).toBeGreaterThan(asked);
    await expect.poll(() => sink.keyFrames).toBeGreaterThan(seen);
  });

  it('limits how often a publisher is asked for key frames', async () => {
    const { classId, publisher } = await stage();
    const viewers = await Promise.all(Array.from({ length: 10 }, () => watch(classId)));
    for (const { sink } of viewers) await grows(() => sink.packets);
    const asked = publisher.pictureLosses;
    const from = performance.now();
    while (performance.now() - from < 1_000)
      for (const { peerId, consumers } of viewers)
        await test.node.request('consumer.resume', { classId, peerId, consumerId: consumers[0]?.id });
    const allowed = Math.ceil((performance.now() - from) / 500) + 2;
    expect(publisher.pictureLosses - asked).toBeLessThanOrEqual(allowed);
  });

  it('carries pause, resume and close across', async () => {
    const { classId, host, producerId } = await stage();
    const { sink, consumers, peerId } = await watch(classId);
    const other = await stage('screen');
    const reference = await watch(other.classId);
    const consumerId = consumers[0]?.id;
    await grows(() => sink.packets);

    await test.node.request('producer.pause', { classId, peerId: host, producerId });
    await test.until('consumer.producerPaused', (event) => event.consumerId === consumerId && event.paused);
    await stays(
      () => sink.packets,
      () => reference.sink.packets,
    );
    const late = await watch(classId);
    expect(late.consumers[0]?.producerPaused).toBe(true);

    await test.node.request('producer.resume', { classId, peerId: host, producerId });
    await test.until('consumer.producerPaused', (event) => event.consumerId === consumerId && !event.paused);
    await grows(() => sink.packets);

    const piped = census(0)?.pipes ?? 0;
    await test.node.request('peer.unpublish', { classId, peerId: host });
    await test.until(
      'consumer.closed',
      (event) => event.consumerId === consumerId && event.peerId === peerId,
    );
    await expect.poll(() => census(0)?.pipes).toBe(piped - 1);
  });

  it('keeps a held source silent on the other worker while its page goes on sending', async () => {
    const { classId, host, producerId } = await stage();
    const { sink } = await watch(classId);
    const other = await stage('screen');
    const reference = await watch(other.classId);
    await grows(() => sink.packets);
    await test.node.request('producer.hold', { classId, peerId: host, source: 'camera', held: true });
    await test.node.request('producer.resume', { classId, peerId: host, producerId });
    await stays(
      () => sink.packets,
      () => reference.sink.packets,
    );
    await test.node.request('producer.hold', { classId, peerId: host, source: 'camera', held: false });
    await grows(() => sink.packets);
  });

  it('pauses one viewer without touching the others', async () => {
    const { classId } = await stage();
    const first = await watch(classId);
    const second = await watch(classId);
    const consumerId = first.consumers[0]?.id;
    await test.node.request('consumer.pause', { classId, peerId: first.peerId, consumerId });
    await stays(
      () => first.sink.packets,
      () => second.sink.packets,
    );
    await test.node.request('consumer.resume', { classId, peerId: first.peerId, consumerId });
    await grows(() => first.sink.packets);
    await test.node.request('peer.audioOnly', { classId, peerId: first.peerId, audioOnly: true });
    await stays(
      () => first.sink.packets,
      () => second.sink.packets,
    );
    await test.node.request('peer.audioOnly', { classId, peerId: first.peerId, audioOnly: false });
    await grows(() => first.sink.packets);
  });
});

describe('who is heard', () => {
  it('is told loudest first, at most twice a second, and ends with silence', async () => {
    const classId = await test.openClass();
    const [loud, quiet] = [randomUUID(), randomUUID()];
    const loudMic = await publish(test, classId, loud, 'mic');
    const quietMic = await publish(test, classId, quiet, 'mic');
    const sounds = [
      await publishSound(loudMic.port, loudMic.ssrc, 10),
      await publishSound(quietMic.port, quietMic.ssrc, 35),
    ];
    onTestFinished(() => sounds.forEach((sound) => sound.close()));
    await test.until('stage.speaking', ({ peerIds }) => peerIds[0] === loud && peerIds[1] === quiet);
    await test.node.request('peer.leave', { classId, peerId: loud });
    expect(test.of('stage.speaking').at(-1)?.peerIds).toEqual([quiet]);
    await test.node.request('producer.hold', { classId, peerId: quiet, source: 'mic', held: true });
    await expect.poll(() => test.of('stage.speaking').at(-1)?.peerIds, { timeout: 3_000 }).toEqual([]);
  });
});
