// @ts-check
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from './command.mjs';
import { root } from './layout.mjs';
import { say } from './progress.mjs';

/** @typedef {import('./checks.mjs').Result} Result */

/**
 * Runs one vitest project and counts its tests.
 * @param {import('./prepare.mjs').Prepared} prepared
 * @param {string} project a name from vitest.config.ts
 * @returns {Promise<Result>} a skipped test, a file that cannot be loaded and an error outside any test each
 *   count as a failure: none of them has shown what it should
 */
export async function runTests({ node, env }, project) {
  say(`\n— ${project} tests —`);
  const folder = await mkdtemp(join(tmpdir(), 'keshi-test-'));
  const report = join(folder, 'report.json');
  try {
    const { code } = await attempt(
      node,
      [
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        `--project=${project}`,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { env: { ...env, NO_COLOR: process.stdout.isTTY ? undefined : '1' }, show: true },
    );
    const counted = count(await readFile(report, 'utf8').catch(() => undefined));
    const failed = code !== 0 && counted.failed === 0 ? 1 : counted.failed;
    return { name: `${project} tests`, passed: counted.passed, failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string | undefined} report vitest's JSON report
 * @returns {{ passed: number, failed: number }}
 */
function count(report) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const { numPassedTests, numTotalTests, testResults } = JSON.parse(report);
  const brokenFiles = testResults.filter(
    (/** @type {{ status: string, assertionResults: unknown[] }} */ file) =>
      file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  return { passed: numPassedTests, failed: numTotalTests - numPassedTests + brokenFiles };
}
