import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { itemContent, type ItemMedia } from '@keshi/contract/items';
import { createItems } from '@keshi/db/items';
import { newId } from '@keshi/db/ids';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createItemShelf } from '../src/exams/media/shelf.ts';
import { openPaper, seedBank, seedExam } from './exam-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

const run = promisify(execFile);
const type = 'application/octet-stream';
let web: RunningWeb;
let dir: string;
let teacher: string;
beforeAll(async () => {
  web = await runWeb();
  teacher = await tokenOf(web, 'teacher');
  dir = await mkdtemp(join(tmpdir(), 'keshi-item-media-'));
});
afterAll(async () => {
  await web.close();
  await rm(dir, { recursive: true, force: true });
});

const course = () => ({ id: web.world.course.id });
const add = (bytes: Uint8Array<ArrayBuffer> | Buffer) =>
  call(web, 'addItemMedia', {
    token: teacher,
    params: course(),
    upload: new Blob([new Uint8Array(bytes)], { type }),
  });
/** A picture as a phone makes it: turned, and saying where it was taken. */
const photo = (width = 600, height = 400) =>
  sharp({ create: { width, height, channels: 3, background: '#2a7a7a' } })
    .withExif({ IFD0: { Copyright: 'PLACE-OF-HOME' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();

async function sound(name: string, seconds: number): Promise<Buffer> {
  const file = join(dir, name);
  const source = `sine=frequency=440:duration=${seconds}`;
  const made = ['-ar', '8000', '-metadata', 'title=SECRET', file];
  await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...made]);
  return readFile(file);
}

async function stored(bytes: Buffer): Promise<{ kind: 'picture' | 'audio'; key: string }> {
  const { body } = await add(bytes);
  if (body.state !== 'stored') throw new Error(`refused: ${body.problem}`);
  return body;
}
async function fetched(token: string, key: string) {
  const { body } = await call(web, 'itemMediaLinks', { token, params: course() });
  const answer = await fetch(`${web.url}${body.base}${key}`);
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    bytes: Buffer.from(await answer.arrayBuffer()),
  };
}

describe('[F1] pictures and sounds of questions', () => {
  it('are made anew: turned upright, no larger than shown, and without what they say of a place', async () => {
    const given = await photo(4_000, 3_000);
    expect(given.includes('PLACE-OF-HOME')).toBe(true);
    const { kind, key } = await stored(given);
    expect(kind).toBe('picture');
    const seen = await fetched(teacher, key);
    expect(seen).toMatchObject({ status: 200, type: 'image/jpeg' });
    expect(seen.bytes.includes('PLACE-OF-HOME')).toBe(false);
    const { width, height, orientation } = await sharp(seen.bytes).metadata();
    expect([width, height, orientation]).toEqual([1_440, 1_920, undefined]);
  });

  it('sound the same from MP3, WAV and Ogg, by range too, and say nothing beside it', async () => {
    for (const name of ['a.mp3', 'b.wav', 'c.ogg', 'd.m4a']) {
      const { kind, key } = await stored(await sound(name, 2));
      expect(kind).toBe('audio');
      const seen = await fetched(teacher, key);
      expect(seen).toMatchObject({ status: 200, type: 'audio/mp4' });
      expect(seen.bytes.includes('SECRET')).toBe(false);
    }
  });

  it('are refused with what is wrong, by what they are and not by what they are called', async () => {
    const whole = await photo();
    const noise = Buffer.concat([Buffer.from('ID3'), Buffer.alloc(5_000, 7)]);
    const pixels = await sharp({ create: { width: 9_000, height: 9_000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const cases: [string, Buffer, string][] = [
      ['a text', Buffer.from('not a picture at all'), 'unknown-type'],
      [
        'SVG, which may hold scripts',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
        'unknown-type',
      ],
      ['a film', Buffer.concat([Buffer.from('\0\0\0\x20ftypisom'), Buffer.alloc(64)]), 'unknown-type'],
      ['half a picture', whole.subarray(0, whole.length / 2), 'damaged'],
      ['a head without a sound', noise, 'damaged'],
      ['more pixels than memory', pixels, 'too-large'],
      ['a lecture', await sound('long.wav', 602), 'too-large'],
    ];
    for (const [what, bytes, problem] of cases)
      expect([what, (await add(bytes)).body]).toEqual([what, { state: 'refused', problem }]);
    expect((await add(Buffer.alloc(13 * 1024 ** 2))).error?.code).toBe('too-large');
  });

  it('belong to a question of their course only, and need words in their place', async () => {
    const { kind, key } = await stored(await photo());
    const ask = (media: readonly object[]) =>
      call(web, 'createItem', {
        token: teacher,
        params: course(),
        body: {
          content: { kind: 'true-false', stem: `图 ${newId()}`, correct: true, media: media as ItemMedia[] },
        },
      });
    const description = '一只拆开的接触器';
    expect((await ask([{ kind, key, description }])).status).toBe(200);
    expect((await ask([{ kind, key, description: ' ' }])).error?.code).toBe('invalid-input');
    const elsewhere = key.replace(/^items\/[^/]+/, `items/${newId()}`);
    const wrong = [
      key.replace(/[^/]+$/, `${newId()}.jpg`),
      elsewhere,
      'items/../../secret.jpg',
      `${key}/x.jpg`,
    ];
    for (const each of wrong) {
      const answer = await ask([{ kind, key: each, description }]);
      expect([each, answer.error?.code]).toEqual([each, 'invalid-input']);
    }
  });

  it('are shown to who is asked, and to nobody outside of the course', async () => {
    const { kind, key } = await stored(await photo());
    const content = itemContent.parse({
      kind: 'true-false',
      stem: '图中是接触器。',
      correct: true,
      media: [{ kind, key, description: '图' }],
    });
    const examId = await seedExam(web, await seedBank(web, [content]));
    const learner = await tokenOf(web, 'learner');
    const paper = await openPaper(web, learner, examId);
    expect(paper.questions[0]?.item.media).toEqual([{ kind, key, description: '图' }]);
    expect(await fetched(learner, key)).toMatchObject({ status: 200 });
    const stranger = await tokenOf(web, 'stranger');
    expect((await call(web, 'itemMediaLinks', { token: stranger, params: course() })).error?.code).toBe(
      'not-found',
    );
    const { base } = (await call(web, 'itemMediaLinks', { token: learner, params: course() })).body;
    expect((await fetch(`${web.url}${base}items/${newId()}/${newId()}.jpg`)).status).toBe(403);
    expect((await fetch(`${web.url}${base}items/${web.world.course.id}/${newId()}.jpg`)).status).toBe(404);
    expect((await fetch(`${web.url}/media/forged/${key}`)).status).toBe(401);
  });

  it('go through Moodle XML and come back as they were', async () => {
    const picture = await stored(await photo());
    const audio = await stored(await sound('e.mp3', 1));
    const media = [
      { ...picture, description: '接触器 "KM1" <侧面>' },
      { ...audio, description: '电动机的声音' },
    ];
    const stem = `听声音看图，判断对错：${newId()}`;
    await seedBank(web, [itemContent.parse({ kind: 'true-false', stem, correct: false, media })]);
    const params = { id: web.world.course.id, format: 'xml' };
    const file = await fetch(`${web.url}/api/courses/${params.id}/items.xml`, {
      headers: { authorization: `Bearer ${teacher}` },
    });
    const xml = await file.text();
    const send = (text: string) =>
      call(web, 'importItems', {
        token: teacher,
        params: course(),
        query: { format: 'xml', duplicates: 'skip' },
        upload: new Blob([text], { type }),
      });
    const changed = `${stem}（导入）`;
    const report = (await send(xml.replaceAll(stem, changed))).body;
    expect(report).toMatchObject({ imported: 1, errors: [] });
    const row = await web.db.prisma.bankItem.findFirstOrThrow({ where: { stem: changed } });
    const { content } = (await call(web, 'getItem', { token: teacher, params: { id: row.id } })).body;
    expect(content.media.map(({ kind, description }) => ({ kind, description }))).toEqual(
      media.map(({ kind, description }) => ({ kind, description })),
    );
    for (const { key } of content.media) expect((await fetched(teacher, key)).status).toBe(200);

    // Of what cannot be shown nothing is taken.
    const [question = ''] = xml.split('<question ').filter((part) => part.includes(stem));
    const alone = `<quiz><question ${question.replaceAll(stem, `${stem}（再次）`).replace('</quiz>', '')}</quiz>`;
    const before = await web.db.prisma.bankItem.count();
    // So many a second are taken of one person.
    web.pass(10_000);
    const cases: [RegExp, string, string][] = [
      [/alt=&quot;.*?&quot;/, 'alt=&quot;&quot;', 'undescribed-media'],
      [/aria-label=&quot;.*?&quot;/, '', 'undescribed-media'],
      [/base64">[^<]{40}/, 'base64">AAAA', 'wrong-media'],
      [/<file name="[^"]*[.]jpg".*?<\/file>/s, '', 'wrong-media'],
      [/@@PLUGINFILE@@\//, 'https://elsewhere.example/', 'wrong-media'],
    ];
    for (const [what, instead, problem] of cases) {
      const { body } = await send(alone.replace(what, instead));
      expect([what, body.errors]).toEqual([what, [{ row: 1, problem }]]);
    }
    expect(await web.db.prisma.bankItem.count()).toBe(before);
  });

  it('are let go after a week that no question used them, and kept as long as one revision does', async () => {
    const day = 24 * 3_600_000;
    const now = web.clock();
    const folder = `items/${web.world.course.id}/`;
    const put = async (age: number) => {
      const key = `${folder}${newId(now - age)}.jpg`;
      await web.mediaStore.put(key, await photo(20, 20), { contentType: 'image/jpeg' });
      return key;
    };
    const [unused, young, used] = [await put(8 * day), await put(6 * day), await put(30 * day)];
    await createItems(web.db, {
      courseId: web.world.course.id,
      byId: web.world.idOf('teacher'),
      drafts: [
        {
          lessonId: null,
          contentPoint: '',
          difficulty: 3,
          content: itemContent.parse({
            kind: 'true-false',
            stem: '旧图',
            correct: true,
            media: [{ kind: 'picture', key: used, description: '图' }],
          }),
        },
      ],
    });
    const shelf = createItemShelf({ db: web.db, store: web.mediaStore, clock: web.clock });
    expect(await shelf.sweep(new AbortController().signal)).toBe(1);
    const names = (await web.mediaStore.list(folder)).map(({ name }) => name);
    expect(names).toContain(used);
    expect(names).toContain(young);
    expect(names).not.toContain(unused);
  });
});
