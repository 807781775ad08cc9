/** Opens the shared state its argument says, uses every port, closes it, and should then end by itself. */
import { createState } from '../src/state/state.ts';
import { createQuietLog } from './quiet-log.ts';

const [url] = process.argv.slice(2);
const state = await createState({ redisUrl: url || null }, createQuietLog());
await state.registry.announce('web', 'one', {}, 60_000);
await state.registry.watch('web', () => {});
await state.lease.acquire('class:1', 'one', 60_000);
await state.bus.subscribe('class:1', () => {});
await state.bus.serve('node:one', () => new Promise(() => {}));
const unanswered = state.bus.request('node:one', {}, 60_000).catch(() => {});
const stored = Promise.withResolvers<number>();
await state.presenceLog.consume({
  group: 'db',
  consumer: 'one',
  parse: (fact) => fact,
  handler: async (batch) => stored.resolve(batch.length),
});
await state.presenceLog.append([{ n: 1 }]);
console.log(`stored ${await stored.promise}`);
await state.close();
await unanswered;
