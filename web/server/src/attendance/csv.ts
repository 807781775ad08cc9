import { type Column, durationText, type Sheet } from './sheet.ts';

/** UTF-8 with a byte order mark, so that Excel reads Chinese; RFC 4180 with CRLF. Column titles, then one line a learner. */
export function toCsv({ columns, rows }: Sheet): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => row.map((value, index) => cellText(value, columns[index]?.kind ?? 'text'))),
  ];
  return `\uFEFF${lines.map((line) => `${line.map(field).join(',')}\r\n`).join('')}`;
}

function cellText(value: string | number | null, kind: Column['kind']): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  switch (kind) {
    case 'duration':
      return durationText(value);
    case 'share':
      return `${(value * 100).toFixed(1)}%`;
    case 'count':
    case 'text':
      return String(value);
  }
}

/** A cell a spreadsheet would take for a formula (East Asian editions read full-width signs alike) is told to be text by an apostrophe. */
function field(text: string): string {
  const safe = /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
