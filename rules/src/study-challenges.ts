/** Challenges in a lesson [WL6]: when one comes, which one, and what its answer does. Chance and time are arguments. */
import { silentAfterMs } from './check-plan.ts';
import { randomWait } from './identity-checks.ts';
import type { StudyPolicy } from './study-policy.ts';
import { type Challenge, type ChallengeWay, type StudyState, voided } from './study-state.ts';

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

/** How much is viewed until the next challenge: at random, and within what is left of the lesson if there was none. */
export function nextAfter(
  { passed }: Pick<StudyState, 'passed'>,
  leftMs: number,
  { policy, chance }: Pick<Given, 'policy' | 'chance'>,
): number {
  const wait = randomWait(chance.random(), policy.challengeMeanMs, policy.challengeLongestMs);
  return passed > 0 ? wait : Math.min(wait, Math.max(1, Math.floor(chance.random() * leftMs)));
}

/** Something is asked now. */
export function issue(state: StudyState, given: Given, attempt: 1 | 2 = 1): StudyState {
  return { ...state, challenge: ask(wayOf(state, given, attempt), given, { attempt, repeated: false }) };
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

/** A face at least once in a class hour, else as chance has it; a person whose face may not be asked for is given a question. */
function wayOf(state: StudyState, { policy, chance }: Given, attempt: 1 | 2): ChallengeWay {
  const { face, items } = state.session?.means ?? { face: false, items: [] };
  const dueFace = state.sinceFaceMs + policy.challengeLongestMs >= policy.challengeFaceMs;
  const toss = chance.random();
  if (face && (items.length === 0 || dueFace || toss < 0.5))
    return { kind: 'face', pictures: attempt === 1 ? onePicture : burst };
  const itemId = items[Math.floor(chance.random() * items.length)];
  if (itemId !== undefined) return { kind: 'item', itemId };
  const choices = new Set<number>();
  while (choices.size < attendChoices) choices.add(10 + Math.floor(chance.random() * 90));
  const list = [...choices];
  return { kind: 'attend', choices: list, number: list[Math.floor(chance.random() * list.length)] ?? 10 };
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
  const { challenge, session } = state;
  if (challenge.state !== 'pending') return state;
  const { way, attempt } = challenge;
  switch (judged) {
    case 'passed':
    case 'excused': {
      const passed = state.passed + 1;
      return {
        ...state,
        passed,
        provisional: judged === 'passed' ? [] : state.provisional,
        viewedMs: 0,
        sinceFaceMs: judged === 'passed' && way.kind === 'face' ? 0 : state.sinceFaceMs,
        challenge: { state: 'none', afterMs: nextAfter({ passed }, given.leftMs, given) },
        // The time of the question is nobody's viewing.
        session: session && { ...session, spentUpTo: given.now },
      };
    }
    case 'open':
      return attempt === 2
        ? answered(state, 'excused', given)
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

/** Play is locked, and the learner is there: another one is asked. */
export function askedAgain(state: StudyState, given: Given): StudyState {
  return state.challenge.state === 'locked' ? issue(state, given) : state;
}
