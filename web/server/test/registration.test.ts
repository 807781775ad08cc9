import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpSender, smsSender } from '../src/registration/sms.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

let web: RunningWeb;
let serial = 0;
beforeAll(async () => {
  web = await runWeb({ registration: true });
});
afterAll(() => web.close());

const newPhone = () => `139${String((serial += 1)).padStart(8, '0')}`;
const ask = (phone: string) => call(web, 'sendRegistrationCode', { body: { phone, locale: 'zh-CN' } });
const codeFor = (phone: string) => {
  const last = web.sent.findLast((message) => message.phone === phone);
  return last?.template === 'code' ? last.code : '';
};
const other = (code: string) => (code === '123456' ? '654321' : '123456');
const register = (phone: string, code: string, login = `new-${serial}`) =>
  call(web, 'register', {
    body: { phone, code, login, name: '百里长风', password: 'practice-makes-2026', locale: 'zh-CN' },
  });

describe('[B1] registration by phone', () => {
  it('makes a learner of the organisation that takes them, with a phone known to be theirs', async () => {
    const phone = newPhone();
    expect((await ask(phone)).status).toBe(200);
    expect((await register(phone, codeFor(phone), 'baili')).status).toBe(204);
    const granted = await call(web, 'login', { body: { login: 'baili', password: 'practice-makes-2026' } });
    expect(granted.body.me.memberships).toMatchObject([{ role: 'learner', orgId: web.world.school.id }]);
    const own = await call(web, 'ownIdentity', { token: granted.body.accessToken });
    expect(own.body.phone).toEqual({ masked: '139****0001', verified: true });
    const audit = await web.db.prisma.auditEntry.findMany({ where: { action: 'user.registered' } });
    expect(audit).toMatchObject([{ actorId: granted.body.me.userId, orgPath: web.world.school.path }]);
  });

  it('keeps codes hashed, and takes each once, for its own phone, in its time', async () => {
    const phone = newPhone();
    await ask(phone);
    const code = codeFor(phone);
    const rows = await web.db.prisma.phoneCode.findMany();
    for (const row of rows)
      expect([row.codeHash, row.phoneIndex].join()).not.toMatch(new RegExp(`${code}|${phone}`));
    expect(web.lines.join('')).not.toContain(phone);
    expect((await register(newPhone(), code)).error?.code).toBe('wrong-code');
    const both = await Promise.all([
      register(phone, code, 'one-of-two'),
      register(phone, code, 'two-of-two'),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, 422]);
    const late = newPhone();
    await ask(late);
    web.pass(5 * 60_000);
    expect((await register(late, codeFor(late))).error?.code).toBe('wrong-code');
  });

  it('counts wrong ones: after five no code is right any more', async () => {
    const phone = newPhone();
    await ask(phone);
    const code = codeFor(phone);
    for (let n = 0; n < 5; n += 1)
      expect((await register(phone, other(code))).error?.code).toBe('wrong-code');
    expect((await register(phone, code)).error?.code).toBe('wrong-code');
  });

  it('sends one a minute and ten a day to a phone, and says when the next', async () => {
    const phone = newPhone();
    expect((await ask(phone)).status).toBe(200);
    const soon = await ask(phone);
    expect([soon.status, soon.error?.code]).toEqual([429, 'rate-limited']);
    expect(soon.error?.retryMs).toBeGreaterThan(50_000);
    for (let n = 0; n < 9; n += 1) {
      web.pass(60_000);
      expect((await ask(phone)).status).toBe(200);
    }
    web.pass(60_000);
    const many = await ask(phone);
    expect(many.error?.retryMs).toBeGreaterThan(23 * 3_600_000);
  });

  it('limits an address, also when several ask at once', async () => {
    const kept = await web.db.prisma.phoneCode.count();
    const rest = Array.from({ length: 300 - kept }, () => ({
      purpose: 'register',
      phoneIndex: `other-${(serial += 1)}`,
      address: '127.0.0.1',
      codeHash: 'x',
      createdAt: new Date(web.clock()),
      expiresAt: new Date(web.clock()),
    }));
    await web.db.prisma.phoneCode.createMany({ data: rest.slice(1) });
    const both = await Promise.all([ask(newPhone()), ask(newPhone()), ask(newPhone())]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
    web.pass(25 * 3_600_000);
    expect((await ask(newPhone())).status).toBe(200);
  });

  it('says that a login is taken only to who has the code, which can then be used with another', async () => {
    const phone = newPhone();
    await ask(phone);
    const code = codeFor(phone);
    expect((await register(phone, other(code), 'learner')).error?.code).toBe('wrong-code');
    expect((await register(phone, code, 'learner')).error).toEqual({
      code: 'conflict',
      fields: ['body.login'],
    });
    expect((await register(phone, code, 'another-one')).status).toBe(204);
  });

  it('does not tell beforehand whether a phone has an account', async () => {
    expect((await ask('13911112222')).status).toBe(200);
    const taken = await register('13911112222', codeFor('13911112222'), 'second-account');
    expect(taken.error).toEqual({ code: 'conflict', fields: ['body.phone'] });
  });
});

describe('[B1] the phone of an account', () => {
  it('is shown to be one’s own by a code, and is in doubt again when it changes', async () => {
    web.pass(60_000);
    const token = await tokenOf(web, 'learner');
    const verified = async () => (await call(web, 'ownIdentity', { token })).body.phone.verified;
    expect(await verified()).toBe(false);
    expect((await call(web, 'sendPhoneCode', { token })).status).toBe(200);
    const code = codeFor('13911112222');
    expect((await register('13911112222', code)).error?.code).toBe('wrong-code');
    expect((await call(web, 'verifyPhone', { token, body: { code } })).status).toBe(204);
    expect(await verified()).toBe(true);
    const id = web.world.idOf('learner');
    const edit = async (phone: string) => {
      const { version } = await web.db.prisma.user.findUniqueOrThrow({ where: { id } });
      const staff = await tokenOf(web, 'staff');
      return call(web, 'updateUser', { token: staff, params: { id }, body: { version, phone } });
    };
    await edit('13911112222');
    expect(await verified()).toBe(true);
    await edit('13911113333');
    expect(await verified()).toBe(false);
  });
});

it('is closed unless an organisation takes those who register', async () => {
  const closed = await runWeb();
  try {
    expect((await call(closed, 'registration')).body).toEqual({ open: false });
    const body = { phone: newPhone(), locale: 'zh-CN' as const };
    expect((await call(closed, 'sendRegistrationCode', { body })).error?.code).toBe('registration-closed');
    expect(closed.sent).toEqual([]);
  } finally {
    await closed.close();
  }
});

describe('the sender of short messages over HTTP', () => {
  const message = {
    phone: '13900000000',
    template: 'code',
    code: '123456',
    minutes: 5,
    locale: 'en',
  } as const;

  async function sender(status: number) {
    const received: { signature: unknown; timestamp: unknown; body: string }[] = [];
    const server = createServer((req, res) => {
      void text(req).then((body) => {
        received.push({
          signature: req.headers['x-keshi-signature'],
          timestamp: req.headers['x-keshi-timestamp'],
          body,
        });
        res.writeHead(status).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    return { received, url: `http://127.0.0.1:${port}`, close: () => server.close() };
  }

  it('signs what it sends', async () => {
    const service = await sender(202);
    await createHttpSender({ url: service.url, secret: 's'.repeat(32) })(message);
    service.close();
    const [{ signature, timestamp, body } = { signature: '', timestamp: '', body: '' }] = service.received;
    expect(JSON.parse(body)).toMatchObject(message);
    const wanted = createHmac('sha256', 's'.repeat(32))
      .update(`${String(timestamp)}.${body}`)
      .digest('hex');
    expect(signature).toBe(wanted);
  });

  it('says unavailable when nobody took the message over', async () => {
    const service = await sender(500);
    const options = { url: service.url, secret: 's'.repeat(32) };
    await expect(createHttpSender(options)(message)).rejects.toMatchObject({ code: 'unavailable' });
    service.close();
    await expect(createHttpSender(options)(message)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is none in production without one', () => {
    expect(smsSender({ env: 'production', sms: null })).toBeNull();
    expect(smsSender({ env: 'development', sms: null })).not.toBeNull();
  });
});
