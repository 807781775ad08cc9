import { occupationCode } from '@keshi/contract/courses';
import { parentOf } from '@keshi/db/training-projects';

export interface OccupationLine {
  line: number;
  code: string;
  name: string;
  parent: string | null;
}

export interface OccupationLines {
  rows: OccupationLine[];
  codes: Set<string>;
  /** What stands above them. */
  parents: string[];
  errors: { line: number; problem: 'code' | 'name' | 'twice' }[];
}

/** Lines of `code,name`; a first line without a code is a heading, empty lines are none. */
export function occupationsIn(bytes: Uint8Array): OccupationLines {
  const found: OccupationLines = { rows: [], codes: new Set(), parents: [], errors: [] };
  const lines = new TextDecoder().decode(bytes).split(/\r\n?|\n/);
  for (const [at, text] of lines.entries()) {
    if (text.trim() === '') continue;
    const line = at + 1;
    const comma = text.indexOf(',');
    const code = unquoted(comma < 0 ? text : text.slice(0, comma));
    const name = comma < 0 ? '' : unquoted(text.slice(comma + 1));
    if (!occupationCode.safeParse(code).success) {
      if (line > 1 || /\d/.test(code)) found.errors.push({ line, problem: 'code' });
    } else if (name === '' || name.length > 120 || name.includes('\0'))
      found.errors.push({ line, problem: 'name' });
    else if (found.codes.has(code)) found.errors.push({ line, problem: 'twice' });
    else {
      found.codes.add(code);
      found.rows.push({ line, code, name, parent: parentOf(code) });
    }
  }
  found.parents = found.rows.flatMap(({ parent }) => parent ?? []);
  return found;
}

function unquoted(cell: string): string {
  const text = cell.trim();
  return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"').trim() : text;
}
