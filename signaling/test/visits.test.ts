/** The visits of a node, found by class. */
import { randomUUID } from 'node:crypto';
import { resolvePolicy } from '@keshi/rules/policy';
import { expect, test } from 'vitest';
import type { Connection } from '../src/connections.ts';
import { createVisits } from '../src/presence/visits.ts';
import { joinRequest } from './harness.ts';

test('[AT1] a pause is a proof for those in that class alone, and nobody who has left is found in it any more', () => {
  let at = 1_000;
  const visits = createVisits({
    nodeId: 'n',
    now: () => at,
    note: () => undefined,
    changed: () => undefined,
  });
  const join = (classId: string) => {
    const person = { userId: randomUUID(), name: '', role: 'attendee' } as const;
    const connection = { id: randomUUID(), classId, person, visitId: randomUUID() } as Connection;
    return visits.join(connection, joinRequest, resolvePolicy());
  };
  const [stays, leaves, breaks, elsewhere] = [join('a'), join('a'), join('a'), join('b')];
  at = 2_000;
  visits.leave(leaves.connection);
  visits.close(breaks.connection, 'lost');
  expect(visits.ofClass('a')).toEqual([stays]);
  at = 3_000;
  visits.signalClass('a', 'pause', at);
  expect([stays, leaves, breaks, elsewhere].map(({ facts }) => facts.lastSeenAt)).toEqual([
    3_000, 2_000, 1_000, 1_000,
  ]);
  visits.leave(stays.connection);
  visits.leave(elsewhere.connection);
  expect([visits.ofClass('a'), visits.ofClass('b'), visits.size]).toEqual([[], [], 0]);
});
