/** [PR7] How far behind the proctors are: checks then come less often, and it is said. */
import { proctorJobs } from '@keshi/contract/proctor';
import type { Logger } from '@keshi/runtime/log';
import type { JobQueue } from '@keshi/runtime/state/ports';

export interface ProctorLoad {
  /** 1 while they keep up. */
  stretch(): number;
  look(): Promise<void>;
}

/** What waits without anybody noticing it. */
const unnoticed = 100;
/** Each so many jobs beyond it lengthen the time between two checks by as much as it is. */
const doubledBy = 200;

export function createProctorLoad({
  jobs,
  log,
}: {
  jobs: Pick<JobQueue, 'depth'>;
  log: Logger;
}): ProctorLoad {
  let stretch = 1;
  return {
    stretch: () => stretch,
    async look() {
      // While the queue cannot be asked, what was last known holds.
      const depth = await jobs.depth(proctorJobs.name).catch(() => null);
      if (depth === null) return;
      const before = stretch;
      stretch = 1 + Math.max(0, depth - unnoticed) / doubledBy;
      if (stretch > 1 !== before > 1)
        log.warn(
          { depth, stretch },
          stretch > 1 ? 'checks of faces come less often' : 'checks of faces come as they should',
        );
    },
  };
}
