import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { routes, type RouteName, type Routes } from '@keshi/contract/http/routes';
import type { Route, RouteInput, RouteReply } from '@keshi/contract/http/route';
import { testDatabase } from '@keshi/db/testing/database';
import { testVault } from '@keshi/db/testing/vault';
import type { MediaStoreConfig } from '@keshi/runtime/config';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { createSigner } from '@keshi/runtime/signed-record';
import type { State } from '@keshi/runtime/state/ports';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import type { FaceJudge } from '../src/checks/face-judge.ts';
import { createCourseware } from '../src/courseware/app.ts';
import { databaseCheck } from '../src/database-check.ts';
import { listen } from '../src/listener.ts';
import type { FaceAnalyser } from '../src/identity/face-analyser.ts';
import type { IdentityVerifier } from '../src/identity/verifier.ts';
import type { SmsMessage } from '../src/registration/sms.ts';
import { createWeb } from '../src/service.ts';
import { analyseDrawings } from './drawn-faces.ts';
import { seedWorld, type World } from './world.ts';

/** Who signed the verdicts of the tests. */
export const verdictSigner = createSigner(Buffer.alloc(32, 11));

export interface Options {
  env?: 'test' | 'production';
  publicUrl?: string;
  pagesDir?: string;
  metricsToken?: string | null;
  /** Where recordings are; a folder of its own when not given. */
  mediaStore?: MediaStoreConfig;
  /** What judges faces; drawn ones by default, and null for nothing. */
  faces?: FaceAnalyser | null;
  /** What judges checks, by the shared state of the service; nothing by default. */
  judge?: (state: State) => FaceJudge;
  verifier?: IdentityVerifier | null;
  /** Whether people may register by themselves. */
  registration?: boolean;
  /** What signs certificates, and what did before. */
  certificates?: { key: Buffer; oldPublicKeys: Buffer[] };
}

/** The whole service over a real database and real HTTP, on a port the system chose. */
export async function runWeb(options: Options = {}) {
  const [database, vault] = await Promise.all([testDatabase(), testVault()]);
  const sent: SmsMessage[] = [];
  const lines: string[] = [];
  const log = createLogger({
    name: 'test',
    level: 'trace',
    format: 'json',
    out: { write: (line) => lines.push(line) },
  });
  let offset = 0;
  let stoppedAt: number | null = null;
  const clock = () => stoppedAt ?? Date.now() + offset;
  const state = createMemoryState({ log });
  const metrics = createMetrics({ service: 'web-test' });
  const health = createHealth(log);
  health.add(databaseCheck(database.db));
  const mediaDir = await mkdtemp(path.join(tmpdir(), 'keshi-media-'));
  const mediaConfig = options.mediaStore ?? { kind: 'folder', dir: mediaDir };
  const mediaStore = await createMediaStore(mediaConfig, log);
  const listener = await listen({ host: '127.0.0.1', port: 0, tls: null });
  const url = `http://127.0.0.1:${listener.port}`;
  const coursewareDoor = await listen({ host: '127.0.0.1', port: 0, tls: null });
  const coursewareUrl = `http://127.0.0.1:${coursewareDoor.port}`;
  const world: World = await seedWorld(database.db, clock());
  const common = {
    config: {
      env: options.env ?? ('test' as const),
      publicUrl: options.publicUrl ?? url,
      tls: null,
      tokenSecret: 'a secret of the tests, long enough to be one',
      signaling: { port: 0, url: null, region: null, hlsViewers: 0 },
      metricsToken: options.metricsToken ?? null,
      trustProxy: 0,
      ledger: { key: Buffer.alloc(32, 9), oldPublicKeys: [] },
      certificates: options.certificates ?? { key: Buffer.alloc(32, 10), oldPublicKeys: [] },
      proctor: { port: 0, threads: 1, signingKey: null, publicKeys: [verdictSigner.publicKey] },
    },
    db: database.db,
    state,
    log,
    health,
    identity: {
      vault: vault.vault,
      faces: options.faces === undefined ? analyseDrawings : options.faces,
      judge: options.judge?.(state) ?? null,
      verifier: options.verifier ?? null,
    },
    registration: {
      sms: (message: SmsMessage) => Promise.resolve(void sent.push(message)),
      orgId: options.registration ? world.school.id : null,
    },
    coursewareUrl,
    pagesDir: options.pagesDir ?? '/nonexistent',
    version: '0.0.0-test',
    demoAccounts: [{ login: 'demo', password: 'demo', name: 'demo', role: 'learner' as const }],
    clock,
  };
  const web = await createWeb({ ...common, metrics, mediaStore });
  listener.open(web.app);
  const { tokenSecret, publicUrl } = common.config;
  coursewareDoor.open(
    createCourseware({ db: database.db, store: mediaStore, tokenSecret, publicUrl, clock, log }),
  );

  return {
    url,
    coursewareUrl,
    db: database.db,
    databaseUrl: database.url,
    state,
    mediaStore,
    vault: vault.vault,
    /** Short messages that were sent. */
    sent,
    world,
    listener,
    /** A second node of the service over the same database, shared state and recordings. */
    async another(given: Pick<Options, 'certificates'> = {}) {
      const store = await createMediaStore(mediaConfig, log);
      const second = await createWeb({
        ...common,
        config: { ...common.config, ...given },
        health: createHealth(log),
        metrics: createMetrics({ service: 'web-test' }),
        mediaStore: store,
      });
      const door = await listen({ host: '127.0.0.1', port: 0, tls: null });
      door.open(second.app);
      return {
        url: `http://127.0.0.1:${door.port}`,
        async close() {
          await door.close(100);
          await second.close();
          await store.close();
        },
      };
    },
    /** Every line the service has logged. */
    lines,
    clock,
    /** Server time jumps ahead; what was granted before grows old. */
    pass(ms: number) {
      offset += ms;
    },
    /** From now on server time stands still: what is counted per second does not depend on how fast this machine is. */
    stopTime() {
      stoppedAt = clock();
    },
    async close() {
      await Promise.all([listener.close(100), coursewareDoor.close(100)]);
      await web.close();
      await state.close();
      await Promise.all([database.close(), vault.close()]);
      await mediaStore.close();
      await rm(mediaDir, { recursive: true, force: true });
    },
  };
}
export type RunningWeb = Awaited<ReturnType<typeof runWeb>>;

export interface Answer<T> {
  status: number;
  headers: Headers;
  /** Parsed by the route's schema when it succeeded with JSON. */
  body: T;
  error: { code: string; retryMs?: number; fields?: string[]; id?: string } | null;
  bytes: Buffer;
}

interface Extra {
  token?: string | undefined;
  headers?: Record<string, string>;
}

type Input<R extends Route> = Partial<RouteInput<R>> & Extra & { upload?: Blob };

/** Where a route with these parameters is. */
export function addressOf(route: Route, params: object = {}, query: object = {}): string {
  const values = new Map<string, unknown>(Object.entries(params));
  const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(String(values.get(name) ?? '00000000-0000-7000-8000-000000000000')),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return `${path}${search.size > 0 ? `?${search}` : ''}`;
}

/** Asks one route of the contract. */
export async function call<K extends RouteName>(
  web: Pick<RunningWeb, 'url'>,
  name: K,
  input: Input<Routes[K]> = {},
): Promise<Answer<RouteReply<Routes[K]>>> {
  const route: Route = routes[name];
  const { token, headers, params, query, body, upload } = {
    headers: {},
    params: {},
    query: {},
    body: undefined,
    upload: undefined,
    ...input,
  };
  const response = await fetch(`${web.url}${addressOf(route, Object(params), Object(query))}`, {
    method: route.method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(route.upload === undefined ? {} : { 'content-type': route.upload.type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(upload === undefined ? {} : { body: upload }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const json: unknown = response.headers.get('content-type')?.includes('json')
    ? JSON.parse(bytes.toString('utf8'))
    : undefined;
  const error = response.ok ? null : Object(json).error;
  return {
    status: response.status,
    headers: response.headers,
    body: (response.ok && route.reply ? route.reply.parse(json) : undefined) as RouteReply<Routes[K]>,
    error,
    bytes,
  };
}

/** Logs in and gives the token; the login must succeed. */
export async function tokenOf(web: RunningWeb, login: string): Promise<string> {
  const answer = await call(web, 'login', { body: { login, password: web.world.password } });
  if (answer.status !== 200) throw new Error(`login of ${login}: ${answer.error?.code}`);
  return answer.body.accessToken;
}

/** The refresh cookie an answer sets, as a browser would send it back. */
export function cookieOf(answer: { headers: Headers }): string {
  return answer.headers.getSetCookie().at(-1)?.split(';')[0] ?? '';
}
