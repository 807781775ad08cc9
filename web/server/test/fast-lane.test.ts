/** What is asked every few seconds goes past Express; it must be answered as Express would answer it. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { addLesson } from './study-world.ts';

let web: RunningWeb;
let token: string;
let path: string;
let report: string;
beforeAll(async () => {
  web = await runWeb();
  token = await tokenOf(web, 'learner');
  const lessonId = await addLesson(web);
  const { sessionId } = (await call(web, 'startStudy', { token, params: { lessonId } })).body;
  path = `/api/study/${lessonId}/reports`;
  report = JSON.stringify({ sessionId, seq: 1, spans: [], visible: true, position: 0 });
});
afterAll(() => web?.close());

interface Asked {
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  to?: string;
}

async function ask({ headers = {}, body = report, to = path }: Asked, search: string) {
  const response = await fetch(`${web.url}${to}${search}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body,
  });
  const { error } = (await response.json()) as { error?: { code: string; fields?: string[] } };
  return { status: response.status, code: error?.code ?? null, fields: error?.fields ?? null, response };
}

const nobody = '00000000-0000-7000-8000-000000000000';

describe('the fast lane', () => {
  it.each<[string, () => Asked]>([
    ['no login', () => ({ headers: { authorization: '' } })],
    ['a forged login', () => ({ headers: { authorization: `Bearer ${token}x` } })],
    ['another origin', () => ({ headers: { origin: 'https://elsewhere.example' } })],
    ['another site', () => ({ headers: { 'sec-fetch-site': 'cross-site' } })],
    ['no JSON', () => ({ body: '{"seq":' })],
    ['nothing', () => ({ body: '' })],
    ['a list', () => ({ body: '[]' })],
    ['a text', () => ({ body: '"report"' })],
    ['what fits no schema', () => ({ body: '{"seq":-1}' })],
    ['too much', () => ({ body: JSON.stringify({ seq: 'x'.repeat(200_000) }) })],
    ['a lesson that there is not', () => ({ to: `/api/study/${nobody}/reports` })],
    ['an id that is none', () => ({ to: '/api/study/x/reports' })],
    ['an attempt that there is not', () => ({ to: `/api/attempts/${nobody}/saves` })],
  ])('answers %s as the ordinary way does', async (_, asked) => {
    const fast = await ask(asked(), '');
    // An address with a query is not for the lane.
    const ordinary = await ask(asked(), '?lane=no');
    expect(fast.status).toBeGreaterThanOrEqual(400);
    expect(fast.status).toBe(ordinary.status);
    expect(fast.code).toBe(ordinary.code);
    expect(fast.fields).toEqual(ordinary.fields);
  });

  it('stores a report, and lets nothing keep or read the answer as something else', async () => {
    const { status, response } = await ask({}, '');
    expect(status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const [row] = await web.db.sql<{ seq: number }>(
      `SELECT ("state"->'session'->>'seq')::int AS "seq" FROM "StudyProgress"`,
    );
    expect(row?.seq).toBe(1);
  });

  it('leaves what is compressed to the ordinary way, which reads it', async () => {
    const body = new Uint8Array(gzipSync(report.replace('"seq":1', '"seq":2')));
    expect((await ask({ body, headers: { 'content-encoding': 'gzip' } }, '')).status).toBe(200);
  });

  it('counts what it answers under the route as written', async () => {
    const text = await (await fetch(`${web.url}/metrics`)).text();
    expect(text).toMatch(
      /http_request_seconds_count\{[^}]*route="\/api\/study\/:lessonId\/reports"[^}]*status="200"[^}]*\} [1-9]/,
    );
  });

  it('refuses a token from the moment it ends, however often it was read before', async () => {
    expect((await ask({}, '')).status).toBe(200);
    web.pass(11 * 60_000);
    expect((await ask({}, '')).code).toBe('token-expired');
  });
});
