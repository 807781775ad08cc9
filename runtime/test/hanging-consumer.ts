/** A process that takes presence facts and never stores them, to be killed by a test. */
import { createRedisState } from '../src/state/redis/state.ts';
import { createQuietLog } from './quiet-log.ts';

const [url = '', prefix = ''] = process.argv.slice(2);
const state = await createRedisState({ url, prefix, log: createQuietLog() });
await state.presenceLog.consume({
  group: 'db',
  consumer: 'doomed',
  parse: (fact) => fact,
  handler: () => {
    console.log('taken');
    return new Promise<void>(() => {});
  },
});
console.log('consuming');
