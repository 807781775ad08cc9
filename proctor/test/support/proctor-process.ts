/** A proctor of its own over the Redis its argument names, to be killed by a test. */
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import { createMetrics } from '@keshi/runtime/metrics';
import { createRedisState } from '@keshi/runtime/state/redis/state';
import { createProctorService } from '../../src/service.ts';
import { secret, signingKey } from './jobs.ts';

const [url = '', prefix = '', nodeId = ''] = process.argv.slice(2);
const log = createLogger({ name: 'proctor', level: 'warn', format: 'json' });
const state = await createRedisState({ url, prefix, log });
const { proctor } = await createProctorService({
  log,
  metrics: createMetrics({ service: 'proctor' }),
  health: createHealth(log),
  queue: {
    ...state.jobs,
    work: (queue, options) =>
      state.jobs.work(queue, {
        ...options,
        handler: async (payload, job) => {
          console.log(`taken ${job.id} ${job.attempt}`);
          return options.handler(payload, job);
        },
      }),
  },
  secret,
  signingKey,
  threads: 1,
  nodeId,
  claimAfterMs: 500,
});
console.log(`ready ${proctor.pool.alive()}`);
