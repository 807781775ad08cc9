/** Classes over several real SFU nodes found in the registry: who goes where, what is said when all are full, who is believed. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { parseSegmentName, playable } from '@keshi/contract/recordings';
import { sfuContract, sfuNodeKind, type SfuNodeInfo } from '@keshi/contract/sfu';
import { createHealth } from '@keshi/runtime/health';
import { createLinkServer } from '@keshi/runtime/link/server';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import { announce } from '@keshi/sfu/announcement';
import { createNodeRecorder } from '@keshi/sfu/node-recorder';
import { createSfuService, type SfuService } from '@keshi/sfu/service';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { registeredMediaNodes, type MediaNodes } from '../src/media/nodes.ts';
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
  type Person,
  type World,
} from './harness.ts';
import { sfuConfig } from '@keshi/sfu/testing/config';
import { webrtcOf } from './media-world.ts';

const secret = 'a secret for these nodes, long enough';
const ttlMs = 60_000;
const withMedia = { ...joinRequest, rtpCapabilities: routerRtpCapabilities };

let world: World;
let state: ReturnType<typeof createMemoryState>;
let media: MediaNodes;
let node: Node;

beforeAll(async () => {
  world = await createWorld(6);
});
beforeEach(async () => {
  state = createMemoryState({ log });
  media = await registeredMediaNodes({ registry: state.registry, secret, nodeId: 'signaling', log });
  node = await startNode(world.db, { media, state });
  world.classId = await world.schedule(`课 ${randomUUID()}`);
});
afterEach(async () => {
  closePages();
  await node.close();
  await media.close();
});
afterAll(() => world.close());

interface Sfu {
  id: string;
  service: SfuService;
  info: SfuNodeInfo;
  /** Whether it records the class. */
  records(): boolean;
  /** Says something else of itself. */
  change(to: Partial<SfuNodeInfo>): Promise<void>;
  /** As a power cut takes it. */
  kill(): Promise<void>;
}

/** A node with room for so many streams, which records into that folder. */
async function startSfu(consumers: number, mediaDir?: string): Promise<Sfu> {
  const id = randomUUID();
  const storeConfig = { kind: 'folder' as const, dir: mediaDir ?? '' };
  const store = mediaDir === undefined ? null : await createMediaStore(storeConfig, log);
  const recorder = store ? createNodeRecorder({ store, storeConfig, log }) : undefined;
  const service = await createSfuService(
    { ...sfuConfig(1), workerConsumers: consumers },
    {
      log,
      metrics: createMetrics({ service: 'sfu' }),
      health: createHealth(log),
      ...(recorder ? { recorder } : {}),
    },
  );
  const links = await createLinkServer({
    contract: sfuContract,
    secret,
    audience: id,
    serve: (link) => service.serve(link),
    log,
    port: 0,
  });
  const info = { url: `ws://127.0.0.1:${links.port}`, meshUrl: null, ...service.info() };
  let changes: Partial<SfuNodeInfo> = {};
  const announcement = await announce({
    registry: state.registry,
    nodeId: id,
    info: () => ({ ...info, ...service.info(), ...changes }),
    log,
  });
  await expect.poll(() => media.list().some((known) => known.id === id)).toBe(true);
  const kill = async () => {
    await links.close();
    await service.pool.close();
  };
  onTestFinished(async () => {
    await announcement.withdraw();
    await links.close();
    await service.close();
    await store?.close();
  });
  const change = async (to: Partial<SfuNodeInfo>) => {
    changes = to;
    await announcement.update();
  };
  const records = () => recorder?.records(world.classId) ?? false;
  return { id, service, info, records, change, kill };
}

const learner = (n: number): Person => {
  const person = world.learners[n];
  if (!person) throw new Error('no such learner');
  return person;
};
async function enter(person: Person) {
  const page = await openPage(node.url, ticketFor(person, world.classId));
  return { page, media: (await page.join(withMedia)).media };
}
/** As signaling knows it: in steps of 2 %, rounded up. */
const usedOf = ({ id }: Sfu) => media.list().find((known) => known.id === id)?.used;
const peersOn = ({ service }: Sfu) => service.node.stats().peers;

test('[A2] picture, then sound, then an honest no before any time counts', async () => {
  const first = await startSfu(2);
  const host = await enter(world.host);
  expect(webrtcOf(host.media)).toMatchObject({ nodeId: first.id, squeezed: false });
  const second = await startSfu(4);
  expect(webrtcOf((await enter(learner(0))).media)).toMatchObject({ nodeId: second.id, squeezed: false });
  await expect.poll(() => usedOf(second), { timeout: 10_000 }).toBe(2);
  const squeezed = await enter(learner(1));
  expect(webrtcOf(squeezed.media)).toMatchObject({ nodeId: second.id, squeezed: true });
  await expect.poll(() => usedOf(second), { timeout: 10_000 }).toBeCloseTo(3.04);
  expect(await codeOf(squeezed.page.send('media.audioOnly', { audioOnly: false }))).toBe('full');

  const refused = await openPage(node.url, ticketFor(learner(2), world.classId));
  const answer = await refused.sendRaw('join', withMedia);
  expect(answer).toMatchObject({ ok: false, error: { code: 'full', retryMs: 10_000 } });
  expect(node.signaling.census().visits).toBe(3);
  await host.page.message('counts', ({ squeezed: few, online }) => few === 1 && online === 2);

  // A node that comes while the class runs takes who was given less, without being asked.
  const third = await startSfu(100);
  await squeezed.page.message('media.reset', ({ reason }) => reason === 'capacity');
  const again = await squeezed.page.send('media.rejoin', {
    rtpCapabilities: routerRtpCapabilities,
    resume: false,
    audioOnly: false,
  });
  expect(webrtcOf(again.media)).toMatchObject({ nodeId: third.id, squeezed: false });
  await expect.poll(() => [peersOn(second), peersOn(third)]).toEqual([1, 1]);
  expect(webrtcOf((await enter(learner(2))).media).squeezed).toBe(false);
});

test('[AT9] who is on a node that dies is told within moments, and goes to another', async () => {
  const first = await startSfu(50);
  const host = await enter(world.host);
  const second = await startSfu(50);
  const { page, media: given } = await enter(learner(0));
  expect(webrtcOf(given).nodeId).toBe(first.id);
  const killedAt = performance.now();
  await first.kill();
  await page.message('media.reset', ({ reason }) => reason === 'unavailable');
  expect(performance.now() - killedAt).toBeLessThan(5_000);
  for (const each of [page, host.page]) {
    const again = await each.send('media.rejoin', {
      rtpCapabilities: routerRtpCapabilities,
      resume: false,
      audioOnly: false,
    });
    expect(webrtcOf(again.media).nodeId).toBe(second.id);
  }
  expect(peersOn(second)).toBe(2);
});

test('a node that drains is left for another, which takes over before the former ends', async () => {
  const first = await startSfu(50);
  const { page } = await enter(learner(0));
  const second = await startSfu(50);
  await first.change({ draining: true });
  await page.message('media.reset', ({ reason }) => reason === 'moving');
  expect(peersOn(first)).toBe(1);
  const again = await page.send('media.rejoin', {
    rtpCapabilities: routerRtpCapabilities,
    resume: false,
    audioOnly: false,
  });
  expect(webrtcOf(again.media).nodeId).toBe(second.id);
  await expect.poll(() => peersOn(first)).toBe(0);
});

test('who comes back with media that lives on keeps it, also from a coordinator that does not know of it', async () => {
  const nodes = [await startSfu(50), await startSfu(50)];
  const first = await enter(learner(0));
  const { nodeId, recvTransport } = webrtcOf(first.media);
  // Another life of signaling over the same nodes.
  first.page.close();
  await node.close();
  const clock = { offset: 0, stoppedAt: null };
  state = createMemoryState({ log });
  media = await registeredMediaNodes({ registry: state.registry, secret, nodeId: 'signaling-2', log });
  node = await startNode(world.db, { media, state, clock });
  for (const { id, info } of nodes) await state.registry.announce(sfuNodeKind, id, info, ttlMs);
  await expect.poll(() => media.list().length).toBe(2);
  const again = await openPage(node.url, ticketFor(learner(0), world.classId));
  const joined = webrtcOf((await again.join({ ...withMedia, resume: true, mediaNode: nodeId })).media);
  expect(joined).toMatchObject({ nodeId, resumed: true, recvTransport: { id: recvTransport.id } });
});

test('[A6] another coordinator takes the recording up where it is, and no moment is recorded twice', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'keshi-recorded-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const nodes = [await startSfu(50, dir), await startSfu(50, dir)];
  const { classId } = world;
  await world.db.prisma.liveClass.update({ where: { id: classId }, data: { record: true } });
  const learned = await enter(learner(0));
  const host = await enter(world.host);
  await host.page.send('class.start', {});
  const recording = () => nodes.filter((sfu) => sfu.records()).map(({ id }) => id);
  await expect.poll(recording, { timeout: 20_000 }).toEqual([webrtcOf(host.media).nodeId]);
  await host.page.message('recording', (now) => now.state === 'on');

  // Another life of signaling, which hears of a learner first, and of the host later.
  host.page.close();
  learned.page.close();
  await node.close();
  await media.close();
  state = createMemoryState({ log });
  media = await registeredMediaNodes({ registry: state.registry, secret, nodeId: 'signaling-2', log });
  node = await startNode(world.db, { media, state });
  const { nodeId: mediaNode } = webrtcOf(host.media);
  // The host's node is the fuller one, so that whoever comes first is on the other.
  for (const { id, info } of nodes) {
    const said = { ...info, records: true, usedPercent: id === mediaNode ? 80 : 0 };
    await state.registry.announce(sfuNodeKind, id, said, ttlMs);
  }
  await expect.poll(() => media.list().length).toBe(2);
  const first = await enter(learner(1));
  expect(webrtcOf(first.media).nodeId).not.toBe(mediaNode);
  const again = await openPage(node.url, ticketFor(world.host, classId));
  const { snapshot } = await again.join({ ...withMedia, resume: true, mediaNode });
  if (snapshot.recording.state !== 'on') await again.message('recording', (now) => now.state === 'on');
  expect(recording()).toEqual([mediaNode]);
  await again.send('class.end', {});
  await expect.poll(recording, { timeout: 20_000 }).toEqual([]);

  const store = await createMediaStore({ kind: 'folder', dir }, log);
  onTestFinished(() => store.close());
  const stored = (await store.list(`recordings/${classId}/main/`)).flatMap(
    ({ name }) => parseSegmentName(name) ?? [],
  );
  expect(stored.length).toBeGreaterThan(0);
  expect(playable(stored)).toEqual(stored);
});

test('a forged, a stale, a misshapen and a second entry of a node are not believed, and disturb nobody', async () => {
  const real = await startSfu(50);
  const stranger = await createLinkServer({
    contract: sfuContract,
    secret: 'another secret that is not known here',
    audience: 'forged',
    serve: () => undefined,
    log,
    port: 0,
  });
  onTestFinished(() => stranger.close());
  const huge = { ...real.info, budget: 1_000_000, usedPercent: 0 };
  const at = `ws://127.0.0.1:${stranger.port}`;
  await state.registry.announce(sfuNodeKind, 'forged', { ...huge, url: at }, ttlMs);
  await state.registry.announce(sfuNodeKind, 'misshapen', { ...huge, url: 'file:///etc/passwd' }, ttlMs);
  await state.registry.announce(sfuNodeKind, real.id, { ...huge, url: at }, ttlMs);
  // Somebody else listens where a node was announced that is gone.
  await state.registry.announce(sfuNodeKind, 'stale', { ...huge, url: real.info.url }, ttlMs);
  expect(webrtcOf((await enter(learner(0))).media).nodeId).toBe(real.id);
  expect(webrtcOf((await enter(world.host)).media).nodeId).toBe(real.id);
  expect(media.list().map(({ id }) => id)).toEqual([real.id]);
});
