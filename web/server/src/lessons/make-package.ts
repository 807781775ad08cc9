import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Made, Making } from './make-stream.ts';
import { MakingRefused } from './making-refused.ts';
import { startOf } from './manifest.ts';
import { type Unpacked, unzip } from './unzip.ts';

/**
 * SCORM 1.2 (what its manifest launches first) or a package of pages (its `index.html`). Rejects with MakingRefused
 * as `unzip` does, and `no-start`.
 */
export async function makePackage(
  kind: 'scorm' | 'courseware',
  { dir, signal, tell }: Making,
): Promise<Made> {
  tell('unpack', 0);
  const folder = join(dir, 'out', 'package');
  const progress = (share: number) => tell('unpack', share);
  const files = await unzip(join(dir, 'source'), folder, { signal, progress });
  const manifest = shallowest(files, 'imsmanifest.xml');
  const page = shallowest(files, 'index.html') ?? shallowest(files, 'index.htm');
  const launched = manifest && startOf(await readFile(join(folder, manifest.name), 'utf8'));
  const start = launched ? besides(manifest.path, launched) : kind === 'courseware' ? page?.path : undefined;
  const [path = ''] = start?.split(/[?#]/) ?? [];
  if (start === undefined || !files.some((file) => file.path === path)) throw new MakingRefused('no-start');
  const standard = launched ? 'scorm-1.2' : 'html5';
  return { media: { kind: 'package', start, standard, files }, durationMs: null, quality: null, out: 'out' };
}

/** Some pack the folder instead of what is in it. */
function shallowest(files: readonly Unpacked[], name: string): Unpacked | undefined {
  return files
    .filter(({ path }) => path.toLowerCase() === name || path.toLowerCase().endsWith(`/${name}`))
    .toSorted((a, b) => a.path.split('/').length - b.path.split('/').length)[0];
}

/** An address in the manifest is one beside it, written as addresses are. */
function besides(manifest: string, href: string): string {
  const folder = manifest.slice(0, manifest.lastIndexOf('/') + 1);
  try {
    return folder + decodeURIComponent(href);
  } catch {
    return folder + href;
  }
}
