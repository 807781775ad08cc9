import type { Question } from '@keshi/contract/signaling';

/** What many want to know comes first, and of equals what has waited longest; what is settled follows, latest first. */
export function inOrder(questions: readonly Question[]): { open: Question[]; settled: Question[] } {
  return {
    open: questions.filter(({ state }) => state === 'open').sort((a, b) => b.votes - a.votes || a.at - b.at),
    settled: questions
      .filter(({ state }) => state !== 'open' && state !== 'deleted')
      .sort((a, b) => (b.answeredAt ?? b.at) - (a.answeredAt ?? a.at)),
  };
}
