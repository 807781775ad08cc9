/** What the checks of a class need of the database. Throws `DatabaseUnavailable` while it is away. */
import { setTimeout as delay } from 'node:timers/promises';
import type { JudgedCheck } from '@keshi/contract/class-checks';
import type { Db } from '@keshi/db/client';
import {
  askFaceChecks,
  dropFaceChecks,
  faceChecksOfClass,
  peopleWithFace,
  readFaceChecks,
  settleSilent,
  type FaceCheck,
  type FaceCheckState,
} from '@keshi/db/face-checks';
import { hourSignInsOf, type StoredHourSignIn } from '@keshi/db/hour-sign-ins';
import { judgedChecksOf } from '@keshi/db/judged-checks';
import { beginWaiting, recognitionsOf, type Recognition, type Waiting } from '@keshi/db/recognitions';

export interface StoredChecks {
  /** The latest of everybody, oldest first. */
  checks: FaceCheckState[];
  errors: Map<string, number>;
  /** Everything that was judged of those of whom a check failed. */
  failed: { userId: string; judged: JudgedCheck[] }[];
  signIns: StoredHourSignIn[];
  recognitions: Recognition[];
}

export interface CheckStore {
  load(classId: string): Promise<StoredChecks>;
  /** Of these people, and perhaps of others, whose face may be looked at. */
  peopleWithFace(userIds: readonly string[]): Promise<ReadonlySet<string>>;
  ask(checks: readonly FaceCheck[]): Promise<Set<string>>;
  read(ids: readonly string[]): Promise<FaceCheckState[]>;
  settleSilent(of: { ids: readonly string[]; at: number; judgedBefore: number }): Promise<FaceCheckState[]>;
  drop(of: { ids: readonly string[]; at: number }): Promise<void>;
  wait(classId: string, waiting: readonly Waiting[]): Promise<void>;
  recognitionsOf(classId: string, userIds: readonly string[]): Promise<Recognition[]>;
  /** As `failed` of `load`, of these people: who is not among them has nothing that failed, or never had. */
  judgedOf(classId: string, userIds: readonly string[]): Promise<StoredChecks['failed']>;
}

/** Classes that ask within this time are answered by one reading. */
const readTogetherMs = 50;

export function createCheckStore(db: Db): CheckStore {
  let asking: { userIds: Set<string>; withFace: Promise<Set<string>> } | null = null;

  async function readPeople(userIds: ReadonlySet<string>): Promise<Set<string>> {
    await delay(readTogetherMs);
    asking = null;
    return peopleWithFace(db, [...userIds]);
  }

  return {
    async load(classId) {
      const [{ checks, errors }, judged, signIns, recognitions] = await Promise.all([
        faceChecksOfClass(db, classId),
        judgedChecksOf(db, [classId]),
        hourSignInsOf(db, classId, null),
        recognitionsOf(db, classId),
      ]);
      return { checks, errors, failed: byPerson(judged), signIns, recognitions };
    },
    peopleWithFace(userIds) {
      if (!asking) {
        const together = new Set<string>();
        asking = { userIds: together, withFace: readPeople(together) };
      }
      for (const userId of userIds) asking.userIds.add(userId);
      return asking.withFace;
    },
    ask: (checks) => askFaceChecks(db, checks),
    read: (ids) => readFaceChecks(db, ids),
    settleSilent: (of) => settleSilent(db, of),
    drop: (of) => dropFaceChecks(db, of),
    wait: (classId, waiting) => beginWaiting(db, classId, waiting),
    recognitionsOf: (classId, userIds) => recognitionsOf(db, classId, { userIds }),
    judgedOf: async (classId, userIds) => byPerson(await judgedChecksOf(db, [classId], userIds)),
  };
}

const byPerson = (judged: Awaited<ReturnType<typeof judgedChecksOf>>): StoredChecks['failed'] =>
  [...Map.groupBy(judged, ({ userId }) => userId)].map(([userId, all]) => ({
    userId,
    judged: all.map(({ at, verdict, by }) => ({ at, verdict, by })),
  }));
