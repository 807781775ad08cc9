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
  /** Nodes that record the class now, of those that can be asked. */
  recordingNodes: (classId: string) => Promise<string[]>;
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
  /** A node is back, and may have gone on recording what another does by now. */
  resync(): void;
  /** Tries again what failed. */
  tick(at: number): void;
  /** Resolves when what was recorded is stored, or could not be within reason. */
  end(): Promise<void>;
  /** Another coordinator decides from here on. */
  close(): void;
}

const retryMs = 2_000;

export function createClassRecording({
  room,
  hostNode,
  anyNode,
  filesWanted,
  now,
  tell,
  log,
  deps,
}: {
  room: () => Classroom;
  /** Where the host is; null when that is not known. */
  hostNode: () => string | null;
  /** Another that carries the class; null when there is none. */
  anyNode: () => string | null;
  /** Whether somebody watches the class as a stream of files. */
  filesWanted: () => boolean;
  now: () => number;
  tell: (recording: RecordingNow) => void;
  log: Logger;
  deps: RecordingDeps;
}): ClassRecording {
  const { id, host } = room();
  let node: string | null = null;
  /** As the node was last told; null when another coordinator told it. */
  let paused: boolean | null = false;
  /** Whether it is known who records: a coordinator that begins, or has lost sight of a node, asks. */
  let looked = false;
  let closed = false;
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

  /** Takes up what a former coordinator began, and ends what is recorded twice. */
  async function look(): Promise<void> {
    const recording = await deps.recordingNodes(id);
    const wanted = node ?? hostNode();
    const kept = recording.find((nodeId) => nodeId === wanted) ?? recording[0] ?? null;
    for (const other of recording)
      if (other !== kept)
        await act(other, 'stop').catch((error: unknown) =>
          log.warn({ err: error, nodeId: other }, 'a second recording could not be stopped'),
        );
    if (kept !== node) {
      node = kept;
      paused = null;
    }
    looked = true;
  }

  async function follow(): Promise<void> {
    const { state, record } = room();
    const running = state === 'live' || state === 'paused';
    if (closed || !running || !(record || node !== null || filesWanted())) return;
    if (!looked) await look();
    // Where it is recorded already it goes on while the host is nowhere else.
    const wanted = hostNode() ?? node ?? anyNode();
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
    if (!looked) await look();
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
      // It may only be out of reach, and go on: that is looked at when it is back.
      show('trouble');
      void enqueue(follow);
    },
    resync() {
      looked = false;
      void enqueue(follow);
    },
    tick(at) {
      if (failedAt === null || at - failedAt < retryMs) return;
      failedAt = null;
      void enqueue(follow);
    },
    end: () => enqueue(finish),
    close() {
      closed = true;
    },
  };
}
