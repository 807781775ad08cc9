/**
 * The recording of a class, on the SFU node where its host is [A6]. It runs while the class is live, and is begun anew
 * elsewhere when its node is lost. What is stored is in the names of its segments; here is only who makes them now.
 * A class that is not set to be recorded is made into the same segments while somebody watches it as a stream of
 * files, and they are removed at the end.
 */
import type { RecordingNow } from '@keshi/contract/signaling';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { Classroom } from './classroom.ts';

export type RecordingAction = 'start' | 'pause' | 'resume' | 'stop' | 'discard';

export interface RecordingDeps {
  /** Rejects when it cannot be done. */
  record: (classId: string, nodeId: string, action: RecordingAction, hostId: string) => Promise<void>;
  /** What is on record of it. Rejects while the database is away. */
  recordingStarted: (classId: string, at: number) => Promise<void>;
  recordingEnded: (classId: string, at: number) => Promise<void>;
}

export interface ClassRecording {
  /** Something it depends on changed: the class's state, where the host is, who watches files, which nodes live. */
  settle(): void;
  /** News from the node that records. */
  heard(nodeId: string, now: RecordingNow['state']): void;
  nodeLost(nodeId: string): void;
  /** Tries again what failed. */
  tick(): void;
  /** Resolves when what was recorded is stored, or could not be within reason. */
  end(): Promise<void>;
}

const retryMs = 2_000;

export function createClassRecording({
  room,
  nodeFor,
  filesWanted,
  now,
  tell,
  log,
  deps,
}: {
  room: () => Classroom;
  /** Where to record: the host's node if there is one, else another that carries the class. Null: nowhere now. */
  nodeFor: () => string | null;
  /** Whether somebody watches the class as a stream of files. */
  filesWanted: () => boolean;
  now: () => number;
  tell: (recording: RecordingNow) => void;
  log: Logger;
  deps: RecordingDeps;
}): ClassRecording {
  const { id, host } = room();
  let node: string | null = null;
  let paused = false;
  let onRecord = false;
  let failedAt: number | null = null;
  let queue: Promise<void> = Promise.resolve();

  function show(state: RecordingNow['state']): void {
    // What is made only for those who watch files is no recording anybody can replay.
    const shown = room().record ? state : 'off';
    if (room().recording.state === shown) return;
    room().recording = { state: shown };
    tell(room().recording);
  }

  const act = (nodeId: string, action: RecordingAction) => deps.record(id, nodeId, action, host.userId);

  async function follow(): Promise<void> {
    const { state, record } = room();
    const running = state === 'live' || state === 'paused';
    if (!running || !(record || node !== null || filesWanted())) return;
    const wanted = nodeFor();
    if (wanted === null) {
      if (record) show('trouble');
      return;
    }
    if (node !== null && node !== wanted) {
      // The host has moved: what was open there is stored first.
      const former = node;
      node = null;
      await act(former, 'stop').catch((error: unknown) =>
        log.warn({ err: error }, 'the recording could not be stopped where it was'),
      );
    }
    if (node === null) {
      await act(wanted, 'start');
      node = wanted;
      paused = false;
      log.info({ nodeId: wanted, record }, 'recording');
    }
    if ((state === 'paused') !== paused) {
      await act(node, state === 'paused' ? 'pause' : 'resume');
      paused = state === 'paused';
    }
    show(paused ? 'paused' : 'on');
    if (record && !onRecord) {
      await deps.recordingStarted(id, room().startedAt ?? now());
      onRecord = true;
    }
    failedAt = null;
  }

  async function finish(): Promise<void> {
    const { record } = room();
    const last = node;
    node = null;
    if (last !== null) {
      await act(last, 'stop').catch((error: unknown) =>
        log.warn({ err: error }, 'the recording could not be stopped in order'),
      );
      if (!record)
        await act(last, 'discard').catch((error: unknown) =>
          log.warn({ err: error }, 'what was made for those who watched files could not be removed'),
        );
    }
    if (record && (onRecord || last !== null)) await deps.recordingEnded(id, room().endedAt ?? now());
    show('off');
  }

  function enqueue(step: () => Promise<void>): Promise<void> {
    queue = queue.then(step).catch((error: unknown) => {
      failedAt = now();
      const refused = error instanceof AppError ? error.code : error;
      log.warn({ err: error, refused }, 'the recording could not follow');
      if (room().record && room().state === 'live') show('trouble');
    });
    return queue;
  }

  return {
    settle: () => void enqueue(follow),
    heard(nodeId, state) {
      if (nodeId !== node) return;
      // The node no longer has it, as after a restart: begun anew.
      if (state === 'off') {
        node = null;
        void enqueue(follow);
      } else show(state);
    },
    nodeLost(nodeId) {
      if (nodeId !== node) return;
      node = null;
      show('trouble');
      void enqueue(follow);
    },
    tick() {
      if (failedAt === null || now() - failedAt < retryMs) return;
      failedAt = null;
      void enqueue(follow);
    },
    end: () => enqueue(finish),
  };
}
