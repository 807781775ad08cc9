import { createLogger } from '@keshi/runtime/log';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../src/identity/authority.ts';
import { createErasure } from '../src/identity/erasure.ts';
import { createRetention } from '../src/identity/retention.ts';
import { createRounds } from '../src/identity/rounds.ts';
import { createHttpVerifier } from '../src/identity/verifier.ts';
import { enrolFace, giveConsent } from './identity-steps.ts';
import { type Behaviour, startAuthority } from './mock-authority.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';
import { names } from './world.ts';

const secret = 'a secret shared with the authority';
const cards = { learner: '11010519491231002X', second: 'H12345678' } as const;
let authority: Awaited<ReturnType<typeof startAuthority>>;
let web: RunningWeb;
let learner: string;
let second: string;
let ask: () => Promise<number>;

beforeAll(async () => {
  authority = await startAuthority(secret, { [cards.learner]: names.learner, [cards.second]: '另一个人' });
  const verifier = createHttpVerifier({ url: authority.url, secret }, { timeout: 1_500 });
  web = await runWeb({ verifier });
  learner = await tokenOf(web, 'learner');
  second = await tokenOf(web, 'second');
  const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
  const rounds = createAuthority({ db: web.db, vault: web.vault, verifier, clock: web.clock, log });
  ask = () => rounds.askDue(new AbortController().signal);
});
afterAll(async () => {
  await web.close();
  authority.close();
});
beforeEach(() => authority.behave('right'));

const own = async (token: string) => (await call(web, 'ownIdentity', { token })).body;
const settles = (token: string, gap: string) =>
  expect.poll(async () => (await own(token)).gaps, { timeout: 10_000 }).not.toContain(gap);

describe('[B11] an authority', () => {
  it('that is away is asked again later, and nothing is lost or decided meanwhile', async () => {
    authority.behave('down');
    await call(web, 'giveDocument', { token: learner, body: { kind: 'id-card', number: cards.learner } });
    await expect.poll(() => authority.asked.length, { timeout: 10_000 }).toBe(1);
    expect(await own(learner)).toMatchObject({ document: { state: 'pending' }, decider: 'authority' });
    const staff = await tokenOf(web, 'staff');
    expect((await call(web, 'identityQueue', { token: staff })).body.total).toBe(0);
    authority.behave('right');
    web.pass(3_600_000);
    // What they logged in with is over after an hour.
    [learner, second] = [await tokenOf(web, 'learner'), await tokenOf(web, 'second')];
    await ask();
    await settles(learner, 'document-decision');
    const entries = await web.db.prisma.auditEntry.findMany({
      where: { action: 'identity.authority-answered' },
    });
    expect(entries).toMatchObject([{ actorId: null, detail: { outcome: 'matched', document: true } }]);
  });

  it('[PR2] is sent the picture when there is consent and one, and its match confirms the face', async () => {
    expect(authority.asked.every(({ photo }) => photo === null)).toBe(true);
    await giveConsent(web, learner);
    await enrolFace(web, learner);
    await settles(learner, 'face-decision');
    expect((await own(learner)).confirmed).toBe(true);
    expect(
      Buffer.from(authority.asked.at(-1)?.photo ?? '', 'base64')
        .subarray(0, 2)
        .toString('hex'),
    ).toBe('ffd8');
  });

  it('that says no leaves it to a person, who sees what it said', async () => {
    await giveConsent(web, second, 'refused');
    await call(web, 'giveDocument', {
      token: second,
      body: { kind: 'hk-macau-travel', number: cards.second },
    });
    const staff = await tokenOf(web, 'staff');
    const queue = async () => (await call(web, 'identityQueue', { token: staff })).body.rows;
    await expect.poll(queue, { timeout: 10_000 }).toMatchObject([{ login: 'second', authority: 'mismatch' }]);
    expect((await own(second)).decider).toBe('person');
  });

  it('that is silent for a day is waited for no longer', async () => {
    authority.behave('down');
    const evil = await tokenOf(web, 'evil');
    await call(web, 'giveDocument', { token: evil, body: { kind: 'taiwan-travel', number: '12345678' } });
    expect((await own(evil)).decider).toBe('authority');
    web.pass(24 * 3_600_000);
    expect((await own(await tokenOf(web, 'evil'))).decider).toBe('person');
  });

  it.each<[Behaviour, string]>([
    ['down', 'status 500'],
    ['hangs', 'time-out'],
    ['unsigned', 'signature'],
    ['garbled', 'form of the answer'],
    ['another', 'answer to another question'],
    ['busy', 'status 429'],
  ])('whose answer is %s has said nothing: %s', async (behaviour, reason) => {
    authority.behave(behaviour);
    const verifier = createHttpVerifier({ url: authority.url, secret }, { timeout: 300 });
    const question = {
      name: names.learner,
      document: { kind: 'id-card', number: cards.learner },
      photo: null,
    } as const;
    expect(await verifier(question)).toEqual({
      kind: 'unavailable',
      reason,
      retryMs: behaviour === 'busy' ? 7_000 : null,
    });
  });

  it('that another secret speaks for is not believed', async () => {
    const verifier = createHttpVerifier({ url: authority.url, secret: 'of somebody else altogether, long' });
    const question = {
      name: 'x',
      document: { kind: 'id-card', number: cards.learner },
      photo: null,
    } as const;
    expect(await verifier(question)).toMatchObject({ kind: 'unavailable', reason: 'status 401' });
  });
});

describe('[PR6] what is done from time to time', () => {
  it('destroys a key whose destruction was decided while the vault was away', async () => {
    const userId = web.world.idOf('learner');
    const { keyId } = await web.db.prisma.faceKey.findUniqueOrThrow({ where: { userId } });
    await web.db.prisma.keyDestruction.create({ data: { keyId, userId, requestedAt: new Date() } });
    expect((await own(await tokenOf(web, 'learner'))).erasing).toBe(true);
    const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
    const erasure = createErasure({ db: web.db, vault: web.vault, log });
    const retain = createRetention({ db: web.db, clock: () => Date.now() + 31 * 24 * 3_600_000, erasure });
    const done = await retain();
    expect(done).toMatchObject({ pictures: 1 });
    expect(done.keys).toBeGreaterThanOrEqual(1);
    expect(await web.vault.find(keyId)).toBeNull();
    expect(await web.db.prisma.keyDestruction.count()).toBe(0);
  });

  it('is done by one of many, and a round under way ends before its service does', async () => {
    const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
    const state = createMemoryState({ log });
    const started: string[] = [];
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const rounds = ['a', 'b', 'c'].map((holder) =>
      createRounds({
        name: 'test',
        everyMs: 60_000,
        log,
        lease: { port: state.lease, holder },
        work: async () => {
          started.push(holder);
          await released;
        },
      }),
    );
    for (const round of rounds) round.nudge();
    await expect.poll(() => started.length).toBe(1);
    let closed = false;
    const closing = Promise.all(rounds.map((round) => round.close())).then(() => (closed = true));
    await Promise.resolve();
    expect(closed).toBe(false);
    release();
    await closing;
    expect(started).toHaveLength(1);
    await state.close();
  });
});
