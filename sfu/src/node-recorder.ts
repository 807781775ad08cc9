/** The recordings of a node: one for each of its classes that is recorded here. */
import type { SfuEvent } from '@keshi/contract/sfu';
import { recordingPrefix } from '@keshi/contract/recordings';
import type { Config } from '@keshi/runtime/config';
import { AppError } from '@keshi/runtime/errors';
import type { Logger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import type { ClassRoom } from './class-room.ts';
import { tapClass } from './class-tap.ts';
import type { NodeRecorder } from './node.ts';
import { finishRecording } from './recording/finish.ts';
import { createRecording, type Recording } from './recording/recording.ts';

export interface NodeRecorderDeps {
  /** This process's own, for what is done after the end. */
  store: MediaStore;
  /** From which each recorder process makes its own. */
  storeConfig: Config['mediaStore'];
  log: Logger;
}

export interface ClosableNodeRecorder extends NodeRecorder {
  /** Where news of the recordings goes; once, before the first start. */
  onEvent(listener: (event: SfuEvent) => void): void;
  /** Stores what is open and ends all; idempotent. */
  close(): Promise<void>;
}

export function createNodeRecorder({ store, storeConfig, log }: NodeRecorderDeps): ClosableNodeRecorder {
  const recordings = new Map<string, Recording>();
  const finishing = new AbortController();
  let emit: (event: SfuEvent) => void = () => undefined;

  function make(room: ClassRoom, hostId: string): Recording {
    const { classId } = room;
    const recording: Recording = createRecording({
      classId,
      tap: tapClass(room, hostId),
      store: storeConfig,
      log: log.child({ classId }),
      onState: ({ state, reason }) => {
        // One that was stopped says so when another may have taken its place already.
        if (state === 'stopped' && recordings.get(classId) === recording) recordings.delete(classId);
        if (state !== 'stopped' || !recordings.has(classId))
          emit({ name: 'recording.state', payload: { classId, state, reason } });
      },
    });
    recordings.set(classId, recording);
    return recording;
  }

  async function stop(classId: string): Promise<void> {
    const recording = recordings.get(classId);
    if (!recording) return;
    await recording.stop();
    if (recordings.get(classId) === recording) recordings.delete(classId);
  }

  function own(classId: string): Recording {
    const recording = recordings.get(classId);
    if (!recording) throw new AppError('media-not-found');
    return recording;
  }

  return {
    async start(room, hostId) {
      await (recordings.get(room.classId) ?? make(room, hostId)).start();
    },
    pause: async (classId) => own(classId).pause(),
    resume: async (classId) => own(classId).resume(),
    stop,
    finish: (classId) => finishRecording({ store, classId, log, signal: finishing.signal }),
    async discard(classId) {
      await stop(classId);
      await store.removeAll(recordingPrefix(classId));
    },
    records: (classId) => recordings.has(classId),
    closed(classId) {
      recordings.get(classId)?.close();
      recordings.delete(classId);
    },
    onEvent(listener) {
      emit = listener;
    },
    async close() {
      finishing.abort();
      await Promise.all([...recordings.keys()].map(stop));
    },
  };
}
