/** What was answered and what is right, in words. Places are those of what was shown, which is sorted by its characters. */
import type { ItemAnswer, ItemContent } from '@keshi/contract/items';
import { letter } from '#teach/quiz-draft.ts';

interface Words {
  right: string;
  wrong: string;
}

const sorted = (texts: readonly string[]) => [...new Set(texts)].sort();
const option = (options: readonly string[], place: number) => `${letter(place)}. ${options[place] ?? ''}`;

export function answerLines(content: ItemContent, answer: ItemAnswer | null, words: Words): string[] {
  if (answer === null) return [];
  switch (answer.kind) {
    case 'single':
    case 'multiple':
      return 'options' in content ? answer.choice.map((place) => option(content.options, place)) : [];
    case 'true-false':
      return [answer.value ? words.right : words.wrong];
    case 'fill-in':
      return answer.texts.map((text, index) => `${index + 1}. ${text}`);
    case 'ordering': {
      const entries = content.kind === 'ordering' ? sorted(content.entries) : [];
      return answer.order.map((place, index) => `${index + 1}. ${entries[place] ?? ''}`);
    }
    case 'matching': {
      if (content.kind !== 'matching') return [];
      const rights = sorted([...content.pairs.map(({ right }) => right), ...content.spare]);
      return content.pairs.map(
        ({ left }, index) => `${left} → ${rights[answer.matches[index] ?? -1] ?? '–'}`,
      );
    }
    case 'short-answer':
      return [answer.text];
  }
}

export function correctLines(content: ItemContent, words: Words): string[] {
  switch (content.kind) {
    case 'single':
    case 'multiple':
      return content.correct.map((place) => option(content.options, place));
    case 'true-false':
      return [content.correct ? words.right : words.wrong];
    case 'fill-in':
      return content.blanks.map(({ accepted }, index) => `${index + 1}. ${accepted.join(' | ')}`);
    case 'ordering':
      return content.entries.map((entry, index) => `${index + 1}. ${entry}`);
    case 'matching':
      return content.pairs.map(({ left, right }) => `${left} → ${right}`);
    case 'short-answer':
      return [...content.rubric.map(({ text, points }) => `${text} (${points})`), content.sample].filter(
        Boolean,
      );
  }
}
