/** What an operator sees of a proctor. */
import type { ProctorAnswer, StageTimes } from '@keshi/contract/proctor';
import { latencyBuckets, type Metrics } from '@keshi/runtime/metrics';
import type { FacePool } from './pool/pool.ts';

export interface Meters {
  answered(answer: ProctorAnswer): void;
  refused(): void;
}

export function createMeters(metrics: Metrics, pool: FacePool): Meters {
  metrics.gauge({
    name: 'proctor_waiting_jobs',
    help: 'Jobs that wait for a thread of this process',
    collect: (gauge) => gauge.set(pool.waiting()),
  });
  metrics.gauge({
    name: 'proctor_threads',
    help: 'Threads that can take a job',
    collect: (gauge) => gauge.set(pool.alive()),
  });
  const verdicts = metrics.counter({
    name: 'proctor_verdicts_total',
    help: 'Answers by verdict; enrolments have none',
    labels: ['verdict'],
  });
  const refused = metrics.counter({
    name: 'proctor_refused_total',
    help: 'Jobs that found no room and were told when to come back',
  });
  const stages = metrics.histogram({
    name: 'proctor_stage_seconds',
    help: 'Time a job took, by stage',
    labels: ['stage'],
    buckets: latencyBuckets,
  });
  const observe = (stage: keyof StageTimes, ms: StageTimes) => stages.observe({ stage }, ms[stage] / 1000);
  return {
    answered({ verdict, ms }) {
      verdicts.inc({ verdict: verdict?.record.verdict ?? 'enrolled' });
      for (const stage of ['queued', 'decode', 'detect', 'landmarks', 'descriptor'] as const)
        observe(stage, ms);
    },
    refused: () => refused.inc(),
  };
}
