import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Interface, createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { createLifecycle } from '../src/lifecycle.ts';
import { createQuietLog } from './quiet-log.ts';

test('steps run one after another in reverse order, once', async () => {
  const lifecycle = createLifecycle(createQuietLog());
  const closed: string[] = [];
  lifecycle.onStop('database', () => closed.push('database'));
  lifecycle.onStop('server', async () => {
    await new Promise(setImmediate);
    closed.push('server');
  });
  expect(lifecycle.stopping.aborted).toBe(false);
  const [first, second] = await Promise.all([lifecycle.stop('test'), lifecycle.stop('again', 5)]);
  expect([first, second]).toEqual([0, 0]);
  expect(closed).toEqual(['server', 'database']);
  expect(lifecycle.stopping.aborted).toBe(true);
});

test('a step that fails or hangs keeps no other from running, and the code says so', async () => {
  const lifecycle = createLifecycle(createQuietLog());
  const closed: string[] = [];
  lifecycle.onStop('first', () => closed.push('first'));
  lifecycle.onStop('failing', () => {
    throw new Error('on purpose');
  });
  lifecycle.onStop('hanging', () => new Promise(() => {}), 20);
  expect(await lifecycle.stop('test')).toBe(1);
  expect(closed).toEqual(['first']);
});

test('what is opened while stopping is closed at once', async () => {
  const lifecycle = createLifecycle(createQuietLog());
  await lifecycle.stop('test');
  const closed: string[] = [];
  lifecycle.onStop('late', () => closed.push('late'));
  expect(closed).toEqual(['late']);
});

describe('in a process', () => {
  let child: ChildProcess | null = null;
  afterEach(() => child?.kill('SIGKILL'));

  function run(mode: string): { process: ChildProcess; lines: Interface } {
    const script = new URL('./lifecycle-process.ts', import.meta.url).pathname;
    const started = spawn(process.execPath, [script, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    return { process: started, lines: createInterface({ input: started.stdout }) };
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops in order and exits with 0', async (signal) => {
    const { process: running, lines } = run('clean');
    const said: string[] = [];
    lines.on('line', (line) => said.push(line));
    await expect.poll(() => said).toEqual(['ready']);
    running.kill(signal);
    expect(await once(running, 'exit')).toEqual([0, null]);
    expect(said).toEqual(['ready', 'server closed', 'database closed']);
  });

  test('a second signal exits at once', async () => {
    const { process: running, lines } = run('hanging');
    await once(lines, 'line');
    const closing = once(lines, 'line');
    running.kill('SIGTERM');
    await closing;
    const exited = once(running, 'exit');
    await expect
      .poll(() => running.kill('SIGTERM') && running.exitCode === null, { interval: 20 })
      .toBe(false);
    expect(await exited).toEqual([1, null]);
  });

  test('a signal that arrives twice for one key press still stops in order', async () => {
    const { process: running, lines } = run('clean');
    const said: string[] = [];
    lines.on('line', (line) => said.push(line));
    await expect.poll(() => said).toEqual(['ready']);
    running.kill('SIGINT');
    running.kill('SIGTERM');
    expect(await once(running, 'exit')).toEqual([0, null]);
    expect(said).toEqual(['ready', 'server closed', 'database closed']);
  });

  test.each(['throwing', 'rejecting'])('%s is logged, stops in order and exits with 1', async (mode) => {
    const { process: running, lines } = run(mode);
    const said: string[] = [];
    lines.on('line', (line) => said.push(line));
    const [code] = await once(running, 'exit');
    expect(code).toBe(1);
    await expect.poll(() => said.at(-1)).toBe('database closed');
    expect(said.join('\n')).toContain('unexpected fault');
  });
});
