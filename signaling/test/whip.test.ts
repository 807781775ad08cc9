/** WHIP as an encoder meets it: real HTTP, a real SFU, the sessions of a real database. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { MediaSource } from '@keshi/contract/domain';
import { sfuContract } from '@keshi/contract/sfu';
import { sessionsChannel } from '@keshi/contract/tokens';
import { endSession, openSession } from '@keshi/db/login-sessions';
import { AppError } from '@keshi/runtime/errors';
import { createHealth } from '@keshi/runtime/health';
import { createLocalLink } from '@keshi/runtime/link/local';
import { createMetrics } from '@keshi/runtime/metrics';
import type { State } from '@keshi/runtime/state/ports';
import { createState } from '@keshi/runtime/state/state';
import { createSfuService, type SfuService } from '@keshi/sfu/service';
import { parse } from 'sdp-transform';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createConnections } from '../src/connections.ts';
import { createSessions, type Sessions } from '../src/sessions.ts';
import { createWhipStage } from '../src/whip/stage.ts';
import { createWhip, type Whip } from '../src/whip/whip.ts';
import { createWorld, log, sign, tokenSecret, type World } from './harness.ts';
import { sfuConfig } from '@keshi/sfu/testing/config';

let sfu: SfuService;
let world: World;
let state: State;
let sessions: Sessions;
let unwatch: () => Promise<void>;
let now = 0;
/** What the coordinator of each class says of its host; absent: nobody of the stage. */
const admitted = new Map<string, { nodeId: string | null; held: MediaSource[] }>();

interface Node {
  url: string;
  whip: Whip;
  http: Server;
}
let node: Node;
let classId: string;
let sid: string;

beforeAll(async () => {
  sfu = await createSfuService(sfuConfig(1), {
    log,
    metrics: createMetrics({ service: 'sfu' }),
    health: createHealth(log),
  });
  world = await createWorld(1);
  state = await createState({ redisUrl: null }, log);
  const nodes: Whip[] = [];
  const clock = () => Date.now() + now;
  sessions = createSessions({
    bus: state.bus,
    db: world.db,
    connections: createConnections(),
    now: clock,
    log,
    ended: (login) => nodes.forEach((whip) => whip.loginEnded(login)),
  });
  unwatch = await sessions.watch();
  node = await startNode(nodes);
});
beforeEach(async () => {
  now += 3_600_000;
  classId = await world.schedule(`课 ${randomUUID()}`);
  admitted.set(classId, { nodeId: 'local', held: [] });
  const opened = await openSession(world.db, {
    userId: world.host.id,
    refreshHash: randomUUID(),
    userAgent: 'test',
    now: Date.now(),
    expiresAt: Date.now() + 86_400_000,
  });
  sid = opened.id;
});
afterAll(async () => {
  await closeNode(node);
  await unwatch();
  await state.close();
  await sfu.close();
  await world.close();
});

async function startNode(nodes: Whip[] = []): Promise<Node> {
  const [near, far] = createLocalLink({ contract: sfuContract, log });
  sfu.serve(far);
  const clock = () => Date.now() + now;
  const whip = await createWhip({
    stage: createWhipStage({
      async admit(id) {
        const answer = admitted.get(id);
        if (!answer) throw new AppError('not-on-stage');
        const { nodeId, held } = answer;
        if (nodeId === null) throw new AppError('media-unavailable', { retryMs: 2_000 });
        await near.request('class.open', { classId: id, nodes: [] });
        return { nodeId, link: near, held };
      },
      link: (id) => (id === 'local' ? near : null),
    }),
    nodeId: randomUUID(),
    bus: state.bus,
    tokenSecret,
    endedLogins: (sids) => sessions.endedOf(sids),
    iceServers: () => [
      { urls: ['turn:turn.example:443?transport=tcp'], username: '1:me', credential: 'c2VjcmV0' },
    ],
    trustProxy: 0,
    now: clock,
    log,
  });
  nodes.push(whip);
  const http = createServer((req, res) => {
    whip.handle(req, res).then(
      (handled) => handled || res.writeHead(404).end('somebody else'),
      () => res.destroy(),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, whip, http };
}

async function closeNode({ whip, http }: Node): Promise<void> {
  await whip.close();
  http.closeAllConnections();
  http.close();
}

const offer = (name: string) => readFileSync(new URL(`offers/${name}.sdp`, import.meta.url), 'utf8');
const claims = (changes: object = {}) => ({
  kind: 'whip',
  sub: world.host.id,
  sid,
  classId,
  name: world.host.name,
  exp: Math.floor((Date.now() + now) / 1000) + 3_600,
  ...changes,
});
const tokenOf = (changes: object = {}, secret = tokenSecret) => sign(claims(changes), secret);

interface Asked {
  token?: string | null;
  type?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  to?: Node;
}

async function ask(method: string, path: string, asked: Asked = {}): Promise<Response> {
  const { token = tokenOf(), type, body, headers = {}, to = node } = asked;
  return fetch(to.url + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(type ? { 'content-type': type } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
}

const publish = (name = 'obs-30', asked: Asked = {}) =>
  ask('POST', `/whip/${classId}`, { type: 'application/sdp', body: offer(name), ...asked });
const begin = async (name?: string, asked?: Asked) => {
  const response = await publish(name, asked);
  expect(response.status).toBe(201);
  return { location: response.headers.get('location') ?? '', etag: response.headers.get('etag') ?? '' };
};
const onStage = async () =>
  (await sfu.node.request('class.stage', { classId })).producers.map(({ source }) => source).sort();
const problem = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return (await response.json()) as { status: number; title: string; detail?: string; code?: string };
};

describe('an encoder', () => {
  test.each(['obs-30', 'obs-32-simulcast', 'gstreamer-1.22', 'chromium', 'chromium-simulcast'])(
    '%s publishes with one request, and ends with another',
    async (name) => {
      const response = await publish(name);
      expect(response.status).toBe(201);
      expect(response.headers.get('content-type')).toBe('application/sdp');
      expect(response.headers.get('etag')).toMatch(/^"[\w-]{22}"$/);
      expect(response.headers.get('link')).toBe(
        '<turn:turn.example:443?transport=tcp>; rel="ice-server"; username="1:me"; ' +
          'credential="c2VjcmV0"; credential-type="password"',
      );
      const answer = parse(await response.text());
      expect(answer.media.map(({ direction }) => direction)).toEqual(['recvonly', 'recvonly']);
      const over = answer.media[0]?.candidates?.map(({ transport }) => transport);
      expect(new Set(over)).toEqual(new Set(['udp', 'tcp']));
      expect(await onStage()).toEqual(['camera', 'mic']);

      const location = response.headers.get('location') ?? '';
      expect(location).toMatch(new RegExp(`^/whip/${classId}/[\\w.-]+$`));
      const before = sfu.node.stats().transports;
      expect((await ask('DELETE', location)).status).toBe(200);
      expect(await onStage()).toEqual([]);
      expect(sfu.node.stats().transports).toBe(before - 1);
    },
  );

  test('that starts again takes its own place; what it left behind ends nothing of it', async () => {
    const first = await begin();
    const second = await begin();
    expect(await onStage()).toEqual(['camera', 'mic']);
    expect((await ask('DELETE', first.location)).status).toBe(404);
    expect(await onStage()).toEqual(['camera', 'mic']);
    expect((await ask('DELETE', second.location)).status).toBe(200);
    expect(await problem(await ask('DELETE', second.location))).toMatchObject({ status: 404 });
    expect(node.whip.size).toBe(0);
  });

  test('that starts again at another node is not ended by what it left behind', async () => {
    const other = await startNode();
    const first = await begin();
    const second = await begin(undefined, { to: other });
    expect((await ask('DELETE', first.location)).status).toBe(200);
    expect(await onStage()).toEqual(['camera', 'mic']);
    expect((await ask('DELETE', second.location)).status).toBe(200);
    expect(await onStage()).toEqual([]);
    await closeNode(other);
  });

  test('can be asked about at any node', async () => {
    const other = await startNode();
    const { location, etag } = await begin();
    const fragment = 'a=ice-ufrag:JLvv\r\na=ice-pwd:AVQo+aTrh2UHIfcZiaNfD9\r\n';
    const trickle = { type: 'application/trickle-ice-sdpfrag', body: fragment, to: other };
    expect((await ask('PATCH', location, { ...trickle, headers: { 'if-match': etag } })).status).toBe(204);
    expect((await ask('DELETE', location, { to: other })).status).toBe(200);
    expect(await onStage()).toEqual([]);
    expect((await ask('DELETE', location, { to: other })).status).toBe(404);
    await closeNode(other);
    expect((await ask('DELETE', location, { to: node })).status).toBe(404);
  });

  test('whose source the class holds muted is muted from its first packet', async () => {
    admitted.set(classId, { nodeId: 'local', held: ['mic'] });
    await begin();
    const { producers } = await sfu.node.request('class.stage', { classId });
    expect(producers.find(({ source }) => source === 'mic')?.paused).toBe(true);
    expect(producers.find(({ source }) => source === 'camera')?.paused).toBe(false);
  });
});

describe('what an encoder may send later', () => {
  const fragment =
    'a=ice-ufrag:JLvv\r\na=ice-pwd:AVQo+aTrh2UHIfcZiaNfD9\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n';
  const type = 'application/trickle-ice-sdpfrag';

  test('candidates: 204 for the ICE session they are of, 412 for another, 428 when it is not said', async () => {
    const { location, etag } = await begin();
    const patch = (headers: Record<string, string>, body = fragment, of = type) =>
      ask('PATCH', location, { type: of, body, headers });
    const taken = await patch({ 'if-match': etag });
    expect(taken.status).toBe(204);
    expect(taken.headers.get('etag')).toBeNull();
    expect((await patch({ 'if-match': '"xyzzy"' })).status).toBe(412);
    expect((await patch({})).status).toBe(428);
    expect((await patch({ 'if-match': etag }, 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host')).status).toBe(
      400,
    );
    expect((await patch({ 'if-match': etag }, fragment, 'application/sdp')).status).toBe(415);
  });

  test('new ICE credentials restart ICE: ours are new too, and so is the tag', async () => {
    const posted = await publish();
    const before = parse(await posted.text()).media[0]?.iceUfrag;
    const location = posted.headers.get('location') ?? '';
    const restarted = await ask('PATCH', location, {
      type,
      body: 'a=ice-ufrag:ysXw\r\na=ice-pwd:vw5LmwG4y/e6dPP/zAP9Gp5k\r\n',
      headers: { 'if-match': '*' },
    });
    expect(restarted.status).toBe(200);
    expect(restarted.headers.get('content-type')).toBe(type);
    const text = await restarted.text();
    expect(text).toMatch(/^a=ice-lite\r\na=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\n$/);
    expect(text).not.toContain(before);
    expect(restarted.headers.get('etag')).not.toBe(posted.headers.get('etag'));
    expect(await onStage()).toEqual(['camera', 'mic']);
  });
});

describe('who may not', () => {
  test('without a token, with one that is forged, over, of another kind or of another class', async () => {
    const head = { alg: 'none', typ: 'JWT' };
    const wrong: [string, string | null, number, string][] = [
      ['none', null, 401, 'unauthenticated'],
      ['garbage', 'garbage', 401, 'unauthenticated'],
      ['forged', tokenOf({}, 'another secret that is long enough'), 401, 'unauthenticated'],
      ['unsigned', sign(claims(), tokenSecret, head), 401, 'unauthenticated'],
      ['expired', tokenOf({ exp: Math.floor((Date.now() + now) / 1000) - 1 }), 401, 'token-expired'],
      ['without end', tokenOf({ exp: undefined }), 401, 'unauthenticated'],
      ['a ticket', tokenOf({ kind: 'ticket', role: 'host' }), 401, 'unauthenticated'],
      ['of another class', tokenOf({ classId: randomUUID() }), 403, 'forbidden'],
    ];
    for (const [name, token, status, code] of wrong) {
      const refused = await publish('obs-30', { token });
      expect([name, refused.status]).toEqual([name, status]);
      expect(await problem(refused)).toMatchObject({ status, code });
      if (status === 401) expect(refused.headers.get('www-authenticate')).toContain('Bearer');
    }
    expect(await onStage()).toEqual([]);
  });

  test('a stranger to the session ends nothing', async () => {
    const { location } = await begin();
    const token = tokenOf({ sub: world.learners[0]?.id });
    expect((await ask('DELETE', location, { token })).status).toBe(404);
    expect((await ask('DELETE', location, { token: null })).status).toBe(401);
    expect((await ask('DELETE', location.replace(/.$/, '_'))).status).toBe(404);
    expect(await onStage()).toEqual(['camera', 'mic']);
  });

  test('[B6] whose login ends: the picture goes at once, and the token opens nothing any more', async () => {
    await begin();
    await endSession(world.db, { id: sid, reason: 'revoked', now: Date.now() });
    await state.bus.publish(sessionsChannel, { sid, userId: world.host.id, reason: 'session-revoked' });
    await expect.poll(onStage).toEqual([]);
    expect(await problem(await publish())).toMatchObject({ status: 401, code: 'session-revoked' });
  });

  test('[B6] whose login ended unheard: the next sweep finds it', async () => {
    await begin();
    await endSession(world.db, { id: sid, reason: 'replaced', now: Date.now() });
    expect(await onStage()).toEqual(['camera', 'mic']);
    await node.whip.sweep();
    await expect.poll(onStage).toEqual([]);
    expect(await problem(await publish())).toMatchObject({ status: 401, code: 'session-replaced' });
  });

  test('whoever has no place on this stage, and nobody while there is no SFU', async () => {
    admitted.delete(classId);
    expect(await problem(await publish())).toMatchObject({ status: 409, code: 'not-on-stage' });
    admitted.set(classId, { nodeId: null, held: [] });
    const away = await publish();
    expect(away.headers.get('retry-after')).toBe('2');
    expect(await problem(away)).toMatchObject({ status: 503, code: 'media-unavailable' });
  });

  test('whoever asks without pause is told when to come again', async () => {
    const answers = await Promise.all(Array.from({ length: 14 }, () => publish('obs-30-av1')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(4);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('what cannot be taken', () => {
  test('an unsupported codec: 406 with words for the person before the encoder', async () => {
    expect(await problem(await publish('obs-30-av1'))).toMatchObject({
      status: 406,
      title: 'Not Acceptable',
      detail: expect.stringContaining('H.264'),
    });
  });

  test('garbage 400, another type 415, too much 413; nothing of them stays', async () => {
    const before = sfu.node.stats().transports;
    const post = (body: string | Buffer, type = 'application/sdp') => publish('obs-30', { body, type });
    expect((await post('v=0\r\nhello')).status).toBe(400);
    expect((await post(Buffer.from([0xff, 0xfe, 0x00]))).status).toBe(400);
    expect((await post('')).status).toBe(400);
    expect((await post(offer('obs-30'), 'application/json')).status).toBe(415);
    expect((await post(`v=0\r\n${'a=x\r\n'.repeat(20_000)}`)).status).toBe(413);
    expect(await chunked(`v=0\r\n${'a=x\r\n'.repeat(20_000)}`)).toBe(413);
    expect(sfu.node.stats().transports).toBe(before);
  });

  test('parameters that only the SFU finds wrong: 422, and the transport made for them is closed', async () => {
    const before = sfu.node.stats().transports;
    const twice = offer('obs-30').replaceAll('3957928346', '3957928345');
    const refused = await publish('obs-30', { body: twice });
    expect(await problem(refused)).toMatchObject({ status: 422, code: 'media-refused' });
    expect(sfu.node.stats().transports).toBe(before);
    expect(await onStage()).toEqual([]);
    expect(node.whip.size).toBe(0);
  });
});

/** A body without a length beforehand. */
async function chunked(body: string): Promise<number> {
  const sent = httpRequest(`${node.url}/whip/${classId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf()}`, 'content-type': 'application/sdp' },
  });
  const answered = once(sent, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
  for (let at = 0; at < body.length; at += 8_192) sent.write(body.slice(at, at + 8_192));
  sent.end();
  const [response] = await answered;
  response.resume();
  return response.statusCode;
}

describe('addresses', () => {
  test('say what they are for, to pages of any origin', async () => {
    const endpoint = await ask('OPTIONS', `/whip/${classId}`, { token: null });
    expect(endpoint.status).toBe(200);
    expect(endpoint.headers.get('accept-post')).toBe('application/sdp');
    expect(endpoint.headers.get('access-control-allow-origin')).toBe('*');
    expect(endpoint.headers.get('access-control-allow-methods')).toBe('OPTIONS, POST');
    const session = await ask('OPTIONS', `/whip/${classId}/some.session`, { token: null });
    expect(session.headers.get('access-control-allow-methods')).toBe('OPTIONS, PATCH, DELETE');
    expect((await publish()).headers.get('access-control-expose-headers')).toContain('Location');
  });

  test('know their methods alone, and no address beside them', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
      const refused = await ask(method, `/whip/${classId}`);
      expect([method, refused.status, refused.headers.get('allow')]).toEqual([method, 405, 'OPTIONS, POST']);
    }
    expect((await ask('POST', `/whip/${classId}/some.session`)).status).toBe(405);
    expect((await ask('POST', '/whip/unknown')).status).toBe(404);
    expect((await ask('POST', `/whip/${classId}/a/b`)).status).toBe(404);
    expect((await ask('DELETE', `/whip/${classId}/${encodeURIComponent('../x')}`)).status).toBe(404);
    expect(await (await ask('GET', '/whippet')).text()).toBe('somebody else');
  });
});
