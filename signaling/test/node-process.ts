/** A node in a process of its own, as it runs in a cluster, so that it can be killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { testKeys } from '@keshi/db/testing/database';
import { tokenSecret } from './harness.ts';

export interface NodeProcess {
  url: string;
  nodeId: string;
  kill(): Promise<void>;
  /** In order; resolves to the exit code. */
  stop(): Promise<number | null>;
}

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export async function runNode({
  database,
  redis,
}: {
  database: string;
  redis: string;
}): Promise<NodeProcess> {
  const secret = 'x'.repeat(32);
  const key = Buffer.alloc(32, 7).toString('base64');
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      // As in production: lines of JSON that can be read here.
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://classes.example',
      METRICS_TOKEN: secret,
      TOKEN_SECRET: tokenSecret,
      SERVICE_SECRET: secret,
      PII_KEYS: `${testKeys[0]?.id}:${testKeys[0]?.secret.toString('base64')}`,
      BLIND_INDEX_KEY: key,
      DATABASE_URL: database,
      REDIS_URL: redis,
      HOST: '127.0.0.1',
      SIGNALING_PORT: '0',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killOnExit = () => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  child.once('exit', () => process.off('exit', killOnExit));

  let nodeId = '';
  const { promise: ready, resolve, reject } = Promise.withResolvers<number>();
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const line of output.split('\n').slice(0, -1)) {
      const entry = JSON.parse(line) as { msg?: string; nodeId?: string; port?: number };
      nodeId = entry.nodeId ?? nodeId;
      if (entry.msg === 'signaling listens' && entry.port) resolve(entry.port);
    }
    output = output.slice(output.lastIndexOf('\n') + 1);
  });
  child.once('exit', () => reject(new Error('the node ended before it listened')));
  const port = await ready;
  return {
    url: `http://127.0.0.1:${port}`,
    nodeId,
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}
