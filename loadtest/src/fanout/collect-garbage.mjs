// @ts-check
// Preloaded into the server processes that the bench measures: collects garbage when it is told to by a signal.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
// Gives back what is free as well; an ordinary collection keeps pages for later, megabytes more or less.
process.on('SIGUSR2', () => collect({ type: 'major', flavor: 'last-resort' }));
