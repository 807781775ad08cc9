/** The accounts in a pasted list, each once, in order. Columns and rows of a spreadsheet work as well as commas. */
export function loginsIn(text: string): string[] {
  return [...new Set(text.split(/[\s,;，；、]+/u).filter((login) => login !== ''))];
}
