import { describe, expect, it } from 'vitest';
import { askableAt, askedAgain, expired } from '../src/study-challenges.ts';
import { countedMs } from '../src/study-state.ts';
import { noMeans, openStudy, minute, second, sessionId } from './study-world.ts';

type Study = ReturnType<typeof openStudy>;
/** Plays until something is asked. */
function untilAsked(study: Study): number {
  const before = study.state.viewedMs;
  for (let n = 0; n < 1_000 && study.state.challenge.state === 'none'; n++) study.watch(10 * second);
  if (study.state.challenge.state !== 'pending') throw new Error('nothing was asked');
  return study.state.viewedMs - before;
}
const given = (study: Study) => ({ now: study.now, policy: study.policy, chance: study.chance });
const item = '01890000-0000-7000-8000-0000000000aa';
const itemOf = (n: number, choices = 4) => ({
  id: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  choices,
});
const askable = (count: number, choices?: number) =>
  Array.from({ length: count }, (_, n) => itemOf(n, choices));
const means = { ...noMeans, items: [{ id: item, choices: 4 }] };
/** What is asked in the challenge that is open, this question and those after it. */
function asked({ state: { challenge } }: Study): string[] {
  if (challenge.state !== 'pending' || challenge.way.kind !== 'item') throw new Error('no question is open');
  return [challenge.way.itemId, ...challenge.way.rest];
}

describe('[WL6] a challenge', () => {
  it('comes at random, and never after more than fifteen minutes of viewing', () => {
    const gaps: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const study = openStudy({ seed, lengthMs: 600 * minute });
      untilAsked(study);
      study.answer();
      gaps.push(untilAsked(study));
    }
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15 * minute + 10 * second);
    expect(new Set(gaps).size).toBeGreaterThan(10);
  });

  it('comes at least once in the shortest lesson: its end waits for it', () => {
    const study = openStudy({ lengthMs: 30 * second });
    study.state = { ...study.state, challenge: { state: 'none', afterMs: 999 * minute } };
    study.watch(10 * second);
    study.watch(10 * second);
    study.watch(10 * second);
    expect(study.state).toMatchObject({ completedAt: null, challenge: { state: 'pending' } });
  });

  it('stops earning while it is open, and answered in time costs nothing', () => {
    const study = openStudy();
    untilAsked(study);
    const counted = countedMs(study.state);
    study.pass(10 * second);
    expect(study.report({ spans: [[counted, counted + 10 * second]] })).toMatchObject({
      creditedMs: 0,
      reason: 'challenge-pending',
    });
    study.answer();
    expect(countedMs(study.state)).toBe(counted);
    expect(study.watch(10 * second).creditedMs).toBe(10 * second);
  });

  it('unanswered locks play and takes back what was credited since the last, at most five minutes', () => {
    const study = openStudy({ lengthMs: 600 * minute });
    untilAsked(study);
    study.answer();
    const passedAt = countedMs(study.state);
    untilAsked(study);
    const counted = countedMs(study.state);
    // The page is there all the while, and nobody answers.
    for (let n = 0; n < 7; n++) {
      study.pass(10 * second);
      study.report();
    }
    const back = Math.min(5 * minute, counted - passedAt);
    expect(countedMs(study.state)).toBe(counted - back);
    expect(study.state.challenge).toMatchObject({ state: 'locked', why: 'challenge-missed' });
    expect(study.state.refused['challenge-missed']).toBeGreaterThanOrEqual(back);
    study.pass(10 * second);
    const at = countedMs(study.state);
    expect(study.report({ spans: [[at, at + 10 * second]] })).toMatchObject({
      creditedMs: 0,
      reason: 'challenge-missed',
    });
    study.state = askedAgain(study.state, given(study));
    study.answer();
    expect(study.watch(10 * second).creditedMs).toBe(10 * second);
  });

  it('[PR3] is asked once more of who was not there to see it, and costs nothing then', () => {
    const study = openStudy();
    untilAsked(study);
    const counted = countedMs(study.state);
    const first = study.state.challenge;
    study.pass(10 * minute);
    study.state = expired(study.state, given(study));
    expect(study.state.challenge).toMatchObject({ state: 'pending', repeated: true });
    expect(study.state.challenge).not.toEqual(first);
    study.answer();
    expect(countedMs(study.state)).toBe(counted);
  });

  it('is not escaped by going away again and again', () => {
    const study = openStudy();
    untilAsked(study);
    const counted = countedMs(study.state);
    for (let n = 0; n < 2; n++) {
      study.pass(10 * minute);
      study.state = expired(study.state, given(study));
    }
    expect(study.state.challenge.state).toBe('locked');
    expect(countedMs(study.state)).toBeLessThan(counted);
  });

  it('answered wrongly is asked once more, and then takes back', () => {
    const study = openStudy();
    untilAsked(study);
    const counted = countedMs(study.state);
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ state: 'pending', attempt: 2 });
    expect(countedMs(study.state)).toBe(counted);
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ state: 'locked' });
    expect(countedMs(study.state)).toBeLessThan(counted);
  });

  it('stays when the page is loaded anew', () => {
    const study = openStudy();
    untilAsked(study);
    const asked = study.state.challenge;
    study.begun('01890000-0000-7000-8000-00000000000b');
    expect(study.state.challenge).toEqual(asked);
  });
});

describe('[WL6] which one', () => {
  it('is a face at least once in a class hour of viewing', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const study = openStudy({ seed, lengthMs: 900 * minute, means: { ...means, face: true } });
      let since = 0;
      for (let n = 0; n < 12; n++) {
        since += untilAsked(study);
        const { challenge } = study.state;
        if (challenge.state === 'pending' && challenge.way.kind === 'face') since = 0;
        expect(since).toBeLessThanOrEqual(45 * minute);
        study.answer();
      }
    }
  });

  it('is a question for who has no face on record, and a number where there is no question either', () => {
    const asked = openStudy({ means });
    untilAsked(asked);
    expect(asked.state.challenge).toMatchObject({ way: { kind: 'item', itemId: item } });
    const bare = openStudy();
    untilAsked(bare);
    expect(bare.state.challenge).toMatchObject({ way: { kind: 'attend' } });
  });

  it('[PR3, PR4] a face that fails is looked at again with several pictures, and then locks', () => {
    const study = openStudy({ means: { ...noMeans, face: true } });
    untilAsked(study);
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ attempt: 2, way: { kind: 'face', pictures: 3 } });
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ state: 'locked', why: 'identity-failed' });
  });

  it('[PR3] our own failure is held against nobody, and what is uncertain asks for more pictures', () => {
    const study = openStudy({ means: { ...noMeans, face: true } });
    untilAsked(study);
    const counted = countedMs(study.state);
    study.answer('open');
    expect(study.state.challenge).toMatchObject({ way: { kind: 'face', pictures: 3 } });
    study.answer('excused');
    expect(study.state.challenge.state).toBe('none');
    expect(countedMs(study.state)).toBe(counted);
    expect(study.state.session?.id).toBe(sessionId);
  });
});

describe('[WL6] guesses', () => {
  /** Answers all that is asked at once, as a coin that is right once in so many options. */
  function guess(study: Study, right: (choices: number) => boolean, choices = 4) {
    for (const _ of asked(study)) study.answer(right(choices) ? 'passed' : 'failed');
  }

  it('pass at most once in sixteen: as many questions are asked together as that takes', () => {
    for (const [choices, least] of [
      [6, 2],
      [4, 2],
      [3, 3],
      [2, 4],
    ] as const) {
      const study = openStudy({ means: { ...noMeans, items: askable(12, choices) } });
      untilAsked(study);
      expect(asked(study)).toHaveLength(least);
      expect(new Set(asked(study)).size).toBe(least);
    }
  });

  it('are judged together: one that is wrong is told of only after the last', () => {
    const study = openStudy({ means: { ...noMeans, items: askable(12) } });
    untilAsked(study);
    const [first, second] = asked(study);
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ attempt: 1, way: { itemId: second, rest: [] } });
    study.answer('passed');
    expect(study.state.challenge).toMatchObject({ state: 'pending', attempt: 2 });
    // And none of them is asked again at once.
    expect(asked(study)).not.toContain(first);
    expect(asked(study)).not.toContain(second);
  });

  it('after a failure are made harder, are given one attempt, and keep nothing that they did not pass', () => {
    const study = openStudy({ lengthMs: 600 * minute, means: { ...noMeans, items: askable(12) } });
    untilAsked(study);
    guess(study, () => false);
    guess(study, () => false);
    expect(study.state).toMatchObject({ failures: 1, challenge: { state: 'locked' } });
    study.state = askedAgain(study.state, given(study));
    expect(study.state.challenge).toMatchObject({ state: 'pending', attempt: 2 });
    expect(asked(study)).toHaveLength(3);
    guess(study, () => false);
    expect(study.state).toMatchObject({ failures: 2, challenge: { state: 'locked' } });
    // Two were failed: one that is passed makes one of them good, and the next comes within what a failure takes back.
    study.pass(minute);
    study.state = askedAgain(study.state, given(study));
    guess(study, () => true);
    expect(study.state).toMatchObject({ failures: 1, challenge: { state: 'none' } });
    const counted = countedMs(study.state);
    expect(untilAsked(study)).toBeLessThanOrEqual(5 * minute + 10 * second);
    guess(study, () => false);
    expect(countedMs(study.state)).toBeLessThanOrEqual(counted + 10 * second);
  });

  it('cannot be tried one after the other: the pause doubles, and is an hour at most', () => {
    const study = openStudy({ means: { ...noMeans, items: askable(12) } });
    untilAsked(study);
    guess(study, () => false);
    guess(study, () => false);
    const pauses: number[] = [];
    for (let n = 0; n < 9; n++) {
      const at = askableAt(study.state) ?? NaN;
      pauses.push((at - study.now) / minute);
      if (at > study.now) {
        study.pass(at - study.now - 1);
        expect(askedAgain(study.state, given(study))).toBe(study.state);
        study.pass(1);
      }
      study.state = askedAgain(study.state, given(study));
      guess(study, () => false);
    }
    expect(pauses).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('in other lessons make for the same caution, and a failure is answered with the face where there is one', () => {
    const study = openStudy({ means: { ...means, items: askable(12), failures: 3 } });
    untilAsked(study);
    expect(asked(study)).toHaveLength(3);
    study.answer('failed');
    study.answer('passed');
    study.answer('passed');
    expect(askableAt(study.state)).toBe(study.now + 4 * minute);
    const known = openStudy({ means: { face: true, items: askable(12), failures: 1 } });
    untilAsked(known);
    expect(known.state.challenge).toMatchObject({ way: { kind: 'face' } });
  });

  it('earn at most what was played until the first of them, and by luck no more than one part in sixty-four', () => {
    let kept = 0;
    let played = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const study = openStudy({ seed, lengthMs: 6000 * minute, means: { ...noMeans, items: askable(20) } });
      untilAsked(study);
      const first = countedMs(study.state);
      const chance = (choices: number) => study.chance.random() < 1 / choices;
      // A day of it.
      const until = study.now + 24 * 60 * minute;
      while (study.now < until) {
        const { challenge } = study.state;
        if (challenge.state === 'pending') guess(study, chance);
        else if (challenge.state === 'locked') {
          study.pass(minute);
          study.state = askedAgain(study.state, given(study));
        } else {
          study.watch(10 * second);
          played += 10 * second;
        }
      }
      kept += Math.max(0, countedMs(study.state) - first);
    }
    expect(played).toBeGreaterThan(0);
    expect(kept / 40).toBeLessThanOrEqual(5 * minute);
  });
});
