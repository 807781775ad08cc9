/** The enrolment's measurements by the real proctor, over the job queue. */
import { createLogger } from '@keshi/runtime/log';
import { createHealth } from '@keshi/runtime/health';
import { createMetrics } from '@keshi/runtime/metrics';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import type { State } from '@keshi/runtime/state/ports';
import { createProctorService, type ProctorService } from '@keshi/proctor/service';
import { portrait, sample } from '@keshi/proctor/testing/samples';
import { enrolmentPolicy, judgeFrame } from '@keshi/rules/enrolment';
import { descriptorDistance } from '@keshi/rules/identity';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proctorAnalyser, type FaceAnalyser } from '../src/identity/face-analyser.ts';

const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
const secret = 'a service secret of the tests, 32+';
const of = {
  userId: '00000000-0000-4000-8000-00000000000a',
  challengeId: '00000000-0000-4000-8000-00000000000b',
};
let state: State;
let proctor: ProctorService;
let analyse: FaceAnalyser;

beforeAll(async () => {
  state = createMemoryState({ log });
  proctor = await createProctorService({
    log,
    metrics: createMetrics({ service: 'test' }),
    health: createHealth(log),
    queue: state.jobs,
    secret,
    nodeId: 'proctor-1',
    threads: 1,
    signingKey: Buffer.alloc(32, 5),
  });
  analyse = proctorAnalyser({ queue: state.jobs, secret, clock: Date.now });
});
afterAll(async () => {
  await proctor.close();
  await state.close();
});

const problemOf = async (picture: Buffer) => (await analyse([picture], of)).map(({ problem }) => problem);
const plain = (colour: string) =>
  sharp({ create: { width: 640, height: 480, channels: 3, background: colour } })
    .jpeg()
    .toBuffer();

test('[PR2] one face gives a descriptor, and two pictures of two people are two people', async () => {
  const [one, other] = await analyse([await portrait(), await portrait('other')], of);
  expect(one).toMatchObject({ problem: null });
  expect(one?.descriptor).toHaveLength(128);
  expect(one?.hash).not.toBe(other?.hash);
  const text = (descriptor: Float32Array | null | undefined) =>
    Buffer.from(new Uint8Array((descriptor ?? new Float32Array()).buffer)).toString('base64');
  expect(descriptorDistance(text(one?.descriptor), text(other?.descriptor))).toBeGreaterThan(
    enrolmentPolicy.onePerson,
  );
});

test('[PR2] a head turned to its own left reads as that, and in a mirror as its right', async () => {
  const turned = await portrait('turned');
  const [facts] = await analyse([turned], of);
  const [mirrored] = await analyse([await sharp(turned).flop().jpeg().toBuffer()], of);
  expect(Math.sign(facts?.yaw ?? 0)).toBe(-Math.sign(mirrored?.yaw ?? 0));
  expect(Math.abs(facts?.yaw ?? 0)).toBeGreaterThan(5);
});

test('[PR2] what is wrong with a picture is said', async () => {
  expect(await problemOf(Buffer.from('this is no picture'))).toEqual(['not-a-picture']);
  expect(await problemOf(await plain('#030303'))).toEqual(['too-dark']);
  const small = await sharp(await portrait())
    .resize(260, 260, { fit: 'inside' })
    .toBuffer();
  const far = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#889' } })
    .composite([{ input: small, left: 200, top: 100 }])
    .jpeg()
    .toBuffer();
  expect(await problemOf(far)).toEqual(['too-small']);
  expect(await problemOf(await sample('sample4'))).toEqual(['many-faces']);
});

test('an answer of the proctor is one the enrolment can judge', async () => {
  const [facts] = await analyse([await portrait()], of);
  if (!facts) throw new Error('no answer');
  const verdict = judgeFrame(facts, 'centre', []);
  expect('taken' in verdict || verdict.advice === 'look-ahead').toBe(true);
});
