/** Processor time of other processes, as Linux counts it. */
import { readFileSync } from 'node:fs';

/** Linux tells ticks of this length to programs, whatever the kernel's own. */
const ticksPerSecond = 100;

/** Seconds of processor time, user and system, that the process has had. Throws when there is no such process. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may contain spaces; the numbers begin after its closing bracket, with field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[14 - 3]), Number(fields[15 - 3])];
  if (!Number.isFinite(user + system)) throw new Error(`no processor time for ${pid}`);
  return (user + system) / ticksPerSecond;
}
