import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes } from '@keshi/contract/http/routes';
import type { Route } from '@keshi/contract/http/route';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { call, type RunningWeb, runWeb } from './running-web.ts';

const inline = 'window.started = true;';
let dir: string;
let web: RunningWeb;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keshi-pages-'));
  mkdirSync(join(dir, '_app/immutable'), { recursive: true });
  writeFileSync(
    join(dir, 'index.html'),
    `<!doctype html><script src="/a.js"></script><script>${inline}</script>`,
  );
  writeFileSync(join(dir, '_app/immutable/x.abc123.js'), `// ${'x'.repeat(4000)}`);
  writeFileSync(join(dir, 'favicon.svg'), '<svg/>');
  web = await runWeb({
    pagesDir: dir,
    env: 'production',
    publicUrl: 'https://keshi.example',
    metricsToken: 'the-metrics-token',
  });
});
afterAll(async () => {
  await web.close();
  rmSync(dir, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${web.url}${path}`, { headers });

describe('pages', () => {
  it('are the app at every address that is not the interface’s', async () => {
    for (const path of ['/', '/class/123', '/supervise']) {
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(await response.text()).toContain(inline);
    }
  });

  it('keep hashed files for good, and send text compressed', async () => {
    const response = await get('/_app/immutable/x.abc123.js', { 'accept-encoding': 'br' });
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('content-encoding')).toBe('br');
    expect((await get('/_app/immutable/gone.js')).status).toBe(404);
  });

  it('never leave their folder', async () => {
    for (const path of ['/..%2f..%2fetc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/.env']) {
      const text = await (await get(path)).text();
      expect(text).not.toContain('root:');
    }
  });

  it('run the framework’s inline script by its hash and nothing else inline', async () => {
    const response = await get('/');
    const policy = response.headers.get('content-security-policy') ?? '';
    const hash = createHash('sha256').update(inline).digest('base64');
    expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(policy).toContain('wss://keshi.example');
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(response.headers.get('strict-transport-security')).toMatch(/max-age=31536000/);
    expect(response.headers.get('permissions-policy')).toContain(
      'camera=(self), microphone=(self), display-capture=(self)',
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('over https the refresh cookie is Secure', async () => {
    const answer = await call(web, 'login', { body: { login: 'staff', password: web.world.password } });
    expect(answer.headers.getSetCookie()[0]).toMatch(/^__Secure-keshi-refresh=.*; Secure/);
  });
});

describe('operation', () => {
  it('tells health to everybody, without secrets', async () => {
    const answer = await call(web, 'health');
    expect(answer.status).toBe(200);
    expect(answer.body.checks.database).toEqual({ status: 'ok' });
  });

  it('gives metrics to who has the token', async () => {
    expect((await get('/metrics')).status).toBe(401);
    expect((await get('/metrics', { authorization: 'Bearer wrong-token-xxxxx' })).status).toBe(401);
    const response = await get('/metrics', { authorization: 'Bearer the-metrics-token' });
    expect(await response.text()).toContain('keshi_http_request_seconds');
  });

  it('has no demo accounts in production', async () => {
    expect((await call(web, 'demoAccounts')).body).toEqual({ accounts: [] });
  });

  it('answers 503 while draining', async () => {
    const other = await runWeb();
    other.listener.drain();
    const response = await fetch(`${other.url}/api/health`);
    expect([response.status, await response.json()]).toEqual([
      503,
      { error: { code: 'draining', retryMs: 2000 } },
    ]);
    await other.close();
  });

  it('says unavailable, not internal, while the database is away', async () => {
    const other = await runWeb();
    await other.db.pool.end();
    const answer = await call(other, 'login', { body: { login: 'staff', password: 'x' } });
    expect([answer.status, answer.error?.code]).toEqual([503, 'unavailable']);
    expect((await call(other, 'health')).status).toBe(503);
    await other.close();
  });
});

describe('OpenAPI', () => {
  it('is valid 3.1 and tells every route', async () => {
    const document = z
      .object({ openapi: z.string(), paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .loose()
      .parse(await (await get('/api/openapi.json')).json());
    const checked = await new Validator().validate(document);
    expect(checked.errors ?? []).toEqual([]);
    expect(checked.valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
    const told = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const table: Route[] = Object.values(routes);
    expect(told.sort()).toEqual(
      table.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`).sort(),
    );
  });
});
