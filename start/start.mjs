// @ts-check
// `npm start`: from any state of the checkout to the running services on one machine.
import { join } from 'node:path';
import { entry } from './install/entry.mjs';
import { launch } from './install/launch.mjs';
import { root } from './install/layout.mjs';
import { prepare } from './install/prepare.mjs';

await entry(async () =>
  launch(await prepare({ pages: true }), join(root, 'start/main.ts'), process.argv.slice(2)),
);
