/** Classes that were held, with their facts, for tests of the ledger. */
import { createCourse } from '@keshi/db/courses';
import { scheduleClass } from '@keshi/db/classes';
import type { Db } from '@keshi/db/client';
import { createGroup, enrol } from '@keshi/db/groups';
import { recordHourSignIn } from '@keshi/db/hour-sign-ins';
import { newId } from '@keshi/db/ids';
import { createOrganization } from '@keshi/db/organizations';
import { upsertIntervals, upsertVisits } from '@keshi/db/presence';
import { createUsers } from '@keshi/db/users';
import { createHealth } from '@keshi/runtime/health';
import { createLogger } from '@keshi/runtime/log';
import type { MediaStore } from '@keshi/runtime/media-store/media-store';
import { createMetrics } from '@keshi/runtime/metrics';
import { createMemoryState } from '@keshi/runtime/state/memory/state';
import { createLedgerWorker } from '../src/ledger/worker.ts';

export const minute = 60_000;
export const ledgerKey = Buffer.alloc(32, 9);
const quiet = createLogger({ name: 'test', level: 'silent', format: 'json' });

export async function ledgerWorld(db: Db, learners = 2) {
  const platform = await createOrganization(db, {
    parentId: null,
    kind: 'platform',
    name: `平台 ${newId()}`,
  });
  const school = await createOrganization(db, { parentId: platform.id, kind: 'institution', name: '学校' });
  const person = (role: 'learner' | 'instructor' | 'staff') => ({
    orgId: school.id,
    login: `${role}-${newId()}`,
    passwordHash: 'none',
    name: '张三',
    memberships: [{ orgId: school.id, role }],
  });
  const { created } = await createUsers(db, [
    person('instructor'),
    person('staff'),
    ...Array.from({ length: learners }, () => person('learner')),
  ]);
  const [instructorId = '', staffId = '', ...learnerIds] = created.map(({ id }) => id);
  const course = await createCourse(db, { orgId: school.id, title: '电工基础' });
  const group = await createGroup(db, { courseId: course.id, name: '一班' });
  await enrol(db, { groupId: group.id, userIds: learnerIds });
  // Enrolled before any of the classes.
  await db.sql(`UPDATE "Enrolment" SET "createdAt" = '2020-01-01' WHERE "groupId" = $1`, [group.id]);

  /** A class that began at `start` and was live for `minutes`; nobody was in it yet. */
  async function held(start: number, minutes = 90): Promise<string> {
    const end = start + minutes * minute;
    const { id } = await scheduleClass(db, {
      groupId: group.id,
      instructorId,
      title: '第一课',
      scheduledStart: start,
      scheduledEnd: end,
    });
    await db.sql('INSERT INTO "LiveSpan" ("id", "classId", "from", "to") VALUES ($1, $2, $3, $4)', [
      newId(),
      id,
      new Date(start),
      new Date(end),
    ]);
    await db.sql(
      `UPDATE "LiveClass" SET "state" = 'ended', "startedAt" = $2, "endedAt" = $3 WHERE "id" = $1`,
      [id, new Date(start), new Date(end)],
    );
    return id;
  }

  /** Present over these ms of server time. */
  async function attends(
    classId: string,
    userIds: readonly string[],
    from: number,
    to: number,
  ): Promise<void> {
    const visits = userIds.map((userId) => ({ userId, visitId: newId() }));
    await upsertVisits(
      db,
      visits.map(({ userId, visitId }) => ({
        id: visitId,
        classId,
        userId,
        role: 'attendee' as const,
        nodeId: 'node',
        device: 'desktop' as const,
        openedAt: from,
        lastSeenAt: to,
        visible: true,
        rttMs: null,
        closed: { at: to, cause: 'left' as const },
      })),
    );
    await upsertIntervals(
      db,
      visits.map(({ userId, visitId }) => ({
        id: newId(),
        visitId,
        classId,
        userId,
        from,
        lastProof: to,
        cause: 'left' as const,
      })),
    );
  }

  async function signsIn(
    classId: string,
    userIds: readonly string[],
    hour: number,
    at: number,
  ): Promise<void> {
    for (const userId of userIds)
      await recordHourSignIn(db, { classId, userId, hour, at, by: { method: 'face' } });
  }

  const balanceOf = async (learnerId: string) => {
    const [row] = await db.sql<{ sum: string | null }>(
      'SELECT sum("deltaMs") AS sum FROM "LedgerEntry" WHERE "learnerId" = $1',
      [learnerId],
    );
    return Number(row?.sum ?? 0) / minute;
  };
  return { school, course, group, instructorId, staffId, learnerIds, held, attends, signsIn, balanceOf };
}
export type LedgerWorld = Awaited<ReturnType<typeof ledgerWorld>>;

export function startWorker(
  db: Db,
  options: {
    clock?: () => number;
    graceMs?: number;
    state?: ReturnType<typeof createMemoryState>;
    mediaStore?: Pick<MediaStore, 'list'>;
    /** Entries that wait on their way to the database. */
    depth?: () => number;
  } = {},
) {
  const { clock = Date.now, graceMs = 0, depth } = options;
  const state = options.state ?? createMemoryState({ log: quiet });
  const metrics = createMetrics({ service: 'test' });
  const health = createHealth(quiet);
  const worker = createLedgerWorker({
    nodeId: newId(),
    db,
    state: {
      lease: state.lease,
      presenceLog: depth
        ? { ...state.presenceLog, depth: () => Promise.resolve(depth()) }
        : state.presenceLog,
    },
    mediaStore: options.mediaStore ?? { list: () => Promise.resolve([]) },
    ledgerKey,
    metrics,
    health,
    log: quiet,
    clock,
    graceMs,
    everyMs: 0,
  });
  return { ...worker, metrics, health };
}
