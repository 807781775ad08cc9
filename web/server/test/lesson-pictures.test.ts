import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { appoint, lessonAt, newLesson } from './lesson-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let teacher: string;
beforeAll(async () => {
  web = await runWeb();
  await appoint(web, 'teacher');
  teacher = await tokenOf(web, 'teacher');
});
afterAll(() => web.close());

const minute = 60_000;
const binary = { type: 'application/octet-stream' };
const picture = (width = 64, height = 48) =>
  sharp({ create: { width, height, channels: 3, background: '#1f6f5c' } });
const add = (lessonId: string, bytes: Uint8Array | string) =>
  call(web, 'addPicture', {
    token: teacher,
    params: { id: lessonId },
    upload: new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], binary),
  });
async function added(lessonId: string, bytes: Uint8Array): Promise<string> {
  const { body, error } = await add(lessonId, bytes);
  if (error) throw new Error(`no picture: ${error.code}`);
  return body.name;
}
async function write(lessonId: string, body: string): Promise<void> {
  const { version } = await lessonAt(web, teacher, lessonId);
  const times = { declaredMs: 10 * minute, minimumMs: minute, completion: 'read' as const };
  const { error } = await call(web, 'updateLesson', {
    token: teacher,
    params: { id: lessonId },
    body: { version, body, preview: true, ...times },
  });
  if (error) throw new Error(`not written: ${error.code}`);
}
async function publish(lessonId: string) {
  const { version } = await lessonAt(web, teacher, lessonId);
  const body = { state: 'published' as const, version };
  return call(web, 'setLessonState', { token: teacher, params: { id: lessonId }, body });
}
const seen = (address: string) => fetch(web.url + address);

describe('[C4] a text', () => {
  it('may be as long in Chinese as in any other writing', async () => {
    const id = await newLesson(web, teacher, 'text');
    const text = '电'.repeat(50_000);
    await write(id, text);
    expect((await lessonAt(web, teacher, id)).body).toBe(text);
    await expect(write(id, `${text}电`)).rejects.toThrow('invalid-input');
  });
});

describe('[C4] pictures of a text', () => {
  it('are drawn anew: small enough, without where they were taken, and served as what they are', async () => {
    const id = await newLesson(web, teacher, 'text');
    const taken = await picture(3_000, 1_500)
      .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '31/1 14/1 0/1' } })
      .jpeg()
      .toBuffer();
    expect((await sharp(taken).metadata()).exif).toBeDefined();
    const name = await added(id, taken);
    const { pictures } = await lessonAt(web, teacher, id);
    const answer = await seen(pictures + name);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const kept = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect(kept).toMatchObject({ format: 'jpeg', width: 2_000, height: 1_000 });
    expect(kept.exif).toBeUndefined();
  });

  it('are refused when they are something else, damaged, or claim to be huge', async () => {
    const id = await newLesson(web, teacher, 'text');
    const png = await picture().png().toBuffer();
    const huge = Buffer.from(png);
    // Width and height of the header: a decoder that believed them would ask for gigabytes.
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    const half = await picture(400, 300).jpeg().toBuffer();
    for (const bytes of [
      '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
      'MZ\u0090 an executable that is called a picture',
      '',
      huge,
      half.subarray(0, half.length / 2),
    ]) {
      const { error } = await add(id, bytes);
      expect(error).toMatchObject({ code: 'invalid-input', fields: ['body'] });
    }
    const video = await newLesson(web, teacher, 'video');
    expect((await add(video, png)).error?.fields).toEqual(['params.id']);
  });

  it('are there for who may read the text, and for nobody else', async () => {
    const id = await newLesson(web, teacher, 'text');
    const name = await added(id, await picture().webp().toBuffer());
    await write(id, `看图：\n\n![断路器](picture:${name})`);
    const byAnybody = `/media/preview/lessons/${id}/pictures/${name}`;
    expect((await seen(byAnybody)).status).toBe(404);
    expect((await publish(id)).status).toBe(200);
    expect((await seen(byAnybody)).status).toBe(200);
    const token = await tokenOf(web, 'learner');
    const lesson = await call(web, 'studyLesson', { token, params: { lessonId: id } });
    expect((await seen(lesson.body.pictures + name)).status).toBe(200);
    expect((await seen(`${lesson.body.pictures.replace(id, web.world.course.id)}${name}`)).status).toBe(403);
    // Published, it stays as it is.
    expect((await add(id, await picture().png().toBuffer())).error?.code).toBe('conflict');
  });

  it('that the text does not show go when it is published, and one that is missing keeps it from being', async () => {
    const id = await newLesson(web, teacher, 'text');
    const [shown, forgotten] = [
      await added(id, await picture().png().toBuffer()),
      await added(id, await picture().png().toBuffer()),
    ];
    await write(id, '![没有](picture:01890000-0000-7000-8000-0000000000aa.jpg)');
    expect((await publish(id)).error?.code).toBe('not-ready');
    await write(id, `![有](picture:${shown})`);
    expect((await publish(id)).status).toBe(200);
    const { pictures } = await lessonAt(web, teacher, id);
    expect((await seen(pictures + shown)).status).toBe(200);
    expect((await seen(pictures + forgotten)).status).toBe(404);
  });
});
