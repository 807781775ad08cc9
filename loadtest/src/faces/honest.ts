/**
 * How many findings honest learners meet: thousands of learner hours of classes, asked by the rules and the state that
 * signaling runs a class with, judged by the rules the proctor judges with, on what its engine says of pictures of real
 * people. Nobody cheats here, so every finding is one too many.
 */
import { randomBytes } from 'node:crypto';
import type { FrameAnalysis, Verdict } from '@keshi/contract/proctor';
import { hourAt, type PlannedAsk } from '@keshi/rules/check-plan';
import { judge } from '@keshi/rules/identity';
import { identityState, type Check } from '@keshi/rules/identity-checks';
import { defaultIdentityPolicy as identity } from '@keshi/rules/identity-policy';
import { defaultPolicy as policy } from '@keshi/rules/policy';
import {
  dueNow,
  newLearner,
  recognised,
  settled,
  type LearnerChecks,
} from '@keshi/signaling/identity/learner';
import type { Random } from '../simulate/random.ts';
import { type Condition, conditions, type Sitting } from './moments.ts';

/** How much of the time a learner is seen so; the rest is clear. */
export const shares: Readonly<Record<Condition, number>> = {
  clear: 0.9,
  dark: 0.02,
  blurred: 0.03,
  turned: 0.05,
};

/**
 * `moments`: each picture is drawn by itself, as where somebody moves. `spells`: what is bad stays bad for a while, of these
 * mean lengths in ms; a dark room is dark until somebody switches on a light.
 */
export type Weather = 'moments' | 'spells';
export const spellMs: Readonly<Record<Condition, number>> = {
  clear: 60_000,
  dark: 60_000,
  blurred: 2_000,
  turned: 5_000,
};

export interface HonestHours {
  hours: number;
  checks: number;
  incidents: number;
  /** Learner and class in which a person had to look, because a sign-in failed twice. */
  looks: number;
  verdicts: Map<Verdict, number>;
  /** Findings by the verdict that opened them. */
  openedBy: Map<Verdict, number>;
}

const classHours = 2;
const roundMs = 1_000;
/** From the question to the answer, and from one picture to the next, as the page takes them. */
const answerMs = 3_000;
const apartMs = { still: 700, turning: 900 };
/** Until somebody looks at whoever waits to be recognised. */
const lookedAtMs = 60_000;
const turnedDegrees = 25;

export function playHonestHours(
  sittings: readonly Sitting[],
  given: { hours: number; weather: Weather; random: Random },
): HonestHours {
  const total: HonestHours = {
    hours: 0,
    checks: 0,
    incidents: 0,
    looks: 0,
    verdicts: new Map(),
    openedBy: new Map(),
  };
  const withReferences = sittings.flatMap((sitting) => {
    const references = sittings
      .filter(({ person, file }) => person === sitting.person && file !== sitting.file)
      .slice(0, 3)
      .map(({ reference }, n) => ({ id: `reference-${n}`, descriptor: reference }));
    return references.length > 0 ? [{ sitting, references }] : [];
  });
  if (withReferences.length === 0) return total;
  while (total.hours < given.hours) {
    const one = withReferences[given.random.below(withReferences.length)];
    if (one) playClass(one, given, total);
    total.hours += classHours;
  }
  return total;
}

/** One learner in one class: what is asked comes from the real state, one round a second as in a coordinator. */
function playClass(
  of: { sitting: Sitting; references: readonly { id: string; descriptor: string }[] },
  { weather, random }: { weather: Weather; random: Random },
  total: HonestHours,
): void {
  const learner = newLearner('honest');
  learner.way = 'face';
  learner.here = true;
  const sky = weather === 'moments' ? () => drawn(shares, random) : spells(random);
  const checks: Check[] = [];
  let looked = false;
  for (let now = 0; now < classHours * policy.classHourMs; now += roundMs) {
    const moment = {
      now,
      hour: hourAt(now, policy),
      random: () => random.next(),
      stretch: 1,
      policy,
      identity,
    };
    const { wait } = learner;
    if (wait && now >= wait.since + lookedAtMs) {
      looked = true;
      recognised(learner, { ...wait, decision: 'confirmed', decidedAt: now }, moment);
    }
    const ask = dueNow(learner, moment);
    if (!ask) continue;
    const verdict = judged(of, ask, now + answerMs, sky, random);
    checks.push({ at: now + answerMs, verdict });
    total.verdicts.set(verdict, (total.verdicts.get(verdict) ?? 0) + 1);
    answer(learner, ask, verdict, moment);
  }
  total.checks += checks.length;
  if (looked) total.looks += 1;
  // As findings are weighed: over all checks of the class, whoever looked meanwhile.
  const { incident } = identityState(checks, identity);
  const opening = incident?.checks[identity.failuresForIncident - 1];
  if (!opening) return;
  total.incidents += 1;
  total.openedBy.set(opening.verdict, (total.openedBy.get(opening.verdict) ?? 0) + 1);
}

function answer(
  learner: LearnerChecks,
  { purpose, cause, pictures, motion }: PlannedAsk,
  verdict: Verdict,
  moment: Parameters<typeof settled>[2],
): void {
  const answeredAt = moment.now + answerMs;
  learner.plan = null;
  const check = {
    id: 'check',
    kind: 'class' as const,
    contextId: 'class',
    userId: learner.userId,
    purpose,
    hour: purpose === 'sign-in' ? moment.hour : null,
    cause,
    nonce: '',
    pictures,
    motion: motion ? ('left' as const) : null,
    askedAt: moment.now,
    deadline: moment.now + 60_000,
    answeredAt,
    settledAt: answeredAt,
    verdict,
  };
  settled(learner, check, { ...moment, now: answeredAt });
}

/** The pictures of one answer, as they are taken one after the other, and what they are judged as. */
function judged(
  { sitting, references }: { sitting: Sitting; references: readonly { id: string; descriptor: string }[] },
  ask: PlannedAsk,
  at: number,
  sky: (at: number) => Condition,
  random: Random,
): Verdict {
  const motion = ask.motion ? 'left' : null;
  const apart = ask.motion ? apartMs.turning : apartMs.still;
  const frames = Array.from({ length: ask.pictures }, (_, n): FrameAnalysis => {
    // Turned as it was asked to, in the middle of its pictures, is turned whatever else is the matter.
    const turns = ask.motion && n > 0 && n < ask.pictures - 1;
    const condition = sky(at + n * apart);
    const shown = turns && condition === 'clear' ? 'turned' : condition;
    const moments = sitting.moments[shown];
    const moment = moments[random.below(moments.length)];
    if (!moment) throw new Error(`no moment of ${shown}`);
    const analysis = ask.purpose === 'check' ? moment.plain : moment.mirrored;
    return alive(analysis, turns ? turnedDegrees : 0, ask.motion);
  });
  const given = { references, seen: [], at, motion, purpose: ask.purpose } as const;
  return judge(frames, given, identity).verdict;
}

/** A camera never yields the same picture twice, and a still cannot turn its head: both are said here. */
function alive(analysis: FrameAnalysis, yaw: number, motion: boolean): FrameAnalysis {
  if (analysis.problem !== null) return analysis;
  const { detail } = analysis;
  return {
    ...analysis,
    trace: { digest: randomBytes(32).toString('hex'), hash: randomBytes(32).toString('hex') },
    detail: detail && motion ? { ...detail, yaw } : detail,
  };
}

function drawn(weights: Readonly<Record<Condition, number>>, random: Random): Condition {
  const sum = conditions.reduce((all, condition) => all + weights[condition], 0);
  let left = random.next() * sum;
  for (const condition of conditions) {
    left -= weights[condition];
    if (left < 0) return condition;
  }
  return 'clear';
}

/** Each kind lasts its time and is then drawn anew, so that over all time each has its share. */
function spells(random: Random): (at: number) => Condition {
  const entering = {
    clear: shares.clear / spellMs.clear,
    dark: shares.dark / spellMs.dark,
    blurred: shares.blurred / spellMs.blurred,
    turned: shares.turned / spellMs.turned,
  };
  let current = drawn(shares, random);
  let until = lasting(current);
  function lasting(condition: Condition): number {
    return -Math.log(1 - random.next()) * spellMs[condition];
  }
  return (at) => {
    while (until <= at) {
      current = drawn(entering, random);
      until += lasting(current);
    }
    return current;
  };
}
