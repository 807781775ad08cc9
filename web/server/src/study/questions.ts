/** [WL6] Questions on the content of a lesson, as challenges: shown without what is right, judged by the server. */
import { itemContent, type ItemContent } from '@keshi/contract/items';
import type { Db } from '@keshi/db/client';
import { itemContentOf } from '@keshi/db/study-lessons';

/** What a challenge needs of a question: one right answer to choose. */
type Askable = Extract<ItemContent, { kind: 'single' | 'true-false' }>;

/** Null when the question is gone, or cannot be asked like this any more. */
export async function questionOf(db: Pick<Db, 'sql'>, itemId: string): Promise<Askable | null> {
  const found = await itemContentOf(db, itemId);
  const { data } = itemContent.safeParse(found?.content);
  return data?.kind === 'single' || data?.kind === 'true-false' ? data : null;
}

/** Shuffled by the challenge's own id: the place of the right one is another each time, and the same when asked again. */
export function optionsOf(question: Askable, challengeId: string): { key: string; text: string }[] {
  if (question.kind === 'true-false') return ['true', 'false'].map((key) => ({ key, text: '' }));
  const turn = Number.parseInt(challengeId.slice(-6), 16) % question.options.length;
  const keyed = question.options.map((text, index) => ({ key: String(index), text }));
  return [...keyed.slice(turn), ...keyed.slice(0, turn)];
}

export function isRight(question: Askable, choice: string): boolean {
  return choice === (question.kind === 'single' ? String(question.correct[0]) : String(question.correct));
}
