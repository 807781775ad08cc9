import { describe, expect, it } from 'vitest';
import { askedAgain, expired } from '../src/study-challenges.ts';
import { countedMs } from '../src/study-state.ts';
import { openStudy, minute, second, sessionId } from './study-world.ts';

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
      const study = openStudy({ seed, lengthMs: 900 * minute, means: { face: true, items: [item] } });
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
    const asked = openStudy({ means: { face: false, items: [item] } });
    untilAsked(asked);
    expect(asked.state.challenge).toMatchObject({ way: { kind: 'item', itemId: item } });
    const bare = openStudy();
    untilAsked(bare);
    expect(bare.state.challenge).toMatchObject({ way: { kind: 'attend' } });
  });

  it('[PR3, PR4] a face that fails is looked at again with several pictures, and then locks', () => {
    const study = openStudy({ means: { face: true, items: [] } });
    untilAsked(study);
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ attempt: 2, way: { kind: 'face', pictures: 3 } });
    study.answer('failed');
    expect(study.state.challenge).toMatchObject({ state: 'locked', why: 'identity-failed' });
  });

  it('[PR3] our own failure is held against nobody, and what is uncertain asks for more pictures', () => {
    const study = openStudy({ means: { face: true, items: [] } });
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
