import { itemAnswer, itemContent, itemKind, stemKeyOf, withoutAnswers } from '@keshi/contract/items';
import type { ItemAnswer, ItemContent } from '@keshi/contract/items';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsItem, shareOf } from '../../src/exams/scoring.ts';

const content = {
  single: { kind: 'single', stem: '?', options: ['甲', '乙', '丙'], correct: [1] },
  multiple: { kind: 'multiple', stem: '?', options: ['甲', '乙', '丙', '丁'], correct: [0, 2, 3] },
  'true-false': { kind: 'true-false', stem: '?', correct: false },
  'fill-in': {
    kind: 'fill-in',
    stem: '___ 与 ___',
    blanks: [{ accepted: ['220V', '220 伏'] }, { accepted: ['Hz'] }],
  },
  ordering: { kind: 'ordering', stem: '?', entries: ['验电', '停电', '挂牌'] },
  matching: {
    kind: 'matching',
    stem: '?',
    pairs: [
      { left: '电压', right: '伏' },
      { left: '电流', right: '安' },
    ],
    spare: ['欧'],
  },
  'short-answer': { kind: 'short-answer', stem: '?', rubric: [{ text: '要点', points: 2 }] },
} as const;
const of = (kind: keyof typeof content): ItemContent => itemContent.parse(content[kind]);
const share = (kind: keyof typeof content, answer: ItemAnswer | null, multiple?: 'partial') =>
  shareOf(of(kind), answer, { multiple: multiple ?? 'all-or-nothing' });

describe('[EX5] what an answer earns', () => {
  it('single choice and true/false: all or nothing', () => {
    expect(share('single', { kind: 'single', choice: [1] })).toBe(1);
    expect(share('single', { kind: 'single', choice: [0] })).toBe(0);
    expect(share('true-false', { kind: 'true-false', value: false })).toBe(1);
    expect(share('true-false', { kind: 'true-false', value: true })).toBe(0);
  });

  it('multiple choice: all or nothing, or in part and nothing with a wrong option', () => {
    const choose = (choice: number[], how?: 'partial') =>
      share('multiple', { kind: 'multiple', choice }, how);
    expect(choose([3, 0, 2])).toBe(1);
    expect(choose([0, 2])).toBe(0);
    expect(choose([0, 1, 2, 3])).toBe(0);
    expect(choose([0, 2], 'partial')).toBeCloseTo(2 / 3);
    expect(choose([0, 2, 3], 'partial')).toBe(1);
    expect(choose([0, 1], 'partial')).toBe(0);
    expect(choose([0, 1, 2, 3], 'partial')).toBe(0);
  });

  it('blanks one by one, in any of their forms, whatever the width, the spaces and the capitals', () => {
    const fill = (...texts: string[]) => share('fill-in', { kind: 'fill-in', texts });
    expect(fill('220v', 'hz')).toBe(1);
    expect(fill('２２０  伏', ' Hz ')).toBe(1);
    expect(fill('380V', 'Hz')).toBe(0.5);
    expect(fill('', '')).toBe(0);
    const exact = itemContent.parse({ ...content['fill-in'], exactCase: true });
    expect(shareOf(exact, { kind: 'fill-in', texts: ['220V', 'hz'] })).toBe(0.5);
  });

  it('an ordering is right or it is not, pairs count one by one', () => {
    const shown = withoutAnswers(of('ordering'));
    const entries = shown.kind === 'ordering' ? shown.entries : [];
    const order = content.ordering.entries.map((entry) => entries.indexOf(entry));
    expect(share('ordering', { kind: 'ordering', order })).toBe(1);
    expect(share('ordering', { kind: 'ordering', order: order.toReversed() })).toBe(0);
    const match = withoutAnswers(of('matching'));
    const rights = match.kind === 'matching' ? match.rights : [];
    const places = content.matching.pairs.map(({ right }) => rights.indexOf(right));
    expect(share('matching', { kind: 'matching', matches: places })).toBe(1);
    expect(share('matching', { kind: 'matching', matches: [places[0] ?? 0, null] })).toBe(0.5);
    expect(share('matching', { kind: 'matching', matches: [places[1] ?? 0, places[0] ?? 0] })).toBe(0);
  });

  it('a short answer waits for a person, an empty one for nobody', () => {
    expect(share('short-answer', { kind: 'short-answer', text: '因为……' })).toBe(null);
    expect(share('short-answer', { kind: 'short-answer', text: '  ' })).toBe(0);
  });

  it('nothing for no answer, an answer to another kind, and places that were not shown', () => {
    for (const kind of itemKind.options) {
      expect(share(kind, null)).toBe(0);
      const other: ItemAnswer =
        kind === 'true-false' ? { kind: 'single', choice: [0] } : { kind: 'true-false', value: true };
      expect(share(kind, other)).toBe(0);
    }
    expect(share('single', { kind: 'single', choice: [3] })).toBe(0);
    expect(share('multiple', { kind: 'multiple', choice: [0, 2, 3, 3] }, 'partial')).toBe(0);
    expect(share('ordering', { kind: 'ordering', order: [0, 0, 1] })).toBe(0);
    expect(share('matching', { kind: 'matching', matches: [0] })).toBe(0);
  });

  it('lies between nothing and everything, whatever is sent', () => {
    const place = fc.integer({ min: 0, max: 5 });
    const answers = fc.oneof(
      fc.record({
        kind: fc.constant('single' as const),
        choice: fc.array(place, { minLength: 1, maxLength: 1 }),
      }),
      fc.record({
        kind: fc.constant('multiple' as const),
        choice: fc.array(place, { minLength: 1, maxLength: 8 }),
      }),
      fc.record({ kind: fc.constant('true-false' as const), value: fc.boolean() }),
      fc.record({
        kind: fc.constant('fill-in' as const),
        texts: fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({
        kind: fc.constant('ordering' as const),
        order: fc.array(place, { minLength: 2, maxLength: 5 }),
      }),
      fc.record({
        kind: fc.constant('matching' as const),
        matches: fc.array(fc.option(place), { minLength: 2, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant('short-answer' as const), text: fc.string() }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...itemKind.options), answers, fc.boolean(), (kind, sent, partial) => {
        const answer = itemAnswer.parse(sent);
        const earned = share(kind, answer, partial ? 'partial' : undefined);
        if (earned !== null) expect(earned >= 0 && earned <= 1).toBe(true);
        if (!fitsItem(of(kind), answer)) expect(earned).toBe(0);
      }),
    );
  });
});

describe('[EX6] what is shown of a question', () => {
  it('tells nothing of what is right, also not by an order', () => {
    for (const kind of itemKind.options) {
      const shown = JSON.stringify(withoutAnswers(of(kind)));
      for (const secret of ['correct', 'accepted', 'rubric', 'sample', 'explanation', '220V', '要点'])
        expect(shown.includes(secret)).toBe(false);
    }
    // However the writer had them: the same is shown.
    const turned = itemContent.parse({ ...content.ordering, entries: content.ordering.entries.toReversed() });
    expect(withoutAnswers(turned)).toEqual(withoutAnswers(of('ordering')));
  });
});

describe('a question that cannot be asked', () => {
  it.each([
    ['an answer beyond the options', { ...content.single, correct: [3] }],
    ['two answers to one choice', { ...content.single, correct: [0, 1] }],
    ['the same option twice', { ...content.single, options: ['甲', '甲 '] }],
    ['one option', { ...content.single, options: ['甲'], correct: [0] }],
    ['no right option', { ...content.multiple, correct: [] }],
    ['more blanks than answers', { ...content['fill-in'], stem: '___ ___ ___' }],
    ['an entry twice', { ...content.ordering, entries: ['a', 'a'] }],
    ['a spare that belongs to something', { ...content.matching, spare: ['伏'] }],
    ['no rubric', { ...content['short-answer'], rubric: [] }],
    ['an empty stem', { ...content.single, stem: '  ' }],
    [
      'a picture outside the store',
      { ...content.single, media: [{ kind: 'picture', key: '../x.png', description: 'x' }] },
    ],
  ])('%s', (_, wrong) => {
    expect(itemContent.safeParse(wrong).success).toBe(false);
  });
});

it('knows questions that ask the same', () => {
  expect(stemKeyOf('电压 的单位，是？')).toBe(stemKeyOf('电压的单位是'));
  expect(stemKeyOf('ＡＣ 220V')).toBe(stemKeyOf('ac220v'));
  expect(stemKeyOf('电压')).not.toBe(stemKeyOf('电流'));
});
