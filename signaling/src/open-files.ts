/** How many connections a process has room for: each is an open file, and the system lets a process have only so many. */

/** Left for those who are still at the door, and for what else is open. */
const keptShare = 0.05;
const keptAtLeast = 200;

export const connectionsWithin = (openFiles: number): number =>
  Math.max(1, Math.floor(Math.min(openFiles - keptAtLeast, openFiles * (1 - keptShare))));

/** What this process may have open, which Node raises as far as it may when it starts (`ulimit -Hn`). */
export function openFileLimit(): number {
  // Without looking up the names of who is connected, which would wait for DNS.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const limit = report.userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : Infinity;
}
