import { describe, expect, it } from 'vitest';
import { createGroupCommit } from '../src/group-commit.ts';

/** A store that commits when it is told to. */
function store(lanes = 1) {
  const batches: number[][] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let begun: (() => void)[] = [];
  const commits = createGroupCommit<number, number>({
    write: (batch) =>
      new Promise((resolve, reject) => {
        batches.push([...batch]);
        ends.push({ resolve: () => resolve(batch.map((n) => n * 10)), reject });
        for (const tell of begun) tell();
        begun = [];
      }),
    most: 3,
    waitMs: 1,
    lanes,
  });
  const batch = async (n: number) => {
    while (batches.length <= n) await new Promise<void>((resolve) => begun.push(resolve));
  };
  return { batches, ends, commits, batch };
}

describe('a group commit', () => {
  it('answers each only after the commit that holds it, and puts what comes meanwhile into the next', async () => {
    const { batches, ends, commits, batch } = store();
    const settled: number[] = [];
    const add = (n: number) => commits.add(n).then((result) => void settled.push(result));
    const first = add(1);
    await batch(0);
    const rest = [2, 3, 4, 5].map(add);
    expect(settled).toEqual([]);
    ends[0]?.resolve();
    await first;
    expect(settled).toEqual([10]);
    await batch(1);
    ends[1]?.resolve();
    await batch(2);
    ends[2]?.resolve();
    await Promise.all(rest);
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
    expect(settled).toEqual([10, 20, 30, 40, 50]);
  });

  it('fails those of one batch alone', async () => {
    const { ends, commits, batch } = store();
    const first = commits.add(1);
    await batch(0);
    const second = commits.add(2);
    ends[0]?.reject(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await batch(1);
    ends[1]?.resolve();
    await expect(second).resolves.toBe(20);
  });

  it('has as many commits under way as it has lanes', async () => {
    const { batches, ends, commits, batch } = store(2);
    const all = [1, 2, 3, 4, 5, 6, 7].map((n) => commits.add(n));
    await batch(1);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    ends[0]?.resolve();
    ends[1]?.resolve();
    await batch(2);
    ends[2]?.resolve();
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40, 50, 60, 70]);
  });

  it('ends only after everything handed in is answered, and takes nothing more', async () => {
    const { ends, commits, batch } = store();
    const one = commits.add(1);
    const closed = commits.close();
    await batch(0);
    ends[0]?.resolve();
    await closed;
    await expect(one).resolves.toBe(10);
    await expect(commits.add(2)).rejects.toThrow();
    await commits.close();
  });
});
