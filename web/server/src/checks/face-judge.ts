/** What judges the pictures of a check: the proctor, behind its job queue. */
import type { ProctorAnswer, ProctorJob } from '@keshi/contract/proctor';
import { proctorJobs, purposePriority } from '@keshi/contract/proctor';
import { createJobClient } from '@keshi/runtime/jobs/jobs';
import type { JobQueue } from '@keshi/runtime/state/ports';

/** Rejects with an `AppError` when there is too much to do, or nobody answers. */
export type FaceJudge = (job: ProctorJob) => Promise<ProctorAnswer>;

export function proctorJudge({ queue, secret }: { queue: JobQueue; secret: string }): FaceJudge {
  const proctor = createJobClient<ProctorJob, ProctorAnswer>({ contract: proctorJobs, queue, secret });
  return (job) =>
    proctor.submit(job, {
      priority: purposePriority[job.purpose],
      timeoutMs: Math.max(1_000, job.deadline - job.at),
    });
}
