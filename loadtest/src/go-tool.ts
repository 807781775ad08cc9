/**
 * Tools of the load that are written in Go, because a goroutine for each of thousands of members is what Go is good at:
 * built when their sources have changed, and kept in the cache.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from '../../start/install/layout.mjs';

const buildWithinMs = 300_000;

/**
 * Path of the program in `loadtest/NAME`. Throws an error that says what to do when there is no Go, or when it does not
 * build.
 */
export async function buildGoTool(name: 'viewers' | 'holder'): Promise<string> {
  const sources = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const program = join(cacheFolder(), `${name}-${await hashOf(sources)}`);
  if (existsSync(program)) return program;
  await mkdir(cacheFolder(), { recursive: true });
  const draft = `${program}.${randomUUID()}`;
  try {
    await promisify(execFile)('go', ['build', '-trimpath', '-o', draft, '.'], {
      cwd: sources,
      env: { ...process.env, CGO_ENABLED: '0' },
      timeout: buildWithinMs,
    });
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const said = cause instanceof Error && 'stderr' in cause ? `\n${String(cause.stderr)}` : '';
    throw new Error(
      isMissing
        ? `The load's ${name} are written in Go: install Go 1.25 or newer and put \`go\` on the PATH.`
        : `loadtest/${name} could not be built with \`go build\`.${said}`,
      { cause },
    );
  }
  // Whole or not at all, also when two build at once.
  await rename(draft, program);
  return program;
}

async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).toSorted())
    hash.update(`${name}\n`).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
