/** A, B, C … as people call the options of a question. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);

export const lettersOf = (choice: readonly number[]): string =>
  [...choice]
    .sort((a, b) => a - b)
    .map(letterOf)
    .join('');

/** Marks or unmarks an option; where only one can be right it takes the other's place. */
export function marked(choice: readonly number[], index: number, several: boolean): number[] {
  if (!several) return [index];
  return choice.includes(index)
    ? choice.filter((other) => other !== index)
    : [...choice, index].sort((a, b) => a - b);
}

export const sameChoice = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((index) => b.includes(index));
