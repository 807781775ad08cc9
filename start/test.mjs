// @ts-check
// `npm test`: every check and every test, with the real services they need. Its last line counts them all.
import { runChecks } from './install/checks.mjs';
import { ensureDebianPackages } from './install/debian-packages.mjs';
import { entry } from './install/entry.mjs';
import { prepare } from './install/prepare.mjs';
import { SetupError, say } from './install/progress.mjs';
import { runTests } from './install/vitest.mjs';
import { ensureK6 } from './k6/install.mjs';
import { ensureMinio } from './minio/install.mjs';

/** @typedef {import('./install/checks.mjs').Result} Result */

/**
 * Browsers, the fonts they draw Chinese with, a network that can be cut, the servers a cluster stands on, a relay for
 * closed networks, and an encoder that publishes over WHIP.
 */
const testPackages = [
  'chromium',
  'coturn',
  'ffmpeg',
  'poppler-utils',
  'firefox-esr',
  'fonts-noto-cjk',
  'gir1.2-gst-plugins-bad-1.0',
  'gstreamer1.0-nice',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-ugly',
  'iproute2',
  'openssl',
  'postgresql',
  'python3-gi',
  'redis-server',
];

/** @type {Result[]} */
const results = [];

/**
 * A stage of the setup: what cannot be set up counts as one failure, and the stages after it still run.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} undefined after a failure
 */
async function setUp(name, work) {
  try {
    const value = await work();
    results.push({ name, passed: 1, failed: 0 });
    return value;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`\n${error.message}\n`);
    results.push({ name, passed: 0, failed: 1 });
    return undefined;
  }
}

await entry(async () => {
  const prepared = await setUp('setup', () => prepare({ pages: false }));
  if (prepared) {
    await setUp('build of the pages', () => prepare({ pages: true }));
    await setUp('browsers and servers for the tests', () => ensureDebianPackages(testPackages, 'the tests'));
    await setUp('S3 server for the tests', ensureMinio);
    await setUp('load generator for the tests', ensureK6);
    results.push(...(await runChecks(prepared)));
    for (const project of ['unit', 'integration', 'e2e']) results.push(await runTests(prepared, project));
  }

  say('\nSummary');
  for (const { name, passed, failed } of results) {
    say(`${failed ? '✗' : '✓'} ${name}: ${passed} passed, ${failed} failed`);
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
