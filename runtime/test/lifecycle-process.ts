/** A small service for the lifecycle tests: it opens two things and waits for what its argument says. */
import { createLifecycle } from '../src/lifecycle.ts';
import { createLogger } from '../src/log.ts';

const mode = process.argv[2];
const lifecycle = createLifecycle(createLogger({ name: 'test', level: 'fatal', format: 'json' }));
lifecycle.bindProcess();
lifecycle.onStop('database', () => console.log('database closed'));
lifecycle.onStop('server', () => {
  if (mode !== 'hanging') return console.log('server closed');
  console.log('closing');
  return new Promise(() => {});
});
const alive = setInterval(() => {}, 60_000);
lifecycle.onStop('alive', () => clearInterval(alive));
console.log('ready');
if (mode === 'throwing')
  setImmediate(() => {
    throw new Error('on purpose');
  });
if (mode === 'rejecting') void Promise.reject(new Error('on purpose'));
