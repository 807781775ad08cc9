import { buffer } from 'node:stream/consumers';
import { lessonCompletedByPackage } from '@keshi/db/package-states';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { isSafePath, nameOf } from '../src/lessons/package-files.ts';
import type { LessonMaker } from '../src/lessons/maker.ts';
import { decodeManifest, partsOf } from '../src/lessons/manifest.ts';
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

/** Two that tell how far they are, of which one asks for a score, and one that is there to be read. */
const course = `<?xml version="1.0"?>
<imscp:manifest identifier="m"><imscp:organizations><imscp:organization identifier="o"><imscp:title>x</imscp:title>
  <imscp:item identifier="folder"><imscp:title>第一章</imscp:title>
    <imscp:item identifier="safety" identifierref="r1"><imscp:title>安全 &amp; 规程</imscp:title>
      <adlcp:datafromlms>level=2</adlcp:datafromlms></imscp:item>
    <imscp:item identifier="quiz" identifierref="r2" parameters="?set=b"><imscp:title>测验</imscp:title>
      <adlcp:masteryscore>80</adlcp:masteryscore></imscp:item></imscp:item>
  <imscp:item identifier="table" identifierref="r3" parameters="#top"><imscp:title>附表</imscp:title></imscp:item>
  <imscp:item identifier="hidden" identifierref="r1" isvisible="false"/>
</imscp:organization></imscp:organizations><imscp:resources xml:base="sco/">
  <imscp:resource identifier="r1" adlcp:scormtype="sco" href="one.html"/>
  <imscp:resource identifier="r2" adlcp:scormType="sco" href="two.html?q=1"/>
  <imscp:resource identifier="r3" adlcp:scormtype="asset" href="table.html"/>
</imscp:resources></imscp:manifest>`;

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
      parts: [{ id: '', start: '课件/start.html?a=1&b=2', reports: true }],
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
    expect(done.body.part.status).toBe('passed');
    // Complete once is complete.
    await save({ 'cmi.core.lesson_status': 'failed' });
    expect(await lessonCompletedByPackage(web.db, of)).toBe(done.body.completedAt);
    expect(done.body.completedAt).not.toBeNull();
    const again = await call(web, 'openPackage', { token: learner, params });
    expect(again.body.cmi).toMatchObject({ 'cmi.suspend_data': '第 3 页', 'cmi.core.score.raw': '95' });
    const other = await call(web, 'openPackage', { token: await tokenOf(web, 'second'), params });
    expect(other.body.cmi).not.toHaveProperty('cmi.suspend_data');
    expect((await save({ 'cmi.x': 'y'.repeat(5_000) })).error?.code).toBe('invalid-input');
    const stranger = await call(web, 'openPackage', { token: await tokenOf(web, 'stranger'), params });
    expect(stranger.error?.code).toBe('not-found');
  });

  it('of several parts is complete with the last of those that tell so, each by its own word and score', async () => {
    const files = {
      'imsmanifest.xml': course,
      'sco/one.html': '1',
      'sco/two.html': '2',
      'sco/table.html': '3',
    };
    const id = await made('scorm', await zipOf(files));
    const token = teacher;
    const params = { id };
    const open = async (part?: string) =>
      (await call(web, 'openPackage', { token, params, query: part === undefined ? {} : { part } })).body;
    const save = (part: string, cmi: Record<string, string>) =>
      call(web, 'savePackage', { token, params, body: { part, cmi } });
    const of = { lessonId: id, userId: web.world.idOf('teacher') };

    const first = await open();
    expect(first.part).toEqual({ id: 'safety', status: 'not attempted', completedAt: null });
    expect(first.cmi).toMatchObject({ 'cmi.launch_data': 'level=2' });
    expect(first.parts.map((part) => [part.id, part.title, part.reports])).toEqual([
      ['safety', '安全 & 规程', true],
      ['quiz', '测验', true],
      ['table', '附表', false],
    ]);
    const frameOf = async (part: string) => (await fetch((await open(part)).url)).text();
    expect(await frameOf('quiz')).toContain('data-part="quiz" data-start="files/sco/two.html?q=1&amp;set=b"');
    expect(await frameOf('table')).toContain('data-part="table" data-start="files/sco/table.html#top"');

    const one = await save('safety', {
      'cmi.core.lesson_status': 'completed',
      'cmi.core.lesson_location': '9',
    });
    expect(one.body).toMatchObject({ part: { id: 'safety', status: 'completed' }, completedAt: null });
    expect(await lessonCompletedByPackage(web.db, of)).toBeNull();
    const next = await open();
    expect(next.part.id).toBe('quiz');
    expect(next.cmi).not.toHaveProperty('cmi.core.lesson_location');

    const short = await save('quiz', { 'cmi.core.lesson_status': 'completed', 'cmi.core.score.raw': '79' });
    expect(short.body).toMatchObject({ part: { status: 'failed', completedAt: null }, completedAt: null });
    expect((await open('quiz')).cmi).toMatchObject({ 'cmi.core.lesson_status': 'failed' });
    const enough = await save('quiz', { 'cmi.core.lesson_status': 'completed', 'cmi.core.score.raw': '80' });
    expect(enough.body.part.status).toBe('passed');
    expect(enough.body.completedAt).toBe(enough.body.part.completedAt);
    expect(await lessonCompletedByPackage(web.db, of)).toBe(enough.body.completedAt);

    expect((await save('none', {})).error?.code).toBe('conflict');
    expect((await call(web, 'openPackage', { token, params, query: { part: 'none' } })).status).toBe(404);
    const { url } = await open();
    const statuses = ['9', '-1', 'x'].map((n) => fetch(url.replace(/part=\d/, `part=${n}`)));
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([404, 404, 404]);
  });

  it('is reached by its own token alone, and its files never from the pages’ origin', async () => {
    const id = await made('courseware', await zipOf({ 'site/index.html': '<script>1</script>' }));
    const lesson = await lessonAt(web, teacher, id);
    const { base = '', made: of } = lesson.media ?? {};
    expect(of).toMatchObject({ standard: 'html5', parts: [{ start: 'site/index.html' }] });
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

  it('as SCORM needs a manifest, and all that it launches', async () => {
    expect(await reasonOf(await made('scorm', await zipOf({ 'index.html': 'x' })))).toBe('no-start');
    const files = { 'imsmanifest.xml': course, 'sco/one.html': '1', 'sco/two.html': '2' };
    expect(await reasonOf(await made('scorm', await zipOf(files)))).toBe('no-start');
  });
});

describe('the parts', () => {
  it('find where a package begins', () => {
    const [part] = partsOf(manifest);
    expect(part?.start).toBe('课件/start.html?a=1&b=2');
    for (const none of ['<manifest/>', '', 'no <xml', '<html></html>'])
      expect([none, partsOf(none)]).toEqual([none, []]);
  });

  it('find everything that a package launches, as its manifest has it', () => {
    expect(partsOf(course).map(({ id, title, start, ...rest }) => [id, title, start, rest])).toEqual([
      ['safety', '安全 & 规程', 'sco/one.html', { reports: true, mastery: null, launchData: 'level=2' }],
      ['quiz', '测验', 'sco/two.html?q=1&set=b', { reports: true, mastery: 80, launchData: '' }],
      ['table', '附表', 'sco/table.html#top', { reports: false, mastery: null, launchData: '' }],
    ]);
    // Two of one name could not be told apart.
    expect(partsOf(course.replaceAll('"quiz"', '"safety"'))).toEqual([]);
  });

  it('read a manifest in the encoding it names', () => {
    const gbk = Buffer.concat([
      Buffer.from('<?xml version="1.0" encoding="GB2312"?><manifest>'),
      Buffer.from([0xbf, 0xce, 0xbc, 0xfe]),
    ]);
    expect(decodeManifest(gbk)).toContain('课件');
    expect(decodeManifest(Buffer.from('\uFEFF<a encoding="none-such">课件', 'utf8'))).toBe(
      '<a encoding="none-such">课件',
    );
    expect(decodeManifest(Buffer.from('\uFEFF<a>课件</a>', 'utf16le'))).toBe('<a>课件</a>');
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
