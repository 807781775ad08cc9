/**
 * Finishes recordings whose class is over: measures what is stored, has the pictures to seek by made, and says on
 * record that it plays. One at a time over all nodes; what a node that died left behind is finished by the next.
 */
import type { FinishedRecording } from '@keshi/contract/sfu';
import type { Db } from '@keshi/db/client';
import {
  listUnfinishedRecordings,
  recordingFailed,
  recordingReady,
  type StoredRecording,
} from '@keshi/db/recordings';
import type { Logger } from '@keshi/runtime/log';
import type { Lease } from '@keshi/runtime/state/ports';
import type { MediaNode } from './nodes.ts';

export interface RecordingsJanitor {
  /** Never rejects; a sweep under way is that one. */
  sweep(): Promise<void>;
}

export interface RecordingsJanitorDeps {
  nodeId: string;
  db: Db;
  lease: Lease;
  nodes: () => MediaNode[];
  finish: (classId: string, nodeId: string) => Promise<FinishedRecording | null>;
  now: () => number;
  log: Logger;
}

const leaseName = 'recordings-janitor';
const leaseMs = 30_000;
/** A class that has just ended is still storing its last segment, and its coordinator says when it has. */
const graceMs = 60_000;

export function createRecordingsJanitor(deps: RecordingsJanitorDeps): RecordingsJanitor {
  const { nodeId, db, lease, nodes, finish, now, log } = deps;
  let sweeping: Promise<void> | null = null;
  let again = false;

  const isDue = ({ state, updatedAt }: StoredRecording) =>
    state === 'preparing' || now() - updatedAt > graceMs;

  async function finishOne({ classId }: StoredRecording): Promise<void> {
    const able = nodes().filter(({ records, draining }) => records && !draining);
    const least = able.sort((a, b) => a.used / Math.max(1, a.budget) - b.used / Math.max(1, b.budget))[0];
    // Without a node that could, it stays due.
    if (!least) return;
    const finished = await finish(classId, least.id);
    if (!finished) return recordingFailed(db, { classId, reason: 'nothing-recorded' });
    const { durationMs, views, bytes, hasPreview } = finished;
    await recordingReady(db, { classId, durationMs, views, bytes, hasPreview });
    log.info({ classId, durationMs, bytes }, 'recording ready');
  }

  async function run(): Promise<void> {
    const due = (await listUnfinishedRecordings(db)).filter(isDue);
    if (due.length === 0) return;
    const won = await lease.acquire(leaseName, nodeId, leaseMs);
    if (!won) return;
    const renewing = setInterval(() => {
      lease.renew(leaseName, nodeId, won.fence, leaseMs).catch(() => false);
    }, leaseMs / 3);
    try {
      for (const recording of due)
        // One that cannot be finished holds up no other.
        await finishOne(recording).catch((error: unknown) =>
          log.warn({ err: error, classId: recording.classId }, 'a recording could not be finished'),
        );
    } finally {
      clearInterval(renewing);
      await lease.release(leaseName, nodeId, won.fence).catch(() => false);
    }
  }

  async function sweep(): Promise<void> {
    do {
      again = false;
      await run().catch((error: unknown) => log.warn({ err: error }, 'recordings could not be looked at'));
    } while (again);
  }

  return {
    sweep() {
      again = sweeping !== null;
      sweeping ??= sweep().finally(() => (sweeping = null));
      return sweeping;
    },
  };
}
