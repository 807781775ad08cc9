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

test('[AT9] each beat moves the interval, and the visit itself is noted when something else changes or rarely', () => {
  let at = 1_000;
  const noted: string[] = [];
  const visits = createVisits({
    nodeId: 'n',
    now: () => at,
    note: (fact) =>
      noted.push('visit' in fact ? `visit ${fact.visit.lastSeenAt}` : `proof ${fact.interval.lastProof}`),
    changed: () => undefined,
  });
  const person = { userId: randomUUID(), name: '', role: 'attendee' } as const;
  const connection = { id: 'c', classId: 'a', person, visitId: randomUUID() } as Connection;
  visits.join(connection, joinRequest, resolvePolicy());
  const beat = (now: number, visible = true) => {
    noted.length = 0;
    at = now;
    visits.beat(connection, { visible, rttMs: 20 });
    return [...noted];
  };
  expect(beat(11_000)).toEqual(['proof 11000']);
  expect(beat(21_000)).toEqual(['proof 21000']);
  expect(beat(31_000)).toEqual(['proof 31000', 'visit 31000']);
  expect(beat(41_000)).toEqual(['proof 41000']);
  // A hidden page has no interval that would say it is there.
  expect(beat(51_000, false)).toContain('visit 51000');
  expect(beat(61_000, false)).toContain('visit 61000');
  expect(beat(71_000)).toContain('visit 71000');
});

test('[AT2] looking for who is silent says nothing of who beats on, and ends the time of who does not', () => {
  let at = 1_000;
  const noted: string[] = [];
  const visits = createVisits({
    nodeId: 'n',
    now: () => at,
    note: (fact) => 'interval' in fact && noted.push(`${fact.interval.cause} ${fact.interval.lastProof}`),
    changed: () => undefined,
  });
  const person = { userId: randomUUID(), name: '', role: 'attendee' } as const;
  const connection = { id: 'c', classId: 'a', person, visitId: randomUUID() } as Connection;
  visits.join(connection, joinRequest, resolvePolicy());
  at = 21_000;
  visits.beat(connection, { visible: true, rttMs: null });
  noted.length = 0;
  for (at = 31_000; at <= 51_000; at += 2_000) visits.sweep();
  expect(noted).toEqual([]);
  at = 51_001;
  visits.sweep();
  expect(noted).toEqual(['lost 21000']);
});
