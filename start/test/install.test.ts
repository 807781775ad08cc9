import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { attempt } from '../install/command.mjs';
import { root } from '../install/layout.mjs';
import { withLock } from '../install/lock.mjs';
import { workerPath } from '../worker/path.mjs';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keshi-start-test-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Whether a process exists; a zombie does not count as one. */
function alive(pid: number) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Starts a module in a process of its own and waits for its first line. */
async function startModule(code: string, name = 'module.mjs') {
  const file = join(folder, name);
  writeFileSync(file, code);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [chunk]: unknown[] = await once(child.stdout, 'data');
  return { child, firstLine: String(chunk).trim() };
}

describe('a command of the setup', () => {
  test('that takes too long is ended with everything it started', async () => {
    const pidFile = join(folder, 'pid');
    const { code } = await attempt('sh', ['-c', `sleep 60 & echo $! > ${pidFile}; wait`], { timeoutMs: 500 });
    expect(code).toBe(124);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => alive(pid)).toBe(false);
  });

  test('that does not exist fails like any other', async () => {
    expect((await attempt('no-such-command-here', [])).code).toBe(127);
  });
});

test('npm hands signals to the setup itself, not to a shell that would end alone and leave the services running', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  for (const [name, script] of Object.entries(scripts)) expect(script, name).toMatch(/^exec node /);
});

describe('the lock', () => {
  const name = `test-${process.pid}`;

  test('keeps a second process waiting until the first is done', async () => {
    const inside = join(folder, 'inside');
    const { child } = await startModule(`
      import { withLock } from '${join(root, 'start/install/lock.mjs')}';
      import { existsSync, writeFileSync } from 'node:fs';
      await withLock('${name}', async () => {
        const asked = new Promise((done) => process.once('SIGUSR2', done));
        console.log('holding');
        await asked;
        writeFileSync('${inside}', '');
      });
    `);
    const second = withLock(name, () => Promise.resolve(existsSync(inside)));
    child.kill('SIGUSR2');
    expect(await second).toBe(true);
  });

  test('is free again when its holder is killed', async () => {
    const { child } = await startModule(`
      import { withLock } from '${join(root, 'start/install/lock.mjs')}';
      await withLock('${name}', () => { console.log('holding'); return new Promise(() => {}); });
    `);
    child.kill('SIGKILL');
    expect(await withLock(name, () => Promise.resolve('mine'))).toBe('mine');
  });
});

describe('the launcher', () => {
  const service = `
    let asked = 0;
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { asked += 1; });
    const timer = setInterval(() => { if (asked > 0) { clearInterval(timer); process.exitCode = 10 + asked; } }, 300);
    console.log(process.pid);
  `;
  const launcher = () => {
    writeFileSync(join(folder, 'service.mjs'), service);
    return startModule(`
      import { launch } from '${join(root, 'start/install/launch.mjs')}';
      process.exitCode = await launch({ node: process.execPath, env: process.env }, '${join(folder, 'service.mjs')}', []);
    `);
  };

  test('passes an interrupt on once, however often it comes, and ends with the exit code', async () => {
    const { child } = await launcher();
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await ended).toEqual([11, null]);
  });

  test('leaves no service behind when it is killed', async () => {
    const { child, firstLine } = await launcher();
    expect(alive(Number(firstLine))).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => alive(Number(firstLine)), { timeout: 5_000 }).toBe(false);
  });
});

test('the media worker runs on this machine', async () => {
  // 41 is its answer to whoever is not mediasoup.
  expect((await attempt(workerPath(), [], { env: {} })).code).toBe(41);
});
