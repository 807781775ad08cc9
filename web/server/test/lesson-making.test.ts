import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LessonMaker } from '../src/lessons/maker.ts';
import {
  appoint,
  beginUpload,
  clip,
  coded,
  lessonAt,
  makerOf,
  moving,
  newLesson,
  offsetOf,
  pdfOf,
  sendPiece,
  tone,
  upload,
} from './lesson-steps.ts';
import { type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let maker: LessonMaker;
let teacher: string;
let video: Buffer;
beforeAll(async () => {
  web = await runWeb();
  maker = makerOf(web);
  await appoint(web, 'teacher');
  teacher = await tokenOf(web, 'teacher');
  video = await clip([...moving(6), ...tone(6), ...coded]);
});
afterAll(async () => {
  await maker?.close();
  await web?.close();
});

const failureOf = async (lessonId: string) => (await lessonAt(web, teacher, lessonId)).revision?.reason;

describe('[C10] an upload', () => {
  it('that was cut goes on where it broke off, and becomes a lesson that plays', async () => {
    const id = await newLesson(web, teacher);
    const begun = await beginUpload(web, teacher, id, { size: video.length });
    const location = begun.headers.get('location') ?? '';
    expect(begun.status).toBe(201);
    const half = Math.floor(video.length / 2);
    await cutAfter(location, video, half);
    const kept = await offsetOf(web, teacher, location);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(half);
    const wrong = await sendPiece(web, teacher, location, { bytes: video, offset: 0 });
    expect(wrong.status).toBe(409);
    // Another node of the service takes it up.
    const node = await web.another();
    const rest = await sendPiece(node, teacher, location, { bytes: video.subarray(kept), offset: kept });
    await node.close();
    expect([rest.status, rest.headers.get('upload-offset')]).toEqual([204, String(video.length)]);
    expect((await lessonAt(web, teacher, id)).revision?.state).toBe('waiting');

    await maker.sweep();
    const made = await lessonAt(web, teacher, id);
    expect(made.revision).toMatchObject({ state: 'ready', reason: null });
    expect(made.playable).toBe(true);
    expect(Math.abs((made.durationMs ?? 0) - 6_000)).toBeLessThan(200);
    expect(made.media?.made).toEqual({
      kind: 'stream',
      renditions: [
        { width: 320, height: 180 },
        { width: 256, height: 144 },
      ],
      poster: true,
      thumbs: true,
    });
    const base = web.url + (made.media?.base ?? '');
    const index = await (await fetch(`${base}index.m3u8`)).text();
    expect(index).toContain('v0/index.m3u8');
    expect(index).toContain('v1/index.m3u8');
    const list = await (await fetch(`${base}v0/index.m3u8`)).text();
    const [segment] = /\d{5}\.m4s/.exec(list) ?? [];
    const piece = await fetch(`${base}v0/${segment}`);
    expect(piece.headers.get('content-type')).toBe('video/iso.segment');
    expect((await piece.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
    const places = await (await fetch(`${base}thumbs.vtt`)).text();
    expect(places).toContain('thumb-0000.jpg#xywh=160,0,160,90');
    expect((await fetch(`${base}thumb-0000.jpg`)).status).toBe(200);
    // The pieces are not needed any more.
    expect(await web.mediaStore.list('uploads/')).toEqual([]);
  });

  it('is refused for what it cannot become, and for whom it is not', async () => {
    const id = await newLesson(web, teacher);
    expect((await beginUpload(web, teacher, id, { size: 0 })).status).toBe(400);
    expect((await beginUpload(web, teacher, id, { size: 5 * 1024 ** 3 })).status).toBe(413);
    const text = await newLesson(web, teacher, 'text');
    expect((await beginUpload(web, teacher, text, { size: 10 })).status).toBe(400);
    const learner = await tokenOf(web, 'learner');
    expect((await beginUpload(web, learner, id, { size: 10 })).status).toBe(404);
    const begun = await beginUpload(web, teacher, id, { size: 10 });
    const location = begun.headers.get('location') ?? '';
    const staff = await tokenOf(web, 'staff');
    expect(await offsetOf(web, staff, location)).toBeNaN();
    const more = await sendPiece(web, teacher, location, { bytes: Buffer.alloc(11), offset: 0 });
    expect(more.status).toBe(413);
    const old = await fetch(web.url + location, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${teacher}` },
    });
    expect([old.status, old.headers.get('tus-version')]).toEqual([412, '1.0.0']);
    const dropped = await fetch(web.url + location, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${teacher}`, 'tus-resumable': '1.0.0' },
    });
    expect(dropped.status).toBe(204);
    expect(await offsetOf(web, teacher, location)).toBeNaN();
  });

  it('keeps names of every script as they are, but for what would turn them around', async () => {
    const id = await newLesson(web, teacher, 'video', '🎬 درس القواطع');
    await upload(web, teacher, id, Buffer.from('no video'), '电工🔌 \u202Egpj.exe\n');
    const { revision, title } = await lessonAt(web, teacher, id);
    expect([revision?.fileName, title]).toEqual(['电工🔌 gpj.exe', '🎬 درس القواطع']);
  });

  /** Sends so many bytes of a longer piece, and then the connection breaks. */
  async function cutAfter(location: string, bytes: Buffer, sent: number): Promise<void> {
    const port = Number(new URL(web.url).port);
    const head =
      `PATCH ${location} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${teacher}\r\n` +
      `Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n` +
      `Content-Length: ${bytes.length}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    await new Promise<void>((resolve) => socket.write(bytes.subarray(0, sent), () => resolve()));
    socket.destroySoon();
    await expect.poll(() => offsetOf(web, teacher, location), { timeout: 20_000 }).toBeGreaterThan(0);
  }
});

describe('[C4] a document', () => {
  it('becomes pictures of its pages', async () => {
    const id = await newLesson(web, teacher, 'pdf');
    await upload(web, teacher, id, pdfOf(2), '讲义.pdf');
    const wrong = await newLesson(web, teacher, 'slides');
    await upload(web, teacher, wrong, Buffer.from('%PPT-'), 'slides.pdf');
    const broken = await newLesson(web, teacher, 'pdf');
    await upload(web, teacher, broken, Buffer.from('%PDF-1.4 and nothing'), 'x.pdf');
    await maker.sweep();
    const { media, revision } = await lessonAt(web, teacher, id);
    expect([revision?.reason, media?.made]).toEqual([null, { kind: 'pages', pages: 2 }]);
    const page = await fetch(`${web.url}${media?.base}page-0002.jpg`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect([await failureOf(wrong), await failureOf(broken)]).toEqual(['wrong-type', 'damaged']);
  });
});

describe('[C10] what is no lesson', () => {
  it.each([
    [
      'a program under another name',
      'wrong-type',
      Buffer.concat([Buffer.from('MZ'), Buffer.alloc(5_000, 7)]),
    ],
    ['a playlist that leads elsewhere', 'wrong-type', Buffer.from('#EXTM3U\nfile:///etc/passwd\n')],
    ['text', 'wrong-type', Buffer.from('hello')],
    [
      'a header without a film',
      'damaged',
      Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42'), Buffer.alloc(400)]),
    ],
  ])('%s is refused: %s', async (_, reason, bytes) => {
    const id = await newLesson(web, teacher);
    await upload(web, teacher, id, bytes, 'film.mp4');
    await maker.sweep();
    expect(await failureOf(id)).toBe(reason);
    expect((await lessonAt(web, teacher, id)).playable).toBe(false);
  });

  it('a film of no length, one cut off, and sound where a picture belongs', async () => {
    const short = await newLesson(web, teacher);
    await upload(web, teacher, short, await clip([...moving(0.1), ...coded]));
    const sound = await newLesson(web, teacher);
    await upload(web, teacher, sound, await clip(tone(2), 'wav'));
    const cut = await newLesson(web, teacher);
    await upload(web, teacher, cut, video.subarray(0, Math.floor(video.length / 3)));
    await maker.sweep();
    expect(await failureOf(short)).toBe('empty');
    expect(await failureOf(sound)).toBe('wrong-type');
    expect(await failureOf(cut)).toBe('damaged');
  });
});

describe('[C3] what is long', () => {
  it('[C3] a lecture of three hours is taken whole, and said to be longer than a lecture is', async () => {
    const id = await newLesson(web, teacher);
    const slow = ['-f', 'lavfi', '-i', 'testsrc2=size=64x36:rate=1:duration=10800', '-pix_fmt', 'yuv420p'];
    await upload(web, teacher, id, await clip([...slow, '-c:v', 'libx264', '-preset', 'ultrafast']));
    await maker.sweep();
    teacher = await tokenOf(web, 'teacher');
    const { revision, durationMs, long } = await lessonAt(web, teacher, id);
    expect(revision).toMatchObject({ state: 'ready', reason: null });
    expect([durationMs, long]).toEqual([10_800_000, true]);
  });
});
