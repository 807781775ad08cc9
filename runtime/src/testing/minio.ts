import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MediaStoreConfig } from '../config.ts';
import { signRequest } from '../media-store/s3-signature.ts';

type S3Config = Extract<MediaStoreConfig, { kind: 's3' }>;

export interface TestMinio {
  port: number;
  /** The settings of a new, empty bucket. */
  bucket(): Promise<S3Config>;
  /** A crash; the objects stay. */
  halt(): Promise<void>;
  /** On the same port as before. */
  start(): Promise<void>;
  /** Stops it for good and removes its files. */
  stop(): Promise<void>;
}

const keys = { region: 'us-east-1', accessKeyId: 'keshi-test', secretAccessKey: 'keshi-test-secret' };

/**
 * A real MinIO on a port the system chose, with its objects in a temporary folder. Rejects when MINIO_BIN is not there:
 * a test that needs one must fail, not be skipped. Not for production code.
 */
export async function startMinio(): Promise<TestMinio> {
  const dir = await mkdtemp(join(tmpdir(), 'keshi-minio-'));
  let port = 0;
  let buckets = 0;
  let child: ChildProcess | null = null;
  const killOnExit = () => void child?.kill('SIGKILL');
  process.once('exit', killOnExit);

  async function start(): Promise<void> {
    const binary = process.env.MINIO_BIN;
    if (!binary) throw new Error('MINIO_BIN is not set: npm test builds MinIO and sets it');
    const started = spawn(binary, ['server', dir, '--address', `127.0.0.1:${port}`], {
      env: {
        HOME: dir,
        MINIO_ROOT_USER: keys.accessKeyId,
        MINIO_ROOT_PASSWORD: keys.secretAccessKey,
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const said: string[] = [];
    for (const output of [started.stdout, started.stderr])
      createInterface({ input: output }).on('line', (line) => {
        if (said.length < 50) said.push(line);
        const chosen = /API: http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (chosen !== undefined) resolve(Number(chosen));
      });
    started.once('error', (error) => reject(new Error('MinIO cannot be started', { cause: error })));
    started.once('exit', () => reject(new Error(`MinIO ended:\n${said.join('\n')}`)));
    port = await promise;
  }

  async function halt(): Promise<void> {
    const running = child;
    child = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }

  async function bucket(): Promise<S3Config> {
    buckets += 1;
    const name = `test-${buckets}`;
    const endpoint = `http://127.0.0.1:${port}`;
    const url = new URL(`${endpoint}/${name}`);
    const headers = signRequest({ method: 'PUT', url, body: null, at: Date.now() }, keys);
    const response = await fetch(url, { method: 'PUT', headers });
    if (!response.ok) throw new Error(`no bucket: ${response.status} ${await response.text()}`);
    return { kind: 's3', endpoint, bucket: name, prefix: '', ...keys };
  }

  await start();
  return {
    get port() {
      return port;
    },
    bucket,
    halt,
    start,
    async stop() {
      process.off('exit', killOnExit);
      await halt();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
