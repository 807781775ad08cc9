/** The pages' service of the bench of verdicts, as a process of its own: its judge is the proctor behind the queue. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb } from '@keshi/db/client';
import { testKeys } from '@keshi/db/testing/database';
import { testWrappingKeys } from '@keshi/db/testing/vault';
import { openVault } from '@keshi/db/vault';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { createRedisState } from '@keshi/runtime/state/redis/state';
import { proctorJudge } from '@keshi/web-server/checks/face-judge';
import { listen } from '@keshi/web-server/listener';
import { createWeb } from '@keshi/web-server/service';
import { answer } from '../fanout/child.ts';
import { pathSecret, type ServeAnswers } from './messages.ts';

const variable = (name: string) => process.env[name] ?? '';
// What it is to do under overload it also says, once for each check it could not have judged.
const log = createLogger({ name: 'faces', level: 'silent', format: 'json' });

async function open(): Promise<number> {
  const db = createDb({ url: variable('DATABASE_URL'), keys: testKeys, log, poolSize: 10 });
  const state = await createRedisState({ url: variable('REDIS_URL'), log });
  const listener = await listen({ host: '127.0.0.1', port: 0, tls: null });
  const vault = await openVault({ url: variable('VAULT_URL'), keys: testWrappingKeys, log });
  const folder = await mkdtemp(join(tmpdir(), 'keshi-faces-'));
  const web = await createWeb({
    config: {
      env: 'production',
      publicUrl: `http://127.0.0.1:${listener.port}`,
      tls: null,
      tokenSecret: pathSecret,
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
    identity: {
      vault,
      faces: null,
      judge: proctorJudge({ queue: state.jobs, secret: pathSecret }),
      verifier: null,
    },
    registration: { sms: null, orgId: null },
    mediaStore: await createMediaStore({ kind: 'folder', dir: folder }, log),
    coursewareUrl: null,
    pagesDir: '/nonexistent',
    version: '0.0.0',
  });
  listener.open(web.app);
  return listener.port;
}

const port = open();
answer({ port: () => port } satisfies ServeAnswers);
