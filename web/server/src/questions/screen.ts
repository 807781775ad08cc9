import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileWordList, type Hit, parseWordList } from '@keshi/rules/screening';

/** The hits in a text, by the word list that comes with the product [C8, J3]. */
export type Screen = (text: string) => Hit[];

export function loadScreen(): Screen {
  const rules = fileURLToPath(import.meta.resolve('@keshi/rules/screening'));
  const source = readFileSync(new URL('../data/screening.txt', `file://${rules}`), 'utf8');
  const list = compileWordList(parseWordList(source).entries);
  return (text) => list.find(text);
}
