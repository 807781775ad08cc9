/** What measures faces for the enrolment: the proctor, behind its job queue. */
import { randomUUID } from 'node:crypto';
import type { FrameAnalysis, ProctorAnswer, ProctorJob } from '@keshi/contract/proctor';
import { proctorJobs, purposePriority } from '@keshi/contract/proctor';
import type { FrameFacts } from '@keshi/rules/enrolment';
import { frameVerdict } from '@keshi/rules/identity';
import { defaultIdentityPolicy, type IdentityPolicy } from '@keshi/rules/identity-policy';
import { createJobClient } from '@keshi/runtime/jobs/jobs';
import type { JobQueue } from '@keshi/runtime/state/ports';

/**
 * One answer for each frame, in order. It decides nothing. Rejects with an `AppError` that says `busy` (with `retryMs`)
 * when there is too much to do, `unavailable` when no proctor answers.
 */
export type FaceAnalyser = (
  frames: Uint8Array[],
  of: { userId: string; challengeId: string },
) => Promise<FrameFacts[]>;

/** Somebody stands before the camera and waits. */
const patienceMs = 15_000;
/** A reference is looked at for years: the face has to be this many times larger than a check needs it. */
const larger = 2;

export function proctorAnalyser(deps: {
  queue: JobQueue;
  secret: string;
  clock: () => number;
  policy?: IdentityPolicy;
}): FaceAnalyser {
  const { queue, secret, clock, policy = defaultIdentityPolicy } = deps;
  const proctor = createJobClient<ProctorJob, ProctorAnswer>({ contract: proctorJobs, queue, secret });
  return async (frames, { userId, challengeId }) => {
    const at = clock();
    const job: ProctorJob = {
      id: randomUUID(),
      purpose: 'enrol',
      userId,
      context: { kind: 'enrolment', id: challengeId },
      frames: frames.map((frame) => Buffer.from(frame).toString('base64')),
      motion: null,
      references: [],
      seen: [],
      at,
      deadline: at + patienceMs,
    };
    const { analyses } = await proctor.submit(job, {
      priority: purposePriority.enrol,
      timeoutMs: patienceMs,
    });
    return analyses.map((frame) => factsOf(frame, policy));
  };
}

function factsOf(frame: FrameAnalysis, policy: IdentityPolicy): FrameFacts {
  const descriptor = frame.problem === null ? (frame.detail?.descriptor ?? null) : null;
  const detail = frame.problem === null ? frame.detail : null;
  return {
    problem: problemOf(frame, policy),
    descriptor: descriptor === null ? null : floatsOf(descriptor),
    yaw: detail?.yaw ?? null,
    sharpness: detail?.sharpness ?? 0,
    brightness: detail?.brightness ?? 0,
    hash: frame.problem === null ? frame.trace.digest : '',
  };
}

function problemOf(frame: FrameAnalysis, policy: IdentityPolicy): FrameFacts['problem'] {
  if (frame.problem !== null) return 'not-a-picture';
  switch (frameVerdict(frame, [], policy).verdict) {
    case 'no-face':
      return 'no-face';
    case 'many-faces':
      return 'many-faces';
    case 'camera-off':
    case 'too-dark':
      return 'too-dark';
    case 'blurred':
      return 'blurred';
    default:
      return (frame.faces[0]?.width ?? 0) < larger * policy.leastFaceWidth ? 'too-small' : null;
  }
}

function floatsOf(descriptor: string): Float32Array {
  const bytes = Buffer.from(descriptor, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, n) => bytes.readFloatLE(n * 4));
}
