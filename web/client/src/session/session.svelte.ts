import type { Role } from '@keshi/contract/domain';
import type { Me } from '@keshi/contract/http/auth';
import type { FailureCode } from '#net/failure.ts';

export type SessionState =
  | { state: 'unknown' }
  /** The server could not be asked; `unknown` until it answers. */
  | { state: 'unreachable' }
  | { state: 'in'; me: Me }
  /** `why` is null when nobody was logged in, or the person logged out. */
  | { state: 'out'; why: FailureCode | null };

const key = 'keshi.session';
const supervising: readonly Role[] = ['staff', 'employer', 'regulator'];

/** Who is using this page, and what they may see of it. What they may do is the server's to decide. */
export class Session {
  #state = $state.raw<SessionState>({ state: 'unknown' });
  #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Whether this browser was logged in when it was last used, so that a first visit asks the server for nothing. */
  get remembered(): boolean {
    return this.#storage.getItem(key) !== null;
  }

  get state(): SessionState {
    return this.#state;
  }

  get me(): Me | null {
    return this.#state.state === 'in' ? this.#state.me : null;
  }

  has(role: Role): boolean {
    return this.me?.memberships.some((membership) => membership.role === role) ?? false;
  }

  get learns(): boolean {
    return this.has('learner');
  }

  get teaches(): boolean {
    return this.has('instructor');
  }

  get supervises(): boolean {
    return supervising.some((role) => this.has(role));
  }

  get administers(): boolean {
    return this.has('admin');
  }

  begin(me: Me) {
    this.#storage.setItem(key, '1');
    this.#state = { state: 'in', me };
  }

  /** The server ended the session, or there was none. */
  end(code: FailureCode) {
    this.#storage.removeItem(key);
    const was = this.#state.state;
    const why = was === 'in' || code === 'session-replaced' || code === 'session-revoked' ? code : null;
    this.#state = { state: 'out', why };
  }

  /** The person logged out. */
  leave() {
    this.#storage.removeItem(key);
    this.#state = { state: 'out', why: null };
  }

  settle() {
    if (this.#state.state === 'unknown') this.#state = { state: 'unreachable' };
  }
}
