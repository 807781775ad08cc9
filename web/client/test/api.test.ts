import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { routes } from '@keshi/contract/http/routes';
import { afterEach, describe, expect, it } from 'vitest';
import { addressOf, createApi } from '../src/net/api.ts';
import { ApiError, type FailureCode, failureOf, refuses } from '../src/net/failure.ts';

const me = {
  userId: '00000000-0000-4000-8000-000000000001',
  login: 'learner1',
  name: '李晓梅',
  locale: 'zh-CN',
  org: { id: '00000000-0000-4000-8000-000000000002', name: '学校' },
  memberships: [],
};

type Handler = (req: IncomingMessage, res: ServerResponse) => void;
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    ),
  );
});

const json = (res: ServerResponse, status: number, body: unknown) =>
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

function session(token: string, lifeMs = 60_000) {
  const serverTime = Date.now();
  return { accessToken: token, expiresAt: serverTime + lifeMs, serverTime, me };
}

/** A client that talks to a real server on a port of the system's choice. */
async function talkTo(handler: Handler) {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signedOut: FailureCode[] = [];
  const sessions: string[] = [];
  const api = createApi({
    routes,
    fetch: (input, init) => fetch(`${base}${input instanceof Request ? input.url : input.toString()}`, init),
    clock: { sync: () => undefined },
    onSession: ({ login }) => sessions.push(login),
    onSignedOut: (code) => signedOut.push(code),
  });
  return { api, signedOut, sessions };
}

describe('addressOf', () => {
  it('fills parameters, encodes them, and leaves out what is empty', () => {
    expect(addressOf('/api/classes/:id/report.:format', { id: 'a/b', format: 'csv' })).toBe(
      '/api/classes/a%2Fb/report.csv',
    );
    expect(addressOf('/api/classes', {}, { q: '', from: undefined, limit: 5 })).toBe('/api/classes?limit=5');
  });
});

describe('api', () => {
  it('refreshes once for any number of calls that find no token', async () => {
    let refreshes = 0;
    const { api, sessions } = await talkTo((req, res) => {
      if (req.url === '/api/auth/refresh') {
        refreshes += 1;
        return json(res, 200, session('one'));
      }
      return json(res, req.headers.authorization === 'Bearer one' ? 200 : 401, me);
    });
    await Promise.all([api.call('me', {}), api.call('me', {}), api.call('me', {})]);
    expect(refreshes).toBe(1);
    expect(sessions).toEqual(['learner1']);
  });

  it('renews an expired token and sends the call again', async () => {
    let token = 0;
    let calls = 0;
    const { api } = await talkTo((req, res) => {
      if (req.url === '/api/auth/refresh') return json(res, 200, session(`t${++token}`));
      calls += 1;
      if (req.headers.authorization === 'Bearer t2') return json(res, 200, me);
      return json(res, 401, { error: { code: 'token-expired' } });
    });
    expect(await api.call('me', {})).toMatchObject({ login: 'learner1' });
    expect(calls).toBe(2);
  });

  it('says why a session ended and does not refresh it', async () => {
    let refreshes = 0;
    const { api, signedOut } = await talkTo((req, res) => {
      if (req.url === '/api/auth/refresh') {
        refreshes += 1;
        return json(res, 200, session('one'));
      }
      return json(res, 401, { error: { code: 'session-replaced' } });
    });
    await expect(api.call('me', {})).rejects.toMatchObject({ failure: { code: 'session-replaced' } });
    expect(signedOut).toEqual(['session-replaced']);
    expect(refreshes).toBe(1);
  });

  it('takes a server that is away for an outage, never for a missing login', async () => {
    const { api, signedOut } = await talkTo((req) => req.socket.destroy());
    await expect(api.call('me', {})).rejects.toMatchObject({ failure: { code: 'offline' } });
    expect(signedOut).toEqual([]);
  });

  it('takes the page of a proxy whose server is away for an outage', async () => {
    const { api, signedOut } = await talkTo((_req, res) => res.writeHead(502).end('<h1>Bad gateway</h1>'));
    await expect(api.call('me', {})).rejects.toMatchObject({ failure: { code: 'unavailable' } });
    expect(signedOut).toEqual([]);
  });

  it('keeps the name a file was given', async () => {
    const { api } = await talkTo((req, res) => {
      if (req.url === '/api/auth/refresh') return json(res, 200, session('one'));
      return res
        .writeHead(200, {
          'content-type': 'text/csv',
          'content-disposition': `attachment; filename="report.csv"; filename*=UTF-8''${encodeURIComponent('考勤.csv')}`,
        })
        .end('姓名\n');
    });
    let bytes = 0;
    const { blob, filename } = await api.file(
      'reportFile',
      { params: { id: me.userId, format: 'csv' }, query: {} },
      (now) => (bytes = now),
    );
    expect(filename).toBe('考勤.csv');
    expect(await blob.text()).toBe('姓名\n');
    expect(bytes).toBe(7);
  });
});

describe('failures', () => {
  it('are read from anything that carries a protocol error', () => {
    expect(failureOf(new ApiError({ code: 'outdated' }))).toEqual({ code: 'outdated' });
    expect(failureOf(Object.assign(new Error(), { error: { code: 'full', retryMs: 5 } }))).toEqual({
      code: 'full',
      retryMs: 5,
    });
    expect(failureOf(new Error('a defect'))).toEqual({ code: 'internal' });
  });

  it('point to the fields the server named', () => {
    const failure = { code: 'invalid-input' as const, fields: ['body.login', 'body.roles.0.orgId'] };
    expect(refuses(failure, 'login')).toBe(true);
    expect(refuses(failure, 'roles')).toBe(true);
    expect(refuses(failure, 'log')).toBe(false);
  });
});
