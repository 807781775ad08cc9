/** The screening port [C8, J3]: whether a text may be shown. Here by word list; the signature would suit a service too. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileWordList, parseWordList } from '@keshi/rules/screening';

export interface ScreeningFinding {
  category: string;
  terms: string[];
  /** The neighbourhood of the first hit, for the hosts' alert. */
  excerpt: string;
}

export type Screen = (text: string) => ScreeningFinding | null;

const around = 12;

export function createScreen(source: string): Screen {
  const list = compileWordList(parseWordList(source).entries);
  return (text) => {
    const hits = list.find(text);
    const [first] = hits;
    if (!first) return null;
    const from = Math.max(0, first.from - around);
    const to = Math.min(text.length, first.to + around);
    return {
      category: first.category,
      terms: [...new Set(hits.map(({ term }) => term))],
      excerpt: `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`,
    };
  };
}

/** The list that comes with the product. */
export function loadScreen(): Screen {
  const rules = fileURLToPath(import.meta.resolve('@keshi/rules/screening'));
  return createScreen(readFileSync(new URL('../data/screening.txt', `file://${rules}`), 'utf8'));
}
