import type { BoardRow, TimelineSpan } from '@keshi/contract/domain';
import type { ClassSummary } from '@keshi/contract/http/classes';
import { describe, expect, it } from 'vitest';
import { loginsIn } from '../src/admin/logins.ts';
import { fromUnit, policyNumbers, policyProblems, toUnit } from '../src/admin/policy-numbers.ts';
import { arrange } from '../src/class/today.ts';
import { byCourse, byWeek } from '../src/learn/record.ts';
import { presenceCurve } from '../src/supervise/presence-curve.ts';
import {
  editedFrom,
  emptyQuiz,
  quizProblems,
  toggleCorrect,
  trimmed,
  withKind,
  withoutOption,
} from '../src/teach/quiz-draft.ts';
import { checkPolicyNames, defaultIdentityPolicy } from '../../../rules/src/identity-policy.ts';
import { defaultPolicy } from '../../../rules/src/policy.ts';
import { defaultStudyPolicy } from '../../../rules/src/study-policy.ts';

const minute = 60_000;

function lesson(change: Partial<ClassSummary>): ClassSummary {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    title: '安全用电',
    ordinal: 1,
    courseId: 'c1',
    courseTitle: '电工基础',
    groupId: 'g1',
    groupName: '一班',
    orgName: '学校',
    instructorId: 'i1',
    instructorName: '王老师',
    state: 'ended',
    scheduledStart: 0,
    scheduledEnd: 45 * minute,
    startedAt: 0,
    endedAt: 45 * minute,
    yourRole: 'attendee',
    expected: 10,
    online: 0,
    mine: null,
    record: false,
    version: 1,
    ...change,
  };
}

describe('the record of a learner', () => {
  it('[AT5] a course’s rate is presence over live time of all its classes, not a mean of rates', () => {
    const [course] = byCourse([
      lesson({ mine: { presentMs: 90 * minute, liveMs: 90 * minute, rate: 1, minimumRate: 0.8 } }),
      lesson({ mine: { presentMs: 0, liveMs: 10 * minute, rate: 0, minimumRate: 0.8 } }),
    ]);
    expect(course).toMatchObject({ classes: 2, attended: 1, rate: 0.9 });
  });

  it('puts a Sunday evening and the Monday after it into different weeks of Shanghai', () => {
    const now = Date.parse('2026-05-06T12:00:00+08:00');
    const mine = { presentMs: minute, liveMs: minute, rate: 1, minimumRate: 0.8 };
    const weeks = byWeek(
      [
        lesson({ startedAt: Date.parse('2026-05-03T23:59:00+08:00'), mine }),
        lesson({ startedAt: Date.parse('2026-05-04T00:01:00+08:00'), mine }),
      ],
      now,
      2,
    );
    expect(weeks.map(({ presentMs }) => presentMs)).toEqual([minute, minute]);
    expect(weeks[1]?.from).toBe(Date.parse('2026-05-04T00:00:00+08:00'));
  });
});

describe('today', () => {
  it('shows the running class first, keeps one that is late, forgets one that never began', () => {
    const now = 100 * 60 * minute;
    const hour = 60 * minute;
    const at = (start: number) => ({ scheduledStart: start, scheduledEnd: start + 45 * minute });
    const { running, upcoming } = arrange(
      [
        lesson({ id: 'next', state: 'scheduled', ...at(now + hour) }),
        lesson({ id: 'late', state: 'scheduled', ...at(now - 10 * minute) }),
        lesson({ id: 'never', state: 'scheduled', ...at(now - 30 * hour) }),
        lesson({ id: 'live', state: 'live', ...at(now - 20 * minute) }),
      ],
      now,
    );
    expect(running.map(({ id }) => id)).toEqual(['live']);
    expect(upcoming.map(({ id }) => id)).toEqual(['late', 'next']);
  });
});

describe('the presence curve', () => {
  const row = (...timeline: TimelineSpan[]) => ({ timeline }) as BoardRow;
  const span = (from: number, to: number, kind: TimelineSpan['kind']): TimelineSpan => ({
    from,
    to,
    kind,
    reason: kind === 'counted' ? 'counting' : kind === 'bridged' ? 'service-outage' : 'left',
  });

  it('[AT4] counts bridged time as present and absence not, at half-open spans', () => {
    const rows = [
      row(span(0, 100, 'counted')),
      row(span(0, 40, 'counted'), span(40, 60, 'bridged'), span(60, 100, 'absent')),
    ];
    expect(presenceCurve(rows, [{ from: 0, to: 100 }], 0, 100, 6).map(({ present }) => present)).toEqual([
      2, 2, 2, 1, 1, 1,
    ]);
  });

  it('goes on level through a pause', () => {
    const rows = [row(span(0, 40, 'counted'), span(40, 80, 'pause'), span(80, 100, 'counted'))];
    const live = [
      { from: 0, to: 40 },
      { from: 80, to: 100 },
    ];
    expect(presenceCurve(rows, live, 0, 100, 6).map(({ present }) => present)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('a question being written', () => {
  it('names what is missing and sends nothing empty', () => {
    expect(quizProblems(emptyQuiz())).toEqual(['no-stem', 'empty-option', 'no-correct']);
    const quiz = { ...emptyQuiz(), stem: ' 题 ', options: [' 甲', '乙 ', '', ''], correct: [1] };
    expect(quizProblems(quiz)).toEqual([]);
    expect(trimmed(quiz)).toMatchObject({ stem: '题', options: ['甲', '乙'], correct: [1] });
    expect(quizProblems({ ...quiz, options: ['甲', '甲', '', ''] })).toEqual(['same-options']);
    expect(quizProblems({ ...quiz, kind: 'multiple' })).toEqual(['needs-two-correct']);
  });

  it('keeps the right answers right when an option goes', () => {
    const quiz = { ...emptyQuiz(), kind: 'multiple' as const, options: ['甲', '乙', '丙'], correct: [0, 2] };
    expect(withoutOption(quiz, 0)).toMatchObject({ options: ['乙', '丙'], correct: [1] });
  });

  it('lets one answer be right, or several, as its kind says', () => {
    const single = toggleCorrect({ ...emptyQuiz(), correct: [0] }, 2);
    expect(single.correct).toEqual([2]);
    expect(toggleCorrect(withKind(single, 'multiple', ['对', '错']), 0).correct).toEqual([0, 2]);
    expect(withKind(single, 'truefalse', ['对', '错'])).toMatchObject({ options: ['对', '错'], correct: [] });
  });

  it('edits a copy', () => {
    const prepared = {
      id: 'q',
      kind: 'single' as const,
      stem: '题',
      options: ['甲', '乙'],
      correct: [0],
      seconds: 60,
      position: 0,
      openedAt: null,
      version: 1,
    };
    editedFrom(prepared).options.push('丙');
    expect(prepared.options).toEqual(['甲', '乙']);
  });
});

describe('the numbers of a course', () => {
  it('have the defaults of the rules', () => {
    const checks = Object.fromEntries(
      Object.entries(checkPolicyNames).map(([name, field]) => [name, defaultIdentityPolicy[field]]),
    );
    const { signIn: _, ...rest } = defaultPolicy;
    // Whether sign-ins are required is a choice and no number.
    const defaults: Record<string, number | null> = { ...rest, ...checks, ...defaultStudyPolicy };
    for (const number of policyNumbers) expect(defaults[number.name]).toBe(number.default);
    const numbers = Object.keys(defaults);
    expect(policyNumbers.map(({ name }) => name).sort()).toEqual(numbers.sort());
  });

  it('survive being shown and entered', () => {
    for (const number of policyNumbers)
      if (number.default !== null)
        expect(fromUnit(toUnit(number.default, number), number)).toBe(number.default);
  });

  it('are refused where they contradict each other', () => {
    const entered = Object.fromEntries(policyNumbers.map(({ name }) => [name, ''])) as Parameters<
      typeof policyProblems
    >[0];
    expect(policyProblems(entered)).toEqual({});
    expect(policyProblems({ ...entered, proofGapMs: '5' })).toEqual({
      proofGapMs: 'gap-shorter-than-heartbeat',
    });
    expect(policyProblems({ ...entered, checkLongestMs: '10' })).toEqual({
      checkMeanMs: 'mean-not-below-longest',
    });
    expect(policyProblems({ ...entered, minimumRate: 'a' })).toEqual({ minimumRate: 'out-of-range' });
    expect(policyProblems({ ...entered, classHourMs: '5' })).toEqual({
      signInWindowMs: 'window-longer-than-hour',
    });
    expect(policyProblems({ ...entered, challengeLongestMs: '8' })).toEqual({
      challengeMeanMs: 'mean-not-below-longest',
    });
    expect(policyProblems({ ...entered, studyReportMs: '30', studyLateMs: '20' })).toEqual({
      studyLateMs: 'late-shorter-than-report',
    });
  });
});

describe('a pasted list of accounts', () => {
  it('may come from a sheet, a message or a line, and names each once', () => {
    expect(loginsIn('su01\tsu02\nsu03，su01、 su04;su05 ')).toEqual(['su01', 'su02', 'su03', 'su04', 'su05']);
  });
});
