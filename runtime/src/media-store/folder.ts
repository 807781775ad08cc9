import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Logger } from '../log.ts';
import { MediaStoreError } from './failure.ts';
import type { MediaStore, StoredName } from './media-store.ts';
import { badName, checkName, checkOwnPrefix, checkPrefix, contentTypeOf } from './names.ts';

/** Below this much free space an operator should hear of it, before recordings fail. */
const lowSpaceBytes = 1024 ** 3;
/** Other processes write here too: only what none of them can still be writing is swept. */
const leftoverAgeMs = 15 * 60_000;
/** How often a folder may vanish (with the last object in it) while one is being moved into it. */
const moveAttempts = 5;

interface Deps {
  /** Absolute. Made when it is not there. Processes on several machines may share it when they mount it. */
  dir: string;
  log: Logger;
}

/**
 * A MediaStore of plain files: `a/b.m4s` is the file `<dir>/a/b.m4s`. New objects are written under `<dir>/.tmp`,
 * which no name can lead to, and moved into place. What a crash left there is swept by the next start.
 */
export async function createFolderStore({ dir, log }: Deps): Promise<MediaStore> {
  const unfinished = join(dir, '.tmp');
  let closed = false;
  await mkdir(unfinished, { recursive: true }).catch(fail);
  await sweep(unfinished, log);

  const pathOf = (name: string) => join(dir, ...name.split('/'));

  function check(): void {
    if (closed) throw new MediaStoreError('unavailable', 'the media store is closed');
  }

  /** A disk that is not mounted has no objects either, but that is a failure. */
  async function confirmFolder(): Promise<void> {
    await access(unfinished).catch(fail);
  }

  async function put(name: string, body: Uint8Array): Promise<void> {
    const temporary = join(unfinished, randomUUID());
    try {
      const file = await open(temporary, 'wx', 0o640);
      try {
        await file.writeFile(body);
        await file.sync();
      } finally {
        await file.close();
      }
      await moveInto(temporary, pathOf(name));
    } catch (error) {
      await unlink(temporary).catch(() => {});
      const code = codeOf(error);
      if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'EEXIST') throw badName('name', name, error);
      fail(error);
    }
  }

  async function list(prefix: string, after = ''): Promise<StoredName[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    await confirmFolder();
    const names = (await namesUnder(folder)).filter((name) => name.startsWith(prefix) && name > after);
    names.sort();
    const found = await inTurns(names, async (name) => {
      // One that was removed since the folder was read is not there.
      const info = await stat(pathOf(name)).catch(unlessMissing);
      return info ? { name, size: info.size } : null;
    });
    return found.filter((entry) => entry !== null);
  }

  /** Of files, relative to `dir`, in no order. `folder` is empty or ends with a slash. */
  async function namesUnder(folder: string): Promise<string[]> {
    const entries = await readdir(join(dir, folder), { withFileTypes: true }).catch(unlessMissing);
    const names: string[] = [];
    for (const entry of entries ?? []) {
      if (entry.isFile()) names.push(folder + entry.name);
      else if (entry.isDirectory() && !entry.name.startsWith('.'))
        names.push(...(await namesUnder(`${folder}${entry.name}/`)));
    }
    return names;
  }

  async function remove(name: string): Promise<void> {
    await unlink(pathOf(name)).catch((error: unknown) => {
      // The folder of others: no object has this name.
      if (codeOf(error) !== 'EISDIR') unlessMissing(error);
    });
    await removeEmptyFolders(dirname(pathOf(name)));
  }

  async function removeEmptyFolders(from: string): Promise<void> {
    for (let folder = from; folder !== dir && folder.startsWith(dir); folder = dirname(folder)) {
      const removed = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }

  return {
    async put(name, body) {
      checkName(name);
      check();
      await put(name, body);
    },
    async get(name, range) {
      checkName(name);
      check();
      const file = await open(pathOf(name), 'r').catch(unlessMissing);
      if (!file) {
        await confirmFolder();
        return null;
      }
      try {
        const info = await file.stat();
        if (!info.isFile()) {
          await file.close();
          return null;
        }
        const contentType = contentTypeOf(name);
        const from = range?.from ?? 0;
        const to = Math.min(range?.to ?? info.size, info.size);
        if (from >= to) {
          await file.close();
          return { body: Readable.from([]), size: info.size, contentType };
        }
        // The stream closes the file, at its end or when it is destroyed.
        return {
          body: file.createReadStream({ start: from, end: to - 1 }),
          size: info.size,
          contentType,
        };
      } catch (error) {
        await file.close().catch(() => {});
        return fail(error);
      }
    },
    async list(prefix, options) {
      checkPrefix(prefix);
      check();
      return list(prefix, options?.after).catch(fail);
    },
    async remove(name) {
      checkName(name);
      check();
      await remove(name).catch(fail);
    },
    async removeAll(prefix) {
      checkOwnPrefix(prefix);
      check();
      if (prefix.endsWith('/')) {
        const folder = join(dir, prefix);
        await rm(folder, { recursive: true, force: true }).catch(fail);
        await removeEmptyFolders(dirname(folder));
        return;
      }
      for (const { name } of await list(prefix).catch(fail)) await remove(name).catch(fail);
    },
    async health() {
      if (closed) return { status: 'down', reason: 'closed' };
      try {
        await access(unfinished, constants.W_OK);
        const { bavail, bsize } = await statfs(dir);
        const free = bavail * bsize;
        if (free >= lowSpaceBytes) return { status: 'ok' };
        return { status: 'degraded', reason: `${Math.floor(free / 1024 ** 2)} MB left for recordings` };
      } catch (error) {
        return { status: 'down', reason: `the media folder: ${codeOf(error) ?? 'failed'}` };
      }
    },
    async close() {
      closed = true;
    },
  };
}

/** Moves a written file to where it belongs, and makes the move survive a power cut. */
async function moveInto(temporary: string, target: string): Promise<void> {
  const folder = dirname(target);
  for (let attempt = 1; ; attempt += 1) {
    const firstMade = await mkdir(folder, { recursive: true });
    try {
      await rename(temporary, target);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && attempt < moveAttempts) continue;
      throw error;
    }
    await syncFolder(folder);
    if (firstMade === undefined) return;
    for (let made = folder; made.length >= firstMade.length; made = dirname(made))
      await syncFolder(dirname(made));
    return;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sweep(unfinished: string, log: Logger): Promise<void> {
  let swept = 0;
  for (const name of await readdir(unfinished).catch(fail)) {
    const path = join(unfinished, name);
    const info = await stat(path).catch(() => null);
    if (!info || Date.now() - info.mtimeMs < leftoverAgeMs) continue;
    await unlink(path).catch(() => {});
    swept += 1;
  }
  if (swept > 0) log.info({ swept }, 'unfinished objects of an earlier run removed');
}

/** In order; some at a time, so that a long listing neither waits for each nor floods the thread pool. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += 64)
    results.push(...(await Promise.all(items.slice(at, at + 64).map(work))));
  return results;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Absence is an answer, everything else a failure. */
function unlessMissing(error: unknown): null {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return null;
  return fail(error);
}

function fail(error: unknown): never {
  if (error instanceof MediaStoreError) throw error;
  const code = codeOf(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  throw new MediaStoreError(full ? 'full' : 'unavailable', `media folder: ${code ?? 'failed'}`, error);
}
