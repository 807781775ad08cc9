import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAttendanceFacts } from '../src/attendance-facts.ts';
import { newId } from '../src/ids.ts';
import { closeOutage, openOutage, outagesBetween } from '../src/outages.ts';
import {
  closeVisitsOfDeadNode,
  intervalsOfClass,
  nodesWithOpenVisits,
  openVisitsOfNode,
  type StoredInterval,
  type StoredVisit,
  upsertIntervals,
  upsertVisits,
  visitsOfClass,
} from '../src/presence.ts';
import { type TestDatabase, testDatabase } from '../src/testing/database.ts';
import { minute, t0, world } from './world.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

const moment = fc.integer({ min: 0, max: 20 }).map((n) => t0 + n * 1000);
const cause = fc.constantFrom<StoredInterval['cause'][]>(
  'open',
  'hidden',
  'left',
  'lost',
  'node-lost',
  'ended',
  'replaced',
);
const end = cause.filter((c) => c !== 'open');

/** The same reports in another order, some of them twice, cut into other batches. */
function shuffled<T>(reports: readonly T[]) {
  return fc.record({
    order: fc.shuffledSubarray([...reports, ...reports], {
      minLength: reports.length,
      maxLength: reports.length * 2,
    }),
    batch: fc.integer({ min: 1, max: 5 }),
  });
}

async function inBatches<T>(rows: readonly T[], size: number, write: (batch: T[]) => Promise<void>) {
  for (let i = 0; i < rows.length; i += size) await write(rows.slice(i, i + size));
}

describe('reports of presence', () => {
  it('[AT3] give the same intervals in any order, number and grouping, and an end is never taken back', async () => {
    const report = fc.record({ which: fc.integer({ min: 0, max: 2 }), a: moment, b: moment, cause });
    const scenario = fc
      .array(report, { minLength: 1, maxLength: 8 })
      .chain((reports) => fc.tuple(fc.constant(reports), shuffled(reports)));
    await fc.assert(
      fc.asyncProperty(scenario, async ([reports, other]) => {
        const write = async (rows: readonly (typeof reports)[number][], size: number) => {
          const ids = [newId(), newId(), newId()];
          const ground = { visitId: newId(), classId: newId(), userId: newId() };
          const toInterval = ({ which, a, b, cause }: (typeof reports)[number]): StoredInterval => ({
            ...ground,
            id: ids[which] ?? '',
            from: Math.min(a, b),
            lastProof: Math.max(a, b),
            cause,
          });
          await inBatches(rows.map(toInterval), size, (batch) => upsertIntervals(test.db, batch));
          const found = await intervalsOfClass(test.db, ground.classId);
          return ids
            .map((id) => found.find((interval) => interval.id === id))
            .map((i) => i && [i.from, i.lastProof, i.cause]);
        };
        const missing = reports.filter((r) => !other.order.includes(r));
        const expected = await write(reports, 1);
        expect(await write([...other.order, ...missing], other.batch)).toEqual(expected);
        for (const which of [0, 1, 2]) {
          const own = reports.filter((r) => r.which === which);
          if (own.length === 0) continue;
          expect(expected[which]?.[0]).toBe(Math.min(...own.flatMap(({ a, b }) => [a, b])));
          expect(expected[which]?.[1]).toBe(Math.max(...own.flatMap(({ a, b }) => [a, b])));
          expect(expected[which]?.[2] === 'open').toBe(own.every((r) => r.cause === 'open'));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('[AT3] give the same visits in any order, number and grouping', async () => {
    const report = fc.record({
      which: fc.integer({ min: 0, max: 1 }),
      openedAt: moment,
      lastSeenAt: moment,
      visible: fc.boolean(),
      rttMs: fc.option(fc.integer({ min: 0, max: 3 })),
      device: fc.constantFrom<StoredVisit['device'][]>('desktop', 'phone', 'unknown'),
      closed: fc.option(fc.record({ at: moment, cause: end })),
    });
    const scenario = fc
      .array(report, { minLength: 1, maxLength: 8 })
      .chain((reports) => fc.tuple(fc.constant(reports), shuffled(reports)));
    await fc.assert(
      fc.asyncProperty(scenario, async ([reports, other]) => {
        const write = async (rows: readonly (typeof reports)[number][], size: number) => {
          const ids = [newId(), newId()];
          const ground = { classId: newId(), userId: newId(), role: 'attendee' as const, nodeId: 'n1' };
          const toVisit = ({ which, closed, ...rest }: (typeof reports)[number]): StoredVisit => ({
            ...ground,
            ...rest,
            id: ids[which] ?? '',
            closed,
          });
          await inBatches(rows.map(toVisit), size, (batch) => upsertVisits(test.db, batch));
          const found = await visitsOfClass(test.db, ground.classId);
          return ids
            .map((id) => found.find((visit) => visit.id === id))
            .map((v) => v && { ...v, id: '', classId: '', userId: '' });
        };
        const missing = reports.filter((r) => !other.order.includes(r));
        const expected = await write(reports, 1);
        expect(await write([...other.order, ...missing], other.batch)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('[AT9] of a node that died end at the last proof, once, and a better known end still wins', async () => {
    const { db } = test;
    const { learnerIds, schedule } = await world(db, 2);
    const { id: classId } = await schedule();
    const nodeId = `node-${newId()}`;
    const visit = (userId: string, closed: StoredVisit['closed'] = null): StoredVisit => ({
      id: newId(),
      classId,
      userId,
      role: 'attendee',
      nodeId,
      device: 'phone',
      openedAt: t0,
      lastSeenAt: t0 + minute,
      visible: true,
      rttMs: 20.4,
      closed,
    });
    const [a = '', b = ''] = learnerIds;
    const open = visit(a);
    const left = visit(b, { at: t0 + minute, cause: 'left' });
    const of = ({ id: visitId, userId }: StoredVisit, cause: StoredInterval['cause']): StoredInterval => ({
      id: newId(),
      visitId,
      classId,
      userId,
      from: t0,
      lastProof: t0 + minute - 5000,
      cause,
    });
    // The visit is written more rarely than its interval.
    const openInterval = { ...of(open, 'open'), lastProof: t0 + minute + 5000 };
    await upsertVisits(db, [open, left]);
    await upsertIntervals(db, [openInterval, of(left, 'left')]);
    expect(await nodesWithOpenVisits(db)).toContain(nodeId);
    expect(await openVisitsOfNode(db, nodeId)).toMatchObject([
      { id: open.id, rttMs: 20, lastSeenAt: t0 + minute + 5000 },
    ]);
    expect(await closeVisitsOfDeadNode(db, nodeId)).toEqual([{ visitId: open.id, classId, userId: a }]);
    expect(await closeVisitsOfDeadNode(db, nodeId)).toEqual([]);
    const facts = await loadAttendanceFacts(db, classId);
    expect(facts?.learners.find(({ userId }) => userId === a)).toMatchObject({
      name: '张三1',
      group: '一班',
      intervals: [{ from: t0, lastProof: t0 + minute + 5000, cause: 'node-lost', node: nodeId }],
      visits: [{ closed: { at: t0 + minute + 5000, cause: 'node-lost' } }],
    });
    expect(facts?.learners.find(({ userId }) => userId === b)?.intervals).toMatchObject([{ cause: 'left' }]);
    // The node was only cut off, and now reports what it saw.
    await upsertIntervals(db, [{ ...openInterval, lastProof: t0 + 2 * minute, cause: 'left' }]);
    const [late] = (await intervalsOfClass(db, classId)).filter(({ userId }) => userId === a);
    expect(late).toMatchObject({ lastProof: t0 + 2 * minute, cause: 'left' });
  });
});

describe('outages', () => {
  it('[AT4] are open once, close once, and are found by what they overlap', async () => {
    const { db } = test;
    const scope = newId();
    const open = { kind: 'signaling' as const, scope, retryMs: 2000 };
    await openOutage(db, { ...open, from: t0 });
    await openOutage(db, { ...open, from: t0 - 1000, retryMs: 500 });
    const between = async (from: number, to: number) =>
      (await outagesBetween(db, from, to)).filter((o) => o.scope === scope);
    expect(await between(t0 + minute, t0 + 2 * minute)).toMatchObject([
      { from: t0 - 1000, to: null, retryMs: 2000 },
    ]);
    expect(await closeOutage(db, { ...open, to: t0 + minute })).toBe(true);
    expect(await closeOutage(db, { ...open, to: t0 + 2 * minute })).toBe(false);
    expect(await between(t0 + minute, t0 + 2 * minute)).toEqual([]);
    expect(await between(0, t0 - 1000)).toEqual([]);
    expect(await between(t0, t0 + 1)).toMatchObject([{ to: t0 + minute }]);
  });
});
