// @ts-check
// `node start/run.mjs FILE args…`: runs a TypeScript file after the same preparation as `npm start`, the pages
// excepted.
import { resolve } from 'node:path';
import { entry } from './install/entry.mjs';
import { launch } from './install/launch.mjs';
import { prepare } from './install/prepare.mjs';
import { SetupError } from './install/progress.mjs';

await entry(async () => {
  const [file, ...args] = process.argv.slice(2);
  if (!file) throw new SetupError('Usage: node start/run.mjs FILE [arguments]');
  return launch(await prepare({ pages: false }), resolve(file), args);
});
