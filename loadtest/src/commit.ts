import { execFileSync } from 'node:child_process';

/** The commit measured, with a mark when the files differ from it; "unknown" outside a checkout. */
export function commitOf(cwd: string): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? '-modified' : '');
  } catch {
    return 'unknown';
  }
}
