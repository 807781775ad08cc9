/**
 * The typed client of the contract's HTTP routes. The access token lives in memory only; the refresh secret is an
 * httpOnly cookie that no script sees. However many calls find the token expired, one refresh answers all of them.
 */
import type { Me } from '@keshi/contract/http/auth';
import type { Route, RouteInput, RouteReply } from '@keshi/contract/http/route';
import type { RouteName, Routes } from '@keshi/contract/http/routes';
import type { ServerClock } from './clock.svelte.ts';
import { ApiError, type FailureCode, readProtocolError } from './failure.ts';

export type RouteTable = { readonly [K in RouteName]: Pick<Route, 'method' | 'path' | 'access'> };
export type Call<K extends RouteName> = RouteInput<Routes[K]> & { signal?: AbortSignal };
export type ReplyOf<K extends RouteName> = RouteReply<Routes[K]>;

export interface ApiDeps {
  routes: RouteTable;
  fetch: typeof fetch;
  clock: Pick<ServerClock, 'sync'>;
  /** Serialises refreshes between tabs, because each one rotates the cookie; absent where browsers lack locks. */
  locks?: LockManager | undefined;
  /** Whoever is logged in now, after a login or a refresh. */
  onSession: (me: Me) => void;
  /** The login session has ended; `code` says why (`unauthenticated` when there was none). */
  onSignedOut: (code: FailureCode) => void;
}

interface SessionReply {
  accessToken: string;
  expiresAt: number;
  serverTime: number;
  me: Me;
}

type Parts = {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  upload?: Blob;
  signal?: AbortSignal;
  withinMs?: number;
};

const timeoutMs = 20_000;
/** A file is made while it is sent: an archive of a whole school takes minutes. */
const fileTimeoutMs = 10 * 60_000;
/** A token is renewed this long before it ends, so that no call arrives with one that ended on the way. */
const renewBeforeMs = 20_000;
const sessionCodes: ReadonlySet<FailureCode> = new Set([
  'unauthenticated',
  'token-expired',
  'session-replaced',
  'session-revoked',
  'account-disabled',
]);

/** `/api/classes/:id/report.:format` with its parameters, and the query after it; empty query values are left out. */
export function addressOf(
  path: string,
  params: Record<string, unknown> = {},
  query: Record<string, unknown> = {},
): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (pairs.length === 0) return filled;
  return `${filled}?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)])).toString()}`;
}

export function createApi({ routes, fetch, clock, locks, onSession, onSignedOut }: ApiDeps) {
  let access: { token: string; renewAt: number } | null = null;
  let refreshing: Promise<void> | null = null;

  async function send(
    name: RouteName,
    { params, query, body, upload, signal, withinMs = upload ? fileTimeoutMs : timeoutMs }: Parts,
  ): Promise<Response> {
    const { method, path } = routes[name];
    const limit = AbortSignal.timeout(withinMs);
    const headers: Record<string, string> = { 'x-requested-with': 'keshi' };
    if (access) headers['authorization'] = `Bearer ${access.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (upload !== undefined) headers['content-type'] = upload.type;
    let response: Response;
    try {
      response = await fetch(addressOf(path, params, query), {
        method,
        headers,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(upload === undefined ? {} : { body: upload }),
      });
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      throw new ApiError({ code: limit.aborted ? 'unavailable' : 'offline' });
    }
    if (response.ok) return response;
    const error = readProtocolError(await response.json().catch(() => undefined));
    if (error) throw new ApiError(error);
    // An answer that is not ours comes from something in between, a proxy whose server is away.
    throw new ApiError({
      code: response.status >= 502 && response.status <= 504 ? 'unavailable' : 'internal',
    });
  }

  function admit(reply: SessionReply, sentAt: number) {
    clock.sync(reply.serverTime, sentAt, performance.now());
    const life = reply.expiresAt - reply.serverTime;
    access = {
      token: reply.accessToken,
      renewAt: performance.now() + Math.max(life - renewBeforeMs, life / 2),
    };
    onSession(reply.me);
  }

  async function renew(): Promise<void> {
    access = null;
    const sentAt = performance.now();
    try {
      const response = await send('refresh', {});
      admit((await response.json()) as SessionReply, sentAt);
    } catch (thrown) {
      if (thrown instanceof ApiError && sessionCodes.has(thrown.failure.code))
        onSignedOut(thrown.failure.code);
      throw thrown;
    }
  }

  function refresh(): Promise<void> {
    refreshing ??= (locks ? locks.request('keshi.refresh', renew) : renew()).finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  async function request(name: RouteName, parts: Parts): Promise<Response> {
    if (routes[name].access === 'public') return send(name, parts);
    if (!access || performance.now() >= access.renewAt) await refresh();
    try {
      return await send(name, parts);
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      const { code } = thrown.failure;
      if (code === 'session-replaced' || code === 'session-revoked') {
        access = null;
        onSignedOut(code);
        throw thrown;
      }
      if (code !== 'token-expired' && code !== 'unauthenticated') throw thrown;
      await refresh();
      return send(name, parts);
    }
  }

  return {
    /** Answers with the route's reply or throws `ApiError`; an aborted call throws the browser's `AbortError`. */
    async call<K extends RouteName>(name: K, parts: Call<K>): Promise<ReplyOf<K>> {
      const response = await request(name, parts);
      if (response.status === 204) return undefined as ReplyOf<K>;
      return (await response.json()) as ReplyOf<K>;
    },
    /** A file reply, with the name the server gave it. `onBytes` hears how much has arrived, in bytes. */
    async file<K extends RouteName>(
      name: K,
      parts: Call<K>,
      onBytes: (bytes: number) => void,
    ): Promise<{ blob: Blob; filename: string }> {
      const response = await request(name, { ...parts, withinMs: fileTimeoutMs });
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let bytes = 0;
      for (const reader = response.body?.getReader(); reader;) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value);
        bytes += value.byteLength;
        onBytes(bytes);
      }
      const disposition = response.headers.get('content-disposition') ?? '';
      const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
      const plain = /filename="?([^";]+)"?/i.exec(disposition)?.[1];
      return {
        blob: new Blob(chunks, { type: response.headers.get('content-type') ?? '' }),
        filename: encoded ? decodeURIComponent(encoded) : (plain ?? 'keshi'),
      };
    },
    /** The `Authorization` header of requests that others than this client send, such as uploads. */
    async authorization(): Promise<string> {
      if (!access || performance.now() >= access.renewAt) await refresh();
      return `Bearer ${access?.token ?? ''}`;
    },
    /** Logs in; true when that ended the account's session elsewhere (B6). */
    async login(login: string, password: string): Promise<boolean> {
      const sentAt = performance.now();
      const response = await send('login', { body: { login, password } });
      const reply = (await response.json()) as ReplyOf<'login'>;
      admit(reply, sentAt);
      return reply.replacedEarlier;
    },
    /** Takes up the session of an earlier visit from its cookie; quiet when there is none. */
    refresh,
    async logout(): Promise<void> {
      await request('logout', {});
      access = null;
    },
  };
}
export type Api = ReturnType<typeof createApi>;
