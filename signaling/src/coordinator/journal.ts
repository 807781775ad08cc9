/**
 * Puts a class's commands in order and stores them: everything that queued up while one write was under way goes into
 * the next one. Acknowledged means stored. When storing fails nothing of the batch has happened, in memory either.
 */
import { isUnavailable } from '@keshi/db/client';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { FencedOut, isFencedOut } from './fencing.ts';
import type { Stored } from './store.ts';
import { Screened, type Turn } from './turn.ts';

export interface Entry {
  /** Decides on the state as it is when its turn has come. Throws AppError to refuse. */
  decide: (turn: Turn) => object;
  newTurn: () => Turn;
  resolve: (reply: object) => void;
  reject: (error: unknown) => void;
}

interface Decided {
  entry: Entry;
  turn: Turn;
  outcome: { ok: true; reply: object } | { ok: false; error: unknown };
}

export interface Journal {
  enqueue(entry: Entry): void;
  readonly idle: boolean;
  /** What is queued is refused with `error`; nothing is taken any more. */
  close(error: unknown): void;
}

export interface JournalDeps {
  log: Logger;
  write: (turns: readonly Turn[]) => Promise<{ results: Stored[]; inOrder: boolean }>;
  /** Stored: tell everyone. Called before the acknowledgements. */
  stored: (turns: readonly Turn[], ms: number) => void;
  /** Stored, but not as memory has it: memory is to be made anew from what is stored. */
  outOfOrder: () => Promise<void>;
  /** The database is away, or somebody else writes this class now. */
  failed: (error: unknown) => void;
  /** Refuses before deciding, while the state in memory may not be written. Null: go on. */
  refuse: () => AppError | null;
}

/** A transaction is some round trips to the database, however many commands it stores: all of a large class answer a quiz. */
const largestBatch = 1_000;

export function createJournal(deps: JournalDeps): Journal {
  const queue: Entry[] = [];
  let running = false;
  let closedWith: { error: unknown } | null = null;

  function decide(entry: Entry): Decided | null {
    const turn = entry.newTurn();
    try {
      return { entry, turn, outcome: { ok: true, reply: entry.decide(turn) } };
    } catch (error) {
      if (error instanceof Screened) return { entry, turn, outcome: { ok: false, error } };
      turn.draft.undo();
      entry.reject(error);
      return null;
    }
  }

  function undo(decided: readonly Decided[]): void {
    for (const { turn } of decided.toReversed()) turn.draft.undo();
  }

  function settle(decided: readonly Decided[]): void {
    for (const { entry, outcome } of decided)
      if (outcome.ok) entry.resolve(outcome.reply);
      else entry.reject(outcome.error);
  }

  async function commit(batch: readonly Entry[]): Promise<void> {
    const refusal = deps.refuse();
    if (refusal) {
      for (const entry of batch) entry.reject(refusal);
      return;
    }
    const decided = batch.map(decide).filter((one) => one !== null);
    const turns = decided
      .map(({ turn }) => turn)
      .filter(({ changes, events }) => changes.length > 0 || events.length > 0);
    if (turns.length > 0) {
      const began = performance.now();
      let written: { results: Stored[]; inOrder: boolean };
      try {
        written = await deps.write(turns);
      } catch (error) {
        undo(decided);
        refuseAfterFailure(error, decided);
        return;
      }
      if (written.inOrder) deps.stored(turns, performance.now() - began);
      else {
        turns.forEach((turn, index) => correct(decided, turn, written.results[index]));
        await deps.outOfOrder();
      }
    }
    settle(decided);
  }

  /** The store knew better: the same message had come before, or this one cannot be stored. */
  function correct(decided: readonly Decided[], turn: Turn, stored: Stored | undefined): void {
    const one = decided.find((candidate) => candidate.turn === turn);
    if (!one || !stored || stored.kind === 'stored') return;
    one.outcome =
      stored.kind === 'duplicate'
        ? { ok: true, reply: { id: stored.id } }
        : { ok: false, error: stored.error };
  }

  function refuseAfterFailure(error: unknown, decided: readonly Decided[]): void {
    const ours = isFencedOut(error) || isUnavailable(error);
    if (ours) deps.failed(error);
    const refusal = isFencedOut(error)
      ? new FencedOut(error)
      : ours
        ? new AppError('unavailable', { retryMs: 2_000, cause: error })
        : error;
    for (const { entry } of decided) entry.reject(refusal);
  }

  async function run(): Promise<void> {
    running = true;
    try {
      while (queue.length > 0 && !closedWith) {
        const batch = queue.splice(0, largestBatch);
        try {
          await commit(batch);
        } catch (error) {
          // Whoever was answered already stays answered.
          for (const entry of batch) entry.reject(error);
        }
      }
    } finally {
      running = false;
    }
  }

  return {
    enqueue(entry) {
      if (closedWith) return entry.reject(closedWith.error);
      queue.push(entry);
      if (!running) void run();
    },
    get idle() {
      return !running && queue.length === 0;
    },
    close(error) {
      closedWith ??= { error };
      for (const entry of queue.splice(0)) entry.reject(error);
    },
  };
}
