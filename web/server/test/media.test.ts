import { randomBytes } from 'node:crypto';
import { initName, previewIndexName, recordingPrefix, segmentName } from '@keshi/contract/recordings';
import { recordingEnded, recordingReady, recordingStarted } from '@keshi/db/recordings';
import { signPath } from '@keshi/runtime/media-store/signed-path';
import { type TestMinio, startMinio } from '@keshi/runtime/testing/minio';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

const secret = 'a secret of the tests, long enough to be one';
const otherClass = '018f0000-0000-7000-8000-000000000009';
const hour = 3_600_000;
const access = z.object({ sub: z.string(), sid: z.string() });

interface Ask {
  headers?: Record<string, string>;
  /** The node that is asked; the first when not given. */
  from?: { url: string };
  /** The token in the path. */
  by?: string;
}

let minio: TestMinio;
beforeAll(async () => {
  minio = await startMinio();
});
afterAll(() => minio.stop());

describe.each(['folder', 's3'] as const)('recordings kept in a store of kind %s', (kind) => {
  let web: RunningWeb;
  let second: Awaited<ReturnType<RunningWeb['another']>>;
  let classId: string;
  let token: string;
  let startedAt: number;
  const body = randomBytes(200_000);

  const sign = (claims: { sub: string; sid: string }, prefix = recordingPrefix(classId), life = hour) =>
    signPath({ secret, prefix, ...claims, expiresAt: web.clock() + life });
  const get = (path: string, { headers = {}, from, by = token }: Ask = {}) =>
    fetch(`${(from ?? web).url}/media/${by}/recordings/${path}`, { headers });
  const codeOf = async (response: Response) => [response.status, Object(await response.json()).error?.code];
  const segment = (n: number, view: 'main' | 'camera' = 'main', take = 'take0001') => ({
    classId,
    view,
    startMs: startedAt + n * 2_000,
    durationMs: 2_000,
    take,
  });
  const fileOf = (n: number) => segmentName(segment(n)).slice(recordingPrefix(classId).length);

  async function store(name: string, bytes: Uint8Array): Promise<void> {
    await web.mediaStore.put(name, bytes, { contentType: 'video/iso.segment' });
  }

  beforeAll(async () => {
    web = await runWeb(kind === 's3' ? { mediaStore: await minio.bucket() } : {});
    second = await web.another();
    classId = web.world.held.id;
    startedAt = web.clock() - hour;
    token = sign(access.parse(decodeJwt(await tokenOf(web, 'learner'))));
    await recordingStarted(web.db, { classId, at: startedAt });
  });
  afterAll(async () => {
    await second.close();
    await web.close();
  });

  it('are not there before the first segment', async () => {
    expect(await codeOf(await get(`${classId}/main.m3u8`))).toEqual([404, 'not-found']);
  });

  it('play from any node while the class runs, and the end of the class completes them', async () => {
    await store(initName(segment(0)), Buffer.from('init'));
    for (const n of [0, 1]) await store(segmentName(segment(n)), body);
    const response = await get(`${classId}/main.m3u8`, { from: second });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toContain('#EXT-X-PLAYLIST-TYPE:EVENT');

    // What is recorded meanwhile shows at once on each of the nodes.
    for (let n = 2; n < 20; n += 1) await store(segmentName(segment(n)), body);
    await expect
      .poll(async () => (await get(`${classId}/main.m3u8`, { from: second })).text())
      .toContain(fileOf(19));
    const live = await (await get(`${classId}/main.m3u8?live=1`, { from: second })).text();
    expect(live).toContain('#EXT-X-MEDIA-SEQUENCE:15');
    expect(live.match(/m4s/g)).toHaveLength(5);

    // The addresses in it lead to the bytes, token and all.
    const base = `${second.url}/media/${token}/recordings/${classId}/main.m3u8`;
    for (const [uri, expected] of [
      [/URI="(.*)"/.exec(live)?.[1], Buffer.from('init')],
      [live.trimEnd().split('\n').at(-1), body],
    ] as const) {
      const got = await fetch(new URL(uri ?? '', base));
      expect(got.status).toBe(200);
      expect(got.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      expect(Buffer.from(await got.arrayBuffer()).equals(expected)).toBe(true);
    }

    await recordingEnded(web.db, { classId, at: startedAt + 40_000 });
    expect(await (await get(`${classId}/main.m3u8`)).text()).not.toContain('ENDLIST');
    await recordingReady(web.db, {
      classId,
      durationMs: 40_000,
      views: ['main'],
      bytes: 4_000_000,
      hasPreview: false,
    });
    await expect.poll(async () => (await get(`${classId}/main.m3u8`)).text()).toContain('#EXT-X-ENDLIST');
    expect(await (await get(`${classId}/main.m3u8`)).text()).toContain('#EXT-X-PLAYLIST-TYPE:VOD');
    const plain = await get(`${classId}/main.m3u8`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toContain('#EXT-X-ENDLIST');
  });

  it('give the main picture for the camera where there was none of its own', async () => {
    expect(await (await get(`${classId}/camera.m3u8`)).text()).toContain(fileOf(0));
  });

  it('are served by range', async () => {
    const path = `${classId}/${fileOf(0)}`;
    const part = await get(path, { headers: { range: 'bytes=10-19' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 10-19/200000');
    expect(Buffer.from(await part.arrayBuffer()).equals(body.subarray(10, 20))).toBe(true);
    const rest = await get(path, { headers: { range: 'bytes=199990-' } });
    expect([rest.status, rest.headers.get('content-length')]).toEqual([206, '10']);
    expect(Buffer.from(await rest.arrayBuffer()).equals(body.subarray(199_990))).toBe(true);
    const past = await get(path, { headers: { range: 'bytes=200000-' } });
    expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */200000']);
    for (const range of ['bytes=-5', 'bytes=1-2,4-5', 'bytes=9-2', 'lines=1-2']) {
      const whole = await get(path, { headers: { range } });
      expect([whole.status, (await whole.arrayBuffer()).byteLength], range).toEqual([200, 200_000]);
    }
    const head = await fetch(`${web.url}/media/${token}/recordings/${path}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '200000']);
    expect(head.headers.get('content-type')).toBe('video/iso.segment');
  });

  it('come with their seek previews', async () => {
    const index = JSON.stringify({ everyMs: 2_000 });
    await store(previewIndexName(classId), Buffer.from(index));
    const response = await get(`${classId}/preview/index.json`);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('cache-control')).toBe('private, max-age=600');
    expect(await response.text()).toBe(index);
  });

  it('are large objects too, passed on as they come', async () => {
    const large = randomBytes(6_000_000);
    await store(segmentName(segment(-5, 'main', 'large000')), large);
    const path = segmentName(segment(-5, 'main', 'large000')).slice('recordings/'.length);
    const response = await get(path);
    expect(response.headers.get('content-length')).toBe('6000000');
    expect(Buffer.from(await response.arrayBuffer()).equals(large)).toBe(true);
    const broken = await fetch(`${web.url}/media/${token}/recordings/${path}`);
    await broken.body?.cancel();
    expect((await get(path)).status).toBe(200);
    await web.mediaStore.remove(`recordings/${path}`);
  });

  it('are refused to a path that leaves its folder, before anything is read', async () => {
    await web.mediaStore.put(`recordings/${otherClass}/main/secret.m4s`, Buffer.from('secret'), {
      contentType: 'video/iso.segment',
    });
    for (const path of [
      `..%2f${otherClass}/main/secret.m4s`,
      `main%2f..%2f..%2f${otherClass}%2fmain%2fsecret.m4s`,
      `%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd`,
      `main/%2e%2e%5c%2e%2e%5cx`,
      `main/x%00.m4s`,
      `main//x.m4s`,
      `.tmp/x`,
      'x'.repeat(600),
    ]) {
      const response = await get(`${classId}/${path}`);
      expect(await codeOf(response), path).toEqual([400, 'invalid-input']);
    }
    expect(await codeOf(await get(`${classId}/main/none.m4s`))).toEqual([404, 'not-found']);
    expect(await codeOf(await get(`${classId}/none.m3u8`))).toEqual([404, 'not-found']);
    expect((await get(`${classId}/%zz`)).status).toBe(400);
  });

  it('are refused without a token of ours, and for what it was not signed for', async () => {
    const [payload = '', mac = ''] = token.split('.');
    const claims = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    const changed = { ...claims, prefix: recordingPrefix(otherClass) };
    const forged = `${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${mac}`;
    const expired = sign(access.parse(claims), recordingPrefix(classId), -1);
    for (const by of ['nothing', forged, expired, `${token}x`])
      for (const path of [`${otherClass}/main.m3u8`, `${otherClass}/main/secret.m4s`, `${classId}/main.m3u8`])
        expect(await codeOf(await get(path, { by }))).toEqual([401, 'unauthenticated']);
    for (const path of [`${otherClass}/main.m3u8`, `${otherClass}/main/secret.m4s`])
      expect(await codeOf(await get(path))).toEqual([403, 'forbidden']);
    expect(await codeOf(await get('not-a-class/main.m3u8'))).toEqual([404, 'not-found']);
  });

  it('end for a person with the login session, on every node at once', async () => {
    const bearer = await tokenOf(web, 'second');
    const by = sign(access.parse(decodeJwt(bearer)));
    for (const from of [web, second])
      expect((await get(`${classId}/main.m3u8`, { by, from })).status).toBe(200);
    expect((await call(web, 'logout', { token: bearer })).status).toBe(204);
    for (const from of [web, second])
      for (const path of [`${classId}/main.m3u8`, `${classId}/${fileOf(0)}`])
        await expect
          .poll(async () => codeOf(await get(path, { by, from })))
          .toEqual([401, 'session-revoked']);
  });

  it('leave no token in the logs', () => {
    expect(web.lines.join('')).not.toContain(token.slice(0, 40));
  });
});

it('say that they cannot be had while the store is away, and are there again afterwards', async () => {
  const config = await minio.bucket();
  const web = await runWeb({ mediaStore: config });
  try {
    const classId = web.world.held.id;
    const by = signPath({
      secret,
      prefix: recordingPrefix(classId),
      ...access.parse(decodeJwt(await tokenOf(web, 'learner'))),
      expiresAt: web.clock() + hour,
    });
    const address = `${web.url}/media/${by}/recordings/${classId}/main/x.m4s`;
    await web.mediaStore.put(`recordings/${classId}/main/x.m4s`, Buffer.from('x'), {
      contentType: 'video/iso.segment',
    });
    await minio.halt();
    const response = await fetch(address);
    expect([response.status, Object(await response.json()).error.code]).toEqual([503, 'unavailable']);
    expect(response.headers.get('retry-after')).toBe('2');
    await minio.start();
    expect(await (await fetch(address)).text()).toBe('x');
  } finally {
    await web.close();
  }
});
