/** Unpacking what a stranger packed: within bounds that its own words about its size do not move. */
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Entry, openPromise } from 'yauzl';
import { MakingRefused } from './making-refused.ts';
import { isProgram, isSafePath, nameOf, typeOf } from './package-files.ts';

export interface Unpacked {
  path: string;
  /** Of the file it was unpacked to. */
  name: string;
  type: string;
}

const mostFiles = 5_000;
const mostBytes = 1024 ** 3;
const mostFileBytes = 256 * 1024 ** 2;
/** What packs better than this was made to be packed. Small files may: a page of spaces, say. */
const mostRatio = 200;
const ratioFrom = 4 * 1024 ** 2;

const encrypted = 0x1;
const isLink = ({ externalFileAttributes }: Entry) =>
  ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;

/**
 * Into numbered files of a new folder, whose names owe nothing to the package. Rejects with MakingRefused: `damaged`,
 * `unsafe-package`, `program-in-package`, `too-large`.
 */
export async function unzip(
  file: string,
  folder: string,
  { signal, progress }: { signal: AbortSignal; progress: (share: number) => void },
): Promise<Unpacked[]> {
  await mkdir(folder, { recursive: true });
  const zip = await openPromise(file, {
    lazyEntries: true,
    decodeStrings: false,
    validateEntrySizes: true,
    autoClose: false,
  }).catch(damaged);
  try {
    if (zip.entryCount > mostFiles) throw new MakingRefused('too-large');
    const files: Unpacked[] = [];
    const seen = new Set<string>();
    let total = 0;
    let read = 0;
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      read += 1;
      progress(read / Math.max(1, zip.entryCount));
      const path = nameOf(entry.fileNameRaw);
      const isFolder = path.endsWith('/');
      if (!isSafePath(isFolder ? path.slice(0, -1) : path) || isLink(entry))
        throw new MakingRefused('unsafe-package');
      if (isFolder) continue;
      if ((entry.generalPurposeBitFlag & encrypted) !== 0) throw new MakingRefused('damaged');
      // Two files of one name: which of them is shown must not depend on who looks.
      const key = path.toLowerCase();
      if (seen.has(key)) throw new MakingRefused('unsafe-package');
      seen.add(key);
      const { uncompressedSize, compressedSize } = entry;
      if (uncompressedSize > ratioFrom && uncompressedSize > mostRatio * compressedSize)
        throw new MakingRefused('unsafe-package');
      total += uncompressedSize;
      if (uncompressedSize > mostFileBytes || total > mostBytes) throw new MakingRefused('too-large');
      const name = String(files.length).padStart(5, '0');
      const stream = await zip.openReadStreamPromise(entry).catch(damaged);
      await write(stream, join(folder, name), path);
      files.push({ path, name, type: typeOf(path) });
    }
    return files;
  } catch (error) {
    // What the library itself finds wrong with a package: cut off, of another format, names that lead out of it.
    if (error instanceof MakingRefused) throw error;
    signal.throwIfAborted();
    return damaged(error);
  } finally {
    zip.close();
  }
}

function damaged(cause: unknown): never {
  const said = cause instanceof Error ? cause.message : '';
  throw new MakingRefused(
    /relative path|absolute path|invalid characters/.test(said) ? 'unsafe-package' : 'damaged',
    cause,
  );
}

async function write(stream: Readable, target: string, path: string): Promise<void> {
  const file = await open(target, 'wx');
  try {
    let first = true;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (first && isProgram(path, chunk)) throw new MakingRefused('program-in-package');
      first = false;
      await file.write(chunk);
    }
    if (first && isProgram(path, Buffer.alloc(0))) throw new MakingRefused('program-in-package');
  } finally {
    await file.close();
  }
}
