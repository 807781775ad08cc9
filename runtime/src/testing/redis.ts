import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface TestRedis {
  url: string;
  port: number;
  /** Stops the server (`SIGKILL` is a crash) and starts it again on the same port with its append-only file. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Leaves it stopped; `start` brings it back. */
  halt(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
  /** Stops it for good and removes its files. */
  stop(): Promise<void>;
}

/**
 * A real redis-server on a port the system chose, with an append-only file in a temporary folder. Rejects when there
 * is no redis-server: a test that needs one must fail, not be skipped. Not for production code.
 */
export async function startRedis({
  appendfsync = 'everysec',
}: { appendfsync?: 'always' | 'everysec' } = {}): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'keshi-redis-'));
  const port = await freePort();
  let child: ChildProcess | null = null;
  const killOnExit = () => void child?.kill('SIGKILL');
  process.once('exit', killOnExit);

  async function start(): Promise<void> {
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
    const started = spawn('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', appendfsync], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const lines = createInterface({ input: started.stdout });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const said: string[] = [];
    lines.on('line', (line) => {
      if (said.length < 50) said.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
    started.once('error', (error) => reject(new Error('redis-server cannot be started', { cause: error })));
    started.once('exit', () => reject(new Error(`redis-server ended:\n${said.join('\n')}`)));
    await promise;
  }

  async function halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = child;
    child = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    halt,
    async restart(signal) {
      await halt(signal);
      await start();
    },
    async stop() {
      process.off('exit', killOnExit);
      await halt('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
