import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackagePart } from '@keshi/contract/lessons';
import type { Made, Making } from './make-stream.ts';
import { MakingRefused } from './making-refused.ts';
import { decodeManifest, partsOf } from './manifest.ts';
import { type Unpacked, unzip } from './unzip.ts';

/**
 * SCORM 1.2 (what its manifest launches) or a package of pages (its `index.html`). Rejects with MakingRefused
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
  const launched = manifest ? partsOf(decodeManifest(await readFile(join(folder, manifest.name)))) : [];
  const parts = launched.map((part) => ({ ...part, start: besides(manifest?.path ?? '', part.start) }));
  if (parts.length === 0 && kind === 'courseware' && page) parts.push(onePage(page.path));
  const has = new Set(files.map(({ path }) => path.toLowerCase()));
  const lost = parts.some(({ start }) => !has.has(start.split(/[?#]/)[0]?.toLowerCase() ?? ''));
  if (parts.length === 0 || lost) throw new MakingRefused('no-start');
  const standard = launched.length > 0 ? 'scorm-1.2' : 'html5';
  return { media: { kind: 'package', parts, standard, files }, durationMs: null, quality: null, out: 'out' };
}

const onePage = (start: string): PackagePart => ({
  id: '',
  title: '',
  start,
  reports: true,
  mastery: null,
  launchData: '',
});

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
