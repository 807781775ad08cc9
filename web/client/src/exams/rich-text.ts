/** A text with formulas between dollar signs, in its parts. A lone sign, as of a price, is a sign. */
export type TextPart = { kind: 'text'; text: string } | { kind: 'formula'; source: string; block: boolean };

export function partsOfText(text: string): TextPart[] {
  const parts: TextPart[] = [];
  const formula = /\$\$([^$]+)\$\$|\$([^$\n]+)\$/g;
  let from = 0;
  for (const match of text.matchAll(formula)) {
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
    parts.push({ kind: 'formula', source: match[1] ?? match[2] ?? '', block: match[1] !== undefined });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}
