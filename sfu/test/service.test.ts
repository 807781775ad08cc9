/** The service as signaling meets it: over a link, in this process and in its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { routerRtpCapabilities } from '@keshi/contract/media-codecs';
import { sfuContract, sfuNodeInfo, sfuNodeKind } from '@keshi/contract/sfu';
import { createHealth } from '@keshi/runtime/health';
import { createLinkClient } from '@keshi/runtime/link/client';
import { createLocalLink } from '@keshi/runtime/link/local';
import { createMetrics } from '@keshi/runtime/metrics';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import { describe, expect, it, onTestFinished } from 'vitest';
import { announce } from '../src/announcement.ts';
import { createSfuService } from '../src/service.ts';
import { sfuConfig } from '../src/testing/config.ts';
import { log } from './support/node.ts';

const joinOf = (classId: string, peerId: string) => ({
  classId,
  peerId,
  rtpCapabilities: routerRtpCapabilities,
  resume: false,
  audioOnly: false,
});

describe('in this process', () => {
  it('answers a local link, tells it events, and outlives it', async () => {
    const metrics = createMetrics({ service: 'test' });
    const health = createHealth(log);
    const service = await createSfuService(sfuConfig(1), { log, metrics, health });
    onTestFinished(() => service.close());
    const [near, far] = createLocalLink({ contract: sfuContract, log });
    service.serve(far);
    const events: string[] = [];
    near.on('peer.reset', ({ reason }) => events.push(reason));

    const [classId, peerId] = [randomUUID(), randomUUID()];
    await near.request('class.open', { classId, nodes: [] });
    const joined = await near.request('peer.join', joinOf(classId, peerId));
    expect(joined.recvTransport.iceCandidates).toHaveLength(2);
    await expect(
      near.request('peer.publish', { classId, peerId: randomUUID(), via: 'page', held: [] }),
    ).rejects.toMatchObject({
      code: 'media-not-found',
    });
    expect(await metrics.text()).toMatch(/keshi_sfu_transports\{port="\d+",service="test"\} 1/);
    expect(await metrics.text()).toMatch(/keshi_sfu_worker_cpu_seconds\{/);
    expect(await health.report()).toMatchObject({ status: 'ok' });

    await near.close();
    const [next, served] = createLocalLink({ contract: sfuContract, log });
    service.serve(served);
    next.on('peer.reset', ({ reason }) => events.push(reason));
    const resumed = await next.request('peer.join', { ...joinOf(classId, peerId), resume: true });
    expect(resumed).toMatchObject({ resumed: true, recvTransport: { id: joined.recvTransport.id } });
    service.node.close();
    await expect.poll(() => events).toEqual(['node-restarted']);
  });

  it('announces itself until it withdraws', async () => {
    const state = createMemoryState({ log });
    onTestFinished(() => state.close());
    let draining = false;
    const announcement = await announce({
      registry: state.registry,
      nodeId: 'n1',
      info: () => ({
        url: 'ws://127.0.0.1:1',
        meshUrl: null,
        region: null,
        draining,
        budget: 500,
        usedPercent: 0,
        records: false,
      }),
      log,
    });
    const listed = async () => {
      const nodes = await state.registry.list(sfuNodeKind);
      return nodes.map(({ info }) => sfuNodeInfo.parse(info).draining);
    };
    expect(await listed()).toEqual([false]);
    draining = true;
    await announcement.update();
    expect(await listed()).toEqual([true]);
    await announcement.withdraw();
    await announcement.withdraw();
    expect(await listed()).toEqual([]);
  });
});

describe('as its own process', () => {
  /** Reads log lines until one has this message. */
  async function until(child: ChildProcess, message: string): Promise<Record<string, unknown>> {
    if (!child.stdout) throw new Error('no output');
    for await (const line of createInterface({ input: child.stdout })) {
      const entry: unknown = JSON.parse(line);
      if (typeof entry === 'object' && entry !== null && 'msg' in entry && entry.msg === message)
        return { ...entry };
    }
    throw new Error(`ended before "${message}"`);
  }

  it('serves links, and on SIGTERM sends its peers away before it ends', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sfu-'));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const secret = 'a secret for this test, long enough';
    const child = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        PUBLIC_URL: 'https://example.test',
        TOKEN_SECRET: secret,
        SERVICE_SECRET: secret,
        BLIND_INDEX_KEY: Buffer.alloc(32, 1).toString('base64'),
        PII_KEY: Buffer.alloc(32, 2).toString('base64'),
        METRICS_TOKEN: 'a token for this test',
        DATA_DIR: dataDir,
        HOST: '127.0.0.1',
        SFU_LISTEN_IP: '127.0.0.1',
        SFU_LINK_PORT: '0',
        SFU_MESH_PORT: '0',
        SFU_PORT_BASE: '0',
        SFU_WORKERS: '1',
        LOG_LEVEL: 'info',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ready = await until(child, 'sfu ready');
    const link = createLinkClient({
      contract: sfuContract,
      url: `ws://127.0.0.1:${String(ready.port)}`,
      secret,
      from: 'signaling-1',
      audience: String(ready.nodeId),
      log,
    });
    onTestFinished(() => link.close());
    const ask = (path: string, headers = {}) =>
      fetch(`http://127.0.0.1:${String(ready.port)}${path}`, { headers });
    const healthy = await ask('/healthz');
    expect([healthy.status, await healthy.json()]).toMatchObject([200, { status: 'ok' }]);
    expect((await ask('/metrics')).status).toBe(404);
    const scrape = await ask('/metrics', { authorization: 'Bearer a token for this test' });
    expect(await scrape.text()).toContain('keshi_sfu_workers{service="sfu"} 1');
    const resets: string[] = [];
    link.on('peer.reset', ({ reason }) => resets.push(reason));
    await expect.poll(() => link.state.kind, { timeout: 5_000 }).toBe('open');

    const [classId, peerId] = [randomUUID(), randomUUID()];
    await link.request('class.open', { classId, nodes: [] });
    await link.request('peer.join', joinOf(classId, peerId));
    const { workers } = await link.request('node.stats', {});
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(resets).toEqual(['node-restarted']);
    const isAlive = () => {
      try {
        return process.kill(workers[0]?.pid ?? 0, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive).toBe(false);
  });
});
