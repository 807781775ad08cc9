import { signedVerdict, type FaceReference, type ProctorAnswer } from '@keshi/contract/proctor';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics, type Metrics } from '@keshi/runtime/metrics';
import { isSigned } from '@keshi/runtime/signed-record';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProctor, type Proctor } from '../src/proctor.ts';
import { jobOf, referencesOf, signingKey, userId } from './support/jobs.ts';
import { portrait, sample } from '../src/testing/samples.ts';

const log = createLogger({ name: 'test', level: 'silent', format: 'json' });
const mostWaiting = 10;
let proctor: Proctor;
let metrics: Metrics;
let references: FaceReference[];
let time: number | null = null;

beforeAll(async () => {
  metrics = createMetrics({ service: 'test' });
  proctor = await createProctor({
    log,
    metrics,
    threads: 1,
    signingKey,
    mostWaiting,
    clock: () => time ?? Date.now(),
  });
  const enrolled = await proctor.submit(
    jobOf(await variants(3), { purpose: 'enrol', context: { kind: 'enrolment', id: userId } }),
  );
  expect(enrolled.verdict).toBeNull();
  references = referencesOf(
    enrolled.analyses.map((frame) => (frame.problem === null ? frame.detail?.descriptor : null)),
  );
});
afterAll(() => proctor.close());

/** One person at different moments: no two of them have the same bytes. */
async function variants(count: number, who: Parameters<typeof portrait>[0] = 'plain'): Promise<Buffer[]> {
  const one = await portrait(who);
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      sharp(one)
        .modulate({ brightness: 0.8 + 0.1 * index })
        .jpeg({ quality: 80 - index })
        .toBuffer(),
    ),
  );
}
const verdictOf = ({ verdict }: ProctorAnswer) => verdict?.record.verdict;

describe('[PR3] verdicts', () => {
  test('the same person, another person, nobody, several, a covered lens', async () => {
    const black = sharp({ create: { width: 640, height: 480, channels: 3, background: '#020202' } });
    const wall = sharp({ create: { width: 640, height: 480, channels: 3, background: '#ddd' } })
      .composite([
        {
          input: Buffer.from(
            '<svg width="400" height="300"><rect width="200" height="300" fill="#531"/></svg>',
          ),
        },
      ])
      .jpeg();
    for (const [frame, verdict] of [
      [(await variants(4))[3], 'match'],
      [await portrait('other'), 'mismatch'],
      [await wall.toBuffer(), 'no-face'],
      [await sample('sample6'), 'many-faces'],
      [await black.jpeg().toBuffer(), 'camera-off'],
      [Buffer.from('not a picture at all'), 'no-answer'],
    ] as const)
      expect(verdictOf(await proctor.submit(jobOf([frame ?? Buffer.alloc(0)], { references })))).toBe(
        verdict,
      );
  });

  test('several pictures of a recheck are judged together, a picture shown twice is a repetition', async () => {
    const frames = [await portrait('turned'), ...(await variants(2))];
    const answer = await proctor.submit(jobOf(frames, { purpose: 'recheck', references }));
    expect(verdictOf(answer)).toBe('match');
    expect(answer.verdict?.record.distances).toHaveLength(3);
    const [one] = frames;
    if (!one) throw new Error('no frame');
    const twice = await proctor.submit(jobOf([one, one], { purpose: 'recheck', references }));
    expect(verdictOf(twice)).toBe('repeated');
  });

  test('a picture of an earlier check is known again', async () => {
    const frame = await portrait();
    const first = await proctor.submit(jobOf([frame], { references }));
    const [seen] = first.analyses;
    if (seen?.problem !== null) throw new Error('not read');
    const again = jobOf([frame], { references, seen: [{ ...seen.trace, at: Date.now() - 600_000 }] });
    expect([verdictOf(first), verdictOf(await proctor.submit(again))]).toEqual(['match', 'repeated']);
  });

  test('what comes after its deadline is our own failure, signed; an enrolment is told instead', async () => {
    const job = jobOf([await portrait()], { references });
    time = job.deadline + 1;
    const answer = await proctor.submit(job).finally(() => (time = null));
    expect([verdictOf(answer), answer.analyses]).toEqual(['error', []]);
    expect(answer.verdict && isSigned(answer.verdict.record, answer.verdict, [proctor.publicKey])).toBe(true);
    time = job.deadline + 1;
    const enrolment = proctor.submit({ ...job, id: 'enrolment-late', purpose: 'enrol' });
    await expect(enrolment.finally(() => (time = null))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('a verdict says who, where, when, what and by which model, and its signature holds for exactly that', async () => {
  const job = jobOf([await portrait()], { references, purpose: 'sign-in' });
  const { verdict, modelVersion } = await proctor.submit(job);
  const signed = signedVerdict.parse(JSON.parse(JSON.stringify(verdict)));
  expect(signed.record).toMatchObject({
    jobId: job.id,
    purpose: 'sign-in',
    userId,
    context: job.context,
    at: job.at,
    verdict: 'match',
    referenceIds: references.map(({ id }) => id),
    modelVersion,
  });
  expect(JSON.stringify(signed), 'no template in the record').not.toContain(references[0]?.descriptor);
  expect(isSigned(signed.record, signed, [proctor.publicKey])).toBe(true);
  expect(isSigned({ ...signed.record, verdict: 'mismatch' }, signed, [proctor.publicKey])).toBe(false);
});

describe('[PR7] overload', () => {
  test('checks are told busy first, sign-ins have places of their own and go first', async () => {
    const frame = await portrait();
    const order: string[] = [];
    const submit = (purpose: 'check' | 'sign-in') =>
      proctor.submit(jobOf([frame], { purpose, references })).then(
        () => order.push(purpose),
        (error: unknown) => error,
      );
    const checks = Array.from({ length: 12 }, () => submit('check'));
    const signIns = Array.from({ length: 3 }, () => submit('sign-in'));
    const refused = (await Promise.all(checks)).filter((answer) => typeof answer !== 'number');
    // One is worked on at once; of ten places, six are for checks.
    expect(refused).toHaveLength(12 - 7);
    for (const error of refused) expect(error).toMatchObject({ code: 'busy', retryMs: expect.any(Number) });
    expect((await Promise.all(signIns)).every((answer) => typeof answer === 'number')).toBe(true);
    expect(order.slice(0, 4).filter((purpose) => purpose === 'sign-in')).toHaveLength(3);
    expect(await metrics.text()).toContain('keshi_proctor_refused_total{service="test"} 5');
  });

  test('a job that is sent twice at once is judged once', async () => {
    const job = jobOf([await portrait()], { references });
    const [one, other] = await Promise.all([proctor.submit(job), proctor.submit(job)]);
    expect(other).toBe(one);
  });
});

test('metrics tell verdicts, stages and threads', async () => {
  const text = await metrics.text();
  expect(text).toMatch(/keshi_proctor_verdicts_total\{verdict="match",service="test"\} [1-9]/);
  expect(text).toMatch(/keshi_proctor_verdicts_total\{verdict="enrolled",service="test"\} 1/);
  expect(text).toContain('keshi_proctor_threads{service="test"} 1');
  expect(text).toMatch(/keshi_proctor_stage_seconds_count\{service="test",stage="descriptor"\} [1-9]/);
});

test('after closing, nothing is taken any more', async () => {
  const own = await createProctor({
    log,
    metrics: createMetrics({ service: 'own' }),
    threads: 1,
    signingKey,
  });
  await own.close();
  await own.close();
  await expect(own.submit(jobOf([await portrait()]))).rejects.toMatchObject({ code: 'unavailable' });
});
