/** A list of learners to enrol, as it was uploaded: by login, and by name where one is given. */
import type { RosterProblem } from '@keshi/contract/http/admin';

export interface RosterLine {
  /** As spreadsheets count, the heading being the first. */
  row: number;
  login: string;
  /** Empty when none was given. */
  name: string;
}

const loginHeads = new Set(['账号', '登录账号', 'login', 'account']);
const nameHeads = new Set(['姓名', 'name']);

export interface Roster {
  lines: RosterLine[];
  errors: { row: number; problem: RosterProblem }[];
}

/** Null when no column is headed 账号. Empty rows are none. */
export function rosterIn(table: readonly (readonly string[])[]): Roster | null {
  const heads = (table[0] ?? []).map((cell) => cell.toLowerCase());
  const loginAt = heads.findIndex((head) => loginHeads.has(head));
  const nameAt = heads.findIndex((head) => nameHeads.has(head));
  if (loginAt < 0) return null;
  const roster: Roster = { lines: [], errors: [] };
  const seen = new Set<string>();
  for (const [at, cells] of table.entries()) {
    if (at === 0 || cells.every((cell) => cell === '')) continue;
    const row = at + 1;
    const login = cells[loginAt] ?? '';
    const name = nameAt < 0 ? '' : (cells[nameAt] ?? '');
    if (login === '' || login.length > 64 || login.includes('\0'))
      roster.errors.push({ row, problem: 'login' });
    else if (seen.has(login)) roster.errors.push({ row, problem: 'twice' });
    else {
      seen.add(login);
      roster.lines.push({ row, login, name });
    }
  }
  return roster;
}
