import { buffer } from 'node:stream/consumers';
import { lessonCompletedByPackage } from '@keshi/db/package-states';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { isSafePath, nameOf } from '../src/lessons/package-files.ts';
import type { LessonMaker } from '../src/lessons/maker.ts';
import { startOf } from '../src/lessons/manifest.ts';
import { appoint, lessonAt, makerOf, newLesson, upload } from './lesson-steps.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let maker: LessonMaker;
let teacher: string;
beforeAll(async () => {
  web = await runWeb();
  maker = makerOf(web);
  await appoint(web, 'teacher');
  teacher = await tokenOf(web, 'teacher');
});
afterAll(async () => {
  await maker?.close();
  await web?.close();
});

const manifest = `<?xml version="1.0"?>
<manifest identifier="m"><organizations default="o2">
  <organization identifier="o1"><item identifierref="wrong"/></organization>
  <organization identifier="o2"><item><item identifier="i" identifierref="r1"/></item></organization>
</organizations><resources>
  <resource identifier="wrong" type="webcontent" href="wrong.html"/>
  <resource identifier="r1" type="webcontent" adlcp:scormtype="sco" href="课件/start.html?a=1&amp;b=2"/>
</resources></manifest>`;

type Files = Record<string, Buffer | string>;

function zipOf(files: Files, change: (zip: ZipFile) => void = () => undefined): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), path);
  change(zip);
  zip.end();
  return buffer(zip.outputStream);
}

/** A path as no honest program writes it: of the same length, put where another one stands. */
const renamed = (zip: Buffer, from: string, to: string): Buffer =>
  Buffer.from(zip.toString('latin1').replaceAll(from, to), 'latin1');

const scorm = (): Promise<Buffer> =>
  zipOf({ 'imsmanifest.xml': manifest, '课件/start.html': '<h1>断路器</h1>', '课件/logo.svg': '<svg/>' });

async function made(kind: 'scorm' | 'courseware', bytes: Buffer): Promise<string> {
  const id = await newLesson(web, teacher, kind);
  await upload(web, teacher, id, bytes, 'package.zip');
  await maker.sweep();
  return id;
}
const reasonOf = async (id: string) => (await lessonAt(web, teacher, id)).revision?.reason;

describe('[C4, WL9] a SCORM package', () => {
  it('is unpacked, run on an origin of its own, and keeps what it sets for each learner', async () => {
    const id = await made('scorm', await scorm());
    const lesson = await lessonAt(web, teacher, id);
    expect(lesson.revision).toMatchObject({ state: 'ready' });
    expect(lesson.media?.made).toMatchObject({
      kind: 'package',
      standard: 'scorm-1.2',
      start: '课件/start.html?a=1&b=2',
    });
    const learner = await tokenOf(web, 'learner');
    const params = { id };
    expect((await call(web, 'openPackage', { token: learner, params })).error?.code).toBe('not-found');
    const changed = await call(web, 'updateLesson', {
      token: teacher,
      params,
      body: { version: lesson.version, declaredMs: 45 * 60_000, completion: 'package' },
    });
    await call(web, 'setLessonState', {
      token: teacher,
      params,
      body: { state: 'published', version: changed.body.version },
    });

    const { body: opened } = await call(web, 'openPackage', { token: learner, params });
    expect(new URL(opened.url).origin).toBe(web.coursewareUrl);
    const frame = await fetch(opened.url);
    expect(frame.headers.get('content-security-policy')).toContain(`frame-ancestors 'self' ${web.url}`);
    expect(frame.headers.getSetCookie()).toEqual([]);
    const [, start = ''] = /data-start="([^"]+)"/.exec(await frame.text()) ?? [];
    const page = await fetch(new URL(start.replaceAll('&amp;', '&'), opened.url));
    expect([page.headers.get('content-type'), await page.text()]).toEqual([
      'text/html; charset=utf-8',
      '<h1>断路器</h1>',
    ]);
    const picture = await fetch(new URL('logo.svg', page.url), { headers: { range: 'bytes=1-3' } });
    expect([picture.status, await picture.text()]).toEqual([206, 'svg']);

    const save = (cmi: Record<string, string>) =>
      call(web, 'savePackage', { token: learner, params, body: { cmi } });
    await save({ 'cmi.core.lesson_status': 'incomplete', 'cmi.suspend_data': '第 3 页' });
    const of = { lessonId: id, userId: web.world.idOf('learner') };
    expect(await lessonCompletedByPackage(web.db, of)).toBeNull();
    const done = await save({ 'cmi.core.lesson_status': 'passed', 'cmi.core.score.raw': '95' });
    expect(done.body.status).toBe('passed');
    // Complete once is complete.
    await save({ 'cmi.core.lesson_status': 'failed' });
    expect(await lessonCompletedByPackage(web.db, of)).toMatchObject({ completedAt: done.body.completedAt });
    const again = await call(web, 'openPackage', { token: learner, params });
    expect(again.body.cmi).toMatchObject({ 'cmi.suspend_data': '第 3 页', 'cmi.core.score.raw': '95' });
    const other = await call(web, 'openPackage', { token: await tokenOf(web, 'second'), params });
    expect(other.body.cmi).not.toHaveProperty('cmi.suspend_data');
    expect((await save({ 'cmi.x': 'y'.repeat(5_000) })).error?.code).toBe('invalid-input');
    const stranger = await call(web, 'openPackage', { token: await tokenOf(web, 'stranger'), params });
    expect(stranger.error?.code).toBe('not-found');
  });

  it('is reached by its own token alone, and its files never from the pages’ origin', async () => {
    const id = await made('courseware', await zipOf({ 'site/index.html': '<script>1</script>' }));
    const lesson = await lessonAt(web, teacher, id);
    const { base = '', made: of } = lesson.media ?? {};
    expect(of).toMatchObject({ standard: 'html5', start: 'site/index.html' });
    expect((await fetch(`${web.url}${base}package/00000`)).status).toBe(404);
    const { body } = await call(web, 'openPackage', { token: teacher, params: { id } });
    const [, token = ''] = new URL(body.url).pathname.split('/');
    const statuses = await Promise.all(
      [
        `/${token}/files/none.html`,
        `/x${token}/run`,
        '/x/run',
        '/',
        `/${token}/files/..%2f..%2findex.html`,
      ].map(async (path) => (await fetch(web.coursewareUrl + path)).status),
    );
    expect(statuses).toEqual([404, 401, 401, 404, 404]);
    const post = await fetch(body.url, { method: 'POST' });
    expect(post.status).toBe(404);
  });
});

describe('[C4] a package that is none, or means harm', () => {
  it.each<[string, string, () => Promise<Buffer>]>([
    ['no archive', 'damaged', () => Promise.resolve(Buffer.from('PK nothing'))],
    ['one cut off', 'damaged', async () => (await scorm()).subarray(0, 200)],
    ['no first page', 'no-start', () => zipOf({ 'readme.txt': 'x' })],
    [
      'a program under another name',
      'program-in-package',
      () => zipOf({ 'index.html': 'x', 'image.png': Buffer.from('MZ\x90\0rest') }),
    ],
    ['a program', 'program-in-package', () => zipOf({ 'index.html': 'x', 'setup.EXE': 'x' })],
    [
      'a path that leads out',
      'unsafe-package',
      async () => renamed(await zipOf({ 'index.html': 'x', 'aa/bb/evil': 'x' }), 'aa/bb/evil', '../../evil'),
    ],
    [
      'a path from the root',
      'unsafe-package',
      async () => renamed(await zipOf({ 'index.html': 'x', 'xetc/evil': 'x' }), 'xetc/evil', '/etc/evil'),
    ],
    [
      'a path of Windows',
      'unsafe-package',
      async () => renamed(await zipOf({ 'index.html': 'x', 'a.b.evil': 'x' }), 'a.b.evil', 'C:\\\\evil'),
    ],
    [
      'a link',
      'unsafe-package',
      () =>
        zipOf({ 'index.html': 'x' }, (zip) =>
          zip.addBuffer(Buffer.from('/etc/passwd'), 'link', { mode: 0o120777 }),
        ),
    ],
    [
      'a bomb',
      'unsafe-package',
      () => zipOf({ 'index.html': 'x', 'zeros.txt': Buffer.alloc(32 * 1024 ** 2) }),
    ],
    ['one name twice', 'unsafe-package', () => zipOf({ 'index.html': 'x', 'INDEX.html': 'y' })],
  ])('%s is refused: %s', async (_, reason, bytes) => {
    expect(await reasonOf(await made('courseware', await bytes()))).toBe(reason);
  });

  it('as SCORM needs a manifest', async () => {
    expect(await reasonOf(await made('scorm', await zipOf({ 'index.html': 'x' })))).toBe('no-start');
  });
});

describe('the parts', () => {
  it('find where a package begins', () => {
    expect(startOf(manifest)).toBe('课件/start.html?a=1&b=2');
    expect(startOf('<manifest/>')).toBeNull();
  });

  it('read names as they were written', () => {
    expect(nameOf(Buffer.from('课件'))).toBe('课件');
    // The same in GBK, as Windows packs it.
    expect(nameOf(Buffer.from([0xbf, 0xce, 0xbc, 0xfe]))).toBe('课件');
  });

  it('know a path that leads nowhere else', () => {
    for (const path of ['a', 'a/b.html', '课件/第1页 (2).html'])
      expect([path, isSafePath(path)]).toEqual([path, true]);
    for (const path of ['', '/a', 'a//b', '../a', 'a/..', './a', 'a\\b', 'c:a', 'a\0b', 'a\nb'])
      expect([path, isSafePath(path)]).toEqual([path, false]);
  });
});
