/** Every service in a process of its own on one machine, over a Redis and a PostgreSQL that are already there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@keshi/db/embedded-server';
import { createFront, type Front } from './front.ts';

const host = '127.0.0.1';
const readyWithinMs = 120_000;
const stopWithinMs = 30_000;
const askAgainMs = 100;
/** A process whose starter is gone, however that ended, stops by itself. */
const endWithParent = fileURLToPath(new URL('../install/end-with-parent.mjs', import.meta.url));

type Role = 'web' | 'signaling' | 'sfu' | 'proctor';
const programs: Record<Role, { main: string; port: string; health: string }> = {
  web: { main: '../../web/server/src/main.ts', port: 'PORT', health: '/api/health' },
  signaling: { main: '../../signaling/src/main.ts', port: 'SIGNALING_PORT', health: '/healthz' },
  sfu: { main: '../../sfu/src/main.ts', port: 'SFU_LINK_PORT', health: '/healthz' },
  proctor: { main: '../../proctor/src/main.ts', port: 'PROCTOR_PORT', health: '/healthz' },
};

export interface ServiceProcess {
  readonly role: Role;
  readonly port: number;
  readonly pid: () => number;
  /** Starts it again after it has ended. */
  readonly start: () => Promise<void>;
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<void>;
  /** Asks it to stop in order, and waits. */
  readonly stop: () => Promise<void>;
}

export interface Cluster {
  /** What people type. */
  readonly url: string;
  readonly web: ServiceProcess;
  readonly sfu: readonly ServiceProcess[];
  /** One more SFU node, while classes run. */
  readonly addSfu: (env?: Readonly<Record<string, string>>) => Promise<ServiceProcess>;
  readonly proctors: readonly ServiceProcess[];
  /** In the order of `front.connections()`. */
  readonly signaling: readonly ServiceProcess[];
  readonly front: Front;
  readonly stop: () => Promise<void>;
}

export interface ClusterOptions {
  /** Where the services share what they keep on disk: in development, their secrets. */
  dataDir: string;
  databaseUrl: string;
  redisUrl: string;
  signalingNodes: number;
  /** 2 by default. */
  sfuNodes?: number;
  /** None by default: tests and benches that check no faces leave the cores to what they are about. */
  proctors?: number;
  /** The pages' port; 0 lets the system choose. */
  port?: number;
  /** Adds to or overrides the environment of every service. */
  env?: Readonly<Record<string, string>>;
  /** Beyond `env`, of the SFU node of that number. */
  sfuEnv?: (n: number) => Readonly<Record<string, string>>;
  /** For Node.js itself, e.g. to profile the services of a role. */
  nodeArgs?: (role: Role) => readonly string[];
  /** Called with what the services print, as it comes. */
  onOutput?: (text: string) => void;
}

/** Resolves when every service answers that it is ready; when one of them cannot start, all are stopped again. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const started: ServiceProcess[] = [];
  const begin = async (role: Role, port: number, extra: Readonly<Record<string, string>> = {}) => {
    const service = await startService(role, port, { ...environmentOf(options), ...extra }, options);
    started.push(service);
    return service;
  };
  let front: Front | undefined;
  const stop = async () => {
    await Promise.all(started.filter(({ role }) => role !== 'sfu').map((service) => service.stop()));
    await Promise.all(started.filter(({ role }) => role === 'sfu').map((service) => service.stop()));
    await front?.close();
  };
  try {
    const port = options.port || (await freePort());
    const url = `http://${host}:${port}`;
    const ports = await Promise.all(Array.from({ length: options.signalingNodes }, () => freePort()));
    front = await createFront(ports, host);
    const addresses = { PUBLIC_URL: url, SIGNALING_URL: `http://${host}:${front.port}` };
    // The pages' process brings the database to this release; the others expect to find it there.
    const web = await begin('web', port, addresses);
    const addSfu = async (env: Readonly<Record<string, string>> = {}) =>
      begin('sfu', await freePort(), { SFU_MESH_PORT: String(await freePort()), ...env });
    const sfu = await Promise.all(
      Array.from({ length: options.sfuNodes ?? 2 }, (_, n) => addSfu(options.sfuEnv?.(n))),
    );
    const proctors = await Promise.all(
      Array.from({ length: options.proctors ?? 0 }, async () => begin('proctor', await freePort())),
    );
    const signaling = await Promise.all(ports.map((each) => begin('signaling', each, addresses)));
    return { url, web, sfu, addSfu, proctors, signaling, front, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environmentOf({ dataDir, databaseUrl, redisUrl, env }: ClusterOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_ENV: 'development',
    HOST: host,
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    SFU_PORT_BASE: '0',
    ...env,
  };
}

async function startService(
  role: Role,
  port: number,
  env: NodeJS.ProcessEnv,
  { onOutput, nodeArgs }: ClusterOptions,
): Promise<ServiceProcess> {
  const program = programs[role];
  const main = fileURLToPath(new URL(program.main, import.meta.url));
  let child: ChildProcess;
  let exited: Promise<unknown>;
  const ended = () => child.exitCode !== null || child.signalCode !== null;

  async function start(): Promise<void> {
    let last = '';
    child = spawn(process.execPath, [...(nodeArgs?.(role) ?? []), '--import', endWithParent, main], {
      env: { ...env, [program.port]: String(port) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    exited = once(child, 'exit');
    child.once('exit', (code, signal) => onOutput?.(`${role} on port ${port} ended: ${signal ?? code}\n`));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        last = (last + chunk.toString()).slice(-4_000);
        onOutput?.(chunk.toString());
      });
    const deadline = Date.now() + readyWithinMs;
    while (!(await answers(`http://${host}:${port}${program.health}`))) {
      if (!ended() && Date.now() < deadline) await delay(askAgainMs);
      else {
        child.kill('SIGKILL');
        throw new Error(`${role} did not become ready:\n${last}`);
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (ended()) return;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await exited;
    clearTimeout(timer);
  }

  await start();
  return {
    role,
    port,
    pid: () => child.pid ?? 0,
    start,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
}
