/** What a peer may do, and what it is refused; over WebRTC transports no browser connects to. */
import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '@keshi/contract/errors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeByLoad } from '../src/placement.ts';
import { createTestNode, publish, publishable, type TestNode } from './support/node.ts';

let test: TestNode;
beforeAll(async () => {
  test = await createTestNode({ workers: 1 });
});
afterAll(() => test.close());

const refusal = (code: ErrorCode) => expect.objectContaining({ name: 'AppError', code });

describe('joining', () => {
  it('makes the transport and a consumer for everything on stage in one step', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    const camera = await publish(test, classId, host, 'camera');
    const mic = await publish(test, classId, host, 'mic');
    const joined = await test.join(classId, viewer);
    expect(joined.resumed).toBe(false);
    expect(joined.recvTransport.iceCandidates.map(({ protocol }) => protocol).sort()).toEqual(['tcp', 'udp']);
    const ports = new Set(joined.recvTransport.iceCandidates.map(({ port }) => port));
    expect([...ports]).toEqual([test.pool.workers()[0]?.port]);
    expect(joined.consumers.map(({ producerId }) => producerId).sort()).toEqual(
      [camera.producerId, mic.producerId].sort(),
    );
    expect(joined.consumers.every(({ userId }) => userId === host)).toBe(true);
  });

  it('gives nobody its own streams', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    await publish(test, classId, host, 'mic');
    const again = await test.join(classId, host, { resume: true });
    expect(again).toMatchObject({ resumed: true, consumers: [] });
  });

  it('tells those who are there of a new stream, and of its end', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    await test.join(classId, viewer);
    const { producerId } = await publish(test, classId, host, 'screen');
    const { consumer } = await test.until('consumer.new', (event) => event.peerId === viewer);
    expect(consumer).toMatchObject({ producerId, source: 'screen', kind: 'video', userId: host });
    await test.node.request('producer.close', { classId, peerId: host, producerId });
    await test.until('consumer.closed', (event) => event.consumerId === consumer.id);
    await test.until('producer.closed', (event) => event.producerId === producerId);
  });

  it('keeps a resumed peer its transport and returns every consumer it has now', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    const first = await test.join(classId, viewer);
    await publish(test, classId, host, 'camera');
    const { consumer } = await test.until('consumer.new', (event) => event.peerId === viewer);
    const resumed = await test.join(classId, viewer, { resume: true });
    expect(resumed.resumed).toBe(true);
    expect(resumed.recvTransport).toEqual(first.recvTransport);
    expect(resumed.consumers.map(({ id }) => id)).toEqual([consumer.id]);
  });

  it('closes the former media session when a peer joins anew, its producers too', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    const { producerId, transportId } = await publish(test, classId, host, 'camera');
    const before = test.node.census().transports;
    const joined = await test.join(classId, host);
    expect(joined.resumed).toBe(false);
    await test.until('producer.closed', (event) => event.producerId === producerId);
    expect(test.node.census().transports).toBe(before - 1);
    await expect(
      test.node.request('producer.create', { classId, peerId: host, transportId, ...publishable('camera') }),
    ).rejects.toEqual(refusal('media-not-found'));
  });

  it('survives two joins of one peer at once with one session left', async () => {
    const classId = await test.openClass();
    const viewer = randomUUID();
    const before = test.node.census().transports;
    const [, second] = await Promise.all([test.join(classId, viewer), test.join(classId, viewer)]);
    expect(test.node.census().transports).toBe(before + 1);
    const resumed = await test.join(classId, viewer, { resume: true });
    expect(resumed.recvTransport.id).toBe(second.recvTransport.id);
  });

  it('gives an audio-only peer no video until it is lifted', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    await publish(test, classId, host, 'camera');
    await publish(test, classId, host, 'mic');
    const joined = await test.join(classId, viewer, { audioOnly: true });
    expect(joined.consumers.map(({ source }) => source)).toEqual(['mic']);
    await test.node.request('peer.audioOnly', { classId, peerId: viewer, audioOnly: false });
    const { consumer } = await test.until('consumer.new', (event) => event.peerId === viewer);
    expect(consumer.source).toBe('camera');
  });

  it('refuses capabilities that share no codec with ours', async () => {
    const classId = await test.openClass();
    const rtpCapabilities = {
      codecs: [{ kind: 'video', mimeType: 'video/H261', preferredPayloadType: 31, clockRate: 90000 }],
    };
    await expect(
      test.node.request('peer.join', {
        classId,
        peerId: randomUUID(),
        rtpCapabilities,
        resume: false,
        audioOnly: false,
      }),
    ).rejects.toEqual(refusal('media-refused'));
  });

  it('refuses a class that was never opened, and a shape that is wrong', async () => {
    await expect(test.join(randomUUID(), randomUUID())).rejects.toEqual(refusal('media-not-found'));
    await expect(test.node.request('peer.join', { classId: 'no' })).rejects.toEqual(refusal('invalid-input'));
  });

  it('answers full when the budget is used up', async () => {
    const small = await createTestNode({
      placement: placeByLoad({ budget: 4, openingCost: 0 }),
    });
    try {
      const classId = await small.openClass();
      const first = randomUUID();
      await small.join(classId, first);
      await small.join(classId, randomUUID());
      await expect(small.join(classId, randomUUID())).rejects.toEqual(refusal('full'));
      await small.node.request('peer.leave', { classId, peerId: first });
      await small.join(classId, randomUUID());
    } finally {
      await small.close();
    }
  });
});

describe('publishing', () => {
  it('needs a send transport', async () => {
    const classId = await test.openClass();
    const viewer = randomUUID();
    const { recvTransport } = await test.join(classId, viewer);
    for (const transportId of [recvTransport.id, randomUUID()])
      await expect(
        test.node.request('producer.create', { classId, peerId: viewer, transportId, ...publishable('mic') }),
      ).rejects.toEqual(refusal('media-not-found'));
  });

  it('makes one send transport however often it is asked', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    await test.join(classId, host);
    const ask = () => test.node.request('peer.publish', { classId, peerId: host, via: 'page', held: [] });
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(second).toEqual(first);
    await test.node.request('peer.unpublish', { classId, peerId: host });
    await test.node.request('peer.unpublish', { classId, peerId: host });
    expect((await ask()).sendTransport.id).not.toBe(first.sendTransport.id);
  });

  it('tells a coordinator that asks what is on stage', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    const stage = async () => (await test.node.request('class.stage', { classId })).producers;
    expect(await stage()).toEqual([]);
    await publish(test, classId, host, 'camera');
    await test.node.request('producer.hold', { classId, peerId: host, source: 'mic', held: true });
    await publish(test, classId, host, 'mic');
    expect(await stage()).toEqual([
      { peerId: host, source: 'camera', paused: false },
      { peerId: host, source: 'mic', paused: true },
    ]);
    await test.node.request('class.close', { classId });
    expect(await stage()).toEqual([]);
  });

  it('replaces the former producer of a source', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    const first = await publish(test, classId, host, 'camera');
    const second = await publish(test, classId, host, 'camera');
    await test.until('producer.closed', (event) => event.producerId === first.producerId);
    expect(second.transportId).toBe(first.transportId);
  });

  it('refuses garbage', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    await test.join(classId, host);
    const { sendTransport } = await test.node.request('peer.publish', {
      classId,
      peerId: host,
      via: 'page',
      held: [],
    });
    const create = (change: object) =>
      test.node.request('producer.create', {
        classId,
        peerId: host,
        transportId: sendTransport.id,
        ...publishable('camera'),
        ...change,
      });
    const codec = (mimeType: string, extra = {}) => ({
      rtpParameters: {
        mid: 'x',
        codecs: [{ mimeType, payloadType: 96, clockRate: 90000, ...extra }],
        encodings: [{ ssrc: 5 }],
      },
    });
    await expect(create(codec('video/nonsense'))).rejects.toEqual(refusal('media-refused'));
    await expect(create(codec('nonsense'))).rejects.toEqual(refusal('media-refused'));
    await expect(create(codec('video/VP8', { parameters: { deep: { er: 1 } } }))).rejects.toEqual(
      refusal('media-refused'),
    );
    await expect(create({ rtpParameters: { codecs: [] } })).rejects.toEqual(refusal('invalid-input'));
    await expect(create({ rtpParameters: null })).rejects.toEqual(refusal('invalid-input'));
    await expect(create({ kind: 'audio' })).rejects.toEqual(refusal('invalid-input'));
    expect(await create({})).toHaveProperty('producerId');
  });

  it('refuses a DTLS fingerprint nobody knows, and takes a repeated connect', async () => {
    const classId = await test.openClass();
    const viewer = randomUUID();
    const { recvTransport } = await test.join(classId, viewer);
    const connect = (algorithm: string, value: string) =>
      test.node.request('transport.connect', {
        classId,
        peerId: viewer,
        transportId: recvTransport.id,
        dtlsParameters: { role: 'client', fingerprints: [{ algorithm, value }] },
      });
    const value = Array.from({ length: 32 }, () => 'AB').join(':');
    await expect(connect('md5', value)).rejects.toEqual(refusal('media-refused'));
    await connect('sha-256', value);
    await connect('sha-256', value);
    await expect(connect('sha-256', value.replaceAll('AB', 'AC'))).rejects.toEqual(refusal('media-refused'));
  });
});

describe('what belongs to another', () => {
  it('is not found', async () => {
    const classId = await test.openClass();
    const [host, viewer, stranger] = [randomUUID(), randomUUID(), randomUUID()];
    const { producerId, transportId } = await publish(test, classId, host, 'camera');
    const { recvTransport, consumers } = await test.join(classId, viewer);
    await test.join(classId, stranger);
    await test.node.request('peer.publish', { classId, peerId: stranger, via: 'page', held: [] });
    const consumerId = consumers[0]?.id ?? '';
    const as = { classId, peerId: stranger };
    const attempts = [
      test.node.request('producer.pause', { ...as, producerId }),
      test.node.request('producer.resume', { ...as, producerId }),
      test.node.request('producer.close', { ...as, producerId }),
      test.node.request('producer.create', { ...as, transportId, ...publishable('camera') }),
      test.node.request('consumer.pause', { ...as, consumerId }),
      test.node.request('consumer.resume', { ...as, consumerId }),
      test.node.request('consumer.layers', { ...as, consumerId, layers: { spatial: 0 } }),
      test.node.request('transport.restartIce', { ...as, transportId: recvTransport.id }),
      test.node.request('transport.connect', {
        ...as,
        transportId: recvTransport.id,
        dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: 'AB' }] },
      }),
    ];
    for (const attempt of await Promise.allSettled(attempts))
      expect(attempt).toEqual({ status: 'rejected', reason: refusal('media-not-found') });
    const elsewhere = { classId: await test.openClass(), peerId: viewer, consumerId };
    await expect(test.node.request('consumer.pause', elsewhere)).rejects.toEqual(refusal('media-not-found'));
  });
});

describe('holding', () => {
  it('keeps a source paused whatever its page does, until it is lifted', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    await test.join(classId, viewer);
    const { producerId } = await publish(test, classId, host, 'mic');
    const { consumer } = await test.until('consumer.new', (event) => event.peerId === viewer);
    const hold = (held: boolean) =>
      test.node.request('producer.hold', { classId, peerId: host, source: 'mic', held });
    const paused = () => test.of('producer.paused').filter((event) => event.classId === classId);

    await hold(true);
    await hold(true);
    expect(paused()).toEqual([{ classId, peerId: host, source: 'mic', paused: true }]);
    const told = await test.until('consumer.producerPaused', (event) => event.consumerId === consumer.id);
    expect(told.paused).toBe(true);

    await test.node.request('producer.resume', { classId, peerId: host, producerId });
    expect(paused()).toHaveLength(1);

    // Neither a new producer nor a whole new media session gets around it.
    await publish(test, classId, host, 'mic');
    await test.node.request('peer.leave', { classId, peerId: host });
    await publish(test, classId, host, 'mic', ['mic']);
    const opened = test.of('producer.opened').filter((event) => event.classId === classId);
    expect(opened.map((event) => event.paused)).toEqual([false, true, true]);

    await hold(false);
    expect(paused().at(-1)).toEqual({ classId, peerId: host, source: 'mic', paused: false });
  });

  it('does not unmute what the page itself has muted', async () => {
    const classId = await test.openClass();
    const host = randomUUID();
    const { producerId } = await publish(test, classId, host, 'mic');
    const as = { classId, peerId: host };
    await test.node.request('producer.hold', { ...as, source: 'mic', held: true });
    await test.node.request('producer.pause', { ...as, producerId });
    await test.node.request('producer.hold', { ...as, source: 'mic', held: false });
    const told = test.of('producer.paused').filter((event) => event.classId === classId);
    expect(told.map(({ paused }) => paused)).toEqual([true]);
  });
});

describe('leaving and closing', () => {
  it('is idempotent, and silent for a class that is gone', async () => {
    const classId = await test.openClass();
    const [host, viewer] = [randomUUID(), randomUUID()];
    await publish(test, classId, host, 'camera');
    await test.join(classId, viewer);
    for (let n = 0; n < 2; n++) await test.node.request('peer.leave', { classId, peerId: viewer });
    const before = test.events.length;
    for (let n = 0; n < 2; n++) await test.node.request('class.close', { classId });
    await test.node.request('peer.leave', { classId, peerId: host });
    await test.node.request('peer.unpublish', { classId, peerId: host });
    await expect(test.join(classId, viewer)).rejects.toEqual(refusal('media-not-found'));
    expect(test.events.slice(before)).toEqual([]);
    await test.node.request('class.open', { classId, nodes: [] });
    await test.node.request('class.open', { classId, nodes: [] });
    expect((await test.join(classId, viewer)).consumers).toEqual([]);
  });

  it('refuses new peers while the node drains, and keeps those it has', async () => {
    const draining = await createTestNode();
    try {
      const classId = await draining.openClass();
      const viewer = randomUUID();
      await draining.join(classId, viewer);
      draining.node.drain();
      await expect(draining.join(classId, randomUUID())).rejects.toEqual(refusal('draining'));
      await expect(draining.openClass()).rejects.toEqual(refusal('draining'));
      expect((await draining.join(classId, viewer, { resume: true })).resumed).toBe(true);
      draining.node.close();
      expect(draining.of('peer.reset')).toEqual([{ classId, peerId: viewer, reason: 'node-restarted' }]);
    } finally {
      await draining.close();
    }
  });
});
