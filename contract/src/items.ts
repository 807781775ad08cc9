/**
 * Questions of a bank, by kind: what their writer says, what somebody who answers may see, and what they send.
 *
 * Texts may hold formulas between dollar signs, `$\frac{U}{R}$`; the page draws them. A blank of a fill-in is written
 * `___` in its stem. Answers speak in places of what was shown (`withoutAnswers`), never in places of the writer's own
 * lists: those of an ordering would be the answer.
 */
import { z } from 'zod';
import { mostItemMedia } from './item-media-limits.ts';

export const itemKind = z.enum([
  'single',
  'multiple',
  'true-false',
  'fill-in',
  'ordering',
  'matching',
  'short-answer',
]);
export type ItemKind = z.infer<typeof itemKind>;

export const itemState = z.enum(['draft', 'in-review', 'approved', 'retired']);
export type ItemState = z.infer<typeof itemState>;

/** From the easiest. */
export const difficulty = z.int().min(1).max(5);

export const itemLimits = {
  stem: 4_000,
  option: 500,
  options: 8,
  blanks: 10,
  accepted: 10,
  entries: 12,
  explanation: 4_000,
  criteria: 10,
  essay: 8_000,
  media: mostItemMedia,
} as const;

const text = (most: number) => z.string().trim().min(1).max(most);
const place = z
  .int()
  .min(0)
  .max(2 * itemLimits.entries);

/** The name of an object in the media store: the course's folder, an id, and the ending of what it is. */
const mediaKey = (endings: string) =>
  z
    .string()
    .max(200)
    .regex(new RegExp(`^items/[0-9a-f-]{36}/[0-9a-f-]{36}[.](${endings})$`));
/** What it shows or says, for who cannot see or hear it. */
const described = { description: text(itemLimits.option) };

/** A picture or a sound that belongs to the stem, by its key in the media store. */
export const itemMedia = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('picture'), key: mediaKey('jpg|png|webp'), ...described }),
  z.object({ kind: z.literal('audio'), key: mediaKey('m4a'), ...described }),
]);
export type ItemMedia = z.infer<typeof itemMedia>;

/** Everything that belongs to the questions of a course stands under this name. */
export const itemMediaFolder = (courseId: string) => `items/${courseId}/`;

const asked = {
  stem: text(itemLimits.stem),
  media: z.array(itemMedia).max(itemLimits.media).default([]),
};
const explained = { explanation: z.string().trim().max(itemLimits.explanation).default('') };
const options = z
  .array(text(itemLimits.option))
  .min(2)
  .max(itemLimits.options)
  .refine(areDistinct, { message: 'the same twice' });

function areDistinct(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}
const pointsInto = (correct: readonly number[], length: number) =>
  correct.every((index) => index < length) && new Set(correct).size === correct.length;

/** What one point is given for when a person reads a short answer. */
export const criterion = z.object({ text: text(itemLimits.option), points: z.int().min(1).max(100) });
export type Criterion = z.infer<typeof criterion>;

const single = z
  .object({ kind: z.literal('single'), ...asked, options, correct: z.array(place).length(1), ...explained })
  .refine(({ options: of, correct }) => pointsInto(correct, of.length), { path: ['correct'] });
const multiple = z
  .object({
    kind: z.literal('multiple'),
    ...asked,
    options,
    correct: z.array(place).min(1).max(itemLimits.options),
    ...explained,
  })
  .refine(({ options: of, correct }) => pointsInto(correct, of.length), { path: ['correct'] });
const trueFalse = z.object({
  kind: z.literal('true-false'),
  ...asked,
  correct: z.boolean(),
  ...explained,
});
const fillIn = z
  .object({
    kind: z.literal('fill-in'),
    ...asked,
    /** In the order of the blanks in the stem; each has every form that is right. */
    blanks: z
      .array(z.object({ accepted: z.array(text(itemLimits.option)).min(1).max(itemLimits.accepted) }))
      .min(1)
      .max(itemLimits.blanks),
    /** Whether capitals matter; width and spaces never do. */
    exactCase: z.boolean().default(false),
    ...explained,
  })
  .refine(({ stem, blanks }) => blanksIn(stem) === blanks.length, { path: ['blanks'] });
const ordering = z.object({
  kind: z.literal('ordering'),
  ...asked,
  /** In the right order. */
  entries: z
    .array(text(itemLimits.option))
    .min(2)
    .max(itemLimits.entries)
    .refine(areDistinct, { message: 'the same twice' }),
  ...explained,
});
const matching = z
  .object({
    kind: z.literal('matching'),
    ...asked,
    pairs: z
      .array(z.object({ left: text(itemLimits.option), right: text(itemLimits.option) }))
      .min(2)
      .max(itemLimits.entries),
    /** Belong to nothing on the left. */
    spare: z.array(text(itemLimits.option)).max(itemLimits.entries).default([]),
    ...explained,
  })
  .refine(({ pairs }) => areDistinct(pairs.map(({ left }) => left)), { path: ['pairs'] })
  .refine(({ pairs, spare }) => areDistinct([...new Set(pairs.map(({ right }) => right)), ...spare]), {
    path: ['spare'],
  });
const shortAnswer = z.object({
  kind: z.literal('short-answer'),
  ...asked,
  /** What a person looks for; the points are shares of the question's own. */
  rubric: z.array(criterion).min(1).max(itemLimits.criteria),
  /** A good answer, for who grades. */
  sample: z.string().trim().max(itemLimits.essay).default(''),
  ...explained,
});

export const itemContent = z.discriminatedUnion('kind', [
  single,
  multiple,
  trueFalse,
  fillIn,
  ordering,
  matching,
  shortAnswer,
]);
export type ItemContent = z.infer<typeof itemContent>;

/** How many blanks a stem has. */
export function blanksIn(stem: string): number {
  return stem.match(/_{3,}/g)?.length ?? 0;
}

/** What somebody who answers may see. */
export const shownItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('single'), ...asked, options: z.array(z.string()) }),
  z.object({ kind: z.literal('multiple'), ...asked, options: z.array(z.string()) }),
  z.object({ kind: z.literal('true-false'), ...asked }),
  z.object({ kind: z.literal('fill-in'), ...asked, blanks: z.int().positive() }),
  z.object({ kind: z.literal('ordering'), ...asked, entries: z.array(z.string()) }),
  z.object({
    kind: z.literal('matching'),
    ...asked,
    lefts: z.array(z.string()),
    rights: z.array(z.string()),
  }),
  z.object({ kind: z.literal('short-answer'), ...asked }),
]);
export type ShownItem = z.infer<typeof shownItem>;

/** In an order that says nothing about which is which: that of their characters. */
export const shownEntries = (entries: readonly string[]): string[] => [...new Set(entries)].sort();

/** What may be shown to whoever is to answer: nothing in it tells what is right, also not the order of anything. */
export function withoutAnswers(content: ItemContent): ShownItem {
  const { stem, media } = content;
  switch (content.kind) {
    case 'single':
    case 'multiple':
      return { kind: content.kind, stem, media, options: content.options };
    case 'true-false':
    case 'short-answer':
      return { kind: content.kind, stem, media };
    case 'fill-in':
      return { kind: 'fill-in', stem, media, blanks: content.blanks.length };
    case 'ordering':
      return { kind: 'ordering', stem, media, entries: shownEntries(content.entries) };
    case 'matching':
      return {
        kind: 'matching',
        stem,
        media,
        lefts: content.pairs.map(({ left }) => left),
        rights: shownEntries([...content.pairs.map(({ right }) => right), ...content.spare]),
      };
  }
}

/** How many parts of a question can be put in another order. */
export function partsOf(shown: ShownItem): number {
  switch (shown.kind) {
    case 'single':
    case 'multiple':
      return shown.options.length;
    case 'ordering':
      return shown.entries.length;
    case 'matching':
      return shown.rights.length;
    case 'true-false':
    case 'fill-in':
    case 'short-answer':
      return 0;
  }
}

/** Two questions ask the same when their stems are one apart from width, capitals, spaces and marks. */
export function stemKeyOf(stem: string): string {
  return stem
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{P}\p{Z}]+/gu, '')
    .slice(0, 500);
}

const answers = {
  single: z.object({ kind: z.literal('single'), choice: z.array(place).length(1) }),
  multiple: z.object({
    kind: z.literal('multiple'),
    choice: z.array(place).min(1).max(itemLimits.options),
  }),
  'true-false': z.object({ kind: z.literal('true-false'), value: z.boolean() }),
  /** One text for each blank; empty while it is. */
  'fill-in': z.object({
    kind: z.literal('fill-in'),
    texts: z.array(z.string().max(itemLimits.option)).min(1).max(itemLimits.blanks),
  }),
  /** Places in the entries as shown, first to last. */
  ordering: z.object({
    kind: z.literal('ordering'),
    order: z.array(place).min(2).max(itemLimits.entries),
  }),
  /** For each on the left the place on the right; null while it has none. */
  matching: z.object({
    kind: z.literal('matching'),
    matches: z.array(place.nullable()).min(2).max(itemLimits.entries),
  }),
  'short-answer': z.object({
    kind: z.literal('short-answer'),
    text: z.string().max(itemLimits.essay),
  }),
} as const satisfies Record<ItemKind, z.ZodType>;

/** @public What a learner sends for a question of this kind. */
export const answerOf = <K extends ItemKind>(kind: K): (typeof answers)[K] => answers[kind];

export const itemAnswer = z.discriminatedUnion('kind', [
  answers.single,
  answers.multiple,
  answers['true-false'],
  answers['fill-in'],
  answers.ordering,
  answers.matching,
  answers['short-answer'],
]);
export type ItemAnswer = z.infer<typeof itemAnswer>;
