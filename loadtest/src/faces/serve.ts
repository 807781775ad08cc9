/** The pages' service of the bench of verdicts, as a process of its own: its judge is the proctor behind the queue. */
import { createDb } from '@keshi/db/client';
import { testKeys } from '@keshi/db/testing/database';
import { testWrappingKeys } from '@keshi/db/testing/vault';
import { openVault } from '@keshi/db/vault';
import { createLogger } from '@keshi/runtime/log';
import { createRedisState } from '@keshi/runtime/state/redis/state';
import { proctorJudge } from '@keshi/web-server/checks/face-judge';
import { openBenchWeb } from '../bench-web.ts';
import { answer } from '../fanout/child.ts';
import { pathSecret, type ServeAnswers } from './messages.ts';

const variable = (name: string) => process.env[name] ?? '';
// What it is to do under overload it also says, once for each check it could not have judged.
const log = createLogger({ name: 'faces', level: 'silent', format: 'json' });

async function open(): Promise<number> {
  const db = createDb({ url: variable('DATABASE_URL'), keys: testKeys, log, poolSize: 10 });
  const state = await createRedisState({ url: variable('REDIS_URL'), log });
  const vault = await openVault({ url: variable('VAULT_URL'), keys: testWrappingKeys, log });
  const judge = proctorJudge({ queue: state.jobs, secret: pathSecret });
  const web = await openBenchWeb({
    ...{ db, state, vault, judge, log },
    tokenSecret: pathSecret,
    env: 'production',
  });
  return web.port;
}

const port = open();
answer({ port: () => port } satisfies ServeAnswers);
