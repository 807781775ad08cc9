import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { sfuContract } from '@keshi/contract/sfu';
import { createSfuService, type SfuService } from '@keshi/sfu/service';
import { createHealth } from '@keshi/runtime/health';
import { createLocalLink } from '@keshi/runtime/link/local';
import { createMetrics } from '@keshi/runtime/metrics';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { localMediaNode } from '../src/media/nodes.ts';
import { sfuConfig } from '@keshi/sfu/testing/config';
import { webrtcOf } from './media-world.ts';
import {
  closePages,
  codeOf,
  createWorld,
  joinRequest,
  log,
  openPage,
  startNode,
  ticketFor,
  type Node,
  type Page,
  type Person,
  type World,
} from './harness.ts';

let sfu: SfuService;
let world: World;
let node: Node;
beforeAll(async () => {
  sfu = await createSfuService(sfuConfig(1), {
    log,
    metrics: createMetrics({ service: 'sfu' }),
    health: createHealth(log),
  });
  const [near, far] = createLocalLink({ contract: sfuContract, log });
  sfu.serve(far);
  world = await createWorld();
  node = await startNode(world.db, {
    media: localMediaNode(near, sfu.info),
    turn: { urls: ['turn:turn.example:443?transport=tcp'], secret: 'shared' },
  });
});
beforeEach(async () => {
  world.classId = await world.schedule(`课 ${crypto.randomUUID()}`);
});
afterEach(closePages);
afterAll(async () => {
  await node.close();
  await sfu.close();
  await world.close();
});

const withMedia = { ...joinRequest, rtpCapabilities: routerRtpCapabilities };
async function enter(person: Person) {
  const page = await openPage(node.url, ticketFor(person, world.classId));
  return { page, joined: await page.join(withMedia) };
}
const learner = (n: number) => {
  const person = world.learners[n];
  if (!person) throw new Error('no such learner');
  return person;
};

let ssrc = 1_000;
/** As a browser would: connects its transport and offers one Opus stream. */
async function produceMic(page: Page): Promise<string> {
  const { sendTransport } = await page.send('media.publish', {});
  await page.send('media.connect', {
    transportId: sendTransport.id,
    dtlsParameters: {
      role: 'client',
      fingerprints: [{ algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') }],
    },
  });
  const { producerId } = await page.send('media.produce', {
    transportId: sendTransport.id,
    kind: 'audio',
    source: 'mic',
    paused: false,
    rtpParameters: {
      mid: '0',
      codecs: [
        {
          mimeType: 'audio/opus',
          payloadType: 111,
          clockRate: 48000,
          channels: 2,
          parameters: {},
          rtcpFeedback: [],
        },
      ],
      encodings: [{ ssrc: (ssrc += 1) }],
      rtcp: { cname: `mic${ssrc}` },
    },
  });
  return producerId;
}

describe('media of a class', () => {
  test('joining brings a receive transport, what is on stage, and a way through closed networks', async () => {
    const { page: host } = await enter(world.host);
    await produceMic(host);
    const { joined } = await enter(learner(0));
    const media = webrtcOf(joined.media);
    expect(media.recvTransport.iceCandidates.length).toBeGreaterThan(0);
    expect(media.consumers).toMatchObject([{ userId: world.host.id, source: 'mic', kind: 'audio' }]);
    const [ice] = media.iceServers;
    expect(ice?.urls).toEqual(['turn:turn.example:443?transport=tcp']);
    expect(Number(ice?.username?.split(':')[0])).toBeGreaterThan(Date.now() / 1000);
    expect(joined.snapshot.stage).toMatchObject([
      { userId: world.host.id, role: 'host', sources: [{ source: 'mic', paused: false, held: false }] },
    ]);
  });

  test('a stream that begins, pauses and ends is told to those who watch', async () => {
    const { page: host } = await enter(world.host);
    const { page } = await enter(learner(0));
    const producerId = await produceMic(host);
    const consumer = await page.message('media.consumer');
    expect(consumer).toMatchObject({ producerId: expect.any(String), userId: world.host.id, source: 'mic' });
    await page.event('stage.changed', (e) => e.member.sources.length === 1);
    await host.send('media.producer', { producerId, action: 'pause' });
    await page.message('media.paused', ({ consumerId, paused }) => consumerId === consumer.id && paused);
    await page.event('stage.changed', (e) => e.member.sources[0]?.paused === true);
    await host.send('media.producer', { producerId, action: 'close' });
    await page.message('media.closed', ({ consumerId }) => consumerId === consumer.id);
    await page.event('stage.changed', (e) => e.member.sources.length === 0);
  });

  test('a learner publishes only on stage: invited, accepted, muted by the host, removed', async () => {
    const { page: host } = await enter(world.host);
    const { page } = await enter(learner(0));
    const { page: other } = await enter(learner(1));
    const userId = learner(0).id;
    expect(await codeOf(page.send('media.publish', {}))).toBe('not-on-stage');
    expect(await codeOf(page.send('stage.accept', {}))).toBe('not-invited');
    await page.send('hand.raise', {});
    await host.send('stage.invite', { userId });
    await page.event('hand.lowered');
    expect((await page.event('stage.changed')).member).toMatchObject({ userId, state: 'invited' });
    expect(await codeOf(page.send('media.publish', {}))).toBe('not-on-stage');
    await page.send('stage.accept', {});
    expect(other.events.some((e) => e.type === 'stage.changed' && e.member.state === 'invited')).toBe(false);
    await other.event('stage.changed', (e) => e.member.userId === userId && e.member.state === 'on');
    const producerId = await produceMic(page);
    await host.event('stage.changed', (e) => e.member.userId === userId && e.member.sources.length === 1);

    await host.send('stage.hold', { userId, source: 'mic', held: true });
    await page.event('stage.changed', (e) => e.member.sources[0]?.held === true);
    await other.message('media.paused', ({ paused }) => paused);
    await page.sendRaw('media.producer', { producerId, action: 'resume' });
    expect(other.heard('media.paused')).toHaveLength(1);

    await host.send('stage.remove', { userId });
    await other.event('stage.left', (e) => e.userId === userId);
    await other.message('media.closed');
    expect(await codeOf(page.send('media.publish', {}))).toBe('not-on-stage');
  });

  test('who is banned neither publishes nor watches from that moment on', async () => {
    const { page: host } = await enter(world.host);
    await produceMic(host);
    const before = sfu.node.stats().peers;
    const { page } = await enter(learner(0));
    expect(sfu.node.stats().peers).toBe(before + 1);
    await host.send('member.ban', { userId: learner(0).id, banned: true });
    expect((await page.message('goodbye')).reason).toBe('banned');
    await expect.poll(() => sfu.node.stats().peers).toBe(before);
  });

  test('what is asked in the wrong shape or of others is refused', async () => {
    const { page: host } = await enter(world.host);
    const { page } = await enter(learner(0));
    const producerId = await produceMic(host);
    expect(await codeOf(page.send('media.producer', { producerId, action: 'close' }))).toBe(
      'media-not-found',
    );
    expect(await codeOf(page.send('media.consumer', { consumerId: 'unknown', action: 'pause' }))).toBe(
      'media-not-found',
    );
    const { sendTransport } = await host.send('media.publish', {});
    const codecs = [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48000 }];
    const wrong = {
      transportId: sendTransport.id,
      kind: 'video',
      source: 'mic',
      paused: false,
      rtpParameters: { codecs },
    } as const;
    expect(await codeOf(host.send('media.produce', wrong))).toBe('invalid-input');
    const bare = await openPage(node.url, ticketFor(learner(2), world.classId));
    await bare.join();
    expect(await codeOf(bare.send('media.audioOnly', { audioOnly: true }))).toBe('media-not-found');
  });

  test('who comes back with their media keeps it; who leaves leaves nothing; the end closes all', async () => {
    const { page: host } = await enter(world.host);
    await produceMic(host);
    const first = await enter(learner(0));
    first.page.close();
    const again = await openPage(node.url, ticketFor(learner(0), world.classId));
    const media = webrtcOf((await again.join({ ...withMedia, resume: true })).media);
    expect(media.resumed).toBe(true);
    expect(media.recvTransport.id).toBe(webrtcOf(first.joined.media).recvTransport.id);
    await again.send('media.rejoin', {
      rtpCapabilities: routerRtpCapabilities,
      resume: false,
      audioOnly: true,
    });
    await again.send('leave', {});
    // The grace of those who lost their connection in the tests before has passed.
    node.clock.offset += 31_000;
    await expect.poll(() => sfu.node.stats().peers).toBe(1);
    await host.send('class.start', {});
    await host.send('class.end', {});
    await expect
      .poll(() => sfu.node.stats(), { timeout: 10_000 })
      .toMatchObject({ classes: 0, peers: 0, transports: 0, producers: 0 });
  });

  test('a class that ended without its media is closed there by the next coordinator', async () => {
    const { page: host } = await enter(world.host);
    await host.send('class.start', {});
    await produceMic(host);
    const carried = async () => (await sfu.node.request('class.stage', { classId: world.classId })).producers;
    expect(await carried()).toHaveLength(1);
    // As a coordinator leaves it that dies between storing the end and carrying it out.
    const ended = { state: 'ended', endedAt: new Date() };
    await world.db.prisma.liveClass.update({ where: { id: world.classId }, data: ended });
    const [near, far] = createLocalLink({ contract: sfuContract, log });
    sfu.serve(far);
    const next = await startNode(world.db, { media: localMediaNode(near, sfu.info) });
    const page = await openPage(next.url, ticketFor(learner(0), world.classId));
    await page.join(withMedia);
    await expect.poll(carried).toEqual([]);
    await next.close();
  });

  test('a worker that dies is told to everyone, and media can be joined anew', async () => {
    const { page } = await enter(learner(0));
    const [worker] = sfu.node.stats().workers;
    if (!worker) throw new Error('no worker');
    process.kill(worker.pid, 'SIGKILL');
    await page.message('media.reset', ({ reason }) => reason === 'worker-died');
    await expect
      .poll(
        () =>
          codeOf(
            page.send('media.rejoin', {
              rtpCapabilities: routerRtpCapabilities,
              resume: false,
              audioOnly: false,
            }),
          ),
        {
          timeout: 15_000,
          interval: 300,
        },
      )
      .toBe('ok');
  });
});
