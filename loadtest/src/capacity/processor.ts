/** Processor time of other processes, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';

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

/** The process of the database server behind an address. */
export function postmasterOf(url: string): number {
  const { port } = new URL(url);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = textOf(`/proc/${name}/cmdline`);
    if (command.includes('postgres\0') && command.includes(`\0-p\0${port}\0`)) return Number(name);
  }
  throw new Error('no database to be found');
}

/** Of a process and its children, those that have ended included. */
export function treeSeconds(pid: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = textOf(`/proc/${name}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(name) === pid) ticks += sum(fields.slice(11, 15));
    else if (Number(fields[1]) === pid) ticks += sum(fields.slice(11, 13));
  }
  return ticks / ticksPerSecond;
}

const sum = (texts: readonly string[]) => texts.reduce((total, text) => total + Number(text), 0);

/** Empty when the process ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
