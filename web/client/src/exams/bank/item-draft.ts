/** A question while it is written: everything any kind needs, so that a change of the kind loses nothing. */
import type { ItemContent, ItemKind, ItemMedia } from '@keshi/contract/items';

export interface EditedItem {
  kind: ItemKind;
  stem: string;
  media: ItemMedia[];
  explanation: string;
  options: string[];
  correct: number[];
  truth: boolean;
  blanks: string[];
  exactCase: boolean;
  entries: string[];
  pairs: { left: string; right: string }[];
  spare: string;
  rubric: { text: string; points: number }[];
  sample: string;
}

export const itemKinds = [
  'single',
  'multiple',
  'true-false',
  'fill-in',
  'ordering',
  'matching',
  'short-answer',
] as const satisfies readonly ItemKind[];

export const emptyItem = (): EditedItem => ({
  kind: 'single',
  stem: '',
  media: [],
  explanation: '',
  options: ['', '', '', ''],
  correct: [],
  truth: true,
  blanks: [''],
  exactCase: false,
  entries: ['', '', ''],
  pairs: [
    { left: '', right: '' },
    { left: '', right: '' },
  ],
  spare: '',
  rubric: [{ text: '', points: 1 }],
  sample: '',
});

export function editedFrom(content: ItemContent): EditedItem {
  const { stem, explanation } = content;
  const media = content.media.map((one) => ({ ...one }));
  const base = { ...emptyItem(), kind: content.kind, stem, media, explanation };
  switch (content.kind) {
    case 'single':
    case 'multiple':
      return { ...base, options: [...content.options], correct: [...content.correct] };
    case 'true-false':
      return { ...base, truth: content.correct };
    case 'fill-in':
      return {
        ...base,
        blanks: content.blanks.map(({ accepted }) => accepted.join(' | ')),
        exactCase: content.exactCase,
      };
    case 'ordering':
      return { ...base, entries: [...content.entries] };
    case 'matching':
      return { ...base, pairs: content.pairs.map((pair) => ({ ...pair })), spare: content.spare.join(' | ') };
    case 'short-answer':
      return { ...base, rubric: content.rubric.map((one) => ({ ...one })), sample: content.sample };
  }
}

/** How many blanks the stem has: what the form shows fields for. */
export const blanksIn = (stem: string): number => stem.match(/_{3,}/g)?.length ?? 0;

const parts = (text: string) =>
  text
    .split('|')
    .map((part) => part.trim())
    .filter((part) => part !== '');

const isWhole = (texts: readonly string[], least: number) =>
  texts.length >= least && !texts.includes('') && new Set(texts).size === texts.length;

/** What is sent; null while something is missing or stands there twice. Empty rows at the end are left out. */
export function contentOf(edited: EditedItem): ItemContent | null {
  const stem = edited.stem.trim();
  if (stem === '') return null;
  const media = edited.media.map((one) => ({ ...one, description: one.description.trim() }));
  if (media.some(({ description }) => description === '')) return null;
  const asked = { stem, media, explanation: edited.explanation.trim() };
  switch (edited.kind) {
    case 'single':
    case 'multiple': {
      const options = filled(edited.options);
      const correct = edited.correct.filter((place) => place < options.length);
      if (!isWhole(options, 2) || correct.length === 0) return null;
      return { kind: edited.kind, ...asked, options, correct };
    }
    case 'true-false':
      return { kind: 'true-false', ...asked, correct: edited.truth };
    case 'fill-in': {
      const blanks = edited.blanks.slice(0, blanksIn(stem)).map((text) => ({ accepted: parts(text) }));
      if (blanks.length === 0 || blanks.length !== blanksIn(stem)) return null;
      if (blanks.some(({ accepted }) => accepted.length === 0)) return null;
      return { kind: 'fill-in', ...asked, blanks, exactCase: edited.exactCase };
    }
    case 'ordering': {
      const entries = filled(edited.entries);
      return isWhole(entries, 2) ? { kind: 'ordering', ...asked, entries } : null;
    }
    case 'matching': {
      const pairs = edited.pairs
        .map(({ left, right }) => ({ left: left.trim(), right: right.trim() }))
        .filter(({ left, right }) => left !== '' || right !== '');
      const spare = parts(edited.spare);
      const rights = [...new Set(pairs.map(({ right }) => right))];
      if (
        !isWhole(
          pairs.map(({ left }) => left),
          2,
        ) ||
        !isWhole([...rights, ...spare], 1)
      )
        return null;
      return { kind: 'matching', ...asked, pairs, spare };
    }
    case 'short-answer': {
      const rubric = edited.rubric
        .map(({ text, points }) => ({ text: text.trim(), points }))
        .filter(({ text }) => text !== '');
      if (
        rubric.length === 0 ||
        rubric.some(({ points }) => !Number.isInteger(points) || points < 1 || points > 100)
      )
        return null;
      return { kind: 'short-answer', ...asked, rubric, sample: edited.sample.trim() };
    }
  }
}

function filled(texts: readonly string[]): string[] {
  const trimmed = texts.map((text) => text.trim());
  while (trimmed.at(-1) === '') trimmed.pop();
  return trimmed;
}
