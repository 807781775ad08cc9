/** The loads the product has to bear, at full scale; `--scale` makes them smaller, everything in proportion. */
export interface Lively {
  /** Chat messages of learners a second, for how long, ms, and how many learners take turns with them. */
  chatPerSecond: number;
  chatMs: number;
  chatters: number;
  /** Announcements of the instructor, one a second. */
  announcements: number;
  questions: number;
  votes: number;
  /** Within which all learners answer the quiz, ms. */
  quizWithinMs: number;
}

export interface LoadScenario {
  readonly name: string;
  /** What a reader of the report should know of it. */
  readonly says: string;
  /** In `loadtest/k6`. */
  readonly script: 'online.ts' | 'class.ts';
  /** Learners of each class. */
  readonly classes: readonly number[];
  /** Whether all classes fill at the same time, or one after another. */
  readonly arrival: 'together' | 'class by class';
  readonly observers: number;
  /** How often pages beat, as the course's policy has it, ms; null: the rules' own default. */
  readonly heartbeatMs: number | null;
  /** k6 plays everybody who does something, and so many of who listens. The lean holder plays the rest. */
  readonly sampledByK6: number;
  readonly rampMs: number;
  readonly holdMs: number;
  /** What goes on in the first class; in all others people are there and beat. */
  readonly lively: Lively | null;
  /** Of the others' members, how many in a hundred leave and come back in a minute. */
  readonly churnPercent: number;
  /** So long into the hold every signaling node is killed, and started again at once, ms. */
  readonly stormAfterMs: number | null;
}

/**
 * As the policy of these courses has it, with a proof gap of half as much again: servers, database and generators share the
 * two cores of the machine this is meant for. The rules' own default is 10 s.
 */
const rareBeatMs = 60_000;

const quiet = { arrival: 'together', lively: null, churnPercent: 0, stormAfterMs: null } as const;

/** `speakers`: how many learners take turns with messages, ask and vote. */
const lively = (learners: number, speakers: number, quizWithinMs: number): Lively => ({
  chatPerSecond: 20,
  chatMs: 60_000,
  chatters: Math.min(learners, speakers),
  announcements: 30,
  questions: Math.min(20, Math.ceil(learners / 50)),
  votes: Math.min(speakers, Math.ceil(learners / 5)),
  quizWithinMs,
});
/** What k6's scripts leave before, between and after the parts of a lively class. */
const pausesMs = 40_000;
export const holdOf = ({ chatMs, quizWithinMs }: Lively) => chatMs + quizWithinMs + pausesMs;

/** Classes of one size: a smaller scale has fewer of them, and smaller ones. */
const sized = (classes: number, learners: number, scale: number): number[] =>
  Array.from({ length: Math.max(1, Math.round(classes * Math.sqrt(scale))) }, () =>
    Math.max(1, Math.round(learners * Math.sqrt(scale))),
  );

const scenarios: Record<string, (scale: number) => Omit<LoadScenario, 'name'>> = {
  'online-100k': (scale) => ({
    says: '100 classes of 1,000, everybody connected, with a heartbeat every 60 s',
    script: 'online.ts',
    classes: sized(100, 1_000, scale),
    observers: 0,
    heartbeatMs: rareBeatMs,
    sampledByK6: Math.max(100, Math.ceil(1_900 * scale)),
    rampMs: Math.max(5_000, 900_000 * scale),
    holdMs: Math.max(25_000, 300_000 * scale),
    ...quiet,
  }),
  'class-10k': (scale) => {
    const learners = Math.max(10, Math.round(10_000 * scale));
    return {
      says: 'one class of 10,000: all join in 30 s, chat, questions, announcements and a quiz',
      script: 'class.ts',
      classes: [learners],
      observers: 2,
      heartbeatMs: null,
      sampledByK6: 80,
      rampMs: 30_000 * Math.max(scale, 0.1),
      holdMs: holdOf(lively(learners, 400, 5_000)),
      ...quiet,
      lively: lively(learners, 400, 5_000),
    };
  },
  'classes-10k': (scale) => ({
    says: '10,000 running classes of 10: timers, rooms, coordinators and subscriptions',
    script: 'online.ts',
    classes: Array.from({ length: Math.max(2, Math.round(10_000 * scale)) }, () => 10),
    observers: 0,
    heartbeatMs: rareBeatMs,
    // There are thousands of hosts.
    sampledByK6: 0,
    rampMs: Math.max(5_000, 900_000 * scale),
    holdMs: Math.max(25_000, 120_000 * scale),
    ...quiet,
    arrival: 'class by class',
  }),
  'mixed-100k': (scale) => {
    const learners = Math.max(10, Math.round(10_000 * scale));
    return {
      says: 'a lively class of 10,000 beside 90 of 1,000, of whose members 1 % a minute leave and come back, and 200 supervisors who watch',
      script: 'class.ts',
      classes: [learners, ...sized(90, 1_000, scale)],
      observers: Math.max(2, Math.round(200 * scale)),
      heartbeatMs: rareBeatMs,
      // Whoever is in the lively class hears all that is said there, in k6 at many times the holder's cost.
      sampledByK6: 100,
      rampMs: Math.max(5_000, 1_080_000 * scale),
      holdMs: holdOf(lively(learners, 100, 10_000)),
      arrival: 'together',
      lively: lively(learners, 100, 10_000),
      churnPercent: 1,
      stormAfterMs: null,
    };
  },
  'reconnect-storm': (scale) => ({
    says: '100,000 in 100 classes; all signaling nodes are killed at once, and everybody comes back',
    script: 'online.ts',
    classes: sized(100, 1_000, scale),
    observers: 0,
    heartbeatMs: rareBeatMs,
    sampledByK6: Math.max(100, Math.ceil(1_900 * scale)),
    rampMs: Math.max(5_000, 600_000 * scale),
    // A fifth more than they needed to come, who then all come at once.
    holdMs: Math.max(60_000, 720_000 * scale),
    ...quiet,
    stormAfterMs: 10_000,
  }),
};

export const scenarioNames = Object.keys(scenarios);

/** Null for a name that is none. */
export function scenarioOf(name: string, scale: number): LoadScenario | null {
  const make = scenarios[name];
  return make ? { name, ...make(scale) } : null;
}
