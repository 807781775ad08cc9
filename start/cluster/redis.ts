/** Redis for a cluster on one machine, with its append-only file among the cluster's own data. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export interface Redis {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Rejects when redis-server is not installed or the port is taken. */
export async function startRedis({ dir, port }: { dir: string; port: number }): Promise<Redis> {
  await mkdir(dir, { recursive: true });
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir];
  // As in docker-compose.yml: presence proofs pass through here, and none of them may be evicted.
  const how = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'];
  // It ends with whoever started it, however that ends: a second one over the same files would spoil them.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'redis-server', ...where, ...how, '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (said.length < 50) said.push(line);
    if (line.includes('Ready to accept connections')) resolve();
  });
  child.once('error', (error) => reject(new Error('redis-server cannot be started', { cause: error })));
  child.once('exit', () => reject(new Error(`redis-server ended:\n${said.join('\n')}`)));
  await promise;
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
