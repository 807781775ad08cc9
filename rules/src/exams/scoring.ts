/** What an answer earns [EX5]. */
import { type ItemAnswer, type ItemContent, withoutAnswers } from '@keshi/contract/items';

/** How a multiple choice counts: all or nothing, or a share for each correct option and nothing with any wrong one. */
export type MultipleScoring = 'all-or-nothing' | 'partial';

/** Whether this can be taken as an answer to that question: of its kind, within what was shown, nothing twice. */
export function fitsItem(content: ItemContent, answer: ItemAnswer): boolean {
  const shown = withoutAnswers(content);
  switch (answer.kind) {
    case 'single':
    case 'multiple':
      return (
        shown.kind === answer.kind && arePlaces(answer.choice, shown.options.length) && once(answer.choice)
      );
    case 'true-false':
    case 'short-answer':
      return shown.kind === answer.kind;
    case 'fill-in':
      return shown.kind === 'fill-in' && answer.texts.length === shown.blanks;
    case 'ordering':
      return (
        shown.kind === 'ordering' &&
        answer.order.length === shown.entries.length &&
        arePlaces(answer.order, shown.entries.length) &&
        once(answer.order)
      );
    case 'matching':
      return (
        shown.kind === 'matching' &&
        answer.matches.length === shown.lefts.length &&
        answer.matches.every((match) => match === null || arePlaces([match], shown.rights.length))
      );
  }
}

/**
 * The share of a question's points that an answer earns, 0 to 1; null when a person has to read it. No answer, and one
 * that does not fit, earn nothing. Blanks and pairs count one by one; an ordering is right or it is not.
 */
export function shareOf(
  content: ItemContent,
  answer: ItemAnswer | null,
  { multiple }: { multiple: MultipleScoring } = { multiple: 'all-or-nothing' },
): number | null {
  if (answer === null || !fitsItem(content, answer)) return 0;
  switch (content.kind) {
    case 'single':
      return answer.kind === 'single' && content.correct.includes(answer.choice[0] ?? -1) ? 1 : 0;
    case 'multiple':
      return answer.kind === 'multiple' ? shareOfChoice(content.correct, answer.choice, multiple) : 0;
    case 'true-false':
      return answer.kind === 'true-false' && answer.value === content.correct ? 1 : 0;
    case 'fill-in': {
      if (answer.kind !== 'fill-in') return 0;
      const fold = foldFor(content.exactCase);
      const right = content.blanks.filter(({ accepted }, index) =>
        accepted.some((form) => fold(form) === fold(answer.texts[index] ?? '')),
      );
      return right.length / content.blanks.length;
    }
    case 'ordering': {
      const shown = withoutAnswers(content);
      if (answer.kind !== 'ordering' || shown.kind !== 'ordering') return 0;
      return content.entries.every((entry, index) => shown.entries[answer.order[index] ?? -1] === entry)
        ? 1
        : 0;
    }
    case 'matching': {
      const shown = withoutAnswers(content);
      if (answer.kind !== 'matching' || shown.kind !== 'matching') return 0;
      const right = content.pairs.filter(
        (pair, index) => shown.rights[answer.matches[index] ?? -1] === pair.right,
      );
      return right.length / content.pairs.length;
    }
    case 'short-answer':
      // What was left empty needs nobody to read it.
      return answer.kind === 'short-answer' && answer.text.trim() !== '' ? null : 0;
  }
}

function shareOfChoice(
  correct: readonly number[],
  choice: readonly number[],
  scoring: MultipleScoring,
): number {
  if (choice.some((index) => !correct.includes(index))) return 0;
  if (scoring === 'all-or-nothing') return choice.length === correct.length ? 1 : 0;
  return choice.length / correct.length;
}

/** Full-width and half-width, spaces, and (unless they matter) capitals are the same to whoever types. */
function foldFor(exactCase: boolean): (text: string) => string {
  return (text) => {
    const folded = text.normalize('NFKC').replace(/\s+/g, ' ').trim();
    return exactCase ? folded : folded.toLowerCase();
  };
}

const arePlaces = (places: readonly number[], length: number) =>
  places.every((place) => Number.isInteger(place) && place >= 0 && place < length);
const once = (places: readonly number[]) => new Set(places).size === places.length;
