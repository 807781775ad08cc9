/**
 * Many small writes in few commits. What is handed in while a commit is under way waits for the next one; on an idle
 * machine nothing waits longer than `waitMs`. Each is answered only after the commit that holds it.
 */
export interface GroupCommit<T, R> {
  /** Answers what `write` answered for this one. Rejects with what `write` threw: then none of its batch was stored. */
  add(one: T): Promise<R>;
  /** Waits until everything handed in is answered. What comes afterwards is refused. Idempotent. */
  close(): Promise<void>;
}

export interface GroupCommitOptions<T, R> {
  /** Stores all of them or none, and answers for each in their order. */
  write: (batch: readonly T[]) => Promise<readonly R[]>;
  /** At most so many in one commit. */
  most: number;
  /** How long the first of a batch waits for others. */
  waitMs: number;
  /** How many commits may be under way at once. */
  lanes?: number;
}

interface Waiting<T, R> {
  one: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

export function createGroupCommit<T, R>({
  write,
  most,
  waitMs,
  lanes = 1,
}: GroupCommitOptions<T, R>): GroupCommit<T, R> {
  let waiting: Waiting<T, R>[] = [];
  let running = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  let idle: (() => void)[] = [];

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0 || running >= lanes) return;
    const batch = waiting.slice(0, most);
    waiting = waiting.slice(most);
    running += 1;
    void commit(batch).finally(() => {
      running -= 1;
      if (waiting.length > 0) start();
      else if (running === 0) {
        for (const resolve of idle) resolve();
        idle = [];
      }
    });
    if (waiting.length > 0) start();
  }

  async function commit(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await write(batch.map(({ one }) => one));
      if (results.length !== batch.length) throw new Error('a batch was not answered for each of its parts');
      results.forEach((result, index) => batch[index]?.resolve(result));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    add(one) {
      if (closed) return Promise.reject(new Error('nothing is stored any more'));
      return new Promise<R>((resolve, reject) => {
        waiting.push({ one, resolve, reject });
        if (waiting.length >= most) start();
        else if (running < lanes) timer ??= setTimeout(start, waitMs);
      });
    },
    async close() {
      closed = true;
      start();
      if (waiting.length > 0 || running > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}
