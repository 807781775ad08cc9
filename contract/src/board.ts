/** How a row of a board reads between the moments at which it is told. */
import type { BoardRow, BoardTotals } from './domain.ts';

/**
 * A row as of a later moment of a class that goes on, until it is decided anew: who is there is taken to have stayed, and
 * who is not to have stayed away. What ends either decides the row, so a board need not be told what time alone moves.
 */
export function movedOn(
  row: BoardRow,
  { state, at, liveMs }: Pick<BoardTotals, 'state' | 'at' | 'liveMs'>,
): BoardRow {
  const ms = liveMs - row.liveMs;
  if (state !== 'live' || ms <= 0) return row;
  const absentMs = row.state === 'present' || row.absences === 0 ? row.absentMs : row.absentMs + ms;
  const timeline = row.timeline.map((span, index) =>
    index === row.timeline.length - 1 && span.to < at ? { ...span, to: at } : span,
  );
  const presentMs = presentMsAsOf(row, liveMs);
  return { ...row, presentMs, liveMs, rate: presentMs / liveMs, absentMs, timeline };
}

/** As `movedOn` has it. `liveMs`: of the class, as of that moment. */
export function presentMsAsOf(row: BoardRow, liveMs: number): number {
  return row.state === 'present' ? row.presentMs + liveMs - row.liveMs : row.presentMs;
}
