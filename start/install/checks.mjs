// @ts-check
// The stages of `npm run check`: everything that can be said about the code without running it.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { attempt } from './command.mjs';
import { root } from './layout.mjs';
import { say } from './progress.mjs';

/** @typedef {{ name: string, passed: number, failed: number }} Result */

const packages = join(root, 'node_modules');
const client = join(root, 'web/client');

/**
 * A stage is a list of commands, run one after the other until one fails.
 * @type {{ name: string, commands: { script: string, args: string[], cwd?: string }[] }[]}
 */
const stages = [
  {
    name: 'lint',
    commands: [{ script: 'eslint/bin/eslint.js', args: ['.', '--max-warnings=0'] }],
  },
  {
    name: 'types',
    commands: ['.', 'loadtest/k6'].map((project) => ({
      script: 'typescript/bin/tsc',
      args: ['-p', project],
    })),
  },
  {
    name: 'types of the pages',
    commands: [
      {
        script: 'svelte-check/bin/svelte-check',
        args: ['--tsconfig', './tsconfig.json', '--output', 'human', '--fail-on-warnings'],
        cwd: client,
      },
    ],
  },
  {
    name: 'format',
    commands: [{ script: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] }],
  },
  { name: 'unused code', commands: [{ script: 'knip/bin/knip.js', args: [] }] },
  {
    name: 'arrows',
    commands: [
      {
        script: 'dependency-cruiser/bin/dependency-cruiser.mjs',
        args: ['--config', '.dependency-cruiser.cjs', '.'],
      },
    ],
  },
];

/**
 * Runs every stage, a few at a time, and prints each one's result as it is known, with its output if it failed.
 * @param {import('./prepare.mjs').Prepared} prepared
 * @returns {Promise<Result[]>} one per stage, in order
 */
export async function runChecks({ node, env }) {
  // Types of the pages' routes and the configuration they extend are generated, and most stages read them. Should it
  // fail, those stages say so.
  await attempt(node, [join(packages, '@sveltejs/kit/svelte-kit.js'), 'sync'], { cwd: client, env });
  const queue = [...stages.entries()];
  /** @type {Result[]} */
  const results = [];
  const takeNext = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [position, { name, commands }] = next;
      const started = Date.now();
      let code = 0;
      let output = '';
      for (const { script, args, cwd = root } of commands) {
        ({ code, output } = await attempt(node, [join(packages, script), ...args], { cwd, env }));
        if (code !== 0) break;
      }
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      say(code === 0 ? `✓ ${name} (${seconds} s)` : `✗ ${name} (${seconds} s)\n${output.trimEnd()}\n`);
      results[position] = { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, takeNext));
  return results;
}
