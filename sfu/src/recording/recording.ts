/**
 * The recording of one class, as its SFU node holds it: a recorder process that is started again whenever it dies, and
 * the streams of the stage that are led to it. The class itself is never disturbed by any of it.
 */
import type { Config } from '@keshi/runtime/config';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import { retryPauseMs } from '@keshi/runtime/retry';
import { startRecorderChild, type RecorderChild, type SpokenReport } from './recorder-child.ts';
import type { RecorderTrouble } from './recorder-messages.ts';
import { createStageFeed, type StageFeed } from './stage-feed.ts';
import type { StageTap } from './stage-tap.ts';

/**
 * `ffmpeg-missing`: nothing can be recorded before `apt-get install ffmpeg`. `storage-…`: segments wait in memory, the
 * oldest are given up beyond 64 MB. `recorder-restarted`: up to a segment was lost. `encoder-failing`: ffmpeg dies of
 * everything it gets.
 */
export type RecordingTrouble = RecorderTrouble | 'recorder-restarted';

export interface RecordingState {
  state: 'recording' | 'trouble' | 'paused' | 'stopped';
  /** Of `trouble`: a RecordingTrouble; of `ffmpeg-missing` followed by what to do about it. */
  reason: string | null;
}

export interface Recording {
  /**
   * Resolves when the first take has begun: from then on everything is recorded. Rejects with `unavailable` when the
   * recorder cannot work here (no ffmpeg, no storage) or does not begin in time; it goes on trying by itself.
   */
  start(): Promise<void>;
  /**
   * Nothing after it is recorded until `resume`. Resolves when what was recorded is stored, or waits for the store.
   * Idempotent.
   */
  pause(): Promise<void>;
  /** Resolves like `start`. Idempotent. */
  resume(): Promise<void>;
  /** Ends the last segment, waits for the store (bounded), ends the process. Idempotent. */
  stop(): Promise<void>;
  /** At once; what is not stored yet is lost. Idempotent. */
  close(): void;
}

export interface RecordingDeps {
  classId: string;
  tap: StageTap;
  store: Config['mediaStore'];
  log: Logger;
  /** Every change, once. */
  onState: (state: RecordingState) => void;
}

const beginTimeoutMs = 30_000;
/** Longer than the recorder itself waits for its encoders (twice, where one must be replaced) and the store. */
const stopTimeoutMs = 60_000;
/** A process that lived so long died of something else than its start. */
const stableMs = 10_000;
const hints: Partial<Record<RecordingTrouble, string>> = { 'ffmpeg-missing': 'apt-get install ffmpeg' };

/** One life of the recorder process. */
interface Session {
  child: RecorderChild;
  feed: StageFeed | null;
  startedAt: number;
}

export function createRecording({ classId, tap, store, log, onState }: RecordingDeps): Recording {
  /** What is asked for, whatever the process does at the moment. */
  let wanted: 'nothing' | 'rolling' | 'paused' | 'stopped' = 'nothing';
  let session: Session | null = null;
  let deaths = 0;
  let restart: NodeJS.Timeout | null = null;
  let isRolling = false;
  let trouble: RecordingTrouble | null = null;
  let told = '';
  let stopping: Promise<void> | null = null;
  /** Whoever waits for the next report of that kind. */
  const waiting = new Set<{ for: 'began' | 'cut' | 'gone'; done: PromiseWithResolvers<void> }>();

  function settle(kind: 'began' | 'cut' | 'gone', error?: Error): void {
    for (const waiter of [...waiting]) {
      if (waiter.for !== kind) continue;
      waiting.delete(waiter);
      if (error) waiter.done.reject(error);
      else waiter.done.resolve();
    }
  }

  async function until(kind: 'began' | 'cut' | 'gone', timeoutMs: number): Promise<void> {
    const waiter = { for: kind, done: Promise.withResolvers<void>() };
    waiting.add(waiter);
    const timer = setTimeout(() => {
      waiting.delete(waiter);
      waiter.done.reject(new AppError('unavailable', { message: `recorder: no '${kind}' in time` }));
    }, timeoutMs);
    try {
      await waiter.done.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  function tell(): void {
    const hint = trouble && hints[trouble];
    const reason = trouble && (hint ? `${trouble}: ${hint}` : trouble);
    const state =
      wanted === 'stopped' ? 'stopped' : trouble ? 'trouble' : wanted === 'paused' ? 'paused' : 'recording';
    // Between being asked and beginning there is nothing to tell yet.
    if (state === 'recording' && !isRolling) return;
    const next: RecordingState = { state, reason: state === 'trouble' ? reason : null };
    if (told === JSON.stringify(next)) return;
    told = JSON.stringify(next);
    log.info(next, 'recording');
    onState(next);
  }

  function run(): void {
    const current: Session = {
      child: startRecorderChild(log, (report) => hear(current, report)),
      feed: null,
      startedAt: performance.now(),
    };
    session = current;
    log.info({ recorderPid: current.child.pid }, 'recorder process started');
    current.child.send({ type: 'configure', classId, store });
    void current.child.gone.then(() => ended(current));
  }

  function ended(old: Session): void {
    old.feed?.close();
    if (session !== old) return;
    session = null;
    isRolling = false;
    settle('cut');
    settle('gone');
    if (wanted === 'stopped') return;
    deaths = performance.now() - old.startedAt > stableMs ? 1 : deaths + 1;
    trouble ??= 'recorder-restarted';
    tell();
    log.error({ deaths }, 'recorder process ended by itself');
    // The first time at once: every second without it is a second not recorded.
    restart = setTimeout(run, deaths === 1 ? 0 : retryPauseMs(deaths));
  }

  function hear(from: Session, report: SpokenReport): void {
    if (session !== from) return;
    switch (report.type) {
      case 'up':
        from.feed = createStageFeed({ tap, send: (command) => from.child.send(command), log });
        if (wanted === 'rolling') from.child.send({ type: 'roll' });
        else heal();
        return;
      case 'failed':
        trouble = report.reason;
        log.error({ reason: report.reason, message: report.message }, 'recorder cannot work');
        tell();
        settle('began', new AppError('unavailable', { message: report.message }));
        return from.child.kill();
      case 'bound':
        return from.feed?.bound(report.id, report.port);
      case 'key-frame':
        return from.feed?.keyFrameWanted(report.id);
      case 'began':
        if (wanted !== 'rolling') return;
        isRolling = true;
        heal();
        return settle('began');
      case 'cut':
        return settle('cut');
      case 'trouble':
        trouble = report.reason;
        return tell();
      case 'stopped':
        if (report.unsaved > 0) log.error({ unsaved: report.unsaved }, 'segments could not be stored');
        return;
    }
  }

  function heal(): void {
    trouble = null;
    tell();
  }

  async function roll(): Promise<void> {
    if (wanted === 'stopped') throw new AppError('unavailable', { message: 'recording stopped' });
    if (wanted === 'rolling' && isRolling) return;
    const isFirst = wanted === 'nothing';
    const isAsked = wanted === 'rolling';
    wanted = 'rolling';
    if (isFirst) run();
    else if (!isAsked && session?.feed) session.child.send({ type: 'roll' });
    await until('began', beginTimeoutMs);
  }

  async function end(): Promise<void> {
    wanted = 'stopped';
    if (restart) clearTimeout(restart);
    settle('began', new AppError('unavailable', { message: 'recording stopped' }));
    const last = session;
    if (last) {
      last.child.send({ type: 'stop', atMs: Date.now() });
      try {
        await until('gone', stopTimeoutMs);
      } catch (error) {
        log.error({ err: error }, 'recorder process did not stop');
        last.child.kill();
        await last.child.gone;
      }
    }
    trouble = null;
    tell();
  }

  return {
    start: roll,
    resume: roll,
    async pause() {
      if (wanted !== 'rolling') return;
      wanted = 'paused';
      isRolling = false;
      settle('began', new AppError('unavailable', { message: 'recording paused' }));
      if (session?.feed) {
        session.child.send({ type: 'cut', atMs: Date.now() });
        await until('cut', stopTimeoutMs);
      }
      tell();
    },
    stop() {
      stopping ??= end();
      return stopping;
    },
    close() {
      wanted = 'stopped';
      if (restart) clearTimeout(restart);
      settle('began', new AppError('unavailable', { message: 'recording closed' }));
      session?.feed?.close();
      session?.child.kill();
      trouble = null;
      tell();
    },
  };
}
