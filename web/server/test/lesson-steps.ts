/** Steps of making lessons that several tests take. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setAuthors } from '@keshi/db/course-packages';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createLessonMaker, type LessonMaker } from '../src/lessons/maker.ts';
import { call, type RunningWeb } from './running-web.ts';

const run = promisify(execFile);

/** A file that ffmpeg makes of nothing, by its arguments up to the name of the output. */
export async function clip(args: readonly string[], ending = 'mp4'): Promise<Buffer> {
  const dir = await mkdtemp(path.join(tmpdir(), 'keshi-clip-'));
  try {
    const file = path.join(dir, `clip.${ending}`);
    await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args, file]);
    return await readFile(file);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export const moving = (seconds: number, size = '320x180') => [
  ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=10:duration=${seconds}`],
];
export const tone = (seconds: number, volume = 0.3) => [
  ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds},volume=${volume}`],
];
export const coded = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-pix_fmt',
  'yuv420p',
  '-c:a',
  'aac',
  '-shortest',
];

/** What makes lessons in the tests: only when it is asked to. */
export function makerOf(web: RunningWeb): LessonMaker {
  const log = createLogger({
    name: 'maker',
    level: 'trace',
    format: 'json',
    out: { write: (line) => web.lines.push(line) },
  });
  const metrics = createMetrics({ service: 'maker-test' });
  return createLessonMaker({
    nodeId: 'maker',
    db: web.db,
    store: web.mediaStore,
    metrics,
    log,
    clock: web.clock,
    everyMs: 0,
  });
}

export async function appoint(web: RunningWeb, login: string): Promise<void> {
  await setAuthors(web.db, { courseId: web.world.course.id, userIds: [web.world.idOf(login)] });
}

export async function newLesson(
  web: RunningWeb,
  token: string,
  kind: 'video' | 'audio' | 'text' | 'pdf' | 'slides' | 'scorm' | 'courseware' = 'video',
  title = '断路器的结构',
): Promise<string> {
  const { body, error } = await call(web, 'createLesson', {
    token,
    params: { id: web.world.course.id },
    body: { title, kind },
  });
  if (error) throw new Error(`no lesson: ${error.code}`);
  return body.id;
}

const tus = { 'tus-resumable': '1.0.0' };
const encoded = (name: string) => `filename ${Buffer.from(name).toString('base64')}`;

export function beginUpload(
  web: RunningWeb,
  token: string,
  lessonId: string,
  { size, name = 'clip.mp4' }: { size: number; name?: string },
): Promise<Response> {
  return fetch(`${web.url}/api/lessons/${lessonId}/uploads`, {
    method: 'POST',
    headers: {
      ...tus,
      authorization: `Bearer ${token}`,
      'upload-length': String(size),
      'upload-metadata': encoded(name),
    },
  });
}

export function sendPiece(
  web: Pick<RunningWeb, 'url'>,
  token: string,
  location: string,
  { bytes, offset, signal }: { bytes: Buffer; offset: number; signal?: AbortSignal },
): Promise<Response> {
  return fetch(web.url + location, {
    method: 'PATCH',
    headers: {
      ...tus,
      authorization: `Bearer ${token}`,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(bytes),
    ...(signal ? { signal } : {}),
  });
}

export async function offsetOf(
  web: Pick<RunningWeb, 'url'>,
  token: string,
  location: string,
): Promise<number> {
  const response = await fetch(web.url + location, {
    method: 'HEAD',
    headers: { ...tus, authorization: `Bearer ${token}` },
  });
  return Number(response.headers.get('upload-offset') ?? NaN);
}

/** Sends a whole file. */
export async function upload(
  web: RunningWeb,
  token: string,
  lessonId: string,
  bytes: Buffer,
  name = 'clip.mp4',
): Promise<void> {
  const begun = await beginUpload(web, token, lessonId, { size: bytes.length, name });
  if (begun.status !== 201) throw new Error(`no upload: ${begun.status} ${await begun.text()}`);
  const sent = await sendPiece(web, token, begun.headers.get('location') ?? '', { bytes, offset: 0 });
  if (sent.status !== 204) throw new Error(`not sent: ${sent.status} ${await sent.text()}`);
}

export async function lessonAt(web: RunningWeb, token: string, id: string) {
  const answer = await call(web, 'getLesson', { token, params: { id } });
  if (answer.error) throw new Error(`no lesson: ${answer.error.code}`);
  return answer.body;
}

/** A document of so many pages, each with its number. */
export function pdfOf(pages: number): Buffer {
  const objects: string[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pages} /Kids [${Array.from({ length: pages }, (_, at) => `${4 + 2 * at} 0 R`).join(' ')}] >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  for (let page = 1; page <= pages; page += 1) {
    const text = `BT /F1 48 Tf 72 400 Td (Page ${page}) Tj ET`;
    const content = 5 + 2 * (page - 1);
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents ${content} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    );
  }
  let body = '%PDF-1.4\n';
  const places = objects.map((object, at) => {
    const place = body.length;
    body += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const end = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(`${body}xref\n0 ${size}\n0000000000 65535 f \n${table}${end}`);
}
