/** Challenges in a lesson [WL6]: when one comes, which one, and what its answer does. Chance and time are arguments. */
import { silentAfterMs } from './check-plan.ts';
import { randomWait } from './identity-checks.ts';
import type { StudyPolicy } from './study-policy.ts';
import {
  type AskableItem,
  type Challenge,
  type ChallengeWay,
  type StudyState,
  voided,
} from './study-state.ts';

export interface Chance {
  /** Each in [0, 1). */
  readonly random: () => number;
  /** A fresh id for what may be asked. */
  readonly newId: () => string;
}

interface Given {
  readonly now: number;
  readonly policy: StudyPolicy;
  readonly chance: Chance;
}

/** Pictures of a face check, and of one after a failure: one after the other, so that a moment's blur decides nothing. */
const onePicture = 1;
const burst = 3;
const attendChoices = 6;
/** More questions than this at once would be an exam. */
const mostQuestions = 4;
/** By so much a guess is made harder for whoever has failed. */
const harderBy = 4;
/** How long play stays locked after the second failure in a row, twice as long after each further one, and at most. */
const firstPauseMs = 60_000;
const longestPauseMs = 60 * firstPauseMs;

/** Failures that were not made good, here and in other lessons. */
const failuresOf = ({ failures, session }: Pick<StudyState, 'failures' | 'session'>): number =>
  failures + (session?.means.failures ?? 0);

/**
 * How much is viewed until the next challenge: at random, and within what is left of the lesson if there was none. After
 * a failure no more than a failure takes back: who guesses keeps nothing of it, and who was merely wrong is done with it
 * by passing once.
 */
export function nextAfter(
  state: Pick<StudyState, 'passed' | 'failures' | 'session'>,
  leftMs: number,
  { policy, chance }: Pick<Given, 'policy' | 'chance'>,
): number {
  const wait = randomWait(chance.random(), policy.challengeMeanMs, policy.challengeLongestMs);
  const watched =
    failuresOf(state) > 0
      ? Math.max(1, Math.ceil((wait / policy.challengeLongestMs) * policy.challengeVoidMs))
      : wait;
  return state.passed > 0 ? watched : Math.min(watched, Math.max(1, Math.floor(chance.random() * leftMs)));
}

/** Something is asked now. Whoever has failed is given one attempt instead of two. */
export function issue(
  state: StudyState,
  given: Given,
  attempt: 1 | 2 = failuresOf(state) > 0 ? 2 : 1,
): StudyState {
  const way = wayOf(state, given, attempt);
  return {
    ...state,
    asked: way.kind === 'item' ? [way.itemId, ...way.rest] : state.asked,
    challenge: ask(way, given, { attempt, repeated: false }),
  };
}

function ask(
  way: ChallengeWay,
  { now, policy, chance }: Given,
  { attempt, repeated }: { attempt: 1 | 2; repeated: boolean },
): Challenge {
  return {
    state: 'pending',
    id: chance.newId(),
    way,
    askedAt: now,
    deadline: now + policy.challengeAnswerMs,
    attempt,
    repeated,
  };
}

/**
 * A face at least once in a class hour, and after a failure; else as chance has it. A person whose face may not be asked
 * for is given questions.
 */
function wayOf(state: StudyState, given: Given, attempt: 1 | 2): ChallengeWay {
  const { policy, chance } = given;
  const { face, items } = state.session?.means ?? { face: false, items: [] };
  const failed = failuresOf(state) > 0;
  const dueFace = failed || state.sinceFaceMs + policy.challengeLongestMs >= policy.challengeFaceMs;
  const toss = chance.random();
  if (face && (items.length === 0 || dueFace || toss < 0.5))
    return { kind: 'face', pictures: attempt === 1 ? onePicture : burst };
  const [itemId, ...rest] = questionsFor(
    state,
    items,
    policy.challengeOdds * (failed ? harderBy : 1),
    chance,
  );
  if (itemId !== undefined) return { kind: 'item', itemId, rest, wrong: false };
  const choices = new Set<number>();
  while (choices.size < attendChoices) choices.add(10 + Math.floor(chance.random() * 90));
  const list = [...choices];
  return { kind: 'attend', choices: list, number: list[Math.floor(chance.random() * list.length)] ?? 10 };
}

/** As many, at random, as make a blind guess as unlikely as that; what was asked last only where there is nothing else. */
function questionsFor(
  { asked }: StudyState,
  items: readonly AskableItem[],
  odds: number,
  chance: Chance,
): string[] {
  const drawn = items
    .map((item) => ({ ...item, place: chance.random() + (asked.includes(item.id) ? 1 : 0) }))
    .sort((a, b) => a.place - b.place);
  const chosen: string[] = [];
  let guessed = 1;
  for (const { id, choices } of drawn) {
    if (guessed >= odds || chosen.length === mostQuestions) break;
    chosen.push(id);
    guessed *= choices;
  }
  return chosen;
}

/**
 * The state once a deadline that has passed is taken in, with what an answer may need on its way. A learner of whom nothing at all was heard since the question
 * was asked has not seen it [PR3]: it is asked once more, and nothing counts until it is answered.
 */
export function expired(state: StudyState, given: Given): StudyState {
  const { challenge, session } = state;
  if (challenge.state !== 'pending' || given.now < challenge.deadline + silentAfterMs) return state;
  const silent = session !== null && session.heardAt <= challenge.askedAt;
  if (silent && !challenge.repeated)
    return { ...state, challenge: ask(challenge.way, given, { attempt: challenge.attempt, repeated: true }) };
  return voided(state, 'challenge-missed', challenge.deadline);
}

export type Judged =
  | 'passed'
  | 'failed'
  /** Nothing can be said: more pictures are asked for [PR3]. */
  | 'open'
  /** Our own failure, never held against the learner [PR3]. */
  | 'excused';

/** An answer that came in time. Whether it did is the caller's to say: a face answers when its pictures have arrived. */
export function answered(
  state: StudyState,
  judged: Judged,
  given: Given & { readonly leftMs: number },
): StudyState {
  const { challenge } = state;
  if (challenge.state !== 'pending') return state;
  const { way, attempt } = challenge;
  if (way.kind !== 'item') return judgedWhole(state, challenge, judged, given);
  const wrong = way.wrong || judged === 'failed';
  const [itemId, ...rest] = way.rest;
  if (itemId === undefined) return judgedWhole(state, challenge, wrong ? 'failed' : judged, given);
  return {
    ...state,
    challenge: ask({ kind: 'item', itemId, rest, wrong }, given, { attempt, repeated: false }),
    session: state.session && { ...state.session, spentUpTo: given.now },
  };
}

function judgedWhole(
  state: StudyState,
  { way, attempt }: Pick<Extract<Challenge, { state: 'pending' }>, 'way' | 'attempt'>,
  judged: Judged,
  given: Given & { readonly leftMs: number },
): StudyState {
  switch (judged) {
    case 'passed':
    case 'excused': {
      const passed = state.passed + 1;
      // Our own failure makes nothing good.
      const failures = Math.max(0, state.failures - (judged === 'passed' ? 1 : 0));
      const { session } = state;
      return {
        ...state,
        passed,
        failures,
        provisional: judged === 'passed' ? [] : state.provisional,
        viewedMs: 0,
        sinceFaceMs: judged === 'passed' && way.kind === 'face' ? 0 : state.sinceFaceMs,
        challenge: { state: 'none', afterMs: nextAfter({ passed, failures, session }, given.leftMs, given) },
        // The time of the question is nobody's viewing.
        session: session && { ...session, spentUpTo: given.now },
      };
    }
    case 'open':
      return attempt === 2
        ? judgedWhole(state, { way, attempt }, 'excused', given)
        : {
            ...state,
            challenge: ask({ kind: 'face', pictures: burst }, given, { attempt: 2, repeated: false }),
          };
    case 'failed':
      if (attempt === 2)
        return voided(state, way.kind === 'face' ? 'identity-failed' : 'challenge-missed', given.now);
      return way.kind === 'face'
        ? {
            ...state,
            challenge: ask({ kind: 'face', pictures: burst }, given, { attempt: 2, repeated: false }),
          }
        : issue(state, given, 2);
  }
}

/**
 * From when on another one may be asked where play is locked; null where it is not. At once after the first failure, and
 * later and later after each further one, so that guesses cannot be tried one after the other.
 */
export function askableAt(state: StudyState): number | null {
  const { challenge } = state;
  if (challenge.state !== 'locked') return null;
  const failures = failuresOf(state);
  if (challenge.why === 'identity-failed' || failures < 2) return challenge.since;
  return challenge.since + Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, failures - 2));
}

/** Play is locked, and the learner is there: another one is asked, once it may be. */
export function askedAgain(state: StudyState, given: Given): StudyState {
  const at = askableAt(state);
  return at !== null && given.now >= at ? issue(state, given) : state;
}
