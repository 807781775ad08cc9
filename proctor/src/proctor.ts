/** The proctor: is this the same person, and is someone there. Used in process, or behind the job queue (`service.ts`). */
import {
  purposePriority,
  type FrameAnalysis,
  type ProctorAnswer,
  type ProctorJob,
  type SignedVerdict,
  type StageTimes,
  type Verdict,
} from '@keshi/contract/proctor';
import { judge } from '@keshi/rules/identity';
import { defaultIdentityPolicy, type IdentityPolicy } from '@keshi/rules/identity-policy';
import { type Clock, systemClock } from '@keshi/runtime/clock';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Metrics } from '@keshi/runtime/metrics';
import { createSigner } from '@keshi/runtime/signed-record';
import { modelVersion } from './engine/engine.ts';
import { createMeters } from './metrics.ts';
import { createFacePool, type FacePool } from './pool/pool.ts';

export interface ProctorDeps {
  log: Logger;
  metrics: Metrics;
  threads: number;
  /** 32 bytes: the key verdicts are signed with. */
  signingKey: Uint8Array;
  policy?: IdentityPolicy;
  clock?: Clock;
  mostWaiting?: number;
}

export interface Proctor {
  /**
   * Rejects with `busy` when too many wait [PR7]. A failure of our own, and a job taken up after its deadline, is
   * answered with the signed verdict `error` [PR3]; when somebody enrols there is no verdict, and it rejects instead.
   * The same job at once in several calls is judged once.
   */
  submit(job: ProctorJob): Promise<ProctorAnswer>;
  /** 32 bytes in base64: verifies what `submit` signed. */
  readonly publicKey: string;
  readonly pool: FacePool;
  close(): Promise<void>;
}

const nothing: StageTimes = { queued: 0, decode: 0, detect: 0, landmarks: 0, descriptor: 0 };

/** Rejects when the engine cannot be opened: there is no slower one behind it. */
export async function createProctor(deps: ProctorDeps): Promise<Proctor> {
  const { log, metrics, threads, policy = defaultIdentityPolicy, clock = systemClock } = deps;
  const signer = createSigner(deps.signingKey);
  const pool = await createFacePool({ threads, log, mostWaiting: deps.mostWaiting });
  const meters = createMeters(metrics, pool);
  const running = new Map<string, Promise<ProctorAnswer>>();

  function signed(job: ProctorJob, verdict: Verdict, distances: readonly (number | null)[]): SignedVerdict {
    const record: SignedVerdict['record'] = {
      jobId: job.id,
      purpose: job.purpose,
      userId: job.userId,
      context: job.context,
      at: job.at,
      verdict,
      distances: distances.map((value) => value && Number(value.toFixed(4))),
      referenceIds: job.references.map(({ id }) => id),
      modelVersion,
      ...(job.motion && { motion: job.motion }),
    };
    return { record, ...signer.sign(record) };
  }

  function answer(job: ProctorJob, analyses: FrameAnalysis[], ms: StageTimes): ProctorAnswer {
    if (job.purpose === 'enrol') return { jobId: job.id, analyses, verdict: null, modelVersion, ms };
    const { verdict, distances } = judge(analyses, job, policy);
    return { jobId: job.id, analyses, verdict: signed(job, verdict, distances), modelVersion, ms };
  }

  /** [PR3] Our own failure, told as such. */
  function failed(job: ProctorJob, error: AppError): ProctorAnswer {
    if (job.purpose === 'enrol') throw error;
    return { jobId: job.id, analyses: [], verdict: signed(job, 'error', []), modelVersion, ms: nothing };
  }

  async function work(job: ProctorJob): Promise<ProctorAnswer> {
    if (clock() > job.deadline)
      return failed(job, new AppError('unavailable', { message: `job ${job.id} came after its deadline` }));
    try {
      const { analyses, ms } = await pool.analyse({
        frames: job.frames.map((frame) => new Uint8Array(Buffer.from(frame, 'base64'))),
        // Twice the work of one network, where much depends on the answer.
        mirrored: job.purpose !== 'check',
        priority: purposePriority[job.purpose],
      });
      return answer(job, analyses, ms);
    } catch (error) {
      // Whoever finds no room can come back; whoever finds us closing finds another proctor.
      if (error instanceof AppError && error.code !== 'internal') throw error;
      log.error({ err: error, job: job.id }, 'job answered as our own failure');
      return failed(job, error instanceof AppError ? error : new AppError('internal', { cause: error }));
    }
  }

  async function begin(job: ProctorJob): Promise<ProctorAnswer> {
    try {
      const result = await work(job);
      meters.answered(result);
      return result;
    } catch (error) {
      if (error instanceof AppError && error.code === 'busy') meters.refused();
      throw error;
    }
  }

  return {
    publicKey: signer.publicKey,
    pool,
    submit(job) {
      const known = running.get(job.id);
      if (known) return known;
      const promise = begin(job).finally(() => running.delete(job.id));
      running.set(job.id, promise);
      return promise;
    },
    close: () => pool.close(),
  };
}
