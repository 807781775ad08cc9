/** Child processes of the product, as the system knows them. */
import { readdir, readFile } from 'node:fs/promises';

/** The media workers a process has started. */
export async function mediaWorkersOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  const children = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  const named = await Promise.all(
    children.map(async (child) => ({
      child,
      command: await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => ''),
    })),
  );
  return named.filter(({ command }) => command.includes('mediasoup-worker')).map(({ child }) => child);
}
