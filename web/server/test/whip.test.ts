/** The token an instructor gives an encoder: for one class, for half a day, and for nothing else. */
import { verifyTicket, verifyWhipToken } from '@keshi/signaling/tickets';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

const secret = 'a secret of the tests, long enough to be one';

let web: RunningWeb;
let teacher: string;
beforeAll(async () => {
  web = await runWeb();
  teacher = await tokenOf(web, 'teacher');
});
afterAll(() => web.close());

const ask = (token: string, id: string) => call(web, 'whip', { token, params: { id } });

it('names the class, its instructor and their login, and where to publish', async () => {
  const { id } = web.world.coming;
  const { body } = await ask(teacher, id);
  expect(body.url).toBe(`${web.url}/whip/${id}`);
  expect(body.expiresAt - Date.now()).toBeGreaterThan(11 * 3_600_000);
  expect(body.expiresAt - Date.now()).toBeLessThanOrEqual(12 * 3_600_000);
  const claims = verifyWhipToken(body.token, secret, Date.now());
  expect(claims).toMatchObject({ kind: 'whip', classId: id, sub: web.world.idOf('teacher') });
  expect(() => verifyWhipToken(body.token, secret, body.expiresAt)).toThrow('token-expired');
});

it('is no ticket and opens no page; a ticket is no such token', async () => {
  const { id } = web.world.coming;
  const { token } = (await ask(teacher, id)).body;
  expect(() => verifyTicket(token, secret, Date.now())).toThrow('unauthenticated');
  expect((await call(web, 'me', { token })).status).toBe(401);
  const { ticket } = (await call(web, 'ticket', { token: teacher, params: { id } })).body;
  expect(() => verifyWhipToken(ticket, secret, Date.now())).toThrow('unauthenticated');
  expect(() => verifyWhipToken(teacher, secret, Date.now())).toThrow('unauthenticated');
});

it('is made for no class that is over, and every one is in the audit log', async () => {
  expect((await ask(teacher, web.world.held.id)).error?.code).toBe('class-ended');
  const { body } = await call(web, 'listAudit', {
    token: await tokenOf(web, 'staff'),
    query: { action: 'class.whip-token' },
  });
  expect(body.rows.map(({ targetId }) => targetId)).toEqual([web.world.coming.id, web.world.coming.id]);
});
