import { describe, expect, it } from 'vitest';
import { classCompleteness, type CompletenessFacts } from '../src/class-completeness.ts';
import { defaultPolicy } from '../src/policy.ts';

const minute = 60_000;
const start = 1_700_000_000_000;
const at = (minutes: number) => start + minutes * minute;
/** Two hours, each with a question, and one at the end. */
const held: CompletenessFacts = {
  held: true,
  plannedMs: 90 * minute,
  live: [{ from: at(0), to: at(90) }],
  points: 3,
  prepared: 0,
  asked: [at(20), at(60), at(85)],
  exams: [],
  startsAt: at(0),
  endsAt: at(90),
};
const lacksOf = (change: Partial<CompletenessFacts>, of = held) =>
  classCompleteness({ ...of, ...change }, defaultPolicy).lacks;

describe('[A8] a class that was held', () => {
  it('has two hours with all that belongs to them', () => {
    expect(classCompleteness(held, defaultPolicy)).toEqual({
      hours: 2,
      lengthMs: 90 * minute,
      questions: 3,
      hoursWithout: [],
      closing: 'question',
      lacks: [],
    });
  });

  it('lacks its length by one millisecond, whatever was planned', () => {
    const live = [{ from: at(0), to: at(45) - 1 }];
    expect(lacksOf({ live, endsAt: at(45), asked: [at(10), at(40)] })).toEqual(['length']);
    expect(lacksOf({ live: [{ from: at(0), to: at(45) }], endsAt: at(45), asked: [at(10), at(40)] })).toEqual(
      [],
    );
  });

  it('lacks a question in the hour that had none; the one that closes it is not another', () => {
    expect(classCompleteness({ ...held, asked: [at(20), at(85)] }, defaultPolicy)).toMatchObject({
      hoursWithout: [2],
      closing: 'question',
      lacks: ['questions'],
    });
    expect(lacksOf({ asked: [] })).toEqual(['questions', 'closing']);
    expect(lacksOf({ live: [], asked: [] })).toEqual(['length', 'questions', 'closing']);
  });

  it('is closed by a question in the last ten minutes of live time, pauses left out', () => {
    expect(lacksOf({ asked: [at(20), at(60), at(80)] })).toEqual([]);
    expect(lacksOf({ asked: [at(20), at(60), at(80) - 1] })).toEqual(['closing']);
    const live = [
      { from: at(0), to: at(85) },
      { from: at(110), to: at(115) },
    ];
    expect(lacksOf({ live, endsAt: at(115), asked: [at(20), at(60), at(81)] })).toEqual([]);
  });

  it('is closed by an exam that opens in it or within a day after it', () => {
    const asked = [at(20), at(60)];
    expect(lacksOf({ asked, exams: [at(90) + 24 * 60 * minute - 1] })).toEqual([]);
    expect(lacksOf({ asked, exams: [at(90) + 24 * 60 * minute] })).toEqual(['closing']);
    expect(lacksOf({ asked, exams: [at(0) - 1] })).toEqual(['closing']);
  });

  it('lacks the points of a course that names none, and what was prepared and never asked', () => {
    expect(lacksOf({ points: 0 })).toEqual(['points']);
    expect(lacksOf({ asked: [at(20)], prepared: 5 })).toEqual(['questions', 'closing']);
  });
});

describe('[A8] a class ahead', () => {
  const ahead: CompletenessFacts = { ...held, held: false, live: [], asked: [], prepared: 3 };

  it('has what is planned: a question for each hour and one more, or an exam', () => {
    expect(lacksOf({}, ahead)).toEqual([]);
    expect(lacksOf({ prepared: 2 }, ahead)).toEqual(['closing']);
    expect(lacksOf({ prepared: 2, exams: [at(95)] }, ahead)).toEqual([]);
    expect(lacksOf({ prepared: 1 }, ahead)).toEqual(['questions', 'closing']);
    expect(lacksOf({ plannedMs: 30 * minute }, ahead)).toEqual(['length']);
  });

  it('counts what was asked already while it runs', () => {
    const live = [{ from: at(0), to: at(30) }];
    expect(lacksOf({ live, asked: [at(20)], prepared: 2 }, ahead)).toEqual([]);
  });
});
