/** An encoder in a real class: what its instructor publishes with it is on stage as if a page had published it. */
import { readFileSync } from 'node:fs';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { sfuContract } from '@keshi/contract/sfu';
import { sessionsChannel } from '@keshi/contract/tokens';
import { endSession, openSession } from '@keshi/db/login-sessions';
import { createHealth } from '@keshi/runtime/health';
import { createLocalLink } from '@keshi/runtime/link/local';
import { createMetrics } from '@keshi/runtime/metrics';
import { createSfuService, type SfuService } from '@keshi/sfu/service';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { localMediaNode } from '../src/media/nodes.ts';
import {
  closePages,
  createWorld,
  joinRequest,
  log,
  openPage,
  sign,
  startNode,
  ticketFor,
  type Node,
  type Person,
  type World,
} from './harness.ts';
import { sfuConfig } from '@keshi/sfu/testing/config';

let sfu: SfuService;
let world: World;
let node: Node;
let host: Person;
beforeAll(async () => {
  const metrics = createMetrics({ service: 'sfu' });
  sfu = await createSfuService(sfuConfig(1), { log, metrics, health: createHealth(log) });
  const [near, far] = createLocalLink({ contract: sfuContract, log });
  sfu.serve(far);
  world = await createWorld();
  node = await startNode(world.db, {
    media: localMediaNode(near, sfu.info),
    turn: { urls: ['turn:turn.example:443?transport=tcp', 'turns:turn.example:443'], secret: 'shared' },
  });
});
beforeEach(async () => {
  world.classId = await world.schedule(`课 ${crypto.randomUUID()}`);
  const { id: sid } = await openSession(world.db, {
    userId: world.host.id,
    refreshHash: crypto.randomUUID(),
    userAgent: 'test',
    now: Date.now(),
    expiresAt: Date.now() + 86_400_000,
  });
  host = { ...world.host, sid };
});
afterEach(closePages);
afterAll(async () => {
  await node.close();
  await sfu.close();
  await world.close();
});

const learner = (): Person => {
  const [first] = world.learners;
  if (!first) throw new Error('no learner');
  return first;
};
async function enter(person: Person) {
  const page = await openPage(node.url, ticketFor(person, world.classId));
  return { page, joined: await page.join({ ...joinRequest, rtpCapabilities: routerRtpCapabilities }) };
}
const tokenOf = ({ id: sub, sid, name }: Person) =>
  sign({
    kind: 'whip',
    sub,
    sid,
    classId: world.classId,
    name,
    exp: Math.floor(Date.now() / 1000) + 3_600,
  });
const offer = readFileSync(new URL('offers/obs-30.sdp', import.meta.url), 'utf8');
const publish = (person: Person) =>
  fetch(`${node.url}/whip/${world.classId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf(person)}`, 'content-type': 'application/sdp' },
    body: offer,
  });
const end = (response: Response) =>
  fetch(node.url + (response.headers.get('location') ?? ''), {
    method: 'DELETE',
    headers: { authorization: `Bearer ${tokenOf(host)}` },
  });

test('picture and sound of an encoder come to those who are there, and to those who come later', async () => {
  const { page } = await enter(learner());
  const response = await publish(host);
  expect(response.status).toBe(201);
  const link = response.headers.get('link') ?? '';
  expect(link).toContain('<turn:turn.example:443?transport=tcp>; rel="ice-server"');
  expect(link).toContain('<turns:turn.example:443>; rel="ice-server"');

  await page.message('media.consumer', ({ source, userId }) => source === 'camera' && userId === host.id);
  await page.message('media.consumer', ({ source }) => source === 'mic');
  await page.event('stage.changed', ({ member }) => member.userId === host.id && member.sources.length === 2);
  const { joined } = await enter(world.host);
  expect(joined.snapshot.stage).toMatchObject([{ userId: host.id, role: 'host' }]);
  expect(joined.snapshot.stage[0]?.sources.map(({ source }) => source).sort()).toEqual(['camera', 'mic']);

  expect((await end(response)).status).toBe(200);
  await page.event('stage.changed', ({ member }) => member.userId === host.id && member.sources.length === 0);
});

test('the console mutes what an encoder sends as it mutes a page', async () => {
  const { page } = await enter(host);
  await publish(host);
  await page.event('stage.changed', ({ member }) => member.sources.length === 2);
  await page.send('stage.hold', { userId: host.id, source: 'mic', held: true });
  await expect
    .poll(async () => {
      const { producers } = await sfu.node.request('class.stage', { classId: world.classId });
      return producers.find(({ source }) => source === 'mic')?.paused;
    })
    .toBe(true);
  // It stays so when the encoder comes back.
  await publish(host);
  const { producers } = await sfu.node.request('class.stage', { classId: world.classId });
  expect(producers.find(({ source }) => source === 'mic')?.paused).toBe(true);
});

test('a learner’s encoder is refused, whatever its token says', async () => {
  const refused = await publish(learner());
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ code: 'not-on-stage' });
});

test('[B6] the end of the login ends the picture at once', async () => {
  const { page } = await enter(learner());
  await publish(host);
  await page.event('stage.changed', ({ member }) => member.sources.length === 2);
  await endSession(world.db, { id: host.sid, reason: 'revoked', now: Date.now() });
  await node.state.bus.publish(sessionsChannel, {
    sid: host.sid,
    userId: host.id,
    reason: 'session-revoked',
  });
  // Nobody of the host is there any more, neither page nor encoder.
  await page.event('stage.left', ({ userId }) => userId === host.id);
  expect((await publish(host)).status).toBe(401);
});

test('the end of the class ends the session, and no other begins', async () => {
  const { page } = await enter(host);
  const response = await publish(host);
  await page.send('class.start', {});
  const producers = async () =>
    (await sfu.node.request('class.stage', { classId: world.classId })).producers.length;
  expect(await producers()).toBe(2);
  await page.send('class.end', {});
  await expect.poll(producers, { timeout: 10_000 }).toBe(0);
  await expect.poll(async () => (await end(response)).status).toBe(404);
  expect((await publish(host)).status).toBe(409);
});
