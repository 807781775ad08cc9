// @ts-check
// `npm run cluster`: a small cluster on this machine, after the same preparation as `npm start`.
import { join } from 'node:path';
import { ensureDebianPackages } from './install/debian-packages.mjs';
import { entry } from './install/entry.mjs';
import { launch } from './install/launch.mjs';
import { root } from './install/layout.mjs';
import { prepare } from './install/prepare.mjs';

await entry(async () => {
  const prepared = await prepare({ pages: true });
  await ensureDebianPackages(['redis-server'], 'the cluster');
  return launch(prepared, join(root, 'start/cluster.ts'), process.argv.slice(2));
});
