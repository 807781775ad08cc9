/** What a server process has used so far, as Linux counts it, and how the bench has it tidy up. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Seconds of processor time of all threads of all these processes, to the nanosecond: one frame takes milliseconds. */
export function processorSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids)
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [ran = ''] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      nanoseconds += Number(ran);
    }
  if (!(nanoseconds > 0)) throw new Error('no processor time is told');
  return nanoseconds / 1e9;
}

/**
 * Memory is compared without what happens to be waiting for the garbage collector: each server process of each side
 * is started with this, and collects when it gets the signal.
 */
export const nodeOptions = [
  process.env.NODE_OPTIONS,
  `--import=${new URL('./collect-garbage.mjs', import.meta.url).href}`,
]
  .filter(Boolean)
  .join(' ');

/** What the processes hold in memory once they have tidied up. */
export async function settledKilobytes(pids: readonly number[], settleMs: number): Promise<number> {
  // The first collection finds what is free, the second gives it back to the system.
  for (let turn = 0; turn < 2; turn++) {
    for (const pid of pids) process.kill(pid, 'SIGUSR2');
    await delay(settleMs / 2);
  }
  return residentKilobytes(pids);
}

function residentKilobytes(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids)
    kilobytes += Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  if (!(kilobytes > 0)) throw new Error('no memory is told');
  return kilobytes;
}
