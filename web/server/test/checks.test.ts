/** The answer to a check, judged by the real proctor from pictures of real people. */
import { randomBytes, randomUUID } from 'node:crypto';
import { checkHints } from '@keshi/contract/class-checks';
import { verdictRecord } from '@keshi/contract/proctor';
import { askFaceChecks, getFaceCheck, settleSilent, type FaceCheck } from '@keshi/db/face-checks';
import { hourSignInsOf } from '@keshi/db/hour-sign-ins';
import { beginWaiting, recognitionsOf } from '@keshi/db/recognitions';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { isSigned } from '@keshi/runtime/signed-record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProctorService, type ProctorService } from '../../../proctor/src/service.ts';
import { proctorJudge } from '../src/checks/face-judge.ts';
import { knowFace, picturesOf } from './known-face.ts';
import { call, type RunningWeb, runWeb, tokenOf } from './running-web.ts';

const secret = 'a secret between the services of these tests';
const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
let web: RunningWeb;
let service: ProctorService;
let token: string;
let learner: string;
const hints: unknown[] = [];

beforeAll(async () => {
  web = await runWeb({ judge: ({ jobs }) => proctorJudge({ queue: jobs, secret }) });
  service = await createProctorService({
    log,
    metrics: createMetrics({ service: 'proctor-test' }),
    health: createHealth(log),
    queue: web.state.jobs,
    secret,
    nodeId: 'proctor-test',
    threads: 1,
    signingKey: Buffer.alloc(32, 5),
  });
  token = await tokenOf(web, 'learner');
  learner = web.world.idOf('learner');
  await knowFace(web, service.proctor, { userId: learner, token, who: 'plain' });
  await web.state.bus.subscribe(checkHints, (hint) => hints.push(hint));
}, 120_000);
afterAll(async () => {
  await service?.close();
  await web?.close();
});

async function ask(changes: Partial<FaceCheck> = {}): Promise<FaceCheck> {
  const check: FaceCheck = {
    id: randomUUID(),
    kind: 'class',
    // A class of its own for each question: one person has one open question in one place.
    contextId: randomUUID(),
    userId: learner,
    purpose: 'sign-in',
    hour: 1,
    cause: 'schedule',
    nonce: randomBytes(18).toString('base64url'),
    pictures: 1,
    motion: null,
    askedAt: web.clock(),
    deadline: web.clock() + 60_000,
    ...changes,
  };
  expect(await askFaceChecks(web.db, [check])).toEqual(new Set([check.id]));
  return check;
}

function bundle(pictures: readonly Buffer[]): Blob {
  const parts = pictures.flatMap((picture) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(picture.length);
    return [length, picture];
  });
  return new Blob([new Uint8Array(Buffer.concat(parts))]);
}

const reply = (
  check: FaceCheck,
  pictures: readonly Buffer[],
  changes: { token?: string; nonce?: string } = {},
) =>
  call(web, 'answerCheck', {
    token: changes.token ?? token,
    params: { id: check.id },
    query: { nonce: changes.nonce ?? check.nonce },
    upload: bundle(pictures),
  });

describe('[AT7] a sign-in', () => {
  it('passes with the face that was enrolled: hour, signed verdict and traces are stored, no picture', async () => {
    const check = await ask();
    const answer = await reply(check, await picturesOf('plain'));
    expect(answer.body).toMatchObject({ verdict: 'match' });
    const row = await web.db.prisma.faceCheck.findUniqueOrThrow({
      where: { id: check.id },
      include: { pictureRows: true },
    });
    expect(row).toMatchObject({ verdict: 'match', pictureRows: [] });
    expect(row.traces).toHaveLength(1);
    const { publicKey } = service.proctor;
    const signature = { keyId: row.keyId ?? '', signature: row.signature ?? '' };
    expect(isSigned(verdictRecord.parse(row.record), signature, [publicKey])).toBe(true);
    const signIns = await hourSignInsOf(web.db, check.contextId, [learner]);
    expect(signIns).toEqual([
      { userId: learner, hour: 1, at: answer.body.at, method: 'face', countsFrom: null },
    ]);
    await expect
      .poll(() => hints)
      .toContainEqual({ classId: check.contextId, userId: learner, checkId: check.id, decided: false });
  });

  it('[PR3] is a mismatch with somebody else: nothing is signed in, the picture is kept sealed', async () => {
    const check = await ask();
    const [picture] = await picturesOf('other');
    if (!picture) throw new Error('no picture');
    expect((await reply(check, [picture])).body.verdict).toBe('mismatch');
    expect(await hourSignInsOf(web.db, check.contextId, [learner])).toEqual([]);
    const [kept] = await web.db.prisma.faceCheckPicture.findMany({ where: { checkId: check.id } });
    const key = kept && (await web.vault.find(kept.keyId));
    expect(kept && key?.open('FaceCheckPicture.picture', kept.pictureSealed).equals(picture)).toBe(true);
  });

  it('[PR3] knows a picture that was shown before', async () => {
    const [picture] = await picturesOf('plain');
    if (!picture) throw new Error('no picture');
    expect((await reply(await ask(), [picture])).body.verdict).toBe('match');
    expect((await reply(await ask(), [picture])).body.verdict).toBe('repeated');
  });
});

describe('an answer', () => {
  it('is taken once, however often it is sent at once', async () => {
    const check = await ask();
    const pictures = await picturesOf('plain');
    const answers = await Promise.all([1, 2, 3].map(() => reply(check, pictures)));
    const codes = answers.map(({ status, error }) => error?.code ?? status).sort();
    expect(codes).toEqual([200, 'already-done', 'already-done']);
  });

  it('is the asked person’s alone, with the nonce of this question', async () => {
    const check = await ask();
    const pictures = await picturesOf('plain');
    const nonce = randomBytes(18).toString('base64url');
    expect((await reply(check, pictures, { nonce })).error?.code).toBe('not-found');
    const second = await tokenOf(web, 'second');
    expect((await reply(check, pictures, { token: second })).error?.code).toBe('not-found');
    expect((await reply(check, [...pictures, ...pictures])).error?.code).toBe('invalid-input');
    expect((await reply(check, [Buffer.from('no picture')])).error?.code).toBe('invalid-input');
    expect(await getFaceCheck(web.db, check.id)).toMatchObject({ answeredAt: null, settledAt: null });
  });

  it('[PR3] is late after the deadline and what the network needs, and none once the class has given up', async () => {
    const late = await ask({ deadline: web.clock() - 6_000 });
    expect((await reply(late, await picturesOf('plain'))).body.verdict).toBe('late');
    const over = await ask({ deadline: web.clock() - 10_000 });
    await settleSilent(web.db, { ids: [over.id], at: web.clock(), judgedBefore: 0 });
    expect((await reply(over, await picturesOf('plain'))).error?.code).toBe('challenge-over');
    expect(await getFaceCheck(web.db, over.id)).toMatchObject({ verdict: 'no-answer' });
  });

  it('[PR1] is not looked at without consent: the question is dropped without a verdict', async () => {
    const check = await ask({ userId: web.world.idOf('second') });
    const second = await tokenOf(web, 'second');
    const answer = await reply(check, await picturesOf('plain'), { token: second });
    expect(answer.error?.code).toBe('consent-required');
    const row = await getFaceCheck(web.db, check.id);
    expect(row).toMatchObject({ answeredAt: null, verdict: null });
    expect(row?.settledAt).not.toBeNull();
  });
});

describe('[AT7, PR1] a person who recognises', () => {
  const running = () => web.world.running.id;

  it('sees who waits, confirms once, and the wait counts', async () => {
    const second = web.world.idOf('second');
    const since = web.clock() - 120_000;
    await beginWaiting(web.db, running(), [{ userId: second, hour: 1, since, cause: 'no-face' }]);
    await web.db.prisma.visit.create({
      data: {
        id: randomUUID(),
        classId: running(),
        userId: second,
        role: 'attendee',
        nodeId: 'one',
        openedAt: new Date(since),
        lastSeenAt: new Date(since),
      },
    });
    const staff = await tokenOf(web, 'staff');
    const params = { id: running(), userId: second };
    const list = await call(web, 'waitingInClass', { token: staff, params: { id: running() } });
    expect(list.body.rows).toMatchObject([{ userId: second, hour: 1, since, cause: 'no-face' }]);
    const body = { hour: 1, decision: 'confirmed' } as const;
    const done = await call(web, 'recognise', { token: staff, params, body });
    expect(done.status).toBe(204);
    const again = await call(web, 'recognise', { token: staff, params, body });
    expect(again.error?.code).toBe('not-found');
    expect(await hourSignInsOf(web.db, running(), [second])).toMatchObject([
      { hour: 1, method: 'person', countsFrom: since },
    ]);
    expect(await recognitionsOf(web.db, running(), { waiting: true })).toEqual([]);
    const noted = await web.db.prisma.auditEntry.findMany({ where: { action: 'person.recognised' } });
    expect(noted).toMatchObject([{ targetId: second, actorId: web.world.idOf('staff') }]);
  });
});

it('[PR3] a proctor that is away is our own failure, and nobody’s', async () => {
  await service.close();
  const check = await ask();
  const answer = await reply(check, await picturesOf('plain'));
  expect(answer.body.verdict).toBe('error');
  expect(await getFaceCheck(web.db, check.id)).toMatchObject({ verdict: 'error' });
  expect(await web.db.prisma.faceCheckPicture.count({ where: { checkId: check.id } })).toBe(0);
}, 30_000);
