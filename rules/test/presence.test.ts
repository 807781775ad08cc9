import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy as policy } from '../src/policy.ts';
import { closeVisit, newVisit, onProof, onSilence, openInterval, stateAt } from '../src/presence.ts';
import type { PresenceInterval, Signal, SignalKind, Visit } from '../src/presence.ts';

const s = 1000;

type Given = [seconds: number, kind?: SignalKind, seen?: Partial<Signal>];

function run(signals: readonly Given[]): { visit: Visit; closed: PresenceInterval[] } {
  let visit = newVisit('n1');
  const closed: PresenceInterval[] = [];
  for (const [seconds, kind = 'heartbeat', seen] of signals) {
    const signal: Signal = {
      at: seconds * s,
      kind,
      visible: true,
      pip: false,
      identityOverdue: false,
      ...seen,
    };
    const step = onProof(visit, signal, policy);
    visit = step.state;
    closed.push(...step.closed);
  }
  return { visit, closed };
}

const hidden = { visible: false };
const interval = (from: number, lastProof: number, cause: PresenceInterval['cause']): PresenceInterval => ({
  from: from * s,
  lastProof: lastProof * s,
  cause,
  node: 'n1',
});

describe('[AT1] proofs', () => {
  it('joining, a heartbeat, a message and an orderly leave prove presence', () => {
    const { visit, closed } = run([[0, 'join'], [10], [15, 'message'], [21, 'leave']]);
    expect(closed).toEqual([interval(0, 21, 'left')]);
    expect(visit.state).toBe('closed');
  });

  it('the end of the class proves presence up to itself', () => {
    expect(run([[0, 'join'], [10], [18, 'end']]).closed).toEqual([interval(0, 18, 'ended')]);
  });

  it('a pause settles what was, and the visit goes on from the same moment', () => {
    const { visit, closed } = run([[0, 'join'], [10], [14, 'pause'], [20]]);
    expect(closed).toEqual([interval(0, 14, 'paused')]);
    expect(openInterval(visit)).toEqual(interval(14, 20, 'open'));
  });

  it('a hidden page proves nothing, picture-in-picture does', () => {
    expect(openInterval(run([[0, 'join', hidden]]).visit)).toBeNull();
    expect(
      openInterval(
        run([
          [0, 'join'],
          [10, 'heartbeat', hidden],
        ]).visit,
      ),
    ).toEqual(interval(0, 0, 'open'));
    expect(
      openInterval(
        run([
          [0, 'join'],
          [10, 'heartbeat', { visible: false, pip: true }],
        ]).visit,
      ),
    ).toEqual(interval(0, 10, 'open'));
  });

  it('nothing proves presence while an identity check is overdue', () => {
    const overdue = { identityOverdue: true };
    const signals: Given[] = [[0, 'join'], [10], [20, 'heartbeat', overdue], [30, 'message', overdue]];
    expect(openInterval(run(signals).visit)).toEqual(interval(0, 10, 'open'));
    const { visit, closed } = run([...signals, [41, 'heartbeat', overdue], [50]]);
    expect(closed).toEqual([interval(0, 10, 'identity-overdue')]);
    expect(openInterval(visit)).toEqual(interval(50, 50, 'open'));
  });

  it('a hidden leave or end proves nothing either', () => {
    expect(run([[0, 'join'], [10], [12, 'leave', hidden]]).closed).toEqual([interval(0, 10, 'left')]);
    expect(run([[0, 'join'], [10], [12, 'end', hidden]]).closed).toEqual([interval(0, 10, 'hidden')]);
  });
});

describe('[AT2] intervals', () => {
  it('proofs exactly 30 s apart are one interval, a millisecond more makes two', () => {
    expect(openInterval(run([[0, 'join'], [30]]).visit)).toEqual(interval(0, 30, 'open'));
    const { visit, closed } = run([[0, 'join'], [30.001]]);
    expect(closed).toEqual([interval(0, 0, 'lost')]);
    expect(openInterval(visit)).toEqual(interval(30.001, 30.001, 'open'));
  });

  it('ends at its last proof, not when the loss is noticed', () => {
    const { visit } = run([[0, 'join'], [10], [20]]);
    expect(onSilence(visit, 50 * s, policy).closed).toEqual([]);
    expect(onSilence(visit, 500 * s, policy).closed).toEqual([interval(0, 20, 'lost')]);
    expect(closeVisit(visit, 'node-lost').closed).toEqual([interval(0, 20, 'node-lost')]);
  });

  it('hidden for at most the proof gap between two proofs leaves no hole, one ms longer leaves all of it', () => {
    const hide: Given[] = [[0, 'join'], [10], [11, 'heartbeat', hidden]];
    expect(openInterval(run([...hide, [40]]).visit)).toEqual(interval(0, 40, 'open'));
    const { visit, closed } = run([...hide, [40.001]]);
    expect(closed).toEqual([interval(0, 10, 'hidden')]);
    expect(openInterval(visit)).toEqual(interval(40.001, 40.001, 'open'));
  });

  it('ends hidden at the last visible proof, whatever ends the connection later', () => {
    const { visit } = run([[0, 'join'], [10], [20, 'heartbeat', hidden]]);
    expect(closeVisit(visit, 'lost').closed).toEqual([interval(0, 10, 'hidden')]);
    expect(onSilence(visit, 41 * s, policy).closed).toEqual([interval(0, 10, 'hidden')]);
  });

  it('a leave after a silence settles both, oldest first', () => {
    expect(run([[0, 'join'], [10], [50, 'leave']]).closed).toEqual([
      interval(0, 10, 'lost'),
      interval(50, 50, 'left'),
    ]);
  });

  it('replayed, reordered and late signals change nothing', () => {
    const { visit } = run([[0, 'join'], [10], [20]]);
    expect(run([[0, 'join'], [10], [20], [10], [20], [0, 'join']]).visit).toEqual(visit);
    const over = run([
      [0, 'join'],
      [10, 'leave'],
    ]);
    expect(run([[0, 'join'], [10, 'leave'], [11], [12, 'join']])).toEqual(over);
  });

  it('is what the proofs say: a reference over the whole list gives the same intervals', () => {
    const signal = fc.record({
      wait: fc.integer({ min: 0, max: 45 }),
      visible: fc.boolean(),
      pip: fc.boolean(),
      identityOverdue: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 40 }), (steps) => {
        let at = 0;
        const signals = steps.map(({ wait, ...seen }): Given => [(at += wait), 'heartbeat', seen]);
        const proofs = signals.flatMap(([seconds, , seen]) =>
          (seen?.visible === true || seen?.pip === true) && seen.identityOverdue !== true
            ? [seconds * s]
            : [],
        );
        const expected: { from: number; lastProof: number }[] = [];
        for (const proof of proofs) {
          const last = expected.at(-1);
          if (last && proof - last.lastProof <= policy.proofGapMs) last.lastProof = proof;
          else expected.push({ from: proof, lastProof: proof });
        }
        const { visit, closed } = run(signals);
        const all = [...closed, ...closeVisit(visit, 'lost').closed];
        expect(all.map(({ from, lastProof }) => ({ from, lastProof }))).toEqual(expected);
      }),
    );
  });
});

describe('state on the board', () => {
  const at = (signals: readonly Given[], now: number) => {
    const { visit, closed } = run(signals);
    return stateAt([visit], closed, now * s, policy);
  };

  it('expected is offline since null', () => {
    expect(stateAt([], [], 5 * s, policy)).toEqual({ state: 'offline', since: null });
    expect(stateAt([newVisit('n1')], [], 5 * s, policy)).toEqual({ state: 'offline', since: null });
  });

  it('present since the run began, across a pause and a reconnect', () => {
    expect(at([[0, 'join'], [10], [14, 'pause'], [20]], 25)).toEqual({ state: 'present', since: 0 });
    const before = interval(2, 20, 'lost');
    expect(stateAt([], [before, interval(40, 50, 'open')], 60 * s, policy)).toEqual({
      state: 'present',
      since: 2 * s,
    });
    expect(stateAt([], [before, interval(51, 55, 'open')], 60 * s, policy)).toEqual({
      state: 'present',
      since: 51 * s,
    });
  });

  it('away at once when the page is hidden, since it was', () => {
    expect(at([[0, 'join'], [10], [20, 'heartbeat', hidden], [30, 'heartbeat', hidden]], 31)).toEqual({
      state: 'away',
      since: 20 * s,
    });
    expect(at([[0, 'join', hidden]], 5)).toEqual({ state: 'away', since: 0 });
  });

  it('present on one device while hidden on another', () => {
    const { visit } = run([
      [0, 'join'],
      [10, 'heartbeat', hidden],
    ]);
    const other = { ...interval(3, 9, 'open'), node: 'n2' };
    expect(stateAt([visit], [other], 12 * s, policy)).toEqual({ state: 'present', since: 0 });
  });

  it('[B4] offline since the last sign of life once the proof gap has passed', () => {
    expect(at([[0, 'join'], [10]], 40)).toEqual({ state: 'present', since: 0 });
    expect(at([[0, 'join'], [10]], 41)).toEqual({ state: 'offline', since: 10 * s });
    expect(at([[0, 'join'], [10], [12, 'leave']], 13)).toEqual({ state: 'offline', since: 12 * s });
    expect(
      at(
        [
          [0, 'join'],
          [10, 'heartbeat', hidden],
        ],
        41,
      ),
    ).toEqual({ state: 'offline', since: 10 * s });
  });
});
