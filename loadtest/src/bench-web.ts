/** The pages' service by itself, over what its caller gives it, on a port of its own: as benches and attacks need it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Db } from '@keshi/db/client';
import type { Vault } from '@keshi/db/vault';
import type { Clock } from '@keshi/runtime/clock';
import { createHealth } from '@keshi/runtime/health';
import type { Logger } from '@keshi/runtime/log';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import type { State } from '@keshi/runtime/state/ports';
import type { FaceJudge } from '@keshi/web-server/checks/face-judge';
import { listen } from '@keshi/web-server/listener';
import { createWeb } from '@keshi/web-server/service';

export interface BenchWebOptions {
  db: Db;
  state: State;
  vault: Vault;
  judge: FaceJudge | null;
  tokenSecret: string;
  /** `test`: every reply is held against the contract, which costs time. */
  env: 'production' | 'test';
  log: Logger;
  /** The machine's, unless said otherwise. */
  clock?: Clock;
}

export async function openBenchWeb(options: BenchWebOptions) {
  const { db, state, vault, judge, tokenSecret, env, log, clock } = options;
  const folder = await mkdtemp(join(tmpdir(), 'keshi-bench-'));
  const mediaStore = await createMediaStore({ kind: 'folder', dir: folder }, log);
  const listener = await listen({ host: '127.0.0.1', port: 0, tls: null });
  const url = `http://127.0.0.1:${listener.port}`;
  const web = await createWeb({
    config: {
      env,
      publicUrl: url,
      tls: null,
      tokenSecret,
      signaling: { port: 0, url: null, region: null, hlsViewers: 0 },
      metricsToken: null,
      trustProxy: 0,
      ledger: { key: Buffer.alloc(32, 9), oldPublicKeys: [] },
      proctor: { port: 0, threads: 1, signingKey: null, publicKeys: [] },
      mail: null,
      certificates: { key: Buffer.alloc(32, 10), oldPublicKeys: [] },
    },
    db,
    state,
    log,
    metrics: createMetrics({ service: 'bench' }),
    health: createHealth(log),
    identity: { vault, faces: null, judge, verifier: null },
    registration: { sms: null, orgId: null },
    mediaStore,
    coursewareUrl: null,
    pagesDir: '/nonexistent',
    version: '0.0.0',
    ...(clock && { clock }),
  });
  listener.open(web.app);
  return {
    url,
    port: listener.port,
    async close() {
      await listener.close(100);
      await web.close();
      await mediaStore.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
