import { segmentName } from '@keshi/contract/recordings';
import type { LedgerContent } from '@keshi/contract/ledger';
import { newId } from '@keshi/db/ids';
import { pageEntries, readChains } from '@keshi/db/ledger';
import { testDatabase, type TestDatabase } from '@keshi/db/testing/database';
import { verifyChain } from '@keshi/rules/ledger';
import { countedMs, type StudyState, unstudied } from '@keshi/rules/study-state';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ledgerWorld, type LedgerWorld, minute, startWorker } from './ledger-world.ts';

const hour = 45 * minute;
/** A class is settled some time after the database stored its last fact, by the database's own clock. */
const start = Math.floor(Date.now() / minute) * minute - 30 * 24 * 60 * minute;

let database: TestDatabase;
let world: LedgerWorld;
let learnerId: string;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  world = await ledgerWorld(database.db, 1);
  learnerId = world.learnerIds[0] ?? '';
});

let ordinal = 0;
async function lesson(over: {
  kind?: string;
  durationMs?: number | null;
  declaredMs?: number;
  classId?: string;
}): Promise<string> {
  const id = newId();
  ordinal += 1;
  await database.db.prisma.lesson.create({
    data: {
      id,
      courseId: world.course.id,
      ordinal,
      title: '第一课',
      kind: 'video',
      state: 'published',
      durationMs: null,
      ...over,
    },
  });
  return id;
}

/** Completed as the reports of a session would leave it. */
async function complete(lessonId: string, coverage: [number, number][], completedAt: number): Promise<void> {
  const state: StudyState = {
    ...unstudied,
    coverage: coverage.map(([from, to]) => ({ from, to })),
    passed: 1,
    completedAt,
    done: true,
  };
  const at = new Date(completedAt);
  await database.db.prisma.studyProgress.create({
    data: {
      userId: learnerId,
      lessonId,
      courseId: world.course.id,
      state: JSON.parse(JSON.stringify(state)),
      countedMs: countedMs(state),
      completedAt: at,
      dueAt: at,
      startedAt: at,
      updatedAt: at,
    },
  });
}

const contents = async (): Promise<LedgerContent[]> =>
  (await pageEntries(database.db, { learnerId, limit: 50 })).rows.reverse().map(({ content }) => content);

async function sweep(mediaStore?: Parameters<typeof startWorker>[1]): Promise<void> {
  const worker = startWorker(database.db, { clock: () => Date.now() + 60 * minute, ...mediaStore });
  await worker.sweep();
  await worker.close();
}

describe('a completed lesson', () => {
  it('[CH1, CH2, WL3] is entered once, to the ms, and the chain holds', async () => {
    const lessonId = await lesson({ durationMs: 20 * minute });
    await complete(lessonId, [[0, 20 * minute - 1500]], start);
    await sweep();
    await sweep();
    expect(await contents()).toEqual([
      {
        kind: 'lesson',
        lessonId,
        round: 1,
        lengthMs: 20 * minute,
        creditedMs: 20 * minute - 1500,
        spans: [[0, 20 * minute - 1500]],
        uncredited: [{ reason: 'not-watched', ms: 1500 }],
      },
    ]);
    const chain = (await readChains(database.db, [learnerId])).get(learnerId) ?? [];
    expect(
      verifyChain(
        learnerId,
        chain.flatMap((one) => ('entry' in one ? [one.entry] : [])),
      ),
    ).toBeNull();
    expect(await world.balanceOf(learnerId)).toBeCloseTo(20 - 0.025);
  });

  it('[WL9] without a time line earns what it declares', async () => {
    await complete(await lesson({ kind: 'text', declaredMs: hour }), [[0, hour]], start);
    await sweep();
    expect(await contents()).toMatchObject([{ kind: 'lesson', creditedMs: hour, spans: [[0, hour]] }]);
  });

  it('[CH5] never adds to more than the declared hours', async () => {
    await database.db.prisma.course.update({
      where: { id: world.course.id },
      data: { policy: { declaredHours: 1 } },
    });
    await complete(await lesson({ durationMs: 40 * minute }), [[0, 40 * minute]], start);
    await complete(await lesson({ durationMs: 40 * minute }), [[0, 40 * minute]], start + 1);
    await sweep();
    expect(await world.balanceOf(learnerId)).toBe(45);
  });
});

describe('[CH5] a replay', () => {
  const recordingOf = (classId: string, from: number, minutes: number) => ({
    mediaStore: {
      list: () =>
        Promise.resolve(
          Array.from({ length: minutes }, (_, n) => ({
            name: segmentName({
              classId,
              view: 'main',
              startMs: from + n * minute,
              durationMs: minute,
              take: 'take0001',
            }),
            size: 1,
            modifiedAt: 0,
          })),
        ),
    },
  });

  it('earns only what was not earned live, and waits until that is settled', async () => {
    const classId = await world.held(start);
    await world.attends(classId, [learnerId], start, start + 45 * minute);
    await world.signsIn(classId, [learnerId], 1, start + minute);
    const lessonId = await lesson({ kind: 'replay', durationMs: 90 * minute, classId });
    await complete(lessonId, [[0, 90 * minute]], start + 24 * 60 * minute);
    await sweep(recordingOf(classId, start, 90));
    expect(await world.balanceOf(learnerId)).toBe(90);
    const replayed = (await contents()).filter(
      (content) => content.kind === 'settlement' && content.source === 'replay',
    );
    expect(replayed).toMatchObject([
      { hour: 1, creditedMs: 0, uncredited: [{ reason: 'earned-live', ms: hour }] },
      { hour: 2, creditedMs: hour, presentMs: hour, uncredited: [] },
    ]);
  });
});
