// @ts-check
import { join } from 'node:path';
import { cacheFolder } from '../install/layout.mjs';

export const k6Version = 'v2.2.0';

/**
 * k6's binary, the load generator: the one named by K6_BIN, else the cached one. The file need not exist yet; `npm test`
 * and `npm run load` put it there.
 * @returns {string} absolute path
 */
export function k6Path() {
  if (process.env.K6_BIN) return process.env.K6_BIN;
  return join(cacheFolder(), `k6-${k6Version}-${process.platform}-${process.arch}`);
}
