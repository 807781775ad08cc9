/** A player and a server clock, for tests of the rules of study. */
import type { StudyReport } from '@keshi/contract/study';
import { accept, type Accepted, begin } from '../src/study.ts';
import { answered, type Chance } from '../src/study-challenges.ts';
import { defaultStudyPolicy, type StudyPolicy } from '../src/study-policy.ts';
import { countedMs, type Means, type StudyState, unstudied } from '../src/study-state.ts';

export const second = 1_000;
export const minute = 60_000;
export const start = Date.UTC(2026, 8, 1, 1, 0);

/** The same numbers each time. */
export function chanceOf(seed = 1): Chance {
  let state = seed;
  let ids = 0;
  return {
    random() {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    },
    newId: () => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
  };
}

export const sessionId = '01890000-0000-7000-8000-00000000000a';
export const noMeans: Means = { face: false, items: [], failures: 0 };

export function openStudy({
  lengthMs = 60 * minute,
  policy = {},
  means = noMeans,
  seed = 1,
  needsDone = false,
}: {
  lengthMs?: number;
  policy?: Partial<StudyPolicy>;
  means?: Means;
  seed?: number;
  needsDone?: boolean;
} = {}) {
  const numbers = { ...defaultStudyPolicy, ...policy };
  const lesson = { lengthMs, needsDone };
  const chance = chanceOf(seed);
  let now = start;
  let seq = 0;
  let state: StudyState = unstudied;
  const begun = (id = sessionId, elsewhere = { day: '2026-09-01', ms: 0 }) => {
    seq = 0;
    state = begin(state, { now, lesson, policy: numbers, chance, id, elsewhere, means });
  };
  begun();
  return {
    policy: numbers,
    lesson,
    chance,
    begun,
    get state() {
      return state;
    },
    set state(next: StudyState) {
      state = next;
    },
    get now() {
      return now;
    },
    pass(ms: number) {
      now += ms;
    },
    report(over: Partial<StudyReport> = {}, holdsLease = true): Accepted {
      seq = over.seq ?? seq + 1;
      const accepted = accept(
        state,
        { sessionId, seq, spans: [], visible: true, position: over.spans?.at(-1)?.[1] ?? 0, ...over },
        { now, lesson, policy: numbers, holdsLease, chance },
      );
      ({ state } = accepted);
      return accepted;
    },
    /** Plays on from the first missing moment, and reports. */
    watch(ms: number): Accepted {
      const [first] = state.coverage;
      const from = first?.from === 0 ? first.to : 0;
      now += ms;
      return this.report({ spans: [[from, from + ms]] });
    },
    answer(judged: 'passed' | 'failed' | 'open' | 'excused' = 'passed') {
      const leftMs = lengthMs - countedMs(state);
      state = answered(state, judged, { now, policy: numbers, chance, leftMs });
    },
  };
}
