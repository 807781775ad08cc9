/** Debian's coturn as operators are told to run it for closed networks: TCP and TLS on port 443 of an address of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const port = 443;

export interface TurnServer {
  /** Over TCP, and over TLS on the same port. */
  readonly urls: readonly [tcp: string, tls: string];
  /** Of its certificate's key, for a browser that is to trust it. */
  readonly trustedKey: string;
  /** What it printed so far. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/** It relays to `peer` and to nobody else. Rejects where there is no coturn: a test that needs one must fail. */
export async function startTurnServer(options: {
  address: string;
  peer: string;
  secret: string;
}): Promise<TurnServer> {
  const { address, peer, secret } = options;
  const folder = await mkdtemp(join(tmpdir(), 'keshi-turn-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=turn.keshi.test', '-addext', `subjectAltName=IP:${address}`];
  const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  await run('openssl', ['req', ...made, ...subject]);

  const server = spawn(
    'turnserver',
    [
      ...[
        '-n',
        '--log-file=stdout',
        '--no-cli',
        '--fingerprint',
        '--no-multicast-peers',
        '--no-udp',
        '--no-dtls',
      ],
      ...[`--listening-ip=${address}`, `--relay-ip=${address}`],
      ...[
        `--listening-port=${port}`,
        `--tls-listening-port=${port}`,
        `--cert=${certificate}`,
        `--pkey=${key}`,
      ],
      ...['--realm=keshi.test', '--use-auth-secret', `--static-auth-secret=${secret}`],
      ...['--denied-peer-ip=0.0.0.0-255.255.255.255', `--allowed-peer-ip=${peer}`],
      ...[`--userdb=${join(folder, 'users')}`, `--pidfile=${join(folder, 'pid')}`],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const killOnExit = () => void server.kill('SIGKILL');
  process.once('exit', killOnExit);
  let output = '';
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.once('exit', (code) => reject(new Error(`coturn ended with ${code}:\n${output}`)));
  for (const stream of [server.stdout, server.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      output = `${output}${line}\n`.slice(-100_000);
      // Its listeners are open by then.
      if (line.includes('Total General servers')) resolve();
    });
  await ready;

  return {
    urls: [`turn:${address}:${port}?transport=tcp`, `turns:${address}:${port}?transport=tcp`],
    trustedKey: await keyHash(certificate),
    output: () => output,
    async stop() {
      process.off('exit', killOnExit);
      await end(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
}

async function keyHash(certificate: string): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(certificate));
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
