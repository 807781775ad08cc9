import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { call, cookieOf, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
beforeAll(async () => {
  web = await runWeb();
});
afterAll(() => web.close());

const login = (name: string, password = web.world.password) =>
  call(web, 'login', { body: { login: name, password } });
const refresh = (cookie: string, headers: Record<string, string> = {}) =>
  call(web, 'refresh', { headers: { cookie, ...headers } });
const me = (token: string) => call(web, 'me', { token });

describe('login', () => {
  it('answers a token for minutes and a cookie no script can read', async () => {
    const answer = await login('learner');
    expect(answer.status).toBe(200);
    expect(answer.body.expiresAt - answer.body.serverTime).toBeLessThanOrEqual(10 * 60_000);
    expect(answer.body.me.memberships.map(({ role }) => role)).toEqual(['learner']);
    const [cookie] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).toMatch(/Path=\/api\/auth/);
    expect(answer.bytes.toString()).not.toContain(cookieOf(answer).split('.')[1]);
    expect((await me(answer.body.accessToken)).body.login).toBe('learner');
  });

  it('takes a phone for a login', async () => {
    expect((await login('13911112222')).body.me.login).toBe('learner');
  });

  it('says the same to a wrong password and to a login nobody has', async () => {
    const wrong = await login('second', 'not the password');
    const nobody = await login(`nobody-${randomUUID()}`, 'not the password');
    expect(wrong.status).toBe(401);
    expect(wrong.error).toEqual({ code: 'wrong-credentials' });
    expect(nobody.error).toEqual(wrong.error);
  });

  it('tells a disabled account only to who has its password', async () => {
    const { id, version } = await web.db.prisma.user.findUniqueOrThrow({ where: { login: 'stranger' } });
    await web.db.prisma.user.update({
      where: { id },
      data: { disabledAt: new Date(), version: version + 1 },
    });
    expect((await login('stranger', 'wrong')).error?.code).toBe('wrong-credentials');
    expect((await login('stranger')).error?.code).toBe('account-disabled');
    await web.db.prisma.user.update({ where: { id }, data: { disabledAt: null } });
  });

  it.each(['evil', 'nobody-at-all'])('locks after five failures for growing times (%s)', async (name) => {
    for (let n = 1; n < 5; n += 1) expect((await login(name, 'wrong')).error?.code).toBe('wrong-credentials');
    const first = await login(name, 'wrong');
    expect(first.error?.code).toBe('account-locked');
    expect(first.status).toBe(423);
    expect(first.error?.retryMs).toBeGreaterThan(50_000);
    // While it lasts not even the right password helps.
    expect((await login(name)).error?.code).toBe('account-locked');
    web.pass(61_000);
    const second = await login(name, 'wrong');
    expect(second.error?.code).toBe('account-locked');
    expect(second.error?.retryMs).toBeGreaterThan(100_000);
    web.pass(121_000);
    if (name === 'evil') {
      expect((await login(name)).status).toBe(200);
      expect((await login(name, 'wrong')).error?.code).toBe('wrong-credentials');
    }
  });
});

describe('one session per account (B6)', () => {
  it('ends the earlier login at once and says so to both', async () => {
    const first = await login('second');
    const told: unknown[] = [];
    const unsubscribe = await web.state.bus.subscribe('sessions', (message) => told.push(message));
    const later = await login('second');
    expect(first.body.replacedEarlier || later.body.replacedEarlier).toBe(true);
    expect(later.body.replacedEarlier).toBe(true);
    expect((await me(first.body.accessToken)).error?.code).toBe('session-replaced');
    expect((await refresh(cookieOf(first))).error?.code).toBe('session-replaced');
    expect((await me(later.body.accessToken)).status).toBe(200);
    await expect
      .poll(() => told)
      .toContainEqual(
        expect.objectContaining({ userId: web.world.idOf('second'), reason: 'session-replaced' }),
      );
    await unsubscribe();
  });

  it('holds for two logins at the same moment', async () => {
    const both = await Promise.all([login('second'), login('second')]);
    const alive = await Promise.all(both.map(async ({ body }) => (await me(body.accessToken)).status));
    expect(alive.sort()).toEqual([200, 401]);
    expect(
      await web.db.prisma.loginSession.count({ where: { userId: web.world.idOf('second'), endedAt: null } }),
    ).toBe(1);
  });

  it('believes what another process says before the store is asked', async () => {
    const { accessToken } = (await login('second')).body;
    const { sid, sub: userId } = z
      .object({ sid: z.string(), sub: z.string() })
      .parse(JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()));
    expect((await me(accessToken)).status).toBe(200);
    await web.state.bus.publish('sessions', { sid, userId, reason: 'session-revoked' });
    await expect.poll(async () => (await me(accessToken)).error?.code).toBe('session-revoked');
  });

  it('sees in the store what the bus did not tell', async () => {
    const { accessToken } = (await login('second')).body;
    expect((await me(accessToken)).status).toBe(200);
    await web.db.prisma.loginSession.updateMany({
      where: { userId: web.world.idOf('second'), endedAt: null },
      data: { endedAt: new Date(), endReason: 'revoked' },
    });
    web.pass(6_000);
    expect((await me(accessToken)).error?.code).toBe('session-revoked');
  });
});

describe('refresh', () => {
  it('notices a thief who has rotated several times before the owner comes back', async () => {
    const owner = await login('regulator');
    const once = await refresh(cookieOf(owner));
    web.pass(20_000);
    const twice = await refresh(cookieOf(once));
    web.pass(20_000);
    const back = await refresh(cookieOf(owner));
    expect(back.error?.code).toBe('session-revoked');
    expect((await refresh(cookieOf(twice))).error?.code).toBe('session-revoked');
    expect((await me(twice.body.accessToken)).error?.code).toBe('session-revoked');
  });

  it('does not end a session for a secret that was never one of it', async () => {
    const owner = await login('regulator');
    const [sid] = cookieOf(owner).split('=')[1]?.split('.') ?? [];
    const guess = await refresh(`keshi-refresh=${sid}.${'A'.repeat(43)}`);
    expect(guess.error?.code).toBe('unauthenticated');
    expect((await me(owner.body.accessToken)).status).toBe(200);
  });

  it('rotates, and a second use of an old secret ends the session', async () => {
    const first = await login('staff');
    const second = await refresh(cookieOf(first));
    expect(second.status).toBe(200);
    expect(cookieOf(second)).not.toBe(cookieOf(first));
    web.pass(20_000);
    const third = await refresh(cookieOf(second));
    expect(third.status).toBe(200);
    web.pass(20_000);
    const stolen = await refresh(cookieOf(second));
    expect(stolen.error?.code).toBe('session-revoked');
    expect((await refresh(cookieOf(third))).error?.code).toBe('session-revoked');
    expect((await me(third.body.accessToken)).error?.code).toBe('session-revoked');
    expect(
      await web.db.prisma.auditEntry.count({
        where: { action: 'session.refresh-reused', actorId: web.world.idOf('staff') },
      }),
    ).toBe(1);
  });

  it('lets two tabs race, and both hold the same secret afterwards', async () => {
    const cookie = cookieOf(await login('staff'));
    const [one, two] = await Promise.all([refresh(cookie), refresh(cookie)]);
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(cookieOf(one)).toBe(cookieOf(two));
    web.pass(30_000);
    expect((await refresh(cookieOf(one))).status).toBe(200);
  });

  it.each([
    '',
    'keshi-refresh=nonsense',
    `keshi-refresh=${randomUUID()}.${'a'.repeat(43)}`,
    'keshi-refresh=a.b.c.d',
  ])('is refused with %j', async (cookie) => {
    const answer = await refresh(cookie);
    expect(answer.status).toBe(401);
    expect(answer.error?.code).toBe('unauthenticated');
  });

  it('refuses a secret that was never given, and the session lives on', async () => {
    const granted = await login('staff');
    const [name = ''] = cookieOf(granted).split('.');
    expect((await refresh(`${name}.${'b'.repeat(43)}`)).error?.code).toBe('unauthenticated');
    expect((await refresh(cookieOf(granted))).status).toBe(200);
  });

  it('is over when the session has expired', async () => {
    const cookie = cookieOf(await login('staff'));
    web.pass(8 * 24 * 3_600_000);
    expect((await refresh(cookie)).error?.code).toBe('unauthenticated');
  });

  it('is refused to other sites, as is every change', async () => {
    const cookie = cookieOf(await login('staff'));
    const elsewhere: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: web.url },
    ];
    for (const headers of elsewhere) {
      const answer = await refresh(cookie, headers);
      expect(answer.status).toBe(403);
      expect(answer.error?.code).toBe('csrf');
    }
    expect((await refresh(cookie, { origin: web.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });
});

describe('access tokens', () => {
  it('expire', async () => {
    const token = await tokenOf(web, 'staff');
    web.pass(10 * 60_000 + 1_000);
    expect((await me(token)).error?.code).toBe('token-expired');
  });

  it.each([
    ['none', 'eyJhbGciOiJub25lIn0.e30.'],
    ['garbage', 'a.b.c'],
    ['nothing', ''],
  ])('of %s are refused', async (_, token) => {
    expect((await me(token)).error?.code).toBe('unauthenticated');
  });

  it('are not tickets, nor tickets they', async () => {
    const token = await tokenOf(web, 'learner');
    const { ticket } = (await call(web, 'ticket', { token, params: { id: web.world.coming.id } })).body;
    expect((await me(ticket)).error?.code).toBe('unauthenticated');
  });

  it('end with the logout, and the cookie goes', async () => {
    const granted = await login('staff');
    const token = granted.body.accessToken;
    const out = await call(web, 'logout', { token });
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie()[0]).toMatch(/Max-Age=0/);
    expect((await me(token)).status).toBe(401);
    expect((await refresh(cookieOf(granted))).error?.code).toBe('unauthenticated');
  });
});

describe('one’s own account', () => {
  it('changes language and password, never without the present one', async () => {
    const token = await tokenOf(web, 'other-staff');
    expect((await call(web, 'updateMe', { token, body: { locale: 'en' } })).body.locale).toBe('en');
    const wrong = await call(web, 'updateMe', {
      token,
      body: { password: { current: 'no', next: 'a new passphrase' } },
    });
    expect(wrong.error?.code).toBe('wrong-credentials');
    for (const next of ['other-staff-1', 'aaaaaaaaaaaa', '1234567890']) {
      const weak = await call(web, 'updateMe', {
        token,
        body: { password: { current: web.world.password, next } },
      });
      expect(weak.error).toEqual({ code: 'invalid-input', fields: ['body.password.next'] });
    }
    const changed = await call(web, 'updateMe', {
      token,
      body: { password: { current: web.world.password, next: 'a new passphrase' } },
    });
    expect(changed.status).toBe(200);
    expect((await login('other-staff')).error?.code).toBe('wrong-credentials');
    expect((await login('other-staff', 'a new passphrase')).status).toBe(200);
  });
});

it('logs logins, failures and logouts, and never a name, phone or secret', async () => {
  const actions = await web.db.prisma.auditEntry.groupBy({ by: ['action'] });
  expect(actions.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['login.succeeded', 'login.failed', 'logout', 'user.password-changed']),
  );
  const logged = web.lines.join('');
  expect(logged).toContain('login.succeeded');
  for (const secret of [web.world.password, '欧阳晓雪', '上官婉清', '13911112222', '13733334444', 'eyJ'])
    expect(logged).not.toContain(secret);
});

it('guessing the current password with somebody’s open page locks like guessing at the door', async () => {
  const { accessToken } = (await login('expert')).body;
  const change = () =>
    call(web, 'updateMe', {
      token: accessToken,
      body: { password: { current: 'a guess', next: 'something else entirely' } },
    });
  for (let n = 1; n < 5; n += 1) expect((await change()).error?.code).toBe('wrong-credentials');
  expect((await change()).error?.code).toBe('account-locked');
  expect((await login('expert')).error?.code).toBe('account-locked');
});
