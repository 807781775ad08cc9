import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { createMemoryState } from './memory/state.ts';
import type { State } from './ports.ts';
import { createRedisState } from './redis/state.ts';

/** Redis when REDIS_URL names one (rejects with StateUnavailable when it does not answer), else this process's memory. */
export async function createState(config: Pick<Config, 'redisUrl'>, log: Logger): Promise<State> {
  const child = log.child({ part: 'state' });
  return config.redisUrl
    ? createRedisState({ url: config.redisUrl, log: child })
    : createMemoryState({ log: child });
}
