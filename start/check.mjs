// @ts-check
// `npm run check`: types, lint, format, unused code and the arrows between folders.
import { runChecks } from './install/checks.mjs';
import { entry } from './install/entry.mjs';
import { prepare } from './install/prepare.mjs';

await entry(async () => {
  const results = await runChecks(await prepare({ pages: false, worker: false }));
  return results.some((result) => result.failed > 0) ? 1 : 0;
});
