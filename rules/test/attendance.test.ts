import { describe, expect, it } from 'vitest';
import { attendance, attendanceWithTimeline, belowMinimum, courseRate } from '../src/attendance.ts';
import type { ClassFacts } from '../src/attendance.ts';
import type { Outage } from '../src/outages.ts';
import { defaultPolicy as policy } from '../src/policy.ts';
import type { PresenceInterval } from '../src/presence.ts';

const s = 1000;
const was = (from: number, lastProof: number, cause: PresenceInterval['cause'] = 'lost', node = 'n1') => ({
  from: from * s,
  lastProof: lastProof * s,
  cause,
  node,
});
const outage = (from: number, to: number | null, scope = 'all', retry = 5): Outage => ({
  from: from * s,
  to: to === null ? null : to * s,
  scope,
  announcedRetryMs: retry * s,
});

/** A class of 1000 s, over since long. */
const facts = (given: Partial<ClassFacts>): ClassFacts => ({
  intervals: [],
  live: [{ from: 0, to: 1000 * s }],
  outages: [],
  policy,
  now: 5000 * s,
  endedAt: 1000 * s,
  ...given,
});
const present = (given: Partial<ClassFacts>) => attendance(facts(given)).presentMs / s;

describe('[AT3] one learner is one learner', () => {
  it('a reconnect never counts twice', () => {
    expect(present({ intervals: [was(0, 100), was(90, 200), was(0, 100)] })).toBe(200);
  });

  it('[AT2] a reconnect within 30 s leaves no hole, a later one does', () => {
    expect(present({ intervals: [was(0, 100), was(130, 200)] })).toBe(200);
    expect(present({ intervals: [was(0, 100), was(130.001, 200)] })).toBeCloseTo(169.999);
  });

  it('two devices on two nodes are a union', () => {
    expect(present({ intervals: [was(0, 300, 'left', 'n1'), was(200, 600, 'left', 'n2')] })).toBe(600);
  });
});

describe('[AT5] rate', () => {
  it('is presence in live time over live time, pauses excluded', () => {
    const live = [
      { from: 0, to: 400 * s },
      { from: 600 * s, to: 1000 * s },
    ];
    const result = attendance(facts({ live, intervals: [was(0, 700, 'left')] }));
    expect(result).toMatchObject({ presentMs: 500 * s, liveMs: 800 * s, rate: 0.625, early: 300 * s });
  });

  it('has no rate before anything was live, and never NaN', () => {
    const result = attendance(facts({ live: [], endedAt: null, intervals: [was(0, 10)] }));
    expect(result).toMatchObject({ presentMs: 0, liveMs: 0, rate: null, absences: [] });
    expect(belowMinimum(result.rate, policy)).toBe(false);
    expect(courseRate([result]).rate).toBeNull();
  });

  it('closes an open live span now, and takes nothing from the future', () => {
    const live = [{ from: 0, to: null }];
    const result = attendance(facts({ live, endedAt: null, now: 500 * s, intervals: [was(0, 900, 'left')] }));
    expect(result).toMatchObject({ presentMs: 500 * s, liveMs: 500 * s, early: null });
  });

  it('measures who is there up to the last proof, and who is gone up to now', () => {
    const running = { live: [{ from: 0, to: null }], endedAt: null };
    const there = attendance(facts({ ...running, now: 108 * s, intervals: [was(0, 100, 'open')] }));
    expect(there).toMatchObject({ liveMs: 100 * s, pendingMs: 8 * s, rate: 1, absences: [] });
    const gone = attendance(facts({ ...running, now: 131 * s, intervals: [was(0, 100, 'open')] }));
    expect(gone).toMatchObject({ liveMs: 131 * s, pendingMs: 0 });
    expect(gone.absences).toEqual([{ from: 100 * s, to: 131 * s, liveMs: 31 * s, reason: 'disconnected' }]);
  });

  it('of a course is the rate of the sums, not the mean of the rates', () => {
    const classes = [
      { presentMs: 10, liveMs: 10 },
      { presentMs: 0, liveMs: 30 },
    ];
    expect(courseRate(classes)).toEqual({ presentMs: 10, liveMs: 40, rate: 0.25 });
    expect(courseRate([]).rate).toBeNull();
  });

  it('[AT6] exactly 80 % is not below 80 %', () => {
    expect(belowMinimum(attendance(facts({ intervals: [was(0, 800, 'left')] })).rate, policy)).toBe(false);
    expect(belowMinimum(attendance(facts({ intervals: [was(0, 799.999, 'left')] })).rate, policy)).toBe(true);
    expect(belowMinimum(attendance(facts({})).rate, policy)).toBe(true);
  });
});

describe('[AT8] late, early, absences', () => {
  it('follow from the intervals alone', () => {
    const result = attendance(facts({ intervals: [was(100, 200, 'hidden'), was(300, 900, 'left')] }));
    expect(result).toMatchObject({ late: 100 * s, early: 100 * s, bridged: [] });
    expect(result.absences).toEqual([
      { from: 0, to: 100 * s, liveMs: 100 * s, reason: 'late' },
      { from: 200 * s, to: 300 * s, liveMs: 100 * s, reason: 'hidden' },
      { from: 900 * s, to: 1000 * s, liveMs: 100 * s, reason: 'left' },
    ]);
  });

  it('who never came is neither late nor early, but absent', () => {
    const result = attendance(facts({}));
    expect(result).toMatchObject({ late: null, early: null, rate: 0 });
    expect(result.absences).toEqual([{ from: 0, to: 1000 * s, liveMs: 1000 * s, reason: 'absent' }]);
  });

  it('an absence over a pause is one absence without the pause', () => {
    const live = [
      { from: 0, to: 400 * s },
      { from: 600 * s, to: 1000 * s },
    ];
    const { absences } = attendance(
      facts({ live, intervals: [was(0, 300, 'left'), was(700, 1000, 'ended')] }),
    );
    expect(absences).toEqual([{ from: 300 * s, to: 700 * s, liveMs: 200 * s, reason: 'left' }]);
  });

  it('in the lobby before the start is on time', () => {
    expect(
      attendance(facts({ live: [{ from: 50 * s, to: 1000 * s }], intervals: [was(0, 1000, 'ended')] })),
    ).toMatchObject({
      late: 0,
      early: 0,
      rate: 1,
    });
  });

  it('a row that knows its end speaks before a stale one that does not', () => {
    const open = was(0, 900, 'open');
    const left = was(0, 900, 'left');
    for (const intervals of [
      [open, left],
      [left, open],
    ]) {
      expect(attendance(facts({ intervals })).absences[0]?.reason).toBe('left');
    }
  });
});

describe('[AT4] our outage is not their absence', () => {
  const hit = was(0, 95, 'node-lost');

  it('a gap that overlaps an outage is bridged, whole', () => {
    const result = attendance(
      facts({ intervals: [hit, was(230, 1000, 'ended')], outages: [outage(100, 200)] }),
    );
    expect(result).toMatchObject({ presentMs: 1000 * s, rate: 1, absences: [] });
    expect(result.bridged).toEqual([{ from: 95 * s, to: 230 * s, reason: 'service-outage' }]);
  });

  it.each([
    ['at the last millisecond', 265, 905 + 95],
    ['a millisecond too late', 265.001, 1000 - 265.001 + 95],
    ['while the outage still lasts', 150, 1000],
  ])('returning %s', (_, back, expected) => {
    expect(present({ intervals: [hit, was(back, 1000, 'ended')], outages: [outage(100, 200)] })).toBeCloseTo(
      expected,
    );
  });

  it('without a return nothing is bridged', () => {
    const result = attendance(facts({ intervals: [hit], outages: [outage(100, 200)] }));
    expect(result).toMatchObject({ presentMs: 95 * s, bridged: [] });
    expect(result.absences[0]?.reason).toBe('disconnected');
  });

  it('without an outage on record nothing is bridged', () => {
    expect(present({ intervals: [hit, was(230, 1000, 'ended')] })).toBe(865);
    expect(present({ intervals: [hit, was(230, 1000, 'ended')], outages: [outage(300, 400)] })).toBe(865);
    expect(present({ intervals: [hit, was(230, 1000, 'ended')], outages: [outage(50, 90)] })).toBe(865);
  });

  it.each([
    ['lost 30 s before', was(0, 70, 'lost'), true],
    ['lost longer before', was(0, 69.999, 'lost'), false],
    ['left before', was(0, 95, 'left'), false],
    ['left, reloading, while it lasts', was(0, 120, 'left'), true],
    ['hidden before', was(0, 95, 'hidden'), false],
    ['hidden while it lasts', was(0, 120, 'hidden'), false],
    ['identity overdue', was(0, 120, 'identity-overdue'), false],
    ['a single proof', was(99, 99, 'node-lost'), true],
    ['first come while it lasts', was(150, 150, 'lost'), true],
  ])('%s', (_, before, bridged) => {
    const { bridged: spans } = attendance(
      facts({ intervals: [before, was(230, 1000, 'ended')], outages: [outage(100, 200)] }),
    );
    expect(spans.map(({ from, to }) => [from, to])).toEqual(bridged ? [[before.lastProof, 230 * s]] : []);
  });

  it('never credits who was absent before, nor the time before the first proof', () => {
    expect(present({ intervals: [was(230, 1000, 'ended')], outages: [outage(100, 200)] })).toBe(770);
    expect(present({ intervals: [was(0, 10), was(230, 1000, 'ended')], outages: [outage(100, 200)] })).toBe(
      780,
    );
  });

  it('who came back, and left before the next outage, was absent before it', () => {
    const intervals = [was(0, 95), was(140, 185, 'left'), was(500, 1000, 'ended')];
    expect(present({ intervals, outages: [outage(100, 130), outage(190, 480)] })).toBe(185 + 500);
  });

  it('an outage of one node concerns its own learners only', () => {
    const back = was(230, 1000, 'ended', 'n2');
    expect(
      present({ intervals: [was(0, 95, 'node-lost', 'n1'), back], outages: [outage(100, 200, 'n1')] }),
    ).toBe(1000);
    expect(
      present({ intervals: [was(0, 95, 'node-lost', 'n3'), back], outages: [outage(100, 200, 'n1')] }),
    ).toBe(865);
  });

  it('a second outage before the return prolongs the time to return', () => {
    const intervals = [hit, was(330, 1000, 'ended')];
    expect(present({ intervals, outages: [outage(100, 200), outage(265, 300)] })).toBe(1000);
    expect(present({ intervals, outages: [outage(100, 200), outage(266, 300)] })).toBe(765);
  });

  it('an early return that does not hold is not worse than a late one', () => {
    expect(
      present({ intervals: [hit, was(205, 206), was(260, 1000, 'ended')], outages: [outage(100, 200)] }),
    ).toBe(1000);
  });

  it('who was spared, and is cut off while the crowd reconnects, may return in the same time', () => {
    const outages = [outage(100, 200)];
    expect(present({ intervals: [was(0, 210), was(265, 1000, 'ended')], outages })).toBe(1000);
    expect(present({ intervals: [was(0, 210), was(266, 1000, 'ended')], outages })).toBe(944);
    expect(present({ intervals: [was(0, 210, 'left'), was(265, 1000, 'ended')], outages })).toBe(945);
  });

  it('is cut to live time, and a return after the end of the class is a return', () => {
    const outages = [outage(960, 990)];
    expect(present({ intervals: [was(0, 955), was(1040, 1040, 'lost')], outages })).toBe(1000);
    expect(present({ intervals: [was(0, 955)], outages })).toBe(955);
  });

  it('while the return is awaited, it is no absence yet', () => {
    const running = { live: [{ from: 0, to: null }], endedAt: null, intervals: [hit] };
    const during = facts({ ...running, now: 160 * s, outages: [outage(100, null)] });
    expect(attendance(during)).toMatchObject({
      presentMs: 95 * s,
      liveMs: 95 * s,
      pendingMs: 65 * s,
      rate: 1,
      absences: [],
    });
    expect(attendanceWithTimeline(during).timeline.at(-1)).toEqual({
      from: 95 * s,
      to: 160 * s,
      kind: 'absent',
      reason: 'service-outage',
    });
    const after = facts({ ...running, now: 266 * s, outages: [outage(100, 200)] });
    expect(attendance(after)).toMatchObject({ liveMs: 266 * s, pendingMs: 0 });
  });
});

describe('[AT8] time line', () => {
  it('tells the whole class, piece by piece', () => {
    const given = facts({
      live: [
        { from: 0, to: 400 * s },
        { from: 500 * s, to: 1000 * s },
      ],
      intervals: [was(10, 95), was(150, 450, 'hidden'), was(700, 900, 'left')],
      outages: [outage(100, 120)],
    });
    expect(
      attendanceWithTimeline(given).timeline.map(({ from, to, kind, reason }) => [
        from / s,
        to / s,
        kind,
        reason,
      ]),
    ).toEqual([
      [0, 10, 'absent', 'late'],
      [10, 95, 'counted', 'counting'],
      [95, 150, 'bridged', 'service-outage'],
      [150, 400, 'counted', 'counting'],
      [400, 500, 'pause', 'paused'],
      [500, 700, 'absent', 'hidden'],
      [700, 900, 'counted', 'counting'],
      [900, 1000, 'absent', 'left'],
    ]);
  });

  it('stands still at the last proof of somebody who is there', () => {
    const given = facts({
      live: [{ from: 0, to: null }],
      endedAt: null,
      now: 108 * s,
      intervals: [was(0, 100, 'open')],
    });
    expect(attendanceWithTimeline(given).timeline).toEqual([
      { from: 0, to: 100 * s, kind: 'counted', reason: 'counting' },
    ]);
  });

  it('is empty before the class begins', () => {
    expect(attendanceWithTimeline(facts({ live: [], endedAt: null })).timeline).toEqual([]);
  });
});
