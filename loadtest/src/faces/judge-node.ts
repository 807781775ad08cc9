/** The proctor of the bench of verdicts, as a process of its own with one thread. */
import { randomUUID } from 'node:crypto';
import { createProctorService } from '@keshi/proctor/service';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createRedisState } from '@keshi/runtime/state/redis/state';
import { answer } from '../fanout/child.ts';
import { pathSecret, type ProctorAnswers } from './messages.ts';

async function open(): Promise<number> {
  const log = createLogger({ name: 'faces', level: 'error', format: 'json' });
  const state = await createRedisState({ url: process.env['REDIS_URL'] ?? '', log });
  const { proctor } = await createProctorService({
    log,
    metrics: createMetrics({ service: 'bench' }),
    health: createHealth(log),
    queue: state.jobs,
    secret: pathSecret,
    signingKey: Buffer.alloc(32, 5),
    threads: 1,
    nodeId: randomUUID(),
  });
  return proctor.pool.alive();
}

const ready = open();
answer({ ready: () => ready } satisfies ProctorAnswers);
