import { hash, verify } from '@node-rs/argon2';
import { AppError } from '@keshi/runtime/errors';

export interface Passwords {
  hash(password: string): Promise<string>;
  /** `stored` null is an account that does not exist: takes as long, is never right. */
  matches(stored: string | null, password: string): Promise<boolean>;
}

/** Argon2id with OWASP's least costs; its work is done on the thread pool, not on the event loop. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * `maxWaiting` bounds what a storm of logins can queue up: one more is told to come back, so that those who wait
 * still get an answer in time.
 */
export async function createPasswords({ maxWaiting = 256 } = {}): Promise<Passwords> {
  const decoy = await hash('nobody has this password', cost);
  let waiting = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= maxWaiting) throw new AppError('unavailable', { retryMs: 3_000 });
    waiting += 1;
    try {
      return await work();
    } finally {
      waiting -= 1;
    }
  }

  return {
    hash: (password) => inTurn(() => hash(password.normalize('NFKC'), cost)),
    matches: (stored, password) =>
      inTurn(async () => (await verify(stored ?? decoy, password.normalize('NFKC'))) && stored !== null),
  };
}
