/**
 * The state services share, as ports by purpose. Each port's guarantees are written here and hold for both
 * implementations: memory (one process) and Redis (many). One contract suite runs against each.
 *
 * What crosses a port is JSON; what comes out is `unknown` and is parsed by whoever knows its shape.
 * While the store cannot be reached an operation rejects within seconds with `StateUnavailable`, unless its comment
 * says it waits. A failure never looks like absence: it is never an empty list, a null or a false.
 */
import { AppError } from '../errors.ts';
import type { CheckResult } from '../health.ts';

export type Unsubscribe = () => Promise<void>;

export interface NodeEntry {
  id: string;
  info: unknown;
}

/**
 * Who is alive. An entry lives until its time to live passes without a refresh, or until it is withdrawn.
 * `id` names one life of one process: a restarted process announces itself under a new id.
 */
export interface NodeRegistry {
  /** Makes or replaces the entry. Watchers hear of it only when `info` is new or different. */
  announce(kind: string, id: string, info: object, ttlMs: number): Promise<void>;
  /** Extends the life of the entry. False when there is none any more: announce again. */
  refresh(kind: string, id: string, ttlMs: number): Promise<boolean>;
  withdraw(kind: string, id: string): Promise<void>;
  /** Ordered by id, so that equal snapshots are equal. */
  list(kind: string): Promise<NodeEntry[]>;
  /**
   * Calls `fn` with the present list before resolving, then after every change: at once for announce and withdraw,
   * within moments for an expiry. Several changes may arrive as one list. After an outage of the store, nodes that
   * were known before it are kept for one time to live, so that they can announce themselves again unharmed.
   */
  watch(kind: string, fn: (nodes: NodeEntry[]) => void): Promise<Unsubscribe>;
}

/**
 * One holder at a time, with a fencing number that must go with every write made under the lease: whoever stores
 * refuses a number smaller than the greatest it has seen for that name.
 *
 * The fence strictly grows with every successful `acquire` of a name. It is at least the store's time in ms, so
 * that it keeps growing even when the store itself has lost its data (or the one process was restarted): 53 bits,
 * a bigint column.
 *
 * A holder may believe in its lease until `ttlMs` after it *sent* its last successful acquire or renew, not longer;
 * a renew that rejects says nothing about the lease.
 */
export interface Lease {
  /**
   * Null while another holds it. The same holder gets it again with a new, greater fence, which voids its former one:
   * a process restarted under the same name fences out its own past, and an acquire whose answer was lost can simply
   * be repeated. To go on holding, use renew.
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<{ fence: number } | null>;
  /** False when it expired, was released, or was acquired anew by anyone. */
  renew(name: string, holder: string, fence: number, ttlMs: number): Promise<boolean>;
  /** As `renew`, for many in one step; answers in their order. */
  renewAll(
    leases: readonly { name: string; fence: number }[],
    holder: string,
    ttlMs: number,
  ): Promise<boolean[]>;
  /** False when it was not held with this fence. */
  release(name: string, holder: string, fence: number): Promise<boolean>;
  holder(name: string): Promise<{ holder: string; fence: number } | null>;
}

export interface SubscribeOptions {
  /** The store was away and is back: messages may have been missed, catch up from where the truth is stored. */
  onGap?: () => void;
}

/**
 * Messages between processes. At most once; in order per channel and publisher; a publisher that is subscribed hears
 * itself, in the same order as everyone else. A slow or throwing subscriber holds up nobody else.
 */
export interface ClassBus {
  publish(channel: string, message: unknown): Promise<void>;
  /** Resolves when messages published from now on will arrive. Waits while the store is away. */
  subscribe(
    channel: string,
    fn: (message: unknown) => void,
    options?: SubscribeOptions,
  ): Promise<Unsubscribe>;
  /**
   * Answers requests to `address`. Handlers start in the order requests arrived and may overlap. An address is served
   * by one process at a time. What a handler throws reaches the caller as an AppError with the same code and id.
   */
  serve(address: string, handler: (payload: unknown) => unknown): Promise<Unsubscribe>;
  /**
   * Rejects with BusError: `unreachable` at once when nobody serves the address or the store is away (the request
   * was not carried out, unless the store went away while it was being sent), `timeout` when no answer came
   * (it may have been carried out).
   */
  request(address: string, payload: unknown, timeoutMs: number): Promise<unknown>;
}

export interface ConsumeOptions<T> {
  group: string;
  /** Unique among the living consumers of the group; a process that restarts under its name resumes its entries. */
  consumer: string;
  /**
   * Checks one fact. One it throws on is logged as an error (and with Redis put aside in a stream of its own): our
   * own fault, which must not hold up everyone else's facts.
   */
  parse: (fact: unknown) => T;
  /** Stores a batch, idempotently: a batch can come again, whole or mixed with others. */
  handler: (batch: T[]) => Promise<void>;
  /** Entries of a consumer silent for this long are taken over by another. */
  claimAfterMs?: number;
}

export interface Consumption {
  /**
   * Lets a running handler finish for up to `graceMs` (5 s by default), then stops. What was not stored by then
   * stays in the log for another consumer.
   */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Facts on their way to the database. At least once: every appended fact is handled to its end by each group, in
 * spite of crashes of writers, consumers and the store. Entries are removed only when every group has acknowledged
 * them; the log is never cut by length.
 *
 * - Redis: `append` resolves when the store has it in its append-only file, and waits while the store is away. With
 *   `appendfsync everysec` a power failure of the store's machine can take its last second; a crash of its process
 *   cannot.
 * - Memory: `append` resolves when every group's handler has stored it, and waits for the first consumer.
 *
 * Groups are registered by their first `consume`; facts appended before the very first group are kept for it.
 */
export interface PresenceLog {
  append(facts: readonly object[]): Promise<void>;
  /** A handler that throws gets its batch again, after a pause that grows from 0.1 to 5 s. */
  consume<T>(options: ConsumeOptions<T>): Promise<Consumption>;
  /** How many entries at most still wait for some group: the figure to watch and to alert on. */
  depth(): Promise<number>;
}

/** 0 goes first. */
export type JobPriority = 0 | 1 | 2;

export interface Job {
  /** Names the work, not the attempt: whoever is not sure that it was put puts it again. */
  id: string;
  priority: JobPriority;
  payload: object;
}

export type JobOutcome = { state: 'done'; result: unknown } | { state: 'failed' };

export interface WorkOptions {
  /** Unique among the living workers of the queue; a process that restarts under its name resumes its jobs. */
  worker: string;
  /** How many jobs are in hand at once. */
  concurrency: number;
  /**
   * Does one job; what it returns becomes the outcome. One that throws is tried again after a pause; `attempt` counts
   * from 1, and includes attempts of workers that died over the job.
   */
  handler: (payload: unknown, job: { id: string; attempt: number }) => Promise<object>;
  /** After so many attempts the outcome is `failed`, which is logged as an error. 3 by default. */
  mostAttempts?: number;
  /** Jobs of a worker silent for this long are taken over by another. */
  claimAfterMs?: number;
}

/**
 * Work for whoever is free. At least once: a job that was put is worked on to its end, in spite of crashes of workers
 * (and with Redis of the store, as far as its append-only file reaches). Settled once: of several who worked on one job
 * after a takeover, the first outcome stands and the others are discarded.
 *
 * Jobs of a smaller number of priority are taken first, within one priority in the order they were put. Outcomes are
 * kept for ten minutes; putting a job again within that time changes nothing.
 */
export interface JobQueue {
  /**
   * `known` when the id waits, is worked on or was settled. Rejects with `busy` and when to try again when `mostJobs`
   * (2,000 by default) or 256 MiB of jobs are not settled yet: a queue never grows beyond what can be worked off.
   */
  put(queue: string, job: Job, mostJobs?: number): Promise<'queued' | 'known'>;
  /** As soon as there is one; null when there is none within `timeoutMs`. Waits while the store is away. */
  outcome(queue: string, id: string, timeoutMs: number): Promise<JobOutcome | null>;
  work(queue: string, options: WorkOptions): Promise<Consumption>;
  /** How many jobs wait or are in hand. */
  depth(queue: string): Promise<number>;
}

export interface State {
  registry: NodeRegistry;
  lease: Lease;
  bus: ClassBus;
  presenceLog: PresenceLog;
  jobs: JobQueue;
  health(): Promise<CheckResult>;
  /** Idempotent. Waiting appends reject, consumptions stop, nothing keeps the process alive afterwards. */
  close(): Promise<void>;
}

/** The store cannot be reached, or has been closed. Whether the operation happened is not known. */
export class StateUnavailable extends AppError {
  override readonly name = 'StateUnavailable';

  constructor(message: string, cause?: unknown) {
    super('unavailable', { message, cause });
  }
}

export type BusFailure = 'unreachable' | 'timeout';

export class BusError extends AppError {
  override readonly name = 'BusError';
  readonly failure: BusFailure;

  constructor(failure: BusFailure, address: string, cause?: unknown) {
    super('unavailable', { message: `${address}: ${failure}`, cause });
    this.failure = failure;
  }
}
