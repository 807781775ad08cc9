/** Processor time of other processes, as Linux counts it. */
import { readFileSync } from 'node:fs';

/** Seconds the process's first thread has run, in all its states; a media worker has no other that works. */
export function processorSeconds(pid: number): number {
  const [nanoseconds = ''] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
  const seconds = Number(nanoseconds) / 1e9;
  if (nanoseconds === '' || !Number.isFinite(seconds)) throw new Error(`no processor time for ${pid}`);
  return seconds;
}

/** Linux tells ticks of this length to programs, whatever the kernel's own. */
const ticksPerSecond = 100;

/** Seconds of processor time of all threads of the process, user and system, in steps of 10 ms. */
export function allThreadsSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may contain spaces; the numbers begin after its closing bracket, with field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[14 - 3]), Number(fields[15 - 3])];
  if (!Number.isFinite(user + system)) throw new Error(`no processor time for ${pid}`);
  return (user + system) / ticksPerSecond;
}
