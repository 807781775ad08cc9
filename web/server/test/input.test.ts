import { routes, type RouteName } from '@keshi/contract/http/routes';
import type { Route } from '@keshi/contract/http/route';
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bodyLimit } from '../src/http/mount.ts';
import { addressOf, call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let token: string;
beforeAll(async () => {
  web = await runWeb();
  token = await tokenOf(web, 'staff');
});
afterAll(() => web.close());
// So many requests of one person would be too many within one second; and a token does not last for all of them.
let asked = 0;
beforeEach(async () => {
  web.pass(1_000);
  asked += 1;
  if (asked % 200 === 0) token = await tokenOf(web, 'staff');
});

const table = Object.entries(routes) as [RouteName, Route][];
const withParams = table.filter(([, route]) => route.params);
const withQuery = table.filter(([, route]) => route.query);
const withBody = table.filter(([, route]) => route.body);

async function ask(route: Route, address: string, body?: string, type = 'application/json') {
  const response = await fetch(`${web.url}${address}`, {
    method: route.method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
  const json: unknown = await response.json();
  const parsed = z
    .object({ error: z.object({ code: z.string(), fields: z.array(z.string()).optional() }) })
    .parse(json);
  return { status: response.status, ...parsed.error };
}

describe.each(withParams)('%s', (_, route) => {
  it.each(['not-an-id', '../../etc/passwd', "1' OR '1'='1", '%00'])('refuses the id %j', async (id) => {
    const params = Object.fromEntries(Object.keys(route.params?.shape ?? {}).map((key) => [key, id]));
    const answer = await ask(route, addressOf(route, params), route.body ? '{}' : undefined);
    expect(answer).toMatchObject({ status: 400, code: 'invalid-input' });
    expect(answer.fields?.some((field) => field.startsWith('params.'))).toBe(true);
  });
});

describe.each(withQuery)('%s', (_, route) => {
  it('refuses numbers that are none, and pages that are too long', async () => {
    for (const name of Object.keys(route.query?.shape ?? {})) {
      // Texts, of which every one may be asked for.
      if (['q', 'action', 'reason', 'contentPoint', 'part'].includes(name)) continue;
      const answer = await ask(route, addressOf(route, {}, { [name]: 'nonsense' }));
      expect([name, answer.status, answer.code]).toEqual([name, 400, 'invalid-input']);
      expect(answer.fields).toContain(`query.${name}`);
    }
    if (!('limit' in (route.query?.shape ?? {}))) return;
    for (const query of [
      { limit: 201 },
      { limit: 0 },
      { offset: -1 },
      { offset: 1e12 },
      { q: 'x'.repeat(65) },
      { q: 'a\0b' },
    ])
      expect((await ask(route, addressOf(route, {}, query))).code).toBe('invalid-input');
  });
});

describe.each(withBody)('%s', (_, route) => {
  it.each([
    ['nothing', undefined],
    ['broken JSON', '{"a":'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"x"'],
    [
      'other types',
      JSON.stringify({ login: 1, name: [], version: 'x', title: 5, password: {}, locale: 'xx' }),
    ],
    ['a prototype', '{"__proto__":{"admin":true}}'],
  ])('refuses %s', async (_what, body) => {
    // For a route whose parts may all be left out, an empty object is no mistake.
    if (body?.startsWith('{"__') && route.body?.safeParse({}).success) return;
    expect(await ask(route, addressOf(route), body)).toMatchObject({ status: 400, code: 'invalid-input' });
  });

  it('refuses more than it may have and what is not JSON', async () => {
    const text = 'x'.repeat(route.bodyBytes ?? bodyLimit);
    const long = await ask(route, addressOf(route), JSON.stringify({ text }));
    expect(long).toMatchObject({ status: 413, code: 'too-large' });
    const form = await ask(
      route,
      addressOf(route),
      'login=a&password=b',
      'application/x-www-form-urlencoded',
    );
    expect(form).toMatchObject({ status: 400, code: 'invalid-input' });
  });
});

it('refuses instants no calendar has', async () => {
  for (const query of [{ from: 9e15 }, { to: 9e15 }, { from: -8e15 }, { to: -8e15 }])
    for (const route of [routes.listClasses, routes.listAudit])
      expect(await ask(route, addressOf(route, {}, query))).toMatchObject({ code: 'invalid-input' });
  const body = { title: 'x', groupId: web.world.group.id, instructorId: web.world.idOf('teacher') };
  const times = { scheduledStart: 9e15, scheduledEnd: 9e15 + 1 };
  expect(
    await ask(routes.scheduleClass, addressOf(routes.scheduleClass), JSON.stringify({ ...body, ...times })),
  ).toMatchObject({ code: 'invalid-input' });
});

it('refuses the character no database text can hold', async () => {
  const body = JSON.stringify({ orgId: web.world.school.id, title: 'a\0b' });
  expect(await ask(routes.createCourse, addressOf(routes.createCourse), body)).toMatchObject({
    code: 'invalid-input',
    fields: ['body.title'],
  });
});

describe('lists', () => {
  it('are paged without gaps or repetitions', async () => {
    const whole = (await call(web, 'listUsers', { token, query: { limit: 200 } })).body;
    const pages = [];
    for (let offset = 0; offset < whole.total; offset += 4)
      pages.push(...(await call(web, 'listUsers', { token, query: { offset, limit: 4 } })).body.rows);
    expect(pages.map(({ id }) => id)).toEqual(whole.rows.map(({ id }) => id));
    const beyond = (await call(web, 'listUsers', { token, query: { offset: whole.total + 5 } })).body;
    expect(beyond).toEqual({ total: whole.total, rows: [] });
  });
});

it('never answers an internal error to bad input', () => {
  expect(web.lines.filter((line) => line.includes('internal error'))).toEqual([]);
});

it('answers JSON for an unknown path of the interface', async () => {
  for (const path of ['/api', '/api/nothing', '/api/classes/x/y/z', '/api/../api/none']) {
    const response = await fetch(`${web.url}${path}`);
    expect([response.status, await response.json()]).toEqual([404, { error: { code: 'not-found' } }]);
  }
});

it('slows down who asks too often, and says when to come back', async () => {
  const hurried = await tokenOf(web, 'stranger');
  web.stopTime();
  const answers = await Promise.all(Array.from({ length: 260 }, () => call(web, 'me', { token: hurried })));
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.error?.code).toBe('rate-limited');
  expect(refused?.error?.retryMs).toBeGreaterThan(0);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
});
