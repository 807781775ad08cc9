/** The whole product as its own process, as `npm start` runs it after its preparation, on ports the system chooses. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../start/main.ts', import.meta.url));
const readyWithinMs = 120_000;
const stopWithinMs = 30_000;
const askAgainMs = 50;

export interface Product {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Of the process that runs now. */
  readonly pid: () => number;
  /** What it printed so far, for the message of a failing test. */
  readonly output: () => string;
  /** Kills it as a power cut would. */
  readonly kill: () => Promise<void>;
  /** Starts it again over the same data. */
  readonly restart: () => Promise<void>;
  /** Stops it in order and removes its data. */
  readonly stop: () => Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port to be had');
  return address.port;
}

/** `env` adds to or overrides the product's environment (DATABASE_URL, REDIS_URL, SFU_ANNOUNCED_ADDRESS …). */
export async function startProduct(env: Readonly<Record<string, string>> = {}): Promise<Product> {
  const dataDir = await mkdtemp(join(tmpdir(), 'keshi-e2e-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let output = '';
  let exited: Promise<void> = Promise.resolve();
  let child: ReturnType<typeof spawn>;

  async function launch() {
    child = spawn(process.execPath, [main], {
      env: {
        ...process.env,
        NODE_ENV: 'development',
        PORT: String(port),
        DATA_DIR: dataDir,
        SFU_PORT_BASE: '0',
        PUBLIC_URL: url,
        LOG_LEVEL: 'info',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const mine = child;
    const killOnExit = () => void mine.kill('SIGKILL');
    process.once('exit', killOnExit);
    mine.once('exit', () => process.off('exit', killOnExit));
    for (const stream of [mine.stdout, mine.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-200_000);
      });
    exited = new Promise((resolve) => mine.once('exit', () => resolve()));
    await healthy(mine);
  }

  async function healthy(mine: ReturnType<typeof spawn>) {
    const deadline = Date.now() + readyWithinMs;
    for (;;) {
      if (mine.exitCode !== null || mine.signalCode !== null)
        throw new Error(`the product ended with ${mine.exitCode ?? mine.signalCode}:\n${output}`);
      const answer = await fetch(`${url}/api/health`).catch(() => null);
      if (answer?.status === 200) return;
      if (Date.now() > deadline) throw new Error(`the product was not ready in time:\n${output}`);
      // Asking without a pause would take from the starting product the processor it needs.
      await delay(askAgainMs);
    }
  }

  async function stopProcess(signal: NodeJS.Signals) {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await exited;
    clearTimeout(timer);
  }

  await launch();
  return {
    url,
    port,
    dataDir,
    pid: () => child.pid ?? 0,
    output: () => output,
    kill: () => stopProcess('SIGKILL'),
    restart: launch,
    async stop() {
      await stopProcess('SIGTERM');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
