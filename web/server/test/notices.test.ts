import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { notify } from '@keshi/db/notices';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateWorld, certificateWorld } from './certificate-world.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

interface Received {
  to: string;
  raw: string;
}

const received: Received[] = [];
/** What the mail server answers instead of taking mail, while it does. */
let refuse: { code: number } | null = null;
let attempts = 0;
let smtp: SMTPServer;
let web: RunningWeb;
let here: CertificateWorld;
let learnerId: string;
let learner: string;

beforeAll(async () => {
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      text(stream).then((raw) => {
        attempts += 1;
        if (refuse) return done(Object.assign(new Error('not now'), { responseCode: refuse.code }));
        received.push({ to: session.envelope.rcptTo[0]?.address ?? '', raw });
        return done();
      }, done);
    },
  });
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const { port } = smtp.server.address() as AddressInfo;
  web = await runWeb({ mail: { url: `smtp://127.0.0.1:${port}`, from: '课时 <keshi@example.cn>' } });
  here = await certificateWorld(web, 1);
  [learnerId = ''] = here.learnerIds;
  learner = await tokenOf(web, here.loginOf(learnerId));
});
afterAll(async () => {
  await web.close();
  await new Promise<void>((resolve) => smtp.close(resolve));
});

/** Bodies in Chinese travel in base64, subjects as encoded words. */
const bodyOf = ({ raw }: Received) => {
  const [head = '', body = ''] = raw.split(/\r?\n\r?\n/, 2);
  return /base64/i.test(head) ? Buffer.from(body, 'base64').toString('utf8') : body;
};
const list = async () => (await call(web, 'listNotices', { token: learner })).body;
const tell = (key: string) =>
  web.db.transaction((sql) =>
    notify(sql, {
      userId: learnerId,
      at: web.clock(),
      key,
      content: { kind: 'hours-restored', courseTitle: '电工基础' },
    }),
  );
const deliveries = () =>
  web.db.sql<{ channel: string; state: string; attempts: number }>(
    'SELECT "channel", "state", "attempts" FROM "NoticeDelivery" ORDER BY "noticeId", "channel"',
  );
const mails = (n: number) => expect.poll(() => received.length, { timeout: 30_000 }).toBe(n);

describe('[D2] notices in the pages', () => {
  it('are told by the same commit as what they tell of, once, and nothing is told that was rolled back', async () => {
    const body = { userIds: [learnerId] };
    const params = { id: here.group.id };
    await Promise.all(
      [1, 2, 3].map(() => call(web, 'issueCertificates', { token: here.staff, params, body })),
    );
    await tell('twice');
    await tell('twice');
    const failing = web.db.transaction(async (sql) => {
      await notify(sql, {
        userId: learnerId,
        at: web.clock(),
        key: 'never',
        content: { kind: 'hours-reversed', courseTitle: 'x' },
      });
      throw new Error('after all not');
    });
    await expect(failing).rejects.toThrow('after all not');
    const { rows, unread, total } = await list();
    expect(rows.map(({ said }) => said.kind)).toEqual(['hours-restored', 'certificate-issued']);
    expect([unread, total]).toEqual([2, 2]);
    expect(JSON.stringify(rows)).not.toContain('张三');
  });

  it('are read by whom they are for, and by nobody else', async () => {
    const [first] = (await list()).rows;
    const ids = [first?.id ?? ''];
    await call(web, 'readNotices', { token: here.staff, body: { ids } });
    expect((await list()).unread).toBe(2);
    expect((await call(web, 'readNotices', { token: learner, body: { ids } })).body).toEqual({ unread: 1 });
    await call(web, 'readNotices', { token: learner, body: { all: true } });
    expect((await call(web, 'unreadNotices', { token: learner })).body).toEqual({ unread: 0 });
  });
});

describe('[D2] notices by mail', () => {
  it('go to nobody who has not chosen them, and to no address before its code came back', async () => {
    const address = 'zhangsan@example.cn';
    const given = await call(web, 'giveMailAddress', { token: learner, body: { address } });
    expect(given.body).toMatchObject({ mail: { masked: 'z***@example.cn', verified: false } });
    expect((await call(web, 'giveMailAddress', { token: learner, body: { address } })).error?.code).toBe(
      'rate-limited',
    );
    await call(web, 'chooseNotices', {
      token: learner,
      body: { mailKinds: ['hours-restored'], smsKinds: [] },
    });
    await tell('before the code');
    expect(await deliveries()).toEqual([]);
    const code = /\d{6}/.exec(bodyOf(received.at(-1) ?? { to: '', raw: '' }))?.[0] ?? '';
    const wrong = code === '000000' ? '000001' : '000000';
    const verify = (said: string) => call(web, 'verifyMailAddress', { token: learner, body: { code: said } });
    expect((await verify(wrong)).error?.code).toBe('wrong-code');
    expect((await verify(code)).body.mail).toEqual({ masked: 'z***@example.cn', verified: true });
    expect((await verify(code)).error?.code).toBe('wrong-code');
    const stored = await web.db.sql<{ mailSealed: string }>('SELECT "mailSealed" FROM "NoticeSetting"');
    expect(JSON.stringify(stored)).not.toContain('zhangsan');
  });

  it('are sent once over a real mail server, in words and with a link', async () => {
    const before = received.length;
    await tell('by mail');
    await mails(before + 1);
    const mail = received.at(-1);
    expect(mail?.to).toBe('zhangsan@example.cn');
    expect(bodyOf(mail ?? { to: '', raw: '' })).toContain('「电工基础」被清零的学时已恢复');
    expect(bodyOf(mail ?? { to: '', raw: '' })).toContain(`${web.url}/record`);
    await expect.poll(deliveries).toEqual([{ channel: 'mail', state: 'sent', attempts: 1 }]);
  });

  it('wait while the mail server is away and come when it is back; what it refuses for good is given up', async () => {
    const [before, tried] = [received.length, attempts];
    refuse = { code: 451 };
    await tell('later');
    await expect.poll(() => attempts, { timeout: 30_000 }).toBe(tried + 1);
    await expect.poll(deliveries).toContainEqual({ channel: 'mail', state: 'due', attempts: 1 });
    refuse = null;
    web.pass(2 * 60_000);
    await mails(before + 1);
    await expect.poll(deliveries).toContainEqual({ channel: 'mail', state: 'sent', attempts: 2 });
    refuse = { code: 550 };
    await tell('refused');
    await expect.poll(deliveries, { timeout: 30_000 }).toContainEqual({
      channel: 'mail',
      state: 'given-up',
      attempts: 1,
    });
    refuse = null;
    expect(received).toHaveLength(before + 1);
  });

  it('end when the address is taken back', async () => {
    const { body } = await call(web, 'removeMailAddress', { token: learner });
    expect(body.mail).toBeNull();
    const known = (await deliveries()).length;
    await tell('taken back');
    expect(await deliveries()).toHaveLength(known);
  });
});

it('[D2] go by short message to a phone that was verified, under the same id when they are sent again', async () => {
  const token = await tokenOf(web, 'learner');
  const userId = web.world.idOf('learner');
  await web.db.prisma.user.update({
    where: { id: userId },
    data: { phoneVerifiedAt: new Date(web.clock()) },
  });
  await call(web, 'chooseNotices', { token, body: { mailKinds: [], smsKinds: ['exam-due'] } });
  await web.db.transaction((sql) =>
    notify(sql, {
      userId,
      at: web.clock(),
      key: 'exam',
      content: { kind: 'exam-due', examId: here.newId(), title: '期末', closesAt: web.clock() },
    }),
  );
  await expect.poll(() => web.sent.length, { timeout: 30_000 }).toBe(1);
  expect(web.sent[0]).toMatchObject({ template: 'notice', phone: '13911112222', title: '考试提醒' });
});
