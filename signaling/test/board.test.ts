/** [A5] What a supervisor's board is told: states at once, and what only beats and time move on as rarely as the class is large. */
import { loadAttendanceFacts } from '@keshi/db/attendance-facts';
import { expect, test } from 'vitest';
import { createBoard } from '../src/board/board.ts';
import { createClassStore } from '../src/coordinator/stored-class.ts';
import type { PresenceFact } from '../src/presence/facts.ts';
import { useClass } from './setup.ts';

const learners = 1_000;
const stage = useClass({ learners });
const second = 1_000;
const began = Date.UTC(2026, 0, 5, 1);

test('in a class of a thousand a state is told at once, and rows that only time moves every five minutes', async () => {
  const { db } = stage.world;
  const facts = await loadAttendanceFacts(db, stage.classId);
  const loaded = await createClassStore(db).takeOver(stage.classId);
  if (!facts || !loaded) throw new Error('no class');
  const { room } = loaded;
  room.state = 'live';
  room.startedAt = began;
  room.spans = [{ from: began, to: null }];
  const board = createBoard(facts);
  const { id: userId } = stage.learner(7);
  const rowsAt = (at: number) => board.delta(room, began + at, true)?.rows;
  const told = (at: number) => rowsAt(at)?.map((row) => row.userId);
  const proof = (at: number): PresenceFact[] => {
    const visit = {
      id: 'visit',
      classId: stage.classId,
      userId,
      role: 'attendee',
      nodeId: 'node',
      device: 'phone',
      openedAt: began + 3 * second,
      lastSeenAt: began + at,
      visible: true,
      rttMs: at / 100,
      closed: null,
    } as const;
    const from = visit.openedAt;
    const interval = { id: 'interval', visitId: 'visit', classId: stage.classId, userId, from } as const;
    return [{ visit }, { interval: { ...interval, lastProof: began + at, cause: 'open' } }];
  };

  expect(told(0)).toHaveLength(learners);
  expect(told(second)).toEqual([]);
  expect(board.delta(room, began + 2 * second, false)).toBeNull();
  board.apply(proof(3 * second));
  expect(told(3 * second)).toEqual([userId]);
  // The first span that counts; what makes it longer is no news by itself.
  board.apply(proof(13 * second));
  expect(told(13 * second)).toEqual([userId]);
  board.apply(proof(23 * second));
  const counted = board.delta(room, began + 23 * second, true);
  expect(counted?.rows).toEqual([]);
  expect(counted?.totals).toMatchObject({ present: 1, offline: learners - 1 });
  board.apply(proof(293 * second));
  expect(told(299 * second)).toEqual([]);
  // They alone are no reason to tell of a board that is not due.
  expect(board.delta(room, began + 300 * second, false)).toBeNull();
  expect(told(300 * second)).toHaveLength(learners - 1);
  board.apply(proof(303 * second));
  expect(told(303 * second)).toEqual([]);
  board.apply(proof(313 * second));
  const [row] = rowsAt(313 * second) ?? [];
  expect(row).toMatchObject({ userId, state: 'present', rttMs: 3_130 });

  // Decided as offline because nothing was heard for so long: the beat that was only late is told at once.
  expect(told(343 * second)).toEqual([]);
  expect(rowsAt(344 * second)).toMatchObject([{ userId, state: 'offline' }]);
  board.apply(proof(345 * second));
  expect(rowsAt(345 * second)).toMatchObject([{ userId, state: 'present' }]);

  // What is stored says nothing new, except of the learner whose checks were judged meanwhile.
  const failed = [20, 60].map(
    (at) => ({ at: began + at * second, verdict: 'mismatch', by: 'face' }) as const,
  );
  const checked = (person: (typeof facts.learners)[number]) =>
    person.userId === userId ? { ...person, checks: failed } : person;
  board.load({ ...facts, learners: facts.learners.map(checked) });
  expect(rowsAt(346 * second)).toMatchObject([{ userId, absences: 2 }]);
});
