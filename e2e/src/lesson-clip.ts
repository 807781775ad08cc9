/** A small film with sound, and a picture, made by ffmpeg of nothing. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export async function makeLessonClip(file: string, seconds: number): Promise<void> {
  const picture = `testsrc2=size=320x180:rate=10:duration=${seconds}`;
  const sound = `sine=frequency=440:duration=${seconds},volume=0.3`;
  await promisify(execFile)('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest', file],
  ]);
}

export async function makePicture(file: string): Promise<void> {
  await promisify(execFile)('ffmpeg', [
    ...[
      '-hide_banner',
      '-loglevel',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=320x240',
      '-frames:v',
      '1',
    ],
    file,
  ]);
}
