/**
 * The persistent duplex connection between two services. Both ends have the same interface: either may request,
 * handle, emit and listen. `createLinkServer` and `createLinkClient` join processes over WebSocket;
 * `createLocalLink` joins two services of one process.
 *
 * Order: frames arrive in the order they were sent, whatever their sort. A handler or listener starts before the next
 * frame is looked at, and everything that follows at once from an answer (the code after `await request`) runs before
 * the next frame as well. Handlers may overlap: one that waits does not hold up the next command, so commands that
 * exclude each other are put in order by whoever handles them.
 */
import { AppError } from '../errors.ts';

export interface Parser<T> {
  parse(value: unknown): T;
}

/** What may cross, as values that parse: plain zod schemas. `satisfies LinkContract` keeps their types. */
export interface LinkContract {
  requests: Readonly<Record<string, { params: Parser<unknown>; result: Parser<unknown> }>>;
  events: Readonly<Record<string, Parser<unknown>>>;
}

export type RequestName<C extends LinkContract> = keyof C['requests'] & string;
export type EventName<C extends LinkContract> = keyof C['events'] & string;
export type Params<C extends LinkContract, M extends RequestName<C>> = ReturnType<
  C['requests'][M]['params']['parse']
>;
export type Result<C extends LinkContract, M extends RequestName<C>> = ReturnType<
  C['requests'][M]['result']['parse']
>;
export type Payload<C extends LinkContract, E extends EventName<C>> = ReturnType<C['events'][E]['parse']>;

export type LinkState =
  /** `failed` is why the last attempt or connection ended; null on the very first attempt. */
  | { kind: 'connecting'; attempt: number; failed: CloseReason | null }
  | { kind: 'open' }
  | { kind: 'closed'; reason: CloseReason };

export type CloseReason =
  /** This end called close. */
  | 'closed'
  | 'closed-by-peer'
  /** Nothing was heard of the peer for 2.5 s. */
  | 'silent'
  | 'connection-lost'
  | 'refused'
  /** The peer sent what is not a frame of this protocol, or one beyond the agreed size. */
  | 'garbage'
  /** The peer did not take what was sent to it. */
  | 'overflow';

export interface Link<C extends LinkContract> {
  /** The id the peer authenticated as. */
  readonly peer: string;
  readonly state: LinkState;
  /** Resolves when the link is closed for good: a client's by `close`, a server's with its connection. */
  readonly closed: Promise<CloseReason>;
  /**
   * Rejects with LinkError (see LinkFailure) or with an AppError carrying the code the peer's handler threw.
   * `timeoutMs` is 10 s by default. Nothing is queued while the link is down, and nothing is sent twice.
   */
  request<M extends RequestName<C>>(
    method: M,
    params: Params<C, M>,
    options?: { timeoutMs?: number },
  ): Promise<Result<C, M>>;
  /** One handler per method; it stays across reconnects. Returns how to remove it. */
  handle<M extends RequestName<C>>(
    method: M,
    fn: (params: Params<C, M>) => Promise<Result<C, M>> | Result<C, M>,
  ): () => void;
  /** False when the link is down: the event is not sent, now or later. Throws LinkError when it is too large. */
  emit<E extends EventName<C>>(event: E, payload: Payload<C, E>): boolean;
  on<E extends EventName<C>>(event: E, fn: (payload: Payload<C, E>) => void): () => void;
  /** Called at every change of state: `open` is up, `connecting` after it is down. */
  watch(fn: (state: LinkState) => void): () => void;
  /** Idempotent. What is in flight rejects as `down`. */
  close(): Promise<void>;
}

export type LinkFailure =
  /** Not connected, or the connection went while waiting: it may have been carried out. */
  | 'down'
  /** No answer in time: it may have been carried out. */
  | 'timeout'
  /** Beyond the largest message; not sent. */
  | 'too-large'
  /** The answer did not have the shape the contract says. */
  | 'garbage';

export class LinkError extends AppError {
  override readonly name = 'LinkError';
  readonly failure: LinkFailure;

  constructor(failure: LinkFailure, what: string, cause?: unknown) {
    super('unavailable', { message: `${what}: ${failure}`, cause });
    this.failure = failure;
  }
}

/** Larger than any media description or snapshot we exchange, small enough to be parsed without a pause. */
export const defaultMaxMessageBytes = 1024 * 1024;
